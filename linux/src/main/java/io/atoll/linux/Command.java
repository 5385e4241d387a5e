package io.atoll.linux;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A command to run: argv only, never a shell. Immutable; run it with [Commands].
///
/// @param environment all of it besides `PATH` and `LC_ALL`
/// @param input what it reads from standard input
/// @param outputMax most bytes of standard output that are kept; more is a failure
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Command(
        List<String> argv,
        Map<String, String> environment,
        Optional<Path> directory,
        byte[] input,
        Duration timeout,
        int outputMax) {
    /// How long a command may take if nothing else is said.
    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    /// How much output is kept if nothing else is said.
    public static final int OUTPUT_MAX = 1024 * 1024;

    public Command {
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("empty command");
        }
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        input = input.clone();
    }

    public static Command of(String... argv) {
        return of(List.of(argv));
    }

    public static Command of(List<String> argv) {
        return new Command(argv, Map.of(), Optional.empty(), new byte[0], TIMEOUT, OUTPUT_MAX);
    }

    public Command environment(String name, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(name, value);
        return new Command(argv, more, directory, input, timeout, outputMax);
    }

    public Command directory(Path path) {
        return new Command(argv, environment, Optional.of(path), input, timeout, outputMax);
    }

    public Command input(byte[] bytes) {
        return new Command(argv, environment, directory, bytes, timeout, outputMax);
    }

    public Command timeout(Duration limit) {
        return new Command(argv, environment, directory, input, limit, outputMax);
    }

    public Command outputMax(int bytes) {
        return new Command(argv, environment, directory, input, timeout, bytes);
    }
}
