package io.atoll.linux.net;

import java.util.Optional;
import java.util.OptionalInt;

/// A network interface as the kernel describes it.
///
/// @param kind of what is made by software, as `bridge`, `veth`; empty for hardware and `lo`
/// @param mac empty where there is none, as on a tunnel
/// @param masterIndex the bridge that it is a port of
/// @param parentIndex the link it sits on, or the other end of a veth; perhaps in another namespace
/// @param hasCarrier it is up and connected
/// @param alias what its maker wrote on it, for people and programs; the kernel gives it no meaning
public record Link(
        int index,
        String name,
        Optional<String> kind,
        Optional<MacAddress> mac,
        int mtu,
        boolean isUp,
        boolean hasCarrier,
        boolean isLoopback,
        boolean isBroadcast,
        boolean isPointToPoint,
        OptionalInt masterIndex,
        OptionalInt parentIndex,
        Counters counters,
        Optional<BridgeDetails> bridge,
        OptionalInt vlanId,
        Optional<String> alias) {
    /// What passed since the link was made.
    public record Counters(
            long bytesReceived,
            long bytesSent,
            long packetsReceived,
            long packetsSent,
            long errorsReceived,
            long errorsSent,
            long dropsReceived,
            long dropsSent) {
        static final Counters ZERO = new Counters(0, 0, 0, 0, 0, 0, 0, 0);
    }

    /// What a bridge has besides.
    ///
    /// @param id priority and hardware address, as `8000.00163e705e4c`
    /// @param forwardDelay in hundredths of a second
    /// @param vlanDefault the tag of untagged frames, 0 for none
    public record BridgeDetails(
            String id,
            boolean spanningTree,
            long forwardDelay,
            boolean vlanFiltering,
            int vlanDefault) {}
}
