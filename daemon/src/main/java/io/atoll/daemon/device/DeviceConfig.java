package io.atoll.daemon.device;

import io.atoll.base.ByteSize;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// One device of an instance, read from the API's map of strings and checked by itself. Whether
/// what it refers to exists is found out when it is used.
public sealed interface DeviceConfig
        permits DeviceConfig.RootDisk,
                DeviceConfig.MountedDisk,
                DeviceConfig.Tmpfs,
                DeviceConfig.None,
                DeviceConfig.UnixNode,
                DeviceConfig.Found,
                DeviceConfig.Infiniband,
                DeviceConfig.Tpm,
                NicConfig,
                ProxyConfig {
    /// The device's name in the instance's list.
    String name();

    /// The disk that holds the instance's root file system.
    ///
    /// @param size quota of the volume
    record RootDisk(
            String name, String pool, Optional<ByteSize> size, boolean isReadOnly, IoLimits limits)
            implements DeviceConfig {}

    /// A file or directory of the host, or a custom volume, shown inside.
    ///
    /// @param source path on the host, or the volume's name if `pool` is set
    /// @param guestPath where it appears inside
    /// @param isRequired whether a missing source stops the instance from starting
    /// @param isShifted whether owners are translated so that files look the same inside as on the
    ///   host; absent means where the file system can do it
    record MountedDisk(
            String name,
            String source,
            Optional<String> pool,
            String guestPath,
            boolean isReadOnly,
            boolean isRecursive,
            boolean isRequired,
            Optional<Boolean> isShifted,
            String propagation,
            List<String> mountOptions,
            IoLimits limits)
            implements DeviceConfig {
        public MountedDisk {
            mountOptions = List.copyOf(mountOptions);
        }
    }

    /// An empty file system in memory, which ends with the instance's run.
    ///
    /// @param size how much it holds; absent means half of the memory, the kernel's choice
    record Tmpfs(
            String name,
            String guestPath,
            Optional<ByteSize> size,
            boolean isReadOnly,
            List<String> mountOptions)
            implements DeviceConfig {
        public Tmpfs {
            mountOptions = List.copyOf(mountOptions);
        }
    }

    /// Nothing: hides a device of the same name that a profile brings.
    record None(String name) implements DeviceConfig {}

    /// Devices of the host that are found by what they are, and come and go with them.
    ///
    /// @param isRequired whether the instance starts only if there is one
    record Found(
            String name,
            Wanted wanted,
            OptionalLong uid,
            OptionalLong gid,
            OptionalInt mode,
            boolean isRequired)
            implements DeviceConfig {}

    /// An InfiniBand card, or a function of one: its network interface and the nodes by which
    /// programs talk to it.
    ///
    /// @param link the interface
    record Infiniband(NicConfig link) implements DeviceConfig {
        @Override
        public String name() {
            return link.name();
        }
    }

    /// A trusted platform module that exists in software only, and keeps its state.
    ///
    /// @param guestPath where its node appears inside
    /// @param managedPath where the node appears whose users the kernel keeps apart
    record Tpm(String name, String guestPath, String managedPath) implements DeviceConfig {}

    /// Which devices are meant. Numbers of vendors and products have four hexadecimal digits;
    /// absent means any.
    sealed interface Wanted {
        /// USB devices.
        record Usb(Optional<String> vendor, Optional<String> product) implements Wanted {}

        /// What USB devices are to programs: serial lines, disks, cameras.
        record Hotplug(Optional<String> vendor, Optional<String> product) implements Wanted {}

        /// Graphics cards.
        ///
        /// @param id the card's number among those of the host
        /// @param pci its place, such as `0000:01:00.0`
        record Gpu(
                Optional<String> vendor,
                Optional<String> product,
                Optional<String> id,
                Optional<String> pci)
                implements Wanted {}

        /// What belongs to an InfiniBand card.
        ///
        /// @param link its network interface
        record Verbs(String link) implements Wanted {}

        /// What a vendor's file describes.
        ///
        /// @param qualified `VENDOR/CLASS=NAME`
        record Cdi(String qualified) implements Wanted {}
    }

    /// A device node of the host.
    ///
    /// @param isBlock block, else character
    /// @param source node on the host that is copied, unless `major` and `minor` say which it is
    /// @param guestPath where the node appears inside
    /// @param isRequired whether a missing source stops the instance from starting
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
