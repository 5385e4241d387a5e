package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;

/// A router that is told of routes.
///
/// @param port usually [#PORT]
/// @param asn number of its autonomous system; ours for a neighbour inside
/// @param password of the signatures that segments carry (RFC 2385); empty: none
/// @param holdSeconds after how much silence a session is over
public record BgpPeer(InetAddress address, int port, long asn, String password, int holdSeconds) {
    /// The port of BGP.
    public static final int PORT = 179;

    /// What holds unless it is said.
    public static final int HOLD_SECONDS = 180;

    /// Without the password: this goes into logs.
    @Override
    public String toString() {
        return IpNetwork.text(address) + " AS" + asn;
    }
}
