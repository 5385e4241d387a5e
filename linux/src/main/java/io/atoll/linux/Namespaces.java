package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/// Namespaces of threads; namespaces(7), setns(2), unshare(2). A thread that changed its namespaces
/// is not given back: the work runs on a platform thread of its own, which then ends. A JVM cannot
/// enter user or pid namespaces: that is for the shim.
public final class Namespaces {
    private static final int CLONE_NEWNS = 0x20000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int CLONE_FS = 0x200;
    private static final long NS_GET_USERNS = 0xB701;
    private static final long NS_GET_PARENT = 0xB702;
    private static final long NS_GET_NSTYPE = 0xB703;
    private static final long NS_GET_OWNER_UID = 0xB704;
    private static final long NS_GET_PID_FROM_PIDNS = 0x8004_B706L;
    private static final long NSFS_MAGIC = 0x6E73_6673L;
    private static final int DEPTH_MAX = 33;

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

    /// The users who have every right over a network namespace by having made the user namespaces
    /// around it, innermost first: capabilities(7), "interaction of user namespaces and
    /// capabilities". Ends before our own user namespace, so it is empty for a network that belongs
    /// to that.
    ///
    /// @param net a descriptor that may come from anybody
    /// @throws ErrnoException with `EINVAL` if it is no network namespace, with `EPERM` if that
    ///   does not lie inside our user namespace
    public static List<Long> ownersOfNet(Fd net) {
        // Other files could take the numbers of the calls below for something else.
        if (FileSystemStat.of(net.procPath()).magic() != NSFS_MAGIC
                || Syscalls.raw(Sys.IOCTL, net.number(), NS_GET_NSTYPE, 0) != CLONE_NEWNET) {
            throw new ErrnoException("ioctl", Errno.EINVAL, net.what());
        }
        FileStat own = FileStat.of("/proc/self/ns/user");
        List<Long> owners = new ArrayList<>();
        Fd at = related(net, NS_GET_USERNS);
        try {
            while (!FileStat.of(at.procPath()).isSameInode(own) && owners.size() < DEPTH_MAX) {
                owners.add(ownerOfUser(at));
                Fd above = related(at, NS_GET_PARENT);
                at.close();
                at = above;
            }
        } finally {
            at.close();
        }
        return owners;
    }

    private static Fd related(Fd namespace, long request) {
        return Fd.own(
                Syscalls.call(Sys.IOCTL, namespace.what(), namespace.number(), request, 0),
                "user namespace around " + namespace.what());
    }

    private static long ownerOfUser(Fd user) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment uid = arena.allocate(JAVA_INT);
            Syscalls.call(Sys.IOCTL, user.what(), user.number(), NS_GET_OWNER_UID, uid.address());
            return Integer.toUnsignedLong(uid.get(JAVA_INT, 0));
        }
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
