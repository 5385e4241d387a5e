package io.atoll.runtime.intercept;

import io.atoll.linux.Errno;
import io.atoll.linux.Scheduling;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// `sched_setscheduler(2)`: real-time priorities for those who have the right inside. The kernel
/// asks for that right outside.
final class SchedulerCall {
    private SchedulerCall() {}

    /// For a thread's own scheduling; that of others the kernel decides about.
    static Answer answer(Caller caller) {
        int target = caller.intArgument(0);
        if (target < 0 || caller.argument(2) == 0) {
            return new Answer.Refused(Errno.EINVAL);
        }
        if (!caller.has(Caller.CAP_SYS_NICE) || (target != 0 && target != caller.ownNumber())) {
            return Answer.BY_KERNEL;
        }
        int priority =
                ByteBuffer.wrap(caller.bytes(caller.argument(2), Integer.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getInt();
        caller.requireWaiting();
        Scheduling.set(caller.tid(), caller.intArgument(1), priority);
        return Answer.DONE;
    }
}
