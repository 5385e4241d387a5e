package io.atoll.runtime.compiler;

import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Hosts that plans are compiled for in tests.
final class Hosts {
    private static final List<String> DELEGATED =
            List.of("cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "memory.oom.group");

    private Hosts() {}

    static HostFacts hybrid() {
        List<CgroupHierarchy> all = new ArrayList<>(legacy());
        all.add(new CgroupHierarchy(2, "/sys/fs/cgroup/unified", Set.of("hugetlb"), "/"));
        return facts(all, true, false);
    }

    static HostFacts pureV1() {
        return facts(legacy(), true, false);
    }

    static HostFacts pureV2() {
        return facts(unified(), true, false);
    }

    /// Debian 12: version 2, and overlayfs wants its layers mounted.
    static HostFacts bookworm() {
        return facts(unified(), false, false);
    }

    /// The tree of version 2 below a service.
    static CgroupLayout belowAService() {
        return new CgroupLayout(
                List.of(
                        new CgroupHierarchy(
                                2,
                                "/sys/fs/cgroup/system.slice/web.service",
                                Set.of("cpuset", "cpu", "io", "memory", "pids"),
                                "/")));
    }

    /// Debian 12 with what it confines programs by.
    static HostFacts apparmor() {
        return confined(HostFacts.Lsm.APPARMOR);
    }

    static HostFacts selinux() {
        return confined(HostFacts.Lsm.SELINUX);
    }

    private static HostFacts confined(HostFacts.Lsm lsm) {
        HostFacts b = bookworm();
        return new HostFacts(
                b.cgroups(),
                b.hasDetachedLayers(),
                b.isHostRoot(),
                b.hasTtyGroup(),
                b.isChrooted(),
                b.cpus(),
                b.mems(),
                b.delegatedFiles(),
                b.kernelMounts(),
                Optional.of(lsm));
    }

    /// Atoll itself in a chroot.
    static HostFacts chroot() {
        return facts(unified(), true, true);
    }

    private static List<CgroupHierarchy> unified() {
        return List.of(
                new CgroupHierarchy(
                        2,
                        "/sys/fs/cgroup",
                        Set.of("cpuset", "cpu", "io", "memory", "pids"),
                        "/system.slice/atoll.service"));
    }

    private static List<CgroupHierarchy> legacy() {
        return List.of(
                v1("cpu", "cpu"),
                v1("cpuset", "cpuset"),
                v1("memory", "memory"),
                v1("devices", "devices"),
                v1("freezer", "freezer"),
                v1("pids", "pids"),
                v1("systemd", "name=systemd"));
    }

    private static CgroupHierarchy v1(String directory, String controller) {
        return new CgroupHierarchy(1, "/sys/fs/cgroup/" + directory, Set.of(controller), "/");
    }

    /// Seen by a plain user who is root of a user namespace only.
    static HostFacts plainUser() {
        return facts(legacy(), true, false, false);
    }

    /// The same in a scope of the user's systemd.
    static HostFacts plainUserV2() {
        return facts(
                List.of(
                        new CgroupHierarchy(
                                2,
                                "/sys/fs/cgroup/user.slice/user@1000.service/app.slice/run-1.scope",
                                Set.of("memory", "pids"),
                                "/")),
                true,
                false,
                false);
    }

    private static HostFacts facts(
            List<CgroupHierarchy> hierarchies, boolean detached, boolean chrooted) {
        return facts(hierarchies, detached, chrooted, true);
    }

    private static HostFacts facts(
            List<CgroupHierarchy> hierarchies,
            boolean detached,
            boolean chrooted,
            boolean hostRoot) {
        return new HostFacts(
                new CgroupLayout(hierarchies),
                detached,
                hostRoot,
                hostRoot,
                chrooted,
                "0-3",
                "0",
                DELEGATED,
                List.of("/sys/kernel/debug"),
                Optional.empty());
    }
}
