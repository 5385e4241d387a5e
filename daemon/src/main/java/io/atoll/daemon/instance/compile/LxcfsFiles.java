package io.atoll.daemon.instance.compile;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The files of a mounted lxcfs that stand over an instance's own /proc and /sys, so that it sees
/// its own memory, processors, load and uptime.
public final class LxcfsFiles {
    private static final List<String> NAMES =
            List.of(
                    "proc/cpuinfo",
                    "proc/diskstats",
                    "proc/loadavg",
                    "proc/meminfo",
                    "proc/slabinfo",
                    "proc/stat",
                    "proc/swaps",
                    "proc/uptime",
                    "proc/pressure/cpu",
                    "proc/pressure/io",
                    "proc/pressure/memory",
                    "sys/devices/system/cpu");

    private final Path mountPoint;

    public LxcfsFiles(Path mountPoint) {
        this.mountPoint = mountPoint;
    }

    /// The mounts; none where no lxcfs serves. Each is optional: a kernel may lack the file
    /// underneath.
    public List<MountSpec> mounts() {
        // Most hosts that have none have no such directory either.
        if (!Files.isDirectory(mountPoint.resolve("proc"))) {
            return List.of();
        }
        List<MountSpec> out = new ArrayList<>();
        for (String name : NAMES) {
            Path source = mountPoint.resolve(name);
            if (isServed(source)) {
                out.add(
                        new MountSpec.Bind(
                                source,
                                new GuestPath("/" + name),
                                Set.of(MountFlag.NOSUID, MountFlag.NODEV),
                                false,
                                false,
                                false,
                                Optional.of(MountSpec.Propagation.PRIVATE),
                                MountSpec.Create.NOTHING,
                                true));
            }
        }
        return out;
    }

    /// By opening, not by looking: the attributes of a file outlive a dead server in the kernel's
    /// cache.
    private static boolean isServed(Path path) {
        try (Fd _ = Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0)) {
            return true;
        } catch (ErrnoException _) {
            return false;
        }
    }
}
