package io.atoll.daemon.device;

import io.atoll.base.ByteSize;
import io.atoll.runtime.spec.MacAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// One device of an instance, read from the API's map of strings and checked by itself. Whether
/// what it refers to exists is found out when it is used.
public sealed interface DeviceConfig {
    /// The device's name in the instance's list.
    String name();

    /// The disk that holds the instance's root file system.
    ///
    /// @param size quota of the volume
    record RootDisk(String name, String pool, Optional<ByteSize> size, boolean isReadOnly)
            implements DeviceConfig {}

    /// A file or directory of the host, or a custom volume, shown inside.
    ///
    /// @param source path on the host, or the volume's name if `pool` is set
    /// @param guestPath where it appears inside
    /// @param isRequired whether a missing source stops the instance from starting
    /// @param isShifted whether owners are translated so that files look the same inside as on the
    ///   host
    record MountedDisk(
            String name,
            String source,
            Optional<String> pool,
            String guestPath,
            boolean isReadOnly,
            boolean isRecursive,
            boolean isRequired,
            boolean isShifted,
            String propagation,
            List<String> mountOptions)
            implements DeviceConfig {}

    /// A pair of interfaces: one inside, one attached to a bridge of the host.
    ///
    /// @param bridge the managed network's name, or the host's bridge
    /// @param isManaged whether `bridge` names a managed network
    /// @param guestName name of the interface inside
    record BridgedNic(
            String name,
            String bridge,
            boolean isManaged,
            Optional<String> guestName,
            Optional<MacAddress> hwaddr,
            Optional<String> hostName,
            OptionalInt mtu,
            Optional<String> ipv4,
            Optional<String> ipv6)
            implements DeviceConfig {}

    /// Nothing: hides a device of the same name that a profile brings.
    record None(String name) implements DeviceConfig {}

    /// A device node of the host.
    ///
    /// @param isBlock block, else character
    /// @param source node on the host that is copied, unless `major` and `minor` say which it is
    /// @param guestPath where the node appears inside
    record UnixNode(
            String name,
            boolean isBlock,
            Optional<Path> source,
            String guestPath,
            OptionalInt major,
            OptionalInt minor,
            OptionalLong uid,
            OptionalLong gid,
            OptionalInt mode,
            boolean isRequired)
            implements DeviceConfig {}
}
