package io.atoll.lxctools;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.UnixSockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The host's syslog, `/dev/log`, under one facility; syslog(3). Where nobody listens, lines are
/// lost as syslog(3) loses them.
///
/// @param facility as in `lxc.log.syslog`: `daemon` or `local0` to `local7`
record Syslog(String facility, Path socket) {
    private static final Path USUAL = Path.of("/dev/log");
    private static final Duration PATIENCE = Duration.ofMillis(100);

    /// Their numbers are 3 for the first, and 16 and up.
    static final List<String> FACILITIES =
            List.of(
                    "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
                    "local7");

    Syslog(String facility) {
        this(facility, USUAL);
    }

    /// Never fails, and waits for a reader 100 ms at most.
    void send(ToolLog.Level level, String text) {
        int at = FACILITIES.indexOf(facility);
        int number = at <= 0 ? 3 : 15 + at;
        String line = "<" + (number * 8 + severity(level)) + ">" + text;
        try (Fd log = UnixSockets.connect(UnixSockets.Type.DATAGRAM, socket)) {
            UnixSockets.setSendTimeout(log, PATIENCE);
            UnixSockets.send(log, line.getBytes(StandardCharsets.UTF_8));
        } catch (ErrnoException _) {
            // What the log does not take must not end the command.
        }
    }

    private static int severity(ToolLog.Level level) {
        return switch (level) {
            case TRACE, DEBUG -> 7;
            case INFO -> 6;
            case NOTICE -> 5;
            case WARN -> 4;
            case ERROR -> 3;
            case CRIT -> 2;
            case ALERT -> 1;
            case FATAL -> 0;
        };
    }
}
