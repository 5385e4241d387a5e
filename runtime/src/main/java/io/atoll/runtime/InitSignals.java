package io.atoll.runtime;

import io.atoll.linux.Signals;
import java.util.Optional;

/// Which signal an init understands. Pure: from what `/proc` says about it.
final class InitSignals {
    private static final int SIGRTMIN_3 = Signals.SIGRTMIN + 3;
    private static final int SIGUSR2 = 12;

    private InitSignals() {}

    /// The signal for a clean shutdown. systemd blocks SIGRTMIN+3 to read it from a descriptor;
    /// busybox powers off at SIGUSR2 and knows no SIGPWR; all others were taught SIGPWR.
    ///
    /// @param status text of `/proc/PID/status`
    /// @param program what `/proc/PID/exe` leads to
    static int halt(String status, String program) {
        long expected = mask(status, "SigBlk:") | mask(status, "SigCgt:");
        if (has(expected, SIGRTMIN_3)) {
            return SIGRTMIN_3;
        }
        boolean isBusybox = program.substring(program.lastIndexOf('/') + 1).startsWith("busybox");
        return isBusybox && !has(expected, Signals.SIGPWR) ? SIGUSR2 : Signals.SIGPWR;
    }

    /// The signal for a restart.
    static int reboot(String program) {
        return program.substring(program.lastIndexOf('/') + 1).startsWith("busybox")
                ? Signals.SIGTERM
                : Signals.SIGINT;
    }

    /// True if init waits for this signal. The kernel drops what it does not wait for, as the first
    /// process of a pid namespace is never ended by a signal it has no handler for; shortly after
    /// its start it has none at all.
    static boolean isExpected(String status, int signal) {
        return has(mask(status, "SigBlk:") | mask(status, "SigCgt:"), signal);
    }

    private static long mask(String status, String label) {
        Optional<String> line = status.lines().filter(l -> l.startsWith(label)).findFirst();
        return line.map(l -> Long.parseUnsignedLong(l.substring(label.length()).strip(), 16))
                .orElse(0L);
    }

    private static boolean has(long mask, int signal) {
        return (mask >>> (signal - 1) & 1) == 1;
    }
}
