package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.event.Events;
import io.atoll.linux.Fd;
import io.atoll.linux.Syslog;
import io.atoll.linux.UnixSockets;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where the log goes and what is in it, by the options of the command line.
final class LogsTest {
    private final ByteArrayOutputStream standard = new ByteArrayOutputStream();
    private final Logger store = Logger.getLogger("io.atoll.daemon.store.SqliteStore");
    @TempDir Path folder;

    @AfterEach
    void forget() throws Exception {
        Logs.open(options(), standard, syslog(), new Events());
        LogManager.getLogManager().reset();
        LogManager.getLogManager().readConfiguration();
    }

    private static LogOptions options(String... arguments) {
        return DaemonOptions.parse(List.of(arguments), Map.of()).log();
    }

    private Syslog syslog() {
        return new Syslog("daemon", folder.resolve("log"));
    }

    private String printed() {
        return standard.toString(StandardCharsets.UTF_8);
    }

    @Test
    void sendsLinesToTheSyslogToo() throws Exception {
        try (Fd log = UnixSockets.bind(UnixSockets.Type.DATAGRAM, syslog().socket())) {
            UnixSockets.setReceiveTimeout(log, Duration.ofSeconds(10));
            Logs.open(options("--syslog"), standard, syslog(), new Events());
            Logger ours = Logger.getLogger("io.atoll.daemon.Daemon");
            ours.info("ready state=/x");
            ours.severe("two\nlines");
            String sender = "atolld[" + ProcessHandle.current().pid() + "]: ";
            assertEquals("<30>" + sender + "INFO ready state=/x", next(log));
            assertEquals("<27>" + sender + "ERROR two lines", next(log));
        }
        assertEquals("INFO ready state=/x\nERROR two lines\n", printed());
    }

    private static String next(Fd log) {
        try (UnixSockets.Message message = UnixSockets.receive(log, 4096, 0)) {
            return new String(message.data(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void saysThatNobodyListensForTheSyslog() throws Exception {
        Logs.open(options("--syslog"), standard, syslog(), new Events());
        assertEquals("WARNING nobody listens for the syslog at " + folder + "/log\n", printed());
        Logger.getLogger("io.atoll").info("goes on");
        assertTrue(printed().endsWith("INFO goes on\n"), printed());
    }

    @Test
    void writesToAFileInsteadOfStandardError() throws Exception {
        Path file = folder.resolve("atolld.log");
        Logs.open(options("--logfile", file.toString()), standard, syslog(), new Events());
        Logger.getLogger("io.atoll").info("hello");
        assertEquals("INFO hello\n", Files.readString(file));
        assertEquals("", printed());
    }

    @Test
    void tracesWhatIsNamedAndNothingElse() throws Exception {
        for (String target : List.of("database", "dqlite")) {
            standard.reset();
            Logs.open(options("--trace", target), standard, syslog(), new Events());
            store.finer("database COMMIT");
            Logger.getLogger("io.atoll.daemon.http").finer("something else");
            assertEquals("TRACE database COMMIT\n", printed());
        }
        standard.reset();
        Logs.open(options("--debug"), standard, syslog(), new Events());
        store.finer("database COMMIT");
        store.fine("a step");
        assertEquals("DEBUG a step\n", printed());
    }

    @Test
    void tracesRecordsWithoutTheirContent() throws Exception {
        Logs.open(options("--trace=database"), standard, syslog(), new Events());
        try (LocalDaemon daemon = LocalDaemon.open("atoll-trace-")) {
            daemon.ok(
                    "POST",
                    "/1.0/profiles",
                    "{'name':'traced','config':{'user.password':'hidden-word'}}");
            daemon.ok("DELETE", "/1.0/profiles/traced", "");
        }
        String log = printed();
        assertTrue(log.contains("TRACE database BEGIN IMMEDIATE"), log);
        assertTrue(
                log.matches(
                        "(?s).*TRACE database write version=\\d+ length=\\d+ kind=profile of=default name=traced\\b.*"),
                log);
        assertTrue(log.contains("TRACE database delete kind=profile of=default name=traced"), log);
        assertFalse(log.contains("hidden-word"), log);
    }

    @Test
    void refusesToTraceWhatIsNotThere() {
        InvalidConfigException refusal =
                assertThrows(InvalidConfigException.class, () -> options("--trace", "everything"));
        assertEquals(
                "nothing called \"everything\" can be traced: use database or dqlite",
                refusal.getMessage());
        assertThrows(InvalidConfigException.class, () -> options("--trace"));
    }
}
