package io.atoll.runtime.spec;

/// The kernel's file systems that are mounted without being asked for one by one.
///
/// @param proc how `/proc` is protected
/// @param sys how `/sys` is protected
/// @param cgroup what is at `/sys/fs/cgroup`
/// @param isNestable true to also leave unprotected instances of proc and sysfs at `/dev/.lxc`,
///   without which the kernel refuses new ones to containers inside
/// @param hasOwnBootId true to show a boot id of the container's own
public record AutoMounts(
        Proc proc, Sys sys, Cgroup cgroup, boolean isNestable, boolean hasOwnBootId) {
    /// Everything a system needs, protected.
    public static final AutoMounts DEFAULT =
            new AutoMounts(Proc.MIXED, Sys.MIXED, Cgroup.AUTO, false, true);

    /// `lxc.mount.auto = proc…`.
    public enum Proc {
        NONE,
        /// `/proc/sys` and `/proc/sysrq-trigger` read-only, `/proc/sys/net` writable. In a user
        /// namespace the kernel itself protects them, and this is [#RW].
        MIXED,
        RW
    }

    /// `lxc.mount.auto = sys…`.
    public enum Sys {
        NONE,
        RO,
        /// Read-only, with `/sys/devices/virtual/net` writable. In a user namespace the kernel
        /// itself protects the rest, and this is [#RW].
        MIXED,
        RW
    }

    /// `lxc.mount.auto = cgroup…`.
    public enum Cgroup {
        NONE,
        /// The unified hierarchy where the host has nothing else; on v1 hosts init mounts what it
        /// wants.
        AUTO,
        /// All hierarchies, mounted before init runs, whatever the host has.
        FORCE
    }

    /// A copy that lets containers run inside.
    public AutoMounts nestable() {
        return new AutoMounts(proc, sys, cgroup, true, hasOwnBootId);
    }
}
