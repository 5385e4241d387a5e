package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.Callable;

/// Work on files with somebody else's ids and with few capabilities, so that the kernel asks of the
/// work what it would ask of them; capabilities(7), setfsuid(2). Everything here is the calling
/// thread's alone.
public final class ThreadPowers {
    private static final int VERSION_3 = 0x2008_0522;

    private ThreadPowers() {}

    /// A capability, by its number in `linux/capability.h`.
    public enum Power {
        DAC_OVERRIDE(1),
        DAC_READ_SEARCH(2),
        NET_ADMIN(12),
        SYS_ADMIN(21),
        MKNOD(27),
        BPF(39);

        private final int bit;

        Power(int bit) {
            this.bit = bit;
        }
    }

    /// Runs `work` on a thread of its own that has these ids of the host for files, no other
    /// groups, no umask, and only these capabilities.
    public static <T> T as(long uid, long gid, Set<Power> powers, Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "powers",
                () -> {
                    Syscalls.call(Sys.UNSHARE, "root directory", 0x200);
                    Syscalls.raw(Sys.UMASK, 0);
                    Syscalls.call(Sys.SETGROUPS, "groups", 0, 0);
                    FsIds.become(uid, gid);
                    keep(powers);
                    return work.call();
                });
    }

    /// Makes these the effective capabilities of the calling thread, which is one of [#as].
    public static void keep(Set<Power> powers) {
        long mask = 0;
        for (Power power : powers) {
            mask |= 1L << power.bit;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(8, 8);
            MemorySegment data = arena.allocate(24, 8);
            header.set(JAVA_INT, 0, VERSION_3);
            Syscalls.call(Sys.CAPGET, "capabilities", header.address(), data.address());
            data.set(JAVA_INT, 0, (int) mask);
            data.set(JAVA_INT, 12, (int) (mask >>> 32));
            Syscalls.call(Sys.CAPSET, "capabilities", header.address(), data.address());
        }
    }
}
