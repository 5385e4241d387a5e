package io.atoll.daemon;

import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.RequestScope;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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

    /// Sends all logging to the file, or to the standard stream if there is none.
    static void open(Optional<Path> file, OutputStream standard, boolean isDebug, Events events)
            throws IOException {
        LogManager.getLogManager().reset();
        OutputStream target =
                file.isPresent() ? new FileOutputStream(file.get().toFile(), true) : standard;
        Logger root = Logger.getLogger("");
        root.setLevel(Level.WARNING);
        ABOUT_STRANGERS.forEach(logger -> logger.setLevel(Level.SEVERE));
        OURS.setLevel(isDebug ? Level.FINE : Level.INFO);
        root.addHandler(new Lines(new PrintStream(target, true, StandardCharsets.UTF_8), events));
    }

    private static final class Lines extends Handler {
        private final PrintStream out;
        private final Events events;

        private Lines(PrintStream out, Events events) {
            this.out = out;
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
            return level >= Level.INFO.intValue() ? "INFO" : "DEBUG";
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
