package io.atoll.lxctools;

import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FdStreams;
import io.atoll.linux.Pty;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A call of a tool on a terminal of 132 by 50, at which a test types and reads.
final class TypedRun implements AutoCloseable, Host {
    private static final long PATIENCE_SECONDS = Integer.getInteger("atoll.patience", 30);

    private final Pty.Pair terminal = Pty.open();
    private final CompletableFuture<Integer> status = new CompletableFuture<>();
    private final StringBuilder seen = new StringBuilder();

    private TypedRun(Map<String, String> env, String program, String... args) {
        Pty.resize(terminal.master(), new Pty.WindowSize(132, 50));
        Map<String, String> all =
                new TreeMap<>(Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "TERM", "linux"));
        all.putAll(env);
        Fd slave = terminal.slave();
        Invocation invocation =
                new Invocation(
                        program,
                        "",
                        List.of(args),
                        all,
                        Path.of("/"),
                        FdStreams.input(slave.duplicate()),
                        FdStreams.output(slave.duplicate()),
                        FdStreams.output(slave.duplicate()),
                        this);
        Thread.ofPlatform().start(() -> status.complete(ToolRunner.run(invocation)));
        Thread.ofPlatform().daemon().start(this::read);
    }

    static TypedRun start(Map<String, String> env, String program, String... args) {
        return new TypedRun(env, program, args);
    }

    /// A call that ends by itself; its words, errors among them, are all in `err`.
    static ToolRun once(Map<String, String> env, String program, String... args) {
        try (TypedRun run = start(env, program, args)) {
            int status = run.awaitEnd();
            LxcHostFixture.until(() -> !run.text().isBlank(), "it says something");
            return new ToolRun(status, "", run.text());
        }
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try {
            for (int n = FdIo.read(terminal.master(), buffer, 0, buffer.length);
                    n > 0;
                    n = FdIo.read(terminal.master(), buffer, 0, buffer.length)) {
                synchronized (seen) {
                    seen.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                }
            }
        } catch (RuntimeException _) {
            // The terminal was closed.
            return;
        }
    }

    private String text() {
        synchronized (seen) {
            return seen.toString();
        }
    }

    void type(String text) {
        FdIo.write(terminal.master(), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void awaitText(String text) {
        LxcHostFixture.until(() -> text().contains(text), text + " in: " + text());
    }

    /// What has been printed after the last of these texts; nothing where there is none.
    String since(String text) {
        String all = text();
        int at = all.lastIndexOf(text);
        return at < 0 ? "" : all.substring(at + text.length());
    }

    /// Forgets what has been printed.
    void forget() {
        synchronized (seen) {
            seen.setLength(0);
        }
    }

    int awaitEnd() {
        try {
            return status.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new AssertionError("does not end; said: " + text(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public Fd descriptor(int stream) {
        return terminal.slave();
    }

    @Override
    public Signals signals(int... numbers) {
        return new Signals() {
            @Override
            public int next() {
                return -1;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public int uid() {
        return 0;
    }

    @Override
    public long pid() {
        return ProcessHandle.current().pid();
    }

    @Override
    public void close() {
        terminal.close();
        if (!status.isDone()) {
            status.completeExceptionally(new TimeoutException("closed"));
        }
    }
}
