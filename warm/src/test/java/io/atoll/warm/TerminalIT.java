package io.atoll.warm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FdIo;
import io.atoll.linux.Pty;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Commands typed at a terminal, into an interactive shell with job control.
@Tag("privileged")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TerminalIT {
    private static final Duration PATIENCE =
            Duration.ofSeconds(Integer.getInteger("atoll.patience", 20));
    private static final List<String> NAMES =
            List.of("show", "line", "signals", "raw", "ticks", "sleep", "edit", "ends", "pid");
    private static final int CTRL_C = 3;
    private static final int CTRL_Z = 26;
    private static final int CTRL_BACKSLASH = 28;

    private Installation it;
    private Pty.Pair terminal;
    private Process shell;
    private final StringBuilder screen = new StringBuilder();

    @BeforeEach
    void open() throws IOException {
        it = new Installation();
        it.warmUp();
        terminal = Pty.open();
        Pty.resize(terminal.master(), new Pty.WindowSize(100, 30));
        ProcessBuilder builder =
                // As on a terminal: whoever runs the tests may have had signals ignored (nohup).
                it.shellBuilder(
                        "PS1='$ ' exec env --default-signal setsid -c bash --norc --noprofile -i",
                        NAMES.toArray(String[]::new));
        Path slave = Files.readSymbolicLink(Path.of(terminal.slave().procPath()));
        builder.environment().put("TERM", "dumb");
        shell =
                builder.redirectInput(slave.toFile())
                        .redirectOutput(slave.toFile())
                        .redirectError(slave.toFile())
                        .start();
        see("$ ");
    }

    @AfterEach
    void close() throws InterruptedException {
        shell.destroyForcibly();
        shell.waitFor(20, TimeUnit.SECONDS);
        terminal.close();
        it.close();
    }

    private void type(String text) {
        FdIo.write(terminal.master(), text.getBytes(StandardCharsets.UTF_8));
    }

    private void type(int key) {
        FdIo.write(terminal.master(), new byte[] {(byte) key});
    }

    /// Reads until the text is on the screen, and forgets all up to it.
    private void see(String text) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        byte[] buffer = new byte[4096];
        while (screen.indexOf(text) < 0) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not seen: \"" + text + "\" in \"" + screen + "\"");
            }
            if (FdIo.poll(terminal.master(), FdIo.POLLIN, Duration.ofMillis(100)) != 0) {
                screen.append(new String(buffer, 0, read(buffer), StandardCharsets.UTF_8));
            }
        }
        screen.delete(0, screen.indexOf(text) + text.length());
    }

    /// The command that a key of the terminal would reach.
    private String foreground() {
        try {
            String status = Files.readString(Path.of("/proc", shell.pid() + "", "stat"));
            String group = status.substring(status.lastIndexOf(')') + 2).split(" ")[5];
            return Files.readString(Path.of("/proc", group, "comm")).strip();
        } catch (IOException _) {
            return "";
        }
    }

    private int read(byte[] buffer) {
        try {
            return FdIo.read(terminal.master(), buffer, 0, buffer.length);
        } catch (ErrnoException e) {
            if (e.is(Errno.EIO)) {
                throw new AssertionError("the terminal is closed after \"" + screen + "\"", e);
            }
            throw e;
        }
    }

    /// Types a line that ends with showing its status, and sees it typed.
    private void run(String line) {
        type(line + "; echo status=$?\n");
        see("status=$?\r\n");
    }

    @Test
    void aTerminalIsOneAndHasItsSize() {
        run("${bin}show");
        see("terminal terminal terminal Optional[WindowSize[columns=100, rows=30]]");
        see("status=0");
    }

    @Test
    void readsLinesAndLeavesWhatIsTypedAhead() {
        run("${bin}line");
        type("hello\n");
        see("hello|");
        see("status=0");
        // Typed while a command runs that does not read: the shell gets it.
        run("${bin}pid; read -t 5 next; echo got=$next");
        type("ahead\n");
        see("got=ahead");
    }

    @Test
    void interruptKillsAndTheShellKnows() {
        run("${bin}sleep");
        see("sleeping");
        type(CTRL_C);
        see("$ ");
        type("echo after=$?\n");
        see("after=130");
    }

    @Test
    void interruptIsCarriedToWhoWantsIt() {
        run("${bin}signals");
        see("ready");
        type(CTRL_C);
        see("signal 2");
        Pty.resize(terminal.master(), new Pty.WindowSize(77, 22));
        see("signal 28 Optional[WindowSize[columns=77, rows=22]]");
        // Not carried: it has its own effect.
        type(CTRL_BACKSLASH);
        see("$ ");
    }

    @Test
    void rawModePassesKeysAndComesBack() {
        String before = it.run(stty()).out();
        run("${bin}raw");
        see("raw");
        type(CTRL_C);
        see("3");
        type(CTRL_Z);
        see("26");
        type("q");
        see("status=0");
        assertEquals(before, it.run(stty()).out());
    }

    @Test
    void aKilledCallerLeavesTheTerminalAsItWas() throws IOException {
        String before = it.run(stty()).out();
        for (String signal : List.of("TERM", "HUP")) {
            run("${bin}raw");
            see("raw");
            it.run(it.builder("sh", "-c", "kill -" + signal + " " + launcher("raw")));
            see("status=");
            assertEquals(before, it.run(stty()).out(), signal);
        }
    }

    @Test
    void aServerThatDiesLeavesTheTerminalAsItWas() {
        String before = it.run(stty()).out();
        run("${bin}raw");
        see("raw");
        it.servers().forEach(ProcessHandle::destroyForcibly);
        see("may be done or not");
        see("status=1");
        assertEquals(before, it.run(stty()).out());
    }

    private ProcessBuilder stty() {
        Path slave;
        try {
            slave = Files.readSymbolicLink(Path.of(terminal.slave().procPath()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return it.builder("stty", "-a", "-F", slave.toString());
    }

    private long launcher(String name) {
        return ProcessHandle.allProcesses()
                .filter(p -> p.info().command().orElse("").startsWith(it.home.toString()))
                .filter(p -> commandLine(p).contains("lxc-warm-" + name))
                .findFirst()
                .orElseThrow()
                .pid();
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(
                    Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return "";
        }
    }

    @Test
    void stopsAndGoesOn() {
        type("${bin}ticks\n");
        see("5\r\n");
        type(CTRL_Z);
        see("Stopped");
        see("$ ");
        // Silent while it is stopped.
        type("echo quiet; sleep 1; echo end\n");
        see("quiet\r\n");
        see("end\r\n");
        assertFalse(screen.toString().matches("(?s).*\\d\\r\\n.*"), screen.toString());
        type("fg\n");
        see("ticks");
        see("\n");
        see("\n");
        type(CTRL_C);
        see("$ ");
    }

    @Test
    void stopsInTheMiddleOfALine() {
        type("${bin}line\n");
        Installation.await(() -> foreground().equals("lxc-warm-line"), "the command begins");
        see("line");
        type(CTRL_Z);
        see("Stopped");
        // What is typed now is the shell's.
        type("echo mine\n");
        see("mine\r\n");
        see("$ ");
        type("fg\n");
        see("line");
        type("yours\n");
        see("yours|");
    }

    @Test
    void anEditorHasTheTerminal() throws IOException {
        run("VALUE=x ${bin}edit");
        see("/dev/pts/");
        see("status=7");
        assertTrue(it.servers().size() == 1);
    }

    @Test
    void aBackgroundCommandIsStoppedWhenItReads() {
        type("${bin}line &\n");
        see("$ ");
        type("echo x\n");
        see("x\r\n");
        // The shell got its line: nothing was stolen.
        type("fg\n");
        see("line");
        type("now\n");
        see("now|");
    }

    @Test
    void descriptorsOfTheTerminalAreNotKept() {
        run("${bin}show");
        see("status=0");
        long server = it.serverPid();
        Installation.await(() -> terminals(server) == 0, "the server lets the terminal go");
    }

    private static long terminals(long pid) {
        try (var files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return files.filter(
                            f -> {
                                try {
                                    return Files.readSymbolicLink(f)
                                            .toString()
                                            .startsWith("/dev/pts/");
                                } catch (IOException _) {
                                    return false;
                                }
                            })
                    .count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
