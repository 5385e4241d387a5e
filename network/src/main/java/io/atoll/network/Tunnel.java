package io.atoll.network;

import java.net.InetAddress;
import java.util.Optional;

/// A tunnel that is a port of a bridge.
///
/// @param name of our choosing; the interface is called `BRIDGE-NAME`
/// @param group multicast group of a VXLAN without a fixed other end
/// @param parent the interface that the group is reached by
public record Tunnel(
        String name,
        Protocol protocol,
        Optional<InetAddress> local,
        Optional<InetAddress> remote,
        Optional<InetAddress> group,
        int id,
        int port,
        int ttl,
        Optional<String> parent) {
    /// How frames are packed.
    public enum Protocol {
        GRE,
        VXLAN
    }
}
