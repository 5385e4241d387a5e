package io.atoll.network;

import io.atoll.linux.net.MacAddress;
import java.net.InetAddress;
import java.util.Optional;

/// An address that is in use or kept for someone on a bridge.
///
/// @param hostname as told by the client or us, may be empty
/// @param mac empty for the bridge itself and for DHCPv6 clients that do not tell it
public record Lease(String hostname, Optional<MacAddress> mac, InetAddress address, Kind kind) {
    /// How it came about.
    public enum Kind {
        /// The bridge's own.
        GATEWAY,
        /// Kept for one network card.
        STATIC,
        /// Given out by DHCP.
        DYNAMIC
    }
}
