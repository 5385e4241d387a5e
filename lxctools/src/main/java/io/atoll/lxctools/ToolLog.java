package io.atoll.lxctools;

import io.atoll.linux.Syslog;
import io.atoll.runtime.lxc.LxcConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The log of one call, lines as LXC writes them, in a file and at syslog. It goes nowhere unless
/// one of them or a priority was asked for.
public final class ToolLog {
    /// How much a line matters.
    public enum Level {
        TRACE,
        DEBUG,
        INFO,
        NOTICE,
        WARN,
        ERROR,
        CRIT,
        ALERT,
        FATAL
    }

    /// Calendars and time zones, which few calls need.
    private static final class Times {
        static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMddHHmmss.SSS");
        static final Clock CLOCK = Clock.system(ZoneId.systemDefault());

        static String now() {
            return TIME.format(LocalDateTime.now(CLOCK));
        }
    }

    private final String program;
    private final String name;
    private final Optional<Path> file;
    private final Optional<Syslog> syslog;
    private final Level level;
    private final boolean isAsked;

    private ToolLog(
            String program,
            String name,
            Optional<Path> file,
            Optional<Syslog> syslog,
            Level level,
            boolean isAsked) {
        this.program = program;
        this.name = name;
        this.file = file;
        this.syslog = syslog;
        this.level = level;
        this.isAsked = isAsked;
    }

    static ToolLog of(Invocation invocation, ToolOptions options, Path lxcPath, String name) {
        Level level = options.value("logpriority").map(ToolLog::level).orElse(Level.ERROR);
        Optional<Path> file = options.value("logfile").map(invocation::path);
        if (file.isEmpty() && options.has("logpriority") && !name.isEmpty()) {
            file =
                    Optional.of(
                            invocation.isRoot() && lxcPath.equals(Path.of("/var/lib/lxc"))
                                    ? Path.of("/var/log/lxc", name + ".log")
                                    : lxcPath.resolve(name).resolve(name + ".log"));
        }
        return new ToolLog(
                invocation.program(),
                name,
                file,
                Optional.empty(),
                level,
                options.has("logfile") || options.has("logpriority"));
    }

    /// True if the call itself named a file or a priority.
    boolean isAsked() {
        return isAsked;
    }

    /// As a container's configuration has it.
    ToolLog asConfigured(LxcConfig config) {
        return new ToolLog(
                program,
                name,
                config.find("lxc.log.file").map(Path::of),
                config.find("lxc.log.syslog").map(Syslog::new),
                config.find("lxc.log.level").map(ToolLog::level).orElse(Level.ERROR),
                false);
    }

    /// True if a line of that importance would be written.
    public boolean writes(Level importance) {
        return (file.isPresent() || syslog.isPresent()) && importance.compareTo(level) >= 0;
    }

    /// From a name in any case, or a number from 0.
    ///
    /// @throws UsageException if there is no such level
    public static Level level(String text) {
        List<Level> all = List.of(Level.values());
        for (int number = 0; number < all.size(); number++) {
            if (all.get(number).name().equals(text.toUpperCase(Locale.ROOT))
                    || Integer.toString(number).equals(text)) {
                return all.get(number);
            }
        }
        throw new UsageException(
                "no such log priority: "
                        + text
                        + "; use TRACE, DEBUG, INFO, NOTICE, WARN, ERROR,"
                        + " CRIT, ALERT or FATAL");
    }

    /// The file, if there is one.
    public Optional<Path> file() {
        return file;
    }

    /// Appends a line if it matters enough.
    ///
    /// @throws ToolException if the file cannot be written
    public void write(Level importance, String text) {
        if (!writes(importance)) {
            return;
        }
        syslog.ifPresent(to -> to.send(severity(importance), program + ": " + name + ": " + text));
        file.ifPresent(to -> append(to, importance, text));
    }

    private static Syslog.Severity severity(Level importance) {
        return switch (importance) {
            case TRACE, DEBUG -> Syslog.Severity.DEBUG;
            case INFO -> Syslog.Severity.INFO;
            case NOTICE -> Syslog.Severity.NOTICE;
            case WARN -> Syslog.Severity.WARNING;
            case ERROR -> Syslog.Severity.ERROR;
            case CRIT -> Syslog.Severity.CRITICAL;
            case ALERT -> Syslog.Severity.ALERT;
            case FATAL -> Syslog.Severity.EMERGENCY;
        };
    }

    private void append(Path to, Level importance, String text) {
        String line =
                "%s %s %s %-8s lxctools - %s%n"
                        .formatted(program, name, Times.now(), importance, text);
        try {
            Path directory = to.getParent();
            if (directory != null && !Files.isDirectory(directory)) {
                Files.createDirectories(directory);
            }
            Files.writeString(to, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new ToolException("cannot write the log " + to + ": " + e.getMessage());
        }
    }
}
