package io.atoll.linux;

import java.util.Optional;

/// What `/proc` says about processes; proc(5).
public final class Processes {
    /// A process that is more than a number: pids are used again, pairs of pid and start time are
    /// not.
    ///
    /// @param startTicks field 22 of `/proc/PID/stat`, clock ticks since boot
    public record Identity(int pid, long startTicks) {}

    private Processes() {}

    /// Who has this pid now; empty if nobody alive. A zombie is not alive.
    public static Optional<Identity> identity(int pid) {
        return ProcFiles.readIfPresent("/proc/" + pid + "/stat").flatMap(stat -> parse(pid, stat));
    }

    static Optional<Identity> parse(int pid, String stat) {
        // The name in parentheses may hold spaces and parentheses itself.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        boolean isDead = fields[0].equals("Z") || fields[0].equals("X");
        return isDead
                ? Optional.empty()
                : Optional.of(new Identity(pid, Long.parseLong(fields[19])));
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
