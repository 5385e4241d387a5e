package io.atoll.daemon.dns;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// A zone as other name servers fetch it.
///
/// @param name without the last dot
/// @param nameservers names of the servers that have it
/// @param peers who may fetch it
public record ServedZone(
        String name, List<String> nameservers, List<Peer> peers, List<ZoneEntry> entries) {
    public ServedZone {
        nameservers = List.copyOf(nameservers);
        peers = List.copyOf(peers);
        entries = List.copyOf(entries);
    }

    /// Someone who may fetch it, from an address, with a key, or both. The key's name is
    /// `ZONE_PEER.`.
    ///
    /// @param key secret in base64
    public record Peer(String name, Optional<InetAddress> address, Optional<String> key) {}

    /// Where zones come from.
    @FunctionalInterface
    public interface Source {
        /// @param name without the last dot, in small letters
        Optional<ServedZone> find(String name);
    }
}
