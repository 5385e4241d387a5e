package io.atoll.storage;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// The programs of the host that drivers of volume managers call. Tests put a volume manager of
/// their own in its place.
public interface HostTools {
    /// How long a program may take: moving much data is part of what they do.
    Duration TIMEOUT = Duration.ofMinutes(30);

    /// How long one may take that is fed or drained: the other end may be a slow network. What
    /// breaks there ends it.
    Duration STREAM_TIMEOUT = Duration.ofDays(7);

    /// The host's own.
    HostTools REAL = new Real();

    boolean has(String program);

    /// Runs one to the end and returns what it printed.
    ///
    /// @throws CommandFailed if it does not end with 0
    String run(List<String> argv);

    /// Runs two, the first writing what the second reads.
    ///
    /// @throws CommandFailed if one of them does not end with 0
    void pipe(List<String> from, List<String> to);

    /// Runs one that reads what `input` writes.
    ///
    /// @throws CommandFailed if it does not end with 0 or the input fails
    void feed(List<String> argv, Command.Input input);

    /// Runs one and passes on what it prints, however much that is.
    ///
    /// @throws CommandFailed if it does not end with 0 or the output fails
    void drain(List<String> argv, OutputStream out);

    /// The device of a path that a volume manager has told; tests have files instead.
    ///
    /// @throws CommandFailed if it does not appear
    Path device(String path);

    /// Runs them as they are.
    final class Real implements HostTools {
        private static final Duration DEVICE_PATIENCE = Duration.ofSeconds(10);
        private static final Duration DEVICE_PAUSE = Duration.ofMillis(10);

        private Real() {}

        @Override
        public boolean has(String program) {
            return Commands.find(program).isPresent();
        }

        @Override
        public String run(List<String> argv) {
            return Commands.run(Command.of(argv).timeout(TIMEOUT)).text();
        }

        /// Whoever names devices does so a moment after they are there.
        @Override
        public Path device(String path) {
            long deadline = System.nanoTime() + DEVICE_PATIENCE.toNanos();
            Path device = Path.of(path);
            while (!Files.exists(device)) {
                if (System.nanoTime() > deadline) {
                    throw new CommandFailed(
                            List.of("udev"), 1, path + " does not appear", "no device");
                }
                LockSupport.parkNanos(DEVICE_PAUSE.toNanos());
            }
            return device;
        }

        @Override
        public void pipe(List<String> from, List<String> to) {
            feed(to, stdin -> drain(from, stdin));
        }

        @Override
        public void feed(List<String> argv, Command.Input input) {
            Commands.Result _ = Commands.run(Command.of(argv).timeout(STREAM_TIMEOUT).input(input));
        }

        @Override
        public void drain(List<String> argv, OutputStream out) {
            Commands.converse(Command.of(argv).timeout(STREAM_TIMEOUT), new Unclosed(out));
        }

        /// Who drains one has more to write.
        private static final class Unclosed extends FilterOutputStream {
            Unclosed(OutputStream out) {
                super(out);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() throws IOException {
                out.flush();
            }
        }
    }
}
