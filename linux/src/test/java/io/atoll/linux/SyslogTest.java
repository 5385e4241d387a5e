package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyslogTest {
    @Test
    void sendsLinesWithFacilityAndSeverity(@TempDir Path directory) {
        Path socket = directory.resolve("log");
        try (Fd log = UnixSockets.bind(UnixSockets.Type.DATAGRAM, socket)) {
            Syslog daemon = new Syslog("daemon", socket);
            assertTrue(daemon.isThere());
            daemon.send(Syslog.Severity.ERROR, "lxc-start: c1: no such thing");
            assertEquals("<27>lxc-start: c1: no such thing", next(log));
            new Syslog("local7", socket).send(Syslog.Severity.DEBUG, "x");
            assertEquals("<191>x", next(log));
            new Syslog("local0", socket).send(Syslog.Severity.EMERGENCY, "x");
            assertEquals("<128>x", next(log));
        }
    }

    @Test
    void losesLinesWhereNobodyListens(@TempDir Path directory) {
        Syslog nobody = new Syslog("daemon", directory.resolve("log"));
        assertFalse(nobody.isThere());
        nobody.send(Syslog.Severity.ERROR, "x");
    }

    private static String next(Fd log) {
        try (UnixSockets.Message message = UnixSockets.receive(log, 4096, 0)) {
            return new String(message.data(), StandardCharsets.UTF_8);
        }
    }
}
