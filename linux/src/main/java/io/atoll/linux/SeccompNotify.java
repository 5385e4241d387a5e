package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/// System calls that a filter hands to a supervisor; seccomp_unotify(2). The caller sleeps in the
/// kernel until the call is answered, or it is killed.
public final class SeccompNotify {
    private static final long RECEIVE = 0xC050_2100L;
    private static final long SEND = 0xC018_2101L;
    private static final long IS_VALID = 0x4008_2102L;
    private static final long ADD_DESCRIPTOR = 0x4018_2103L;
    private static final int ADD_AND_SEND = 2;
    private static final int NOTIFICATION_BYTES = 80;
    private static final int RESPONSE_BYTES = 24;
    private static final int CONTINUE = 1;
    private static final int ARGUMENTS = 6;

    /// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64` of `linux/audit.h`.
    private static final int OWN_ARCHITECTURE =
            "aarch64".equals(System.getProperty("os.arch")) ? 0xC000_00B7 : 0xC000_003E;

    private SeccompNotify() {}

    /// A call that waits for an answer.
    ///
    /// @param id of the notification; valid while the caller waits
    /// @param tid the calling thread, as we see it
    /// @param number of the call in its architecture
    /// @param isNative false for programs of the other ABIs, as the 32-bit one
    /// @param arguments six words; what they point to belongs to the caller, who may change it
    public record Call(long id, int tid, int number, boolean isNative, List<Long> arguments) {
        public Call {
            arguments = List.copyOf(arguments);
        }

        public long argument(int index) {
            return arguments.get(index);
        }
    }

    /// The calls that can be supervised here.
    public enum Name {
        MKNOD(133, -1),
        MKNODAT(259, 33),
        SETXATTR(188, 5),
        LSETXATTR(189, 6),
        FSETXATTR(190, 7),
        SYSINFO(99, 179),
        SCHED_SETSCHEDULER(144, 119),
        MOUNT(165, 40),
        BPF(321, 280);

        private final int x86;
        private final int arm;

        Name(int x86, int arm) {
            this.x86 = x86;
            this.arm = arm;
        }

        /// Which call this is, if it is one of them.
        public static Optional<Name> of(Call call) {
            boolean isArm = OWN_ARCHITECTURE == 0xC000_00B7;
            for (Name name : values()) {
                if (call.isNative() && call.number() == (isArm ? name.arm : name.x86)) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        }
    }

    /// The next call, if one waits. Never blocks for longer than the kernel needs.
    ///
    /// @throws ErrnoException if the listener is no listener
    public static Optional<Call> receive(Fd listener) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment notification = arena.allocate(NOTIFICATION_BYTES, 8);
            long result =
                    Syscalls.raw(Sys.IOCTL, listener.number(), RECEIVE, notification.address());
            if (result == -Errno.ENOENT || result == -Errno.EINTR) {
                // The caller was killed meanwhile.
                return Optional.empty();
            }
            Syscalls.check(Sys.IOCTL, listener.what(), result);
            Long[] arguments = new Long[ARGUMENTS];
            for (int i = 0; i < ARGUMENTS; i++) {
                arguments[i] = notification.get(JAVA_LONG, 32 + 8L * i);
            }
            return Optional.of(
                    new Call(
                            notification.get(JAVA_LONG, 0),
                            notification.get(JAVA_INT, 8),
                            notification.get(JAVA_INT, 16),
                            notification.get(JAVA_INT, 20) == OWN_ARCHITECTURE,
                            List.of(arguments)));
        }
    }

    /// True if the caller still waits, so that its number still means it.
    public static boolean isWaiting(Fd listener, long id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(JAVA_LONG);
            word.set(JAVA_LONG, 0, id);
            return Syscalls.raw(Sys.IOCTL, listener.number(), IS_VALID, word.address()) == 0;
        }
    }

    /// Answers that the call succeeded.
    ///
    /// @return false if nobody waits any more
    public static boolean succeed(Fd listener, long id, long value) {
        return send(listener, id, value, 0, 0);
    }

    /// Answers with an error.
    public static boolean fail(Fd listener, long id, int errno) {
        return send(listener, id, 0, -errno, 0);
    }

    /// Lets the kernel make the call, with the caller's own rights. The caller may have changed
    /// what its arguments point to, so this must never depend on what they were.
    public static boolean letRun(Fd listener, long id) {
        return send(listener, id, 0, 0, CONTINUE);
    }

    /// Gives the caller a copy of a descriptor, closed at exec, and answers with its number; Linux
    /// 5.14.
    ///
    /// @return false if nobody waits any more
    public static boolean give(Fd listener, long id, Fd descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(RESPONSE_BYTES, 8);
            request.set(JAVA_LONG, 0, id);
            request.set(JAVA_INT, 8, ADD_AND_SEND);
            request.set(JAVA_INT, 12, descriptor.number());
            request.set(JAVA_INT, 20, Fcntl.O_CLOEXEC);
            long result =
                    Syscalls.raw(Sys.IOCTL, listener.number(), ADD_DESCRIPTOR, request.address());
            if (result == -Errno.ENOENT || result == -Errno.EINPROGRESS) {
                return false;
            }
            Syscalls.check(Sys.IOCTL, listener.what(), result);
            return true;
        }
    }

    private static boolean send(Fd listener, long id, long value, int error, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment response = arena.allocate(RESPONSE_BYTES, 8);
            response.set(JAVA_LONG, 0, id);
            response.set(JAVA_LONG, 8, value);
            response.set(JAVA_INT, 16, error);
            response.set(JAVA_INT, 20, flags);
            long result = Syscalls.raw(Sys.IOCTL, listener.number(), SEND, response.address());
            if (result == -Errno.ENOENT || result == -Errno.EINPROGRESS) {
                return false;
            }
            Syscalls.check(Sys.IOCTL, listener.what(), result);
            return true;
        }
    }
}
