package io.atoll.linux;

import java.util.OptionalInt;
import java.util.concurrent.Callable;

/// Namespaces of threads; namespaces(7), setns(2), unshare(2). A thread that changed its namespaces
/// is not given back: the work runs on a platform thread of its own, which then ends. A JVM cannot
/// enter user or pid namespaces: that is for the shim.
public final class Namespaces {
    private static final int CLONE_NEWNS = 0x20000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int CLONE_FS = 0x200;
    private static final long NS_GET_PID_FROM_PIDNS = 0x8004_B706L;

    private Namespaces() {}

    /// A namespace of a process: `net`, `mnt`, `user` and so on. The descriptor keeps the namespace
    /// alive.
    public static Fd open(int pid, String kind) {
        return Opens.open("/proc/" + pid + "/ns/" + kind, Fcntl.O_RDONLY, 0);
    }

    /// The network namespace of the calling thread.
    public static Fd ownNet() {
        return Opens.open("/proc/thread-self/ns/net", Fcntl.O_RDONLY, 0);
    }

    /// Runs `work` inside a network namespace.
    public static <T> T inNet(Fd netNamespace, Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "netns",
                () -> {
                    Syscalls.call(
                            Sys.SETNS, netNamespace.what(), netNamespace.number(), CLONE_NEWNET);
                    return work.call();
                });
    }

    /// Runs `work` inside a new, empty network namespace, which lives as long as something is in it
    /// or holds it open.
    public static <T> T withOwnNet(Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "own-netns",
                () -> {
                    Syscalls.call(Sys.UNSHARE, "network namespace", CLONE_NEWNET);
                    return work.call();
                });
    }

    /// Runs `work` inside a mount namespace, with its root as root and current directory. Files are
    /// reached by raw system calls only: the JVM's other threads stay outside.
    public static <T> T inMounts(Fd mountNamespace, Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "mountns",
                () -> {
                    // A thread that shares its root directory with others may not change mount
                    // namespaces.
                    Syscalls.call(Sys.UNSHARE, "root directory", CLONE_FS);
                    Syscalls.call(
                            Sys.SETNS, mountNamespace.what(), mountNamespace.number(), CLONE_NEWNS);
                    return work.call();
                });
    }

    /// The init of the pid namespace that a process is in, by its number here; ioctl_nsfs(2)
    /// `NS_GET_PID_FROM_PIDNS`. Empty on kernels before 6.11, which cannot tell, and if it or the
    /// process has ended.
    public static OptionalInt initOfPidNamespace(int pid) {
        try (Fd namespace = open(pid, "pid")) {
            long init = Syscalls.raw(Sys.IOCTL, namespace.number(), NS_GET_PID_FROM_PIDNS, 1);
            return init > 0 ? OptionalInt.of((int) init) : OptionalInt.empty();
        } catch (ErrnoException _) {
            return OptionalInt.empty();
        }
    }

    /// Runs `work` in a copy of the mount namespace, where nothing done is seen outside. Files are
    /// reached by raw system calls only: the JVM's other threads stay outside.
    public static <T> T withOwnMounts(Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "own-mountns",
                () -> {
                    Syscalls.call(Sys.UNSHARE, "mount namespace", CLONE_NEWNS | CLONE_FS);
                    Mounts.setPropagation("/", Propagation.PRIVATE, true);
                    return work.call();
                });
    }

    /// True if this process lives in a chroot: its `/` is not the root of its mount namespace, so
    /// that the kernel refuses it user namespaces and pivot_root. Needs root.
    public static boolean isChrooted() {
        return PlatformThreads.onOwnThread(
                "chroot-probe",
                () -> {
                    Syscalls.call(Sys.UNSHARE, "root directory", CLONE_FS);
                    FileStat own = FileStat.of("/");
                    try (Fd namespace = Opens.open("/proc/thread-self/ns/mnt", Fcntl.O_RDONLY, 0)) {
                        // Entering a mount namespace, even the own one, goes to its root.
                        Syscalls.call(Sys.SETNS, namespace.what(), namespace.number(), CLONE_NEWNS);
                    }
                    return !own.isSameInode(FileStat.of("/"));
                });
    }
}
