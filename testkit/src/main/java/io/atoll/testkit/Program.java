package io.atoll.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// A command that tests run as a user would: a separate process with an environment of its own.
///
/// @param words the program and arguments that every run starts with
/// @param environment beside `PATH` and `HOME`, the only variables that the process gets
public record Program(List<String> words, Map<String, String> environment) {
    private static final Duration LIMIT = Duration.ofMinutes(10);

    public Program {
        words = List.copyOf(words);
        environment = Map.copyOf(environment);
    }

    /// A program without environment.
    public static Program of(String... words) {
        return new Program(List.of(words), Map.of());
    }

    /// The same program with one more variable.
    public Program with(String name, String value) {
        Map<String, String> changed = new TreeMap<>(environment);
        changed.put(name, value);
        return new Program(words, changed);
    }

    /// What a run left: its exit code (128 + n for signal n) and output.
    public static final class Output {
        private final List<String> argv;
        private final int exit;
        private final byte[] bytes;
        private final String err;

        private Output(List<String> argv, int exit, byte[] bytes, String err) {
            this.argv = argv;
            this.exit = exit;
            this.bytes = bytes;
            this.err = err;
        }

        /// The exit code.
        public int exit() {
            return exit;
        }

        /// Standard output as it came; not a copy.
        public byte[] bytes() {
            return bytes;
        }

        /// Standard error as text.
        public String err() {
            return err;
        }

        /// Standard output as text.
        public String out() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /// Itself if the exit code was 0.
        ///
        /// @throws AssertionError with both outputs otherwise
        public Output ok() {
            return exits(0);
        }

        /// Itself if the exit code was the given one.
        public Output exits(int expected) {
            if (exit != expected) {
                throw new AssertionError(this + ", not " + expected);
            }
            return this;
        }

        @Override
        public String toString() {
            String tail =
                    out().length() > 2000 ? "..." + out().substring(out().length() - 2000) : out();
            return String.join(" ", argv)
                    + " ended with "
                    + exit
                    + "\nout: "
                    + tail
                    + "\nerr: "
                    + err;
        }
    }

    /// Runs it to its end without input.
    public Output run(String... arguments) {
        return runWith(new byte[0], arguments);
    }

    /// Runs it to its end with these bytes on standard input.
    public Output runWith(byte[] input, String... arguments) {
        return feed(out -> out.write(input), arguments);
    }

    /// Writes a process's standard input.
    @FunctionalInterface
    public interface Feeder {
        /// May block; the stream is closed afterwards.
        void feed(OutputStream out) throws IOException;
    }

    /// Runs it to its end; all three streams are pumped at once, so that none can stall.
    ///
    /// @throws AssertionError if it runs longer than ten minutes, which a Debian image may take to
    ///   make on a busy machine; it is killed then
    public Output feed(Feeder feeder, String... arguments) {
        Process process = start(arguments);
        try (ExecutorService pumps = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<byte[]> out = pumps.submit(all(process.getInputStream()));
            Future<byte[]> err = pumps.submit(all(process.getErrorStream()));
            Future<?> in =
                    pumps.submit(() -> {
                        try (OutputStream stdin = process.getOutputStream()) {
                            feeder.feed(stdin);
                        } catch (IOException _) {
                            // The command may end without having read everything; its exit code
                            // tells the story.
                        }
                    });
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        argv(arguments)
                                + " still runs after "
                                + LIMIT.toSeconds()
                                + " s; err: "
                                + new String(err.get(), StandardCharsets.UTF_8));
            }
            in.get();
            return new Output(
                    argv(arguments),
                    process.exitValue(),
                    out.get(),
                    new String(err.get(), StandardCharsets.UTF_8));
        } catch (InterruptedException | ExecutionException failure) {
            process.destroyForcibly();
            throw new AssertionError(argv(arguments) + " was interrupted", failure);
        }
    }

    /// Starts it; the caller ends it and reads its streams.
    public Process start(String... arguments) {
        try {
            return builder(arguments).start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// For callers that redirect streams.
    public ProcessBuilder builder(String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(argv(arguments));
        Map<String, String> target = builder.environment();
        target.keySet().retainAll(List.of("PATH", "HOME"));
        target.put("LC_ALL", "C.UTF-8");
        // Each call alone: who wants warm commands tested says so.
        target.put("ATOLL_WARM", System.getProperty("atoll.warm", "0"));
        target.putAll(environment);
        return builder;
    }

    private List<String> argv(String... arguments) {
        List<String> argv = new ArrayList<>(words);
        argv.addAll(List.of(arguments));
        return argv;
    }

    private static Callable<byte[]> all(InputStream stream) {
        return stream::readAllBytes;
    }
}
