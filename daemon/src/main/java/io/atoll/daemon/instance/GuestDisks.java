package io.atoll.daemon.instance;

import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.intercept.MountPolicy;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `security.syscalls.intercept.mount.*`: file systems by name, on block devices that an instance
/// has by a device of type `unix-block`.
final class GuestDisks {
    private GuestDisks() {}

    static MountPolicy policy(InstanceConfig config, List<DeviceConfig> devices) {
        Set<Long> numbers = new HashSet<>();
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.UnixNode node && node.isBlock()) {
                number(node).ifPresent(numbers::add);
            }
        }
        return new MountPolicy(
                Set.copyOf(config.get(ConfigKeys.INTERCEPT_MOUNT_ALLOWED).orElse(List.of())),
                numbers,
                config.is(ConfigKeys.INTERCEPT_MOUNT_SHIFT),
                config.get(ConfigKeys.INTERCEPT_MOUNT_FUSE).orElse(Map.of()));
    }

    /// By its numbers where it has them, else by what is on the host.
    private static Optional<Long> number(DeviceConfig.UnixNode node) {
        if (node.major().isPresent() && node.minor().isPresent()) {
            return Optional.of(FileStat.device(node.major().getAsInt(), node.minor().getAsInt()));
        }
        try {
            FileStat stat = FileStat.of(node.source().orElse(Path.of(node.guestPath())).toString());
            return stat.type() == FileStat.Type.BLOCK_DEVICE
                    ? Optional.of(stat.rdev())
                    : Optional.empty();
        } catch (ErrnoException _) {
            return Optional.empty();
        }
    }
}
