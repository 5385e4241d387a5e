package io.atoll.linux;

import java.util.concurrent.Callable;

/// Namespaces of threads; namespaces(7), setns(2), unshare(2). A thread that changed its namespaces is not given back:
/// the work runs on a platform thread of its own, which then ends. A JVM cannot enter user or pid namespaces: that is
/// for the shim.
public final class Namespaces {
    private static final int CLONE_NEWNS = 0x20000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int CLONE_FS = 0x200;

    private Namespaces() {}

    /// A namespace of a process: `net`, `mnt`, `user` and so on. The descriptor keeps the namespace alive.
    public static Fd open(int pid, String kind) {
        return Opens.open("/proc/" + pid + "/ns/" + kind, Fcntl.O_RDONLY, 0);
    }

    /// The network namespace of the calling thread.
    public static Fd ownNet() {
        return Opens.open("/proc/thread-self/ns/net", Fcntl.O_RDONLY, 0);
    }

    /// Runs `work` inside a network namespace.
    public static <T> T inNet(Fd netNamespace, Callable<T> work) {
        return PlatformThreads.onOwnThread("netns", () -> {
            Syscalls.call(Sys.SETNS, netNamespace.what(), netNamespace.number(), CLONE_NEWNET);
            return work.call();
        });
    }

    /// Runs `work` inside a new, empty network namespace, which lives as long as something is in it or holds it open.
    public static <T> T withOwnNet(Callable<T> work) {
        return PlatformThreads.onOwnThread("own-netns", () -> {
            Syscalls.call(Sys.UNSHARE, "network namespace", CLONE_NEWNET);
            return work.call();
        });
    }

    /// Runs `work` in a copy of the mount namespace, where nothing done is seen outside. Files are reached by raw
    /// system calls only: the JVM's other threads stay outside.
    public static <T> T withOwnMounts(Callable<T> work) {
        return PlatformThreads.onOwnThread("own-mountns", () -> {
            Syscalls.call(Sys.UNSHARE, "mount namespace", CLONE_NEWNS | CLONE_FS);
            Mounts.setPropagation("/", Propagation.PRIVATE, true);
            return work.call();
        });
    }
}
