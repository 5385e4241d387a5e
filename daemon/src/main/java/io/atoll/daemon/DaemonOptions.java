package io.atoll.daemon;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The daemon's command line; LXD's options and `--state-dir`.
///
/// @param group who besides root may use the socket; the group `atoll` if there is one, else root
///   alone
/// @param userGroup who may use the socket for restricted projects; the group `atoll-users` if
///   there is one, else there is no such socket
/// @param ui where the pages for browsers are, if there are any
/// @param isActivated the API's socket is somebody else's, who listened on it before us
public record DaemonOptions(
        Path stateDir,
        Optional<String> group,
        Optional<String> userGroup,
        Optional<Path> ui,
        LogOptions log,
        boolean isHelp,
        boolean isVersion,
        boolean isActivated) {
    static final String USAGE =
            """
            Usage: atolld [OPTIONS]

              --group NAME       the group that may use the socket besides root (default: atoll, if it exists)
              --user-group NAME  the group whose members get a restricted project each (default: atoll-users, if it
                                 exists)
              --state-dir DIR    where the state is kept (default: $LXD_DIR, else /var/lib/atoll)
              --ui DIR           a web application to serve at /ui/ (default: $ATOLL_UI, else $LXD_UI, else none)
              --logfile FILE     write the log there instead of to standard error
                  --syslog       send the log to the host's syslog too
                  --trace TARGET log what is written to the database; TARGET is database or dqlite, which here is the same
              -d, --debug        log requests and what is done for them
              -v, --verbose      accepted for compatibility; the usual log is what it asks for
                  --version      print the version
              -h, --help         print this text
            """;

    /// @param environment of the process: `LXD_DIR`, `ATOLL_UI` and `LXD_UI` stand for options
    /// @throws InvalidConfigException naming the argument that is unknown or lacks its value
    public static DaemonOptions parse(List<String> args, Map<String, String> environment) {
        Path stateDir = directory(environment, "LXD_DIR").orElse(DaemonPaths.DEFAULT_STATE);
        Optional<Path> ui =
                directory(environment, "ATOLL_UI").or(() -> directory(environment, "LXD_UI"));
        Optional<String> group = Optional.empty();
        Optional<String> userGroup = Optional.empty();
        Optional<Path> logFile = Optional.empty();
        boolean isDebug = false;
        boolean isVerbose = false;
        boolean isSyslog = false;
        Set<LogOptions.Target> traced = EnumSet.noneOf(LogOptions.Target.class);
        boolean isHelp = false;
        boolean isVersion = false;
        Deque<String> rest = new ArrayDeque<>(args);
        while (!rest.isEmpty()) {
            String argument = rest.pop();
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = equals < 0 ? argument : argument.substring(0, equals);
            if (equals >= 0) {
                rest.push(argument.substring(equals + 1));
            }
            switch (name) {
                case "--group" -> group = Optional.of(value(name, rest));
                case "--user-group" -> userGroup = Optional.of(value(name, rest));
                case "--state-dir" -> stateDir = Path.of(value(name, rest));
                case "--ui" -> ui = Optional.of(Path.of(value(name, rest)));
                case "--logfile" -> logFile = Optional.of(Path.of(value(name, rest)));
                case "--syslog" -> isSyslog = true;
                case "--trace" -> traced.add(LogOptions.Target.of(value(name, rest)));
                case "-d", "--debug" -> isDebug = true;
                case "-v", "--verbose" -> isVerbose = true;
                case "-h", "--help" -> isHelp = true;
                case "--version" -> isVersion = true;
                default -> throw new InvalidConfigException("unknown argument " + argument);
            }
        }
        return new DaemonOptions(
                stateDir,
                group,
                userGroup,
                ui,
                new LogOptions(logFile, isDebug, isVerbose, isSyslog, traced),
                isHelp,
                isVersion,
                false);
    }

    /// A copy for a daemon whose standard input is the socket that it is to listen on.
    DaemonOptions activated(boolean value) {
        return new DaemonOptions(stateDir, group, userGroup, ui, log, isHelp, isVersion, value);
    }

    private static Optional<Path> directory(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(v -> !v.isEmpty()).map(Path::of);
    }

    private static String value(String name, Deque<String> rest) {
        String value = rest.poll();
        if (value == null || value.isEmpty()) {
            throw new InvalidConfigException(name + " needs a value");
        }
        return value;
    }
}
