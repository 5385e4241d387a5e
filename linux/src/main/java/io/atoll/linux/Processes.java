package io.atoll.linux;

import java.util.Optional;

/// What `/proc` says about processes; proc(5).
public final class Processes {
    /// A process that is more than a number: pids are used again, pairs of pid and start time are
    /// not.
    ///
    /// @param startTicks field 22 of `/proc/PID/stat`, clock ticks since boot
    public record Identity(int pid, long startTicks) {}

    /// Field 22, counted from the state, which is field 3.
    private static final int START_TICKS = 19;

    private Processes() {}

    /// Who has this pid now; empty if nobody alive. A zombie is not alive.
    public static Optional<Identity> identity(int pid) {
        return ProcFiles.readIfPresent("/proc/" + pid + "/stat").flatMap(stat -> parse(pid, stat));
    }

    static Optional<Identity> parse(int pid, String stat) {
        String state = fields(stat)[0];
        return state.equals("Z") || state.equals("X")
                ? Optional.empty()
                : startTicks(stat).map(ticks -> new Identity(pid, ticks));
    }

    /// When the process started whose `/proc/PID/stat` this is, in clock ticks since boot; empty if
    /// the text is cut short.
    public static Optional<Long> startTicks(String stat) {
        String[] fields = fields(stat);
        try {
            return fields.length > START_TICKS
                    ? Optional.of(Long.parseLong(fields[START_TICKS]))
                    : Optional.empty();
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    /// From the state on: the name before it may hold spaces and parentheses itself.
    private static String[] fields(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    }

    /// True while this very process is alive.
    public static boolean isAlive(Identity identity) {
        return identity(identity.pid()).filter(identity::equals).isPresent();
    }

    /// User id whose rights this process has.
    public static int uid() {
        return (int) Syscalls.raw(Sys.GETEUID, 0);
    }

    /// Number of this process.
    public static int self() {
        return (int) Syscalls.raw(Sys.GETPID, 0);
    }
}
