package io.atoll.daemon;

import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.RequestScope;
import io.atoll.linux.Syslog;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Writes every log record as one line, `LEVEL message key=value …`, with the fields of the request
/// or operation at hand; the same records go to listeners of `logging` events.
final class Logs {
    /// How many stack frames of a failure fit on its line.
    private static final int FRAMES_MAX = 12;

    /// The sender of a line at the syslog.
    private static final String NAME = "atolld[" + ProcessHandle.current().pid() + "]: ";

    /// Loggers are held weakly by their manager: these must not be collected with their level.
    private static final Logger OURS = Logger.getLogger("io.atoll");

    /// What strangers get wrong they are told; here it would only fill the disk.
    private static final List<Logger> ABOUT_STRANGERS =
            Stream.of(
                            "org.eclipse.jetty.http.HttpParser",
                            "org.eclipse.jetty.server.ProxyConnectionFactory",
                            "org.eclipse.jetty.util.HostPort")
                    .map(Logger::getLogger)
                    .toList();

    private Logs() {}

    /// Those of what is traced, held for the same reason.
    private static final List<Logger> TRACED =
            Stream.of(LogOptions.Target.values())
                    .map(target -> Logger.getLogger(target.logger()))
                    .toList();

    /// Sends all logging to the file, or to the standard stream if there is none, and to the syslog
    /// if that is wanted.
    static void open(LogOptions options, OutputStream standard, Syslog syslog, Events events)
            throws IOException {
        LogManager.getLogManager().reset();
        OutputStream target =
                options.file().isPresent()
                        ? new FileOutputStream(options.file().get().toFile(), true)
                        : standard;
        Logger root = Logger.getLogger("");
        root.setLevel(Level.WARNING);
        ABOUT_STRANGERS.forEach(logger -> logger.setLevel(Level.SEVERE));
        OURS.setLevel(options.isDebug() ? Level.FINE : Level.INFO);
        TRACED.forEach(logger -> logger.setLevel(null));
        options.traced().forEach(t -> Logger.getLogger(t.logger()).setLevel(Level.FINER));
        root.addHandler(
                new Lines(
                        new PrintStream(target, true, StandardCharsets.UTF_8),
                        options.isSyslog() ? Optional.of(syslog) : Optional.empty(),
                        events));
        if (options.isSyslog() && !syslog.isThere()) {
            OURS.warning("nobody listens for the syslog at " + syslog.socket());
        }
    }

    private static final class Lines extends Handler {
        private final PrintStream out;
        private final Optional<Syslog> syslog;
        private final Events events;

        private Lines(PrintStream out, Optional<Syslog> syslog, Events events) {
            this.out = out;
            this.syslog = syslog;
            this.events = events;
        }

        @Override
        public void publish(LogRecord logged) {
            if (!isLoggable(logged)) {
                return;
            }
            Map<String, String> fields = fields();
            String message = String.valueOf(logged.getMessage());
            StringBuilder line =
                    new StringBuilder(level(logged)).append(' ').append(message.replace('\n', ' '));
            fields.forEach(
                    (name, value) -> line.append(' ').append(name).append('=').append(value));
            append(line, logged.getThrown());
            out.println(line);
            syslog.ifPresent(to -> to.send(severity(logged), NAME + line));
            events.publishLogging(level(logged).toLowerCase(Locale.ROOT), message, fields);
        }

        private static String level(LogRecord logged) {
            int level = logged.getLevel().intValue();
            if (level >= Level.SEVERE.intValue()) {
                return "ERROR";
            }
            if (level >= Level.WARNING.intValue()) {
                return "WARNING";
            }
            if (level >= Level.INFO.intValue()) {
                return "INFO";
            }
            return level >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
        }

        private static Syslog.Severity severity(LogRecord logged) {
            return switch (level(logged)) {
                case "ERROR" -> Syslog.Severity.ERROR;
                case "WARNING" -> Syslog.Severity.WARNING;
                case "INFO" -> Syslog.Severity.INFO;
                default -> Syslog.Severity.DEBUG;
            };
        }

        private static Map<String, String> fields() {
            Map<String, String> out = new TreeMap<>();
            RequestScope.current()
                    .ifPresent(scope -> {
                        out.put("request", Long.toString(scope.request()));
                        out.put("project", scope.project());
                        if (!scope.operation().isEmpty()) {
                            out.put("operation", scope.operation());
                        }
                    });
            return out;
        }

        private static void append(StringBuilder line, @Nullable Throwable failure) {
            Throwable cause = failure;
            for (String word = " failure=\""; cause != null; word = " cause=\"") {
                line.append(word).append(String.valueOf(cause).replace('\n', ' '));
                StackTraceElement[] frames = cause.getStackTrace();
                for (int i = 0; i < Math.min(FRAMES_MAX, frames.length); i++) {
                    line.append(i == 0 ? " at " : " < ").append(frames[i]);
                }
                line.append('"');
                cause = cause.getCause();
            }
        }

        @Override
        public void flush() {
            out.flush();
        }

        @Override
        public void close() {
            out.flush();
        }
    }
}
