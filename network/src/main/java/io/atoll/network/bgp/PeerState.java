package io.atoll.network.bgp;

import java.net.InetAddress;
import java.util.Optional;

/// How it stands with a peer.
///
/// @param isEstablished whether there is a session
/// @param routes how many it was told of in it
/// @param trouble why there is no session, as far as known
public record PeerState(
        InetAddress address,
        long asn,
        boolean isEstablished,
        int routes,
        Optional<String> trouble) {}
