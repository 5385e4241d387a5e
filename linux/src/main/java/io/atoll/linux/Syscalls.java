package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// syscall(2) by one generic handle: every distinct call shape costs milliseconds when first used,
/// so there is one, of seven words. `errno` is captured in the same downcall. `EINTR` is retried
/// here and nowhere else.
///
/// Pointers are passed as addresses; the caller's arena must outlive the call.
final class Syscalls {
    /// The one shape.
    static final FunctionDescriptor SHAPE =
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                    JAVA_LONG);

    /// How it is linked: syscall(2) is variadic, which does no harm to functions that are not.
    static final Linker.Option[] SHAPE_OPTIONS = {
        Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno")
    };

    private static final MethodHandle SYSCALL =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                            SHAPE,
                            SHAPE_OPTIONS);

    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

    private Syscalls() {}

    /// Where calls of this thread leave their `errno`.
    static MemorySegment captured() {
        return CAPTURED.get();
    }

    /// The result, or `-errno`. Retries `EINTR`, except for close(2), whose descriptor is gone even
    /// then.
    static long raw(Sys sys, long a, long b, long c, long d, long e, long f) {
        MemorySegment state = CAPTURED.get();
        while (true) {
            long result;
            try {
                result = (long) SYSCALL.invokeExact(state, (long) sys.number(), a, b, c, d, e, f);
            } catch (Throwable t) {
                throw new AssertionError("syscall handle", t);
            }
            if (result != -1) {
                return result;
            }
            int errno = state.get(JAVA_INT, ERRNO);
            if (errno != Errno.EINTR || sys == Sys.CLOSE) {
                return -errno;
            }
        }
    }

    static long raw(Sys sys, long a) {
        return raw(sys, a, 0, 0, 0, 0, 0);
    }

    static long raw(Sys sys, long a, long b) {
        return raw(sys, a, b, 0, 0, 0, 0);
    }

    static long raw(Sys sys, long a, long b, long c) {
        return raw(sys, a, b, c, 0, 0, 0);
    }

    static long raw(Sys sys, long a, long b, long c, long d) {
        return raw(sys, a, b, c, d, 0, 0);
    }

    /// The result of a call; throws if it is negative.
    ///
    /// @param result as [#raw] returns it
    /// @throws ErrnoException naming `sys` and `subject`
    static long check(Sys sys, Object subject, long result) {
        if (result < 0 && result >= -4095) {
            throw new ErrnoException(sys.manualName(), (int) -result, String.valueOf(subject));
        }
        return result;
    }

    static long call(Sys sys, Object subject, long a) {
        return check(sys, subject, raw(sys, a, 0, 0, 0, 0, 0));
    }

    static long call(Sys sys, Object subject, long a, long b) {
        return check(sys, subject, raw(sys, a, b, 0, 0, 0, 0));
    }

    static long call(Sys sys, Object subject, long a, long b, long c) {
        return check(sys, subject, raw(sys, a, b, c, 0, 0, 0));
    }

    static long call(Sys sys, Object subject, long a, long b, long c, long d) {
        return check(sys, subject, raw(sys, a, b, c, d, 0, 0));
    }

    static long call(Sys sys, Object subject, long a, long b, long c, long d, long e) {
        return check(sys, subject, raw(sys, a, b, c, d, e, 0));
    }

    static long call(Sys sys, Object subject, long a, long b, long c, long d, long e, long f) {
        return check(sys, subject, raw(sys, a, b, c, d, e, f));
    }
}
