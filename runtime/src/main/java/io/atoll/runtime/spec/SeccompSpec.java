package io.atoll.runtime.spec;

import java.util.ArrayList;
import java.util.List;

/// Which system calls a container's processes are refused.
///
/// @param otherwise what happens to calls without a rule
/// @param rules in order; if there are none and other calls are allowed, there is no filter at all,
///   unless `isNativeOnly`
/// @param isNativeOnly true if programs of the host's other ABIs, as of its 32-bit one, get
///   `ENOSYS` for every call
public record SeccompSpec(Action otherwise, List<Rule> rules, boolean isNativeOnly) {
    private static final int EPERM = 1;
    private static final int EACCES = 13;
    private static final int ENOSYS = 38;
    private static final long MNT_FORCE = 1;

    /// No filter.
    public static final SeccompSpec NONE = new SeccompSpec(new Action.Allow(), List.of());

    /// Calls that load code into the kernel or step around path checks, and forced umounts, which
    /// could hang a network file system of the host's.
    public static final SeccompSpec DEFAULT = new SeccompSpec(new Action.Allow(), defaultRules());

    /// What happens to a call that matches.
    public sealed interface Action {
        /// It runs.
        record Allow() implements Action {}

        /// It fails with this errno.
        record Errno(int code) implements Action {}

        /// The thread dies.
        record KillThread() implements Action {}

        /// The process dies.
        record KillProcess() implements Action {}

        /// SIGSYS.
        record Trap() implements Action {}

        /// It runs and is logged.
        record Log() implements Action {}

        /// A supervisor decides; seccomp_unotify(2).
        record Notify() implements Action {}
    }

    /// How an argument is compared.
    public enum Comparison {
        NE,
        LT,
        LE,
        EQ,
        GE,
        GT,
        MASKED_EQ
    }

    /// One argument's condition.
    ///
    /// @param index 0 to 5
    /// @param mask only for MASKED_EQ
    public record Argument(int index, Comparison comparison, long value, long mask) {}

    /// One rule.
    ///
    /// @param syscall by name, resolved for each architecture; a name the architecture lacks is
    ///   left out there. Or its number on the host's own
    /// @param arguments all must hold
    public record Rule(String syscall, Action action, List<Argument> arguments) {
        public Rule {
            arguments = List.copyOf(arguments);
        }

        /// The call fails with an errno, whatever its arguments.
        public static Rule errno(String syscall, int code) {
            return new Rule(syscall, new Action.Errno(code), List.of());
        }
    }

    /// For all ABIs.
    public SeccompSpec(Action otherwise, List<Rule> rules) {
        this(otherwise, rules, false);
    }

    public SeccompSpec {
        rules = List.copyOf(rules);
    }

    private static List<Rule> defaultRules() {
        List<Rule> rules = new ArrayList<>();
        for (String name :
                List.of(
                        "kexec_load",
                        "open_by_handle_at",
                        "init_module",
                        "finit_module",
                        "delete_module")) {
            rules.add(Rule.errno(name, EPERM));
        }
        rules.add(
                new Rule(
                        "umount2",
                        new Action.Errno(EACCES),
                        List.of(new Argument(1, Comparison.MASKED_EQ, MNT_FORCE, MNT_FORCE))));
        // Old kernels' answer: programs then use the call's predecessor instead of giving up.
        rules.add(Rule.errno("kexec_file_load", ENOSYS));
        return List.copyOf(rules);
    }

    /// A copy with more rules at the end.
    public SeccompSpec plus(List<Rule> more) {
        List<Rule> all = new ArrayList<>(rules);
        all.addAll(more);
        return new SeccompSpec(otherwise, all, isNativeOnly);
    }

    /// A copy that refuses the host's other ABIs, or not.
    public SeccompSpec withNativeOnly(boolean value) {
        return new SeccompSpec(otherwise, rules, value);
    }

    /// True if no filter is to be loaded.
    public boolean isNone() {
        return !isAllowList() && rules.isEmpty() && !isNativeOnly;
    }

    /// True if only the calls with a rule are let through.
    public boolean isAllowList() {
        return !(otherwise instanceof Action.Allow);
    }

    /// True if a supervisor is asked about a call.
    public boolean asksAnybody() {
        return otherwise instanceof Action.Notify
                || rules.stream().anyMatch(rule -> rule.action() instanceof Action.Notify);
    }
}
