package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Who runs when; sched(7).
public final class Scheduling {
    private Scheduling() {}

    /// `sched_setscheduler(2)`.
    ///
    /// @param tid a thread of anybody
    /// @param policy as the kernel numbers them
    /// @param priority 0, or 1 to 99 for real-time policies
    /// @throws ErrnoException as the call fails
    public static void set(int tid, int policy, int priority) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parameter = arena.allocate(JAVA_INT);
            parameter.set(JAVA_INT, 0, priority);
            Syscalls.call(
                    Sys.SCHED_SETSCHEDULER, "thread " + tid, tid, policy, parameter.address());
        }
    }

    /// `sched_getscheduler(2)`, without its flag.
    public static int policy(int tid) {
        return (int) Syscalls.call(Sys.SCHED_GETSCHEDULER, "thread " + tid, tid) & 0xFFFF;
    }
}
