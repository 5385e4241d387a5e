package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Compiles system call filters to programs for the kernel with libseccomp; seccomp(2),
/// seccomp_rule_add(3). Covers the machine's own calls and those of its 32-bit programs.
public final class Seccomp {
    private static final int SCMP_FLTATR_ACT_BADARCH = 2;
    private static final int SCMP_FLTATR_CTL_NNP = 3;
    private static final int NR_UNKNOWN = -1;
    private static final int ARGUMENT_SIZE = 24;
    private static final int BYTES_MAX = 4096 * 8;

    /// Held around every use of the library, which does not promise to be safe for threads; leaf
    /// lock.
    private static final ReentrantLock LOCK = new ReentrantLock();

    /// What happens to a call.
    public sealed interface Action {
        /// It is made.
        record Allow() implements Action {}

        /// It is not made and answers this error.
        record Refuse(int errno) implements Action {}

        /// The process dies.
        record Kill() implements Action {}

        /// The thread gets `SIGSYS`.
        record Trap() implements Action {}

        /// It is made and logged by the kernel.
        record Log() implements Action {}

        /// A supervisor decides; seccomp_unotify(2).
        record Notify() implements Action {}
    }

    /// How an argument is compared; the numbers are libseccomp's.
    public enum Comparison {
        NOT_EQUAL(1),
        LESS(2),
        LESS_OR_EQUAL(3),
        EQUAL(4),
        GREATER_OR_EQUAL(5),
        GREATER(6),
        MASKED_EQUAL(7);

        private final int number;

        Comparison(int number) {
            this.number = number;
        }
    }

    /// A condition on an argument.
    ///
    /// @param index 0 to 5
    /// @param mask only for [Comparison#MASKED_EQUAL]: the bits that are compared
    public record Argument(int index, Comparison comparison, long value, long mask) {
        public Argument {
            if (index < 0 || index > 5) {
                throw new InvalidConfigException("a system call has no argument " + index);
            }
        }
    }

    /// What happens to one call if all conditions hold.
    ///
    /// @param call name in the manual, or its number on this machine
    public record Rule(String call, Action action, List<Argument> arguments) {
        public Rule {
            arguments = List.copyOf(arguments);
        }
    }

    /// A whole filter.
    ///
    /// @param otherwise for calls without a rule
    /// @param isNativeOnly true to answer `ENOSYS` to every call by another ABI of the machine
    public record Filter(Action otherwise, List<Rule> rules, boolean isNativeOnly) {
        /// For all ABIs of the machine.
        public Filter(Action otherwise, List<Rule> rules) {
            this(otherwise, rules, false);
        }

        public Filter {
            rules = List.copyOf(rules);
        }
    }

    /// Resolved when first used, so that hosts that never filter need no library.
    private static final class Library {
        static final SharedLibrary LIBRARY = SharedLibrary.load("libseccomp.so.2", "libseccomp2");
        static final SharedLibrary.Function INIT = LIBRARY.function("seccomp_init");
        static final SharedLibrary.Function RELEASE = LIBRARY.function("seccomp_release");
        static final SharedLibrary.Function ARCH_ADD = LIBRARY.function("seccomp_arch_add");
        static final SharedLibrary.Function ATTR_SET = LIBRARY.function("seccomp_attr_set");
        static final SharedLibrary.Function RESOLVE =
                LIBRARY.function("seccomp_syscall_resolve_name");
        static final SharedLibrary.Function RULE_ADD = LIBRARY.function("seccomp_rule_add_array");
        static final SharedLibrary.Function EXPORT = LIBRARY.function("seccomp_export_bpf");
    }

    private Seccomp() {}

    /// True if the host has the library.
    public static boolean isAvailable() {
        return SharedLibrary.isAvailable(Seccomp::library);
    }

    private static SharedLibrary library() {
        return SharedLibrary.from(() -> Library.LIBRARY, "libseccomp.so.2");
    }

