package io.atoll.linux;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/// A command to run: argv only, never a shell. Immutable; run it with [Commands].
///
/// @param environment all of it besides `PATH` and `LC_ALL`
/// @param input what it reads from standard input
/// @param complaints told each line of standard error while it runs, on a thread of its own
/// @param outputMax most bytes of standard output that are kept; more is a failure
public record Command(
        List<String> argv,
        Map<String, String> environment,
        Optional<Path> directory,
        Input input,
        Duration timeout,
        int outputMax,
        Consumer<String> complaints) {
    /// How long a command may take if nothing else is said.
    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    /// How much output is kept if nothing else is said.
    public static final int OUTPUT_MAX = 1024 * 1024;

    /// Writes what the command shall read.
    @FunctionalInterface
    public interface Input {
        /// Called once, on a thread of its own. What it throws ends the command and reaches who ran
        /// it.
        void writeTo(OutputStream stdin) throws IOException;
    }

    public Command {
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("empty command");
        }
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
    }

    public static Command of(String... argv) {
        return of(List.of(argv));
    }

    public static Command of(List<String> argv) {
        return new Command(argv, Map.of(), Optional.empty(), _ -> {}, TIMEOUT, OUTPUT_MAX, _ -> {});
    }

    public Command environment(String name, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(name, value);
        return new Command(argv, more, directory, input, timeout, outputMax, complaints);
    }

    public Command directory(Path path) {
        return new Command(
                argv, environment, Optional.of(path), input, timeout, outputMax, complaints);
    }

    public Command input(byte[] bytes) {
        byte[] copy = bytes.clone();
        return input(stdin -> stdin.write(copy));
    }

    public Command input(Input writer) {
        return new Command(argv, environment, directory, writer, timeout, outputMax, complaints);
    }

    public Command timeout(Duration limit) {
        return new Command(argv, environment, directory, input, limit, outputMax, complaints);
    }

    /// What it says on standard error, line by line while it runs; for showing progress.
    public Command complaints(Consumer<String> listener) {
        return new Command(argv, environment, directory, input, timeout, outputMax, listener);
    }

    public Command outputMax(int bytes) {
        return new Command(argv, environment, directory, input, timeout, bytes, complaints);
    }
}
