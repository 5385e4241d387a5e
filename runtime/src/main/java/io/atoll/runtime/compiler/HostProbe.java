package io.atoll.runtime.compiler;

import io.atoll.linux.Directories;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.Namespaces;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds the [HostFacts] of this machine. Features are tried, not guessed from the kernel's
/// version.
public final class HostProbe {
    /// The kernel's list of Linux 4.15, for kernels that do not show it.
    private static final List<String> DELEGATED =
            List.of("cgroup.procs", "cgroup.threads", "cgroup.subtree_control");

    private static final List<String> KERNEL_MOUNTS =
            List.of(
                    "/proc/sys/fs/binfmt_misc",
                    "/sys/firmware/efi/efivars",
                    "/sys/fs/fuse/connections",
                    "/sys/fs/pstore",
                    "/sys/kernel/config",
                    "/sys/kernel/debug",
                    "/sys/kernel/security",
                    "/sys/kernel/tracing");

    private static final long NULL_DEVICE = 1 << 8 | 3;

    private HostProbe() {}

    /// What cannot change while this process lives, found by the first who asks: a warm process
    /// asks for every command. Guarded by the class.
    private static @Nullable Kernel kernel;

    private record Kernel(
            boolean hasDetachedLayers,
            boolean isHostRoot,
            boolean hasTtyGroup,
            boolean isChrooted) {}

    private static synchronized Kernel kernel() {
        if (kernel == null) {
            kernel =
                    new Kernel(
                            PlatformThreads.call(HostProbe::hasDetachedLayers),
                            PlatformThreads.call(HostProbe::isHostRoot),
                            isMapped(ProcFiles.read("/proc/self/gid_map"), HostFacts.TTY_GROUP),
                            Namespaces.isChrooted());
        }
        return kernel;
    }

    /// The cgroups that this process may use.
    public static CgroupLayout cgroups() {
        return CgroupLayout.detect().usable(path -> Files.isWritable(Path.of(path)));
    }

    /// The facts. Takes a few milliseconds when first called, and needs root.
    public static HostFacts probe() {
        return probe(cgroups());
    }

    /// The facts of a host whose [#cgroups()] are known already.
    public static HostFacts probe(CgroupLayout cgroups) {
        Kernel kernel = kernel();
        Optional<CgroupHierarchy> cpuset =
                cgroups.controller("cpuset").filter(h -> h.version() == 1);
        return new HostFacts(
                cgroups,
                kernel.hasDetachedLayers(),
                kernel.isHostRoot(),
                kernel.hasTtyGroup(),
                kernel.isChrooted(),
                cpuset.map(h -> read(h, "cpuset.cpus")).orElse(""),
                cpuset.map(h -> read(h, "cpuset.mems")).orElse(""),
                ProcFiles.readIfPresent("/sys/kernel/cgroup/delegate")
                        .map(t -> t.lines().toList())
                        .orElse(DELEGATED),
                KERNEL_MOUNTS.stream().filter(path -> Files.isDirectory(Path.of(path))).toList(),
                lsm());
    }

    private static String read(CgroupHierarchy hierarchy, String file) {
        return ProcFiles.read(HostFacts.directory(hierarchy, "/") + "/" + file).strip();
    }

    private static Optional<HostFacts.Lsm> lsm() {
        if (ProcFiles.readIfPresent("/sys/module/apparmor/parameters/enabled")
                .orElse("")
                .startsWith("Y")) {
            return Optional.of(HostFacts.Lsm.APPARMOR);
        }
        return ProcFiles.readIfPresent("/sys/fs/selinux/enforce").map(_ -> HostFacts.Lsm.SELINUX);
    }

    /// Who may make `/dev/null`, on a tmpfs that is mounted nowhere, is root of the host.
    private static boolean isHostRoot() {
        try (FsContext tmpfs = FsContext.open("tmpfs");
                Fd nodes = tmpfs.mount(Set.of())) {
            Directories.mknod(nodes, "null", FileStat.Type.CHAR_DEVICE, 0600, NULL_DEVICE);
            return true;
        } catch (ErrnoException _) {
            return false;
        }
    }

    /// @param map text of `/proc/PID/gid_map`: lines of the first id, what it is outside, how many
    static boolean isMapped(String map, long id) {
        return map.lines()
                .map(line -> line.strip().split("\\s+"))
                .anyMatch(words -> {
                    long offset = id - Long.parseLong(words[0]);
                    return offset >= 0 && offset < Long.parseLong(words[2]);
                });
    }

    /// An overlay of three directories of a tmpfs that is mounted nowhere.
    private static boolean hasDetachedLayers() {
        try (FsContext tmpfs = FsContext.open("tmpfs");
                Fd layers = tmpfs.mount(Set.of())) {
            for (String name : List.of("lower", "upper", "work")) {
                Directories.mkdir(layers, name, 0755);
            }
            try (FsContext overlay = FsContext.open("overlay");
                    Fd mount =
                            overlay.set("lowerdir", layers.procPath() + "/lower")
                                    .set("upperdir", layers.procPath() + "/upper")
                                    .set("workdir", layers.procPath() + "/work")
                                    .mount(Set.of())) {
                return mount.isOpen();
            }
        } catch (ErrnoException _) {
            return false;
        }
    }
}
