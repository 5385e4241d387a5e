package io.atoll.testkit;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.FdIo;
import io.atoll.linux.Pty;
import io.atoll.linux.Pty.WindowSize;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A program on a terminal of its own, driven as a person would: type, look at the screen, change
/// the window's size.
public final class Terminal implements AutoCloseable {
    private static final Duration BETWEEN_KEYS = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Pty.Pair pty;
    private final Process process;
    private final StringBuilder screen = new StringBuilder(); // Guarded by itself.
    private int seen;

    private Terminal(Pty.Pair pty, Process process) {
        this.pty = pty;
        this.process = process;
    }

    /// Starts the program as the leader of a session whose controlling terminal is a new one.
    public static Terminal start(Program program, WindowSize size, String... arguments) {
        Pty.Pair pty = Pty.open();
        Pty.resize(pty.master(), size);
        List<String> words = new ArrayList<>(List.of("setsid", "--ctty", "--wait"));
        words.addAll(program.words());
        File slave =
                new File("/proc/" + ProcessHandle.current().pid() + "/fd/" + pty.slave().number());
        try {
            Process process =
                    new Program(words, program.environment())
                            .with("TERM", "xterm")
                            .builder(arguments)
                            .redirectInput(slave)
                            .redirectOutput(slave)
                            .redirectError(slave)
                            .start();
            Terminal terminal = new Terminal(pty, process);
            Thread.ofPlatform().daemon().name("terminal").start(terminal::read);
            return terminal;
        } catch (IOException failure) {
            pty.close();
            throw new UncheckedIOException(failure);
        }
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try {
            while (true) {
                int count = FdIo.read(pty.master(), buffer, 0, buffer.length);
                if (count <= 0) {
                    return;
                }
                String text = new String(buffer, 0, count, StandardCharsets.UTF_8);
                synchronized (screen) {
                    screen.append(text);
                }
            }
        } catch (ErrnoException | IllegalStateException _) {
            // EIO is how a terminal says that nobody is on the other side any more.
        }
    }

    private String screen() {
        synchronized (screen) {
            return screen.toString();
        }
    }

    /// Sends keys.
    public void type(String keys) {
        FdIo.write(pty.master(), keys.getBytes(StandardCharsets.UTF_8));
    }

    /// Changes the size of the window.
    public void resize(WindowSize size) {
        Pty.resize(pty.master(), size);
    }

    /// Sends the keys one by one at the speed of fingers, for programs that look at the first byte
    /// of a read only.
    public void press(String keys) {
        for (int i = 0; i < keys.length(); i++) {
            type(keys.substring(i, i + 1));
            LockSupport.parkNanos(BETWEEN_KEYS.toNanos());
        }
    }

    /// Sends the keys again and again until the text appears: for programs that drop what is typed
    /// before they listen.
    public void typeUntil(String keys, String text) {
        Await.until(
                "\"" + text + "\"",
                LIMIT,
                () -> {
                    type(keys);
                    return appears(text);
                });
    }

    /// Waits until the text appears after what was expected before.
    ///
    /// @throws AssertionError with the screen if it does not
    public void expect(String text) {
        try {
            Await.until("\"" + text + "\"", LIMIT, () -> appears(text));
        } catch (AssertionError failure) {
            throw new AssertionError(
                    failure.getMessage() + "; on the screen:\n" + screen().substring(seen));
        }
    }

    private boolean appears(String text) {
        int found = screen().indexOf(text, seen);
        if (found >= 0) {
            seen = found + text.length();
        }
        return found >= 0;
    }

    /// The program's exit code once it ended.
    public int exit() {
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(
                        "the program on the terminal does not end; screen:\n" + screen());
            }
        } catch (InterruptedException failure) {
            throw new AssertionError(failure);
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        pty.slave().close();
        pty.master().close();
    }
}
