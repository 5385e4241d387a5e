package io.atoll.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The host's syslog, `/dev/log`, under one facility; syslog(3). Where nobody listens, lines are
/// lost as syslog(3) loses them.
///
/// @param facility one of [#FACILITIES]
public record Syslog(String facility, Path socket) {
    private static final Path USUAL = Path.of("/dev/log");
    private static final Duration PATIENCE = Duration.ofMillis(100);

    /// Their numbers are 3 for the first, and 16 and up.
    public static final List<String> FACILITIES =
            List.of(
                    "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
                    "local7");

    /// How much a line matters, the most first; the numbers of syslog(3).
    public enum Severity {
        EMERGENCY(0),
        ALERT(1),
        CRITICAL(2),
        ERROR(3),
        WARNING(4),
        NOTICE(5),
        INFO(6),
        DEBUG(7);

        private final int number;

        Severity(int number) {
            this.number = number;
        }
    }

    /// The one at its usual place.
    public Syslog(String facility) {
        this(facility, USUAL);
    }

    /// Whether there is something that may listen.
    public boolean isThere() {
        return Files.exists(socket);
    }

    /// Never fails, and waits for a reader 100 ms at most.
    ///
    /// @param line with its sender in front, `NAME: ` or `NAME[PID]: `
    public void send(Severity severity, String line) {
        int at = FACILITIES.indexOf(facility);
        int number = at <= 0 ? 3 : 15 + at;
        String packet = "<" + (number * 8 + severity.number) + ">" + line;
        try (Fd log = UnixSockets.connect(UnixSockets.Type.DATAGRAM, socket)) {
            UnixSockets.setSendTimeout(log, PATIENCE);
            UnixSockets.send(log, packet.getBytes(StandardCharsets.UTF_8));
        } catch (ErrnoException _) {
            // What the log does not take must not end the sender.
        }
    }
}
