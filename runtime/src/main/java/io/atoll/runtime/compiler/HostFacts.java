package io.atoll.runtime.compiler;

import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a plan depends on of the host. Found once by [HostProbe]; tests make their own.
///
/// @param cgroups which hierarchies there are
/// @param hasDetachedLayers true if overlayfs takes layers that are mounted nowhere (6.5 and
///   newer); else they are attached in the starter's private mount namespace first
/// @param isHostRoot true if we may do what only root outside of all user namespaces may: make
///   device nodes, move processes of other users between cgroups of version 1
/// @param hasTtyGroup true if the group of terminals, 5, exists in our own user namespace
/// @param isChrooted true if we live in a chroot, where the kernel refuses user namespaces and
///   pivot_root
/// @param cpus CPUs of the version 1 cpuset that ours are made below, as `0-3`
/// @param mems memory nodes likewise
/// @param delegatedFiles files of a version 2 cgroup that belong to whom it is delegated,
///   `/sys/kernel/cgroup/delegate`
/// @param kernelMounts which of the places exist where the host mounts file systems that no user
///   namespace may mount, such as `/sys/kernel/debug`
/// @param lsm the security module that labels processes, if any
public record HostFacts(
        CgroupLayout cgroups,
        boolean hasDetachedLayers,
        boolean isHostRoot,
        boolean hasTtyGroup,
        boolean isChrooted,
        String cpus,
        String mems,
        List<String> delegatedFiles,
        List<String> kernelMounts,
        Optional<Lsm> lsm) {
    /// The group of terminals, by the kernel's devpts and every distribution.
    public static final int TTY_GROUP = 5;

    /// A security module that labels processes.
    public enum Lsm {
        APPARMOR,
        SELINUX
    }

    /// What to enable below ourselves on version 2.
    public static final Set<String> V2_CONTROLLERS =
            Set.of("cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc");

    public HostFacts {
        delegatedFiles = List.copyOf(delegatedFiles);
        kernelMounts = List.copyOf(kernelMounts);
    }

    /// A copy for a container whose cgroups are elsewhere.
    public HostFacts withCgroups(CgroupLayout layout) {
        return new HostFacts(
                layout,
                hasDetachedLayers,
                isHostRoot,
                hasTtyGroup,
                isChrooted,
                cpus,
                mems,
                delegatedFiles,
                kernelMounts,
                lsm);
    }

    /// True if all controllers are on version 2.
    public boolean isPureV2() {
        return cgroups.kind() == CgroupLayout.Kind.V2;
    }

    /// The directory of a container's cgroup in a hierarchy.
    public static String directory(CgroupHierarchy hierarchy, String path) {
        return hierarchy.directory(path);
    }
}
