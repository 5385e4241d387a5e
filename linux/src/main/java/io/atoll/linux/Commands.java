package io.atoll.linux;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs commands: the only place that starts processes. Clean environment, `LC_ALL=C.UTF-8`,
/// bounded time and output. Retrying is the caller's visible loop.
public final class Commands {
    /// Where commands are searched, whatever the caller's own `PATH` says.
    public static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static final int STDERR_TAIL = 4096;

    /// What one write of a conversation takes at most.
    private static final int CONVERSATION_CHUNK = 64 << 10;

    /// What a command that ended with 0 left behind.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Result(byte[] output, String stderrTail) {
        /// The output as text.
        public String text() {
            return new String(output, StandardCharsets.UTF_8);
        }
    }

    private Commands() {}

    /// Runs to the end. Blocks.
    ///
    /// @throws CommandFailed in every case but exit status 0
    public static Result run(Command command) {
        Process process = start(command);
        try {
            FutureTask<Boolean> input = pump("input", () -> feed(process, command.input()));
            FutureTask<byte[]> output =
                    pump("output", () -> keepHead(process.getInputStream(), command.outputMax()));
            FutureTask<String> errors =
                    pump("errors", () -> keepTail(process.getErrorStream(), command.complaints()));
            return await(command, process, input, output, errors);
        } finally {
            kill(process);
        }
    }

    /// Runs to the end and passes on what the command prints while it runs, without a limit.
    /// Blocks; an interrupt ends the command.
    ///
    /// @return its exit status
    /// @throws CommandFailed if it cannot be started or does not end in time
    public static int pass(Command command, OutputStream out, OutputStream errors) {
        Process process = start(command);
        try {
            FutureTask<Boolean> input = pump("input", () -> feed(process, command.input()));
            FutureTask<Boolean> output =
                    pump("output", () -> passOn(process.getInputStream(), out));
            FutureTask<Boolean> complaints =
                    pump("errors", () -> passOn(process.getErrorStream(), errors));
            long limit = command.timeout().toNanos();
            if (!process.waitFor(limit, TimeUnit.NANOSECONDS)) {
                throw new CommandFailed(command.argv(), -1, "", "it took too long");
            }
            awaitInput(input);
            // What it left running may hold these open for ever.
            for (FutureTask<Boolean> pipe : List.of(output, complaints)) {
                awaitInput(pipe);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(command.argv(), -1, "", "interrupted");
        } catch (ExecutionException e) {
            throw new CommandFailed(
                    command.argv(), -1, "", "input or output lost: " + e.getCause());
        } finally {
            kill(process);
        }
    }

    /// Runs to the end as one side of a conversation: what the command prints goes to `out` while
    /// it runs, which is closed as soon as it has said all, and what it reads may come for longer
    /// than it runs. Blocks until both directions have ended; an interrupt ends the command, and so
    /// does a failure of either direction.
    ///
    /// @throws CommandFailed in every case but exit status 0
    public static void converse(Command command, OutputStream out) {
        Process process = start(command);
        List<String> argv = command.argv();
        try {
            FutureTask<Boolean> input = pump("input", () -> feed(process, command.input()));
            FutureTask<Boolean> output = pump("output", () -> speak(process, out));
            FutureTask<String> errors =
                    pump("errors", () -> keepTail(process.getErrorStream(), command.complaints()));
            if (!process.waitFor(command.timeout().toNanos(), TimeUnit.NANOSECONDS)) {
                throw new CommandFailed(argv, -1, "", "it took too long");
            }
            Boolean unused = output.get();
            if (process.exitValue() != 0) {
                awaitInput(input);
                String complaint = errors.get(1, TimeUnit.SECONDS);
                throw new CommandFailed(
                        argv, process.exitValue(), complaint, "exit status " + process.exitValue());
            }
            unused = input.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(argv, -1, "", "interrupted");
        } catch (TimeoutException e) {
            throw new CommandFailed(argv, -1, "", "its output did not end in time");
        } catch (ExecutionException e) {
            throw new CommandFailed(
                    argv, -1, "", "input or output lost: " + String.valueOf(e.getCause()));
        } finally {
            kill(process);
        }
    }

    private static Boolean speak(Process process, OutputStream out) throws IOException {
        byte[] chunk = new byte[CONVERSATION_CHUNK];
        try (out) {
            InputStream from = process.getInputStream();
            for (int count = from.read(chunk); count > 0; count = from.read(chunk)) {
                out.write(chunk, 0, count);
            }
        } catch (IOException e) {
            process.destroyForcibly();
            throw e;
        }
        return Boolean.TRUE;
    }

    private static Boolean passOn(InputStream from, OutputStream to) throws IOException {
        byte[] chunk = new byte[8192];
        for (int count = from.read(chunk); count > 0; count = from.read(chunk)) {
            to.write(chunk, 0, count);
            to.flush();
        }
        return Boolean.TRUE;
    }

    /// A command that is running. Closing this ends it.
    public static final class Held implements AutoCloseable {
        private final Process process;

        private Held(Process process) {
            this.process = process;
        }

        /// Its number; valid until this is closed.
        public int pid() {
            return (int) process.pid();
        }

        @Override
        public void close() {
            kill(process);
        }
    }

    /// Starts a command and waits until it has said something, which means that it is where it
    /// should be.
    ///
    /// @throws CommandFailed if it ends or is silent until its time is over
    public static Held hold(Command command) {
        Process process = start(command);
        FutureTask<Integer> first = pump("output", () -> process.getInputStream().read());
        try {
            if (first.get(command.timeout().toNanos(), TimeUnit.NANOSECONDS) >= 0) {
                return new Held(process);
            }
            String complaint = keepTail(process.getErrorStream(), _ -> {});
            throw new CommandFailed(command.argv(), process.waitFor(), complaint, "ended at once");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill(process);
            throw new CommandFailed(command.argv(), -1, "", "interrupted");
        } catch (ExecutionException | TimeoutException | IOException e) {
            kill(process);
            throw new CommandFailed(command.argv(), -1, "", "said nothing");
        }
    }

    private static Process start(Command command) {
        List<String> argv = command.argv();
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(argv));
        String program = argv.getFirst();
        if (program.indexOf('/') < 0) {
            Path found =
                    find(program)
                            .orElseThrow(
                                    () -> new CommandFailed(argv, -1, "", "command not found"));
            builder.command().set(0, found.toString());
        }
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", PATH);
        environment.put("LC_ALL", "C.UTF-8");
        environment.putAll(command.environment());
        command.directory().ifPresent(path -> builder.directory(path.toFile()));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new CommandFailed(argv, -1, "", String.valueOf(e.getMessage()));
        }
    }

    /// Where a command is, by [#PATH].
    public static Optional<Path> find(String name) {
        for (String directory : PATH.split(":")) {
            Path candidate = Path.of(directory, name);
            if (Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private static <T> FutureTask<T> pump(String what, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name("command-" + what).start(task);
        return task;
    }

    private static Boolean feed(Process process, Command.Input input) throws IOException {
        try (ToCommand stdin = new ToCommand(process.getOutputStream())) {
            try {
                input.writeTo(stdin);
            } catch (IOException | RuntimeException e) {
                // Its own reading failed: the command must not take the part that came for all.
                if (!stdin.isBroken) {
                    process.destroyForcibly();
                    throw e;
                }
            }
        }
        return Boolean.TRUE;
    }

    /// A command may end without reading all of its input; its exit status tells whether that was
    /// an error.
    private static final class ToCommand extends OutputStream {
        private final OutputStream pipe;
        private boolean isBroken;

        ToCommand(OutputStream pipe) {
            this.pipe = pipe;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                pipe.write(bytes, offset, length);
            } catch (IOException e) {
                isBroken = true;
                throw e;
            }
        }

        @Override
        public void flush() throws IOException {
            try {
                pipe.flush();
            } catch (IOException e) {
                isBroken = true;
                throw e;
            }
        }

        @Override
        public void close() {
            try {
                pipe.close();
            } catch (IOException _) {
                // said above
            }
        }
    }

    /// More than `max` bytes are drained, so that the command does not block, and the length tells.
    private static byte[] keepHead(InputStream stream, int max) throws IOException {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        byte[] chunk = new byte[8192];
        for (int count = stream.read(chunk); count > 0; count = stream.read(chunk)) {
            kept.write(chunk, 0, Math.min(count, max + 1 - kept.size()));
        }
        return kept.toByteArray();
    }

    private static String keepTail(InputStream stream, Consumer<String> listener)
            throws IOException {
        byte[] tail = new byte[0];
        byte[] chunk = new byte[STDERR_TAIL];
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int count = stream.read(chunk); count > 0; count = stream.read(chunk)) {
            tellLines(chunk, count, line, listener);
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            joined.writeBytes(tail);
            joined.write(chunk, 0, count);
            byte[] all = joined.toByteArray();
            tail = Arrays.copyOfRange(all, Math.max(0, all.length - STDERR_TAIL), all.length);
        }
        return new String(tail, StandardCharsets.UTF_8);
    }

    private static void tellLines(
            byte[] chunk, int count, ByteArrayOutputStream line, Consumer<String> listener) {
        for (int i = 0; i < count; i++) {
            if (chunk[i] != '\n' && chunk[i] != '\r') {
                // A line without end is cut.
                if (line.size() < STDERR_TAIL) {
                    line.write(chunk[i]);
                }
            } else if (line.size() > 0) {
                listener.accept(line.toString(StandardCharsets.UTF_8));
                line.reset();
            }
        }
    }

    private static Result await(
            Command command,
            Process process,
            FutureTask<Boolean> input,
            FutureTask<byte[]> output,
            FutureTask<String> errors) {
        List<String> argv = command.argv();
        long deadline = System.nanoTime() + command.timeout().toNanos();
        try {
            if (!process.waitFor(command.timeout().toNanos(), TimeUnit.NANOSECONDS)) {
                throw new CommandFailed(
                        argv, -1, "", "no end after " + command.timeout().toMillis() + " ms");
            }
            // A grandchild that keeps the pipes open, as a daemon does that does not detach, may
            // hold these forever.
            byte[] out =
                    output.get(Math.max(deadline - System.nanoTime(), 1), TimeUnit.NANOSECONDS);
            String err =
                    errors.get(Math.max(deadline - System.nanoTime(), 1), TimeUnit.NANOSECONDS);
            // The cause may be the input's own failure, which says more than the status of a killed
            // command.
            int exit = process.exitValue();
            if (exit != 0) {
                awaitInput(input);
                throw new CommandFailed(argv, exit, err, "exit status " + exit);
            }
            if (out.length > command.outputMax()) {
                throw new CommandFailed(
                        argv, exit, err, "more than " + command.outputMax() + " bytes of output");
            }
            return new Result(out, err);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(argv, -1, "", "interrupted");
        } catch (TimeoutException e) {
            throw new CommandFailed(argv, -1, "", "its output did not end in time");
        } catch (ExecutionException e) {
            Throwable cause = cause(e, input);
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            throw new CommandFailed(argv, -1, "", "input or output lost: " + cause);
        } finally {
            input.cancel(true);
        }
    }

    /// A command whose input fails is ended, and with it go its other pipes: why the input failed
    /// says more than that these are closed.
    private static @Nullable Throwable cause(ExecutionException e, FutureTask<Boolean> input) {
        try {
            awaitInput(input);
        } catch (ExecutionException first) {
            return first.getCause();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return e.getCause();
    }

    private static void awaitInput(FutureTask<Boolean> input)
            throws ExecutionException, InterruptedException {
        try {
            Boolean unused = input.get(1, TimeUnit.SECONDS);
        } catch (TimeoutException _) {
            // It waits for something of its own; the exit status is what there is to say.
        }
    }

    private static void kill(Process process) {
        if (process.isAlive()) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