    /// The program: an array of `struct sock_filter` for `SECCOMP_SET_MODE_FILTER`.
    ///
    /// @throws UnsupportedException if libseccomp is not installed
    /// @throws InvalidConfigException if a rule names no system call or contradicts the rest
    public static byte[] compile(Filter filter) {
        library();
        LOCK.lock();
        try {
            long context = Library.INIT.call(number(filter.otherwise()));
            if (context == 0) {
                throw new InvalidConfigException("not a default action of a system call filter");
            }
            try {
                return compile(context, filter);
            } finally {
                Library.RELEASE.call(context);
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static byte[] compile(long context, Filter filter) {
        boolean isArm = "aarch64".equals(System.getProperty("os.arch"));
        // Programs of an architecture that is not listed would be killed at their first call; x32
        // has its own table.
        long[] others = isArm ? new long[] {0x40000028L} : new long[] {0x40000003L, 0x4000003EL};
        for (long other : filter.isNativeOnly() ? new long[0] : others) {
            check(
                    "seccomp_arch_add",
                    Long.toHexString(other),
                    Library.ARCH_ADD.callInt(context, other));
        }
        Library.ATTR_SET.callInt(context, SCMP_FLTATR_CTL_NNP, 0);
        Action foreign =
                filter.isNativeOnly() ? new Action.Refuse(Errno.ENOSYS) : new Action.Kill();
        Library.ATTR_SET.callInt(context, SCMP_FLTATR_ACT_BADARCH, number(foreign));
        try (Arena arena = Arena.ofConfined()) {
            for (Rule rule : filter.rules()) {
                add(context, arena, rule);
            }
            return export(context, arena);
        }
    }

    private static void add(long context, Arena arena, Rule rule) {
        int call = resolve(arena, rule.call());
        int count = rule.arguments().size();
        MemorySegment array = arena.allocate(Math.max(1L, (long) count * ARGUMENT_SIZE), 8);
        for (int i = 0; i < count; i++) {
            Argument argument = rule.arguments().get(i);
            boolean isMasked = argument.comparison() == Comparison.MASKED_EQUAL;
            long at = (long) i * ARGUMENT_SIZE;
            array.set(JAVA_INT, at, argument.index());
            array.set(JAVA_INT, at + 4, argument.comparison().number);
            // With a mask libseccomp wants the mask first.
            array.set(JAVA_LONG, at + 8, isMasked ? argument.mask() : argument.value());
            array.set(JAVA_LONG, at + 16, isMasked ? argument.value() : 0);
        }
        int result =
                Library.RULE_ADD.callInt(
                        context, number(rule.action()), call, count, array.address());
        // A rule that says the default again is no mistake: it changes nothing.
        if (result != 0 && result != -Errno.EEXIST && result != -Errno.EACCES) {
            throw new InvalidConfigException(
                    "rule for system call " + rule.call() + ": " + Errno.text(-result));
        }
    }

    private static int resolve(Arena arena, String call) {
        if (!call.isEmpty() && call.chars().allMatch(c -> c >= '0' && c <= '9')) {
            try {
                return Integer.parseInt(call);
            } catch (NumberFormatException e) {
                throw new InvalidConfigException("there is no system call " + call, e);
            }
        }
        int number = Library.RESOLVE.callInt(KernelText.address(arena, call), 0);
        if (number == NR_UNKNOWN) {
            throw new InvalidConfigException("there is no system call \"" + call + "\"");
        }
        return number;
    }

    private static byte[] export(long context, Arena arena) {
        long memfd =
                Syscalls.call(Sys.MEMFD_CREATE, "seccomp", KernelText.address(arena, "seccomp"), 1);
        try (Fd fd = Fd.own(memfd, "seccomp program")) {
            check("seccomp_export_bpf", "filter", Library.EXPORT.callInt(context, fd.number()));
            FdIo.seek(fd, 0);
            return FdIo.readAll(fd, BYTES_MAX);
        }
    }

    private static void check(String call, String subject, int result) {
        if (result != 0 && result != -Errno.EEXIST) {
            throw new ErrnoException(call, -result, subject);
        }
    }

    private static long number(Action action) {
        return switch (action) {
            case Action.Allow _ -> 0x7fff0000L;
            case Action.Refuse(int errno) -> 0x00050000L | errno & 0xffff;
            case Action.Kill _ -> 0x80000000L;
            case Action.Trap _ -> 0x00030000L;
            case Action.Log _ -> 0x7ffc0000L;
            case Action.Notify _ -> 0x7fc00000L;
        };
    }
}
