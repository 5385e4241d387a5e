package io.atoll.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.atoll.testkit.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/// A shell that waits for lines. A command's time is then what a script sees: a fork, the command,
/// and its exit status. What starts the shell, and a JVM's ways to start a process, are not in it.
final class Shell implements AutoCloseable {
    private final Process process;
    private final PrintStream lines;
    private final BufferedReader answers;
    private final Path output;

    /// @param program whose environment it has; its words lead to the machine where the shell runs,
    ///   if any
    Shell(Program program) {
        try {
            output = Files.createTempFile("atoll-bench-shell-", ".out");
            process = program.builder("sh").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        lines = new PrintStream(process.getOutputStream(), true, UTF_8);
        answers = process.inputReader(UTF_8);
        lines.println("exec 3>/proc/" + ProcessHandle.current().pid() + "/root" + output);
    }

    /// How long a command takes, in milliseconds. Blocks.
    ///
    /// @throws AssertionError with what it printed if it ends with another status than 0
    double millis(String... words) {
        return millisOf(
                Arrays.stream(words)
                        .map(word -> "'" + word.replace("'", "'\\''") + "'")
                        .collect(Collectors.joining(" ")));
    }

    /// As [#millis], of a line of shell.
    double millisOf(String line) {
        long start = System.nanoTime();
        lines.println(line + " </dev/null >&3 2>&3 3>&-; echo $?");
        try {
            String status = answers.readLine();
            double millis = (System.nanoTime() - start) / 1e6;
            if (!"0".equals(status)) {
                throw new AssertionError(
                        line + " ended with " + status + ": " + Files.readString(output));
            }
            return millis;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        lines.close();
        process.destroy();
        try {
            Files.deleteIfExists(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
