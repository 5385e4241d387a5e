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
/// here and nowhere else. Commands that live for one call go another way, [NativeCalls].
///
/// Pointers are passed as addresses; the caller's arena must outlive the call.
final class Syscalls {
    /// Made when it is first needed: that is what costs.
    private static final class Handle {
        static final MethodHandle SYSCALL =
                Linker.nativeLinker()
                        .downcallHandle(
                                Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                                Shape.WORDS,
                                Shape.OPTIONS);

        static final MemoryLayout STATE = Linker.Option.captureStateLayout();
        static final long ERRNO = STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

        static final ThreadLocal<MemorySegment> CAPTURED =
                ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));
    }

    /// For [SharedLibrary], whose calls have the same shape.
    static final class Shape {
        static final FunctionDescriptor WORDS =
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                        JAVA_LONG);

        /// syscall(2) is variadic, which does no harm to functions that are not.
        static final Linker.Option[] OPTIONS = {
            Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno")
        };

        private Shape() {}
    }

    private Syscalls() {}

    /// Where calls of this thread leave their `errno`.
    static MemorySegment captured() {
        return Handle.CAPTURED.get();
    }

    /// The result, or `-errno`. Retries `EINTR`, except for close(2), whose descriptor is gone even
    /// then.
    static long raw(Sys sys, long a, long b, long c, long d, long e, long f) {
        while (true) {
            long result =
                    NativeCalls.IS_THERE
                            ? NativeCalls.syscall(sys.number(), a, b, c, d, e, f)
                            : downcall(sys, a, b, c, d, e, f);
            if (result != -Errno.EINTR || sys == Sys.CLOSE) {
                return result;
            }
        }
    }

    private static long downcall(Sys sys, long a, long b, long c, long d, long e, long f) {
        MemorySegment state = Handle.CAPTURED.get();
        long result;
        try {
            result =
                    (long) Handle.SYSCALL.invokeExact(state, (long) sys.number(), a, b, c, d, e, f);
        } catch (Throwable t) {
            throw new AssertionError("syscall handle", t);
        }
        return result != -1 ? result : -state.get(JAVA_INT, Handle.ERRNO);
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
