package io.atoll.runtime;

/// Why a container ended.
///
/// @param status the exit status of init or, if it was killed, 128 plus the signal's number; -1 if
///   nobody saw it, because the monitor and the fork server were killed
public record ExitReason(Kind kind, int status) {
    /// What a shell adds to the number of the signal that killed a program.
    public static final int SIGNAL_BASE = 128;

    /// How init came to its end.
    public enum Kind {
        /// It exited.
        EXITED,
        /// It was killed by a signal.
        KILLED,
        /// The container asked to be powered off; reboot(2).
        HALTED,
        /// The container asked to be rebooted; reboot(2). Whoever watches starts it again.
        REBOOTED,
        /// The monitor and the fork server were killed before init ended, so nobody knows.
        UNKNOWN
    }

    /// Seen by nobody.
    public static final ExitReason UNKNOWN = new ExitReason(Kind.UNKNOWN, -1);

    static ExitReason of(io.atoll.plan.ShimMessage.Gone gone) {
        return switch (gone.reason()) {
            case EXITED, START_FAILED -> new ExitReason(Kind.EXITED, gone.status());
            case KILLED -> new ExitReason(Kind.KILLED, SIGNAL_BASE + gone.status());
            case HALT -> new ExitReason(Kind.HALTED, 0);
            case REBOOT -> new ExitReason(Kind.REBOOTED, 0);
            case UNKNOWN -> UNKNOWN;
        };
    }
}
