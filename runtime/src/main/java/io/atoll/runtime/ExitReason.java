package io.atoll.runtime;

/// Why a container ended.
///
/// @param status the exit status of init or, if it was killed, 128 plus the signal's number; -1 if nobody saw it, because
///     the monitor was killed
public record ExitReason(Kind kind, int status) {
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
        /// The monitor was killed before init ended, so nobody knows.
        UNKNOWN
    }

    /// Seen by nobody.
    public static final ExitReason UNKNOWN = new ExitReason(Kind.UNKNOWN, -1);
}
