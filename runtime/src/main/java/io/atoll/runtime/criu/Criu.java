package io.atoll.runtime.criu;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The program `criu` of this host.
public final class Criu {
    private static final Duration CHECK = Duration.ofSeconds(30);
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final int LOG_LINES = 3;

    private Criu() {}

    /// What to call: `criu`, or what the system property `atoll.criu` says.
    public static String program() {
        return System.getProperty("atoll.criu", "criu");
    }

    /// Why processes cannot be saved here, in a sentence with the way out; empty if they can. Runs
    /// `criu check`. Blocks.
    public static Optional<String> obstacle() {
        if (program().indexOf('/') < 0 && Commands.find(program()).isEmpty()) {
            return Optional.of(
                    "checkpointing needs the program criu, which is not installed (package criu on"
                            + " Debian)");
        }
        try {
            String unused = Commands.run(Command.of(program(), "check").timeout(CHECK)).text();
            return Optional.empty();
        } catch (CommandFailed e) {
            return Optional.of(
                    "the installed criu does not work with kernel "
                            + System.getProperty("os.version")
                            + " (`criu check` says: "
                            + complaint(e.stderrTail())
                            + "); install a newer criu, or boot a kernel of its time");
        }
    }

    /// The first line that is marked as an error, without where it stands in the source.
    static String complaint(String stderr) {
        List<String> lines = stderr.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
        String line =
                lines.stream()
                        .filter(l -> l.contains("Error"))
                        .findFirst()
                        .or(() -> lines.stream().findFirst())
                        .orElse("nothing");
        return line.replaceFirst("^(\\([0-9.]+\\) *)?(Error \\([^)]*\\): *)?", "");
    }

    /// @throws UnsupportedException if there is an obstacle
    public static void require() {
        Optional<String> obstacle = obstacle();
        if (obstacle.isPresent()) {
            throw new UnsupportedException(obstacle.get());
        }
    }

    /// Runs it. Blocks.
    ///
    /// @param what it does, for the message
    /// @param log that it writes
    /// @throws UnavailableException with its own last words if it fails
    public static void run(List<String> argv, String what, Path log) {
        try {
            String unused = Commands.run(Command.of(argv).timeout(LIMIT)).text();
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "criu could not "
                            + what
                            + " (status "
                            + e.exit()
                            + "); "
                            + log
                            + " says: "
                            + lastWords(log),
                    e);
        }
    }

    /// What it marks as errors at the end of its log.
    public static String lastWords(Path log) {
        try {
            List<String> errors =
                    Files.readString(log).lines().filter(l -> l.contains("Error")).toList();
            return errors.isEmpty()
                    ? "no error"
                    : String.join(
                            "; ",
                            errors.subList(Math.max(0, errors.size() - LOG_LINES), errors.size()));
        } catch (IOException e) {
            return "nothing (" + e.getMessage() + ")";
        }
    }
}
