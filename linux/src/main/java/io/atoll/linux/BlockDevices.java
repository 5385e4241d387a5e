package io.atoll.linux;

import java.util.Comparator;
import java.util.Optional;

/// Block devices below files; the kernel's sysfs-block document.
public final class BlockDevices {
    private BlockDevices() {}

    /// The numbers of a whole disk.
    public record Numbers(int major, int minor) {}

    /// The disk that holds a path of the host; empty for file systems without one, as tmpfs, and
    /// where it cannot be told. A partition answers its disk: only that can be throttled.
    public static Optional<Numbers> below(String path) {
        long device = FileStat.of(path).device();
        Numbers own = new Numbers(FileStat.major(device), FileStat.minor(device));
        if (own.major() != 0) {
            return Optional.of(disk(own));
        }
        // btrfs and others show a number of their own; the mount names the device.
        return mountOf(path)
                .map(MountInfo::source)
                .filter(source -> source.startsWith("/dev/"))
                .flatMap(BlockDevices::ofNode)
                .map(BlockDevices::disk);
    }

    private static Optional<MountInfo> mountOf(String path) {
        return Mounts.list().stream()
                .filter(m -> m.target().equals("/") || (path + "/").startsWith(m.target() + "/"))
                .max(Comparator.comparingInt(m -> m.target().length()));
    }

    private static Optional<Numbers> ofNode(String node) {
        try {
            FileStat stat = FileStat.of(node);
            return stat.type() == FileStat.Type.BLOCK_DEVICE
                    ? Optional.of(
                            new Numbers(FileStat.major(stat.rdev()), FileStat.minor(stat.rdev())))
                    : Optional.empty();
        } catch (ErrnoException _) {
            return Optional.empty();
        }
    }

    private static Numbers disk(Numbers device) {
        String entry = "/sys/dev/block/" + device.major() + ":" + device.minor();
        if (ProcFiles.readIfPresent(entry + "/partition").isEmpty()) {
            return device;
        }
        String[] numbers = ProcFiles.read(entry + "/../dev").strip().split(":");
        return new Numbers(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
    }
}
