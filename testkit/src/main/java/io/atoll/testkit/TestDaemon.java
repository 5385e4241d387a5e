package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The daemon of `dist/atoll`, started as a process with a state directory of its own.
///
/// Closing deletes every instance, network and pool through the API, ends the daemon and the fork
/// server and deletes the directory. [#kill] and [#start] let tests take it down and up again in
/// between.
public final class TestDaemon implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(30);
    private static final Duration STACKS = Duration.ofSeconds(5);
    private static final Duration STOPPED = Duration.ofSeconds(60);

    private final Path home;
    private final Path state;
    private final Path log;
    private final List<String> entrance;
    private Optional<Process> process = Optional.empty();

    private TestDaemon(Path home, Path state, Path log, List<String> entrance) {
        this.home = home;
        this.state = state;
        this.log = log;
        this.entrance = List.copyOf(entrance);
    }

    /// A daemon with an empty state directory whose name holds `marker`, up and answering.
    public static TestDaemon launch(String marker) {
        return launch(marker, List.of());
    }

    /// A daemon that other words start.
    ///
    /// @param entrance what stands before its command line, as [PretendedHardware#entrance()]
    public static TestDaemon launch(String marker, List<String> entrance) {
        try {
            Path state = Files.createTempDirectory(marker + "-");
            return launch(state, state.resolve("daemon.out"), entrance);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// A daemon whose state directory is this one.
    ///
    /// @param log where its words go
    public static TestDaemon launchIn(Path state, Path log) {
        return launch(state, log, List.of());
    }

    private static TestDaemon launch(Path state, Path log, List<String> entrance) {
        Path home = Path.of(System.getProperty("atoll.root"), "dist", "atoll");
        if (!Files.isExecutable(home.resolve("bin/atolld"))) {
            throw new AssertionError(home + " is missing: run ./mk dist first");
        }
        TestDaemon daemon = new TestDaemon(home, state, log, entrance);
        daemon.start();
        return daemon;
    }

    /// Its state directory, which is what clients call `LXD_DIR`.
    public Path state() {
        return state;
    }

    /// The folder with `bin/`, `lib/` and so on.
    public Path home() {
        return home;
    }

    /// The process id.
    public long pid() {
        return process.orElseThrow().pid();
    }

    /// The process id; 0 while it does not run.
    public long pidIfRunning() {
        return process.map(Process::pid).orElse(0L);
    }

    /// Starts it on the same state and waits until it answers.
    public void start() {
        startWithoutWaiting();
        try {
            Await.until("the daemon to answer", READY, this::isReady);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + whatItDoes(), late);
        }
    }

    private boolean isReady() {
        if (!process.orElseThrow().isAlive()) {
            throw new AssertionError("the daemon ended at once:\n" + logText());
        }
        return atoll().run("admin", "waitready", "--timeout=1").exit() == 0;
    }

    /// Its log, with the stacks of its threads.
    private String whatItDoes() {
        Program.of("kill").run("-QUIT", Long.toString(pidIfRunning()));
        try {
            Await.until("its stacks", STACKS, () -> logText().contains("Full thread dump"));
        } catch (AssertionError _) {
            return logText();
        }
        return logText();
    }

    /// Starts it on the same state.
    public void startWithoutWaiting() {
        try {
            List<String> words = new ArrayList<>(entrance);
            words.add(home.resolve("bin/atolld").toString());
            Process started =
                    client(Program.of(words.toArray(String[]::new)))
                            .builder()
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start();
            process = Optional.of(started);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// What the daemon wrote to standard output and error.
    public String logText() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// SIGKILL, and wait until it is dead.
    public void kill() {
        end(process.orElseThrow().destroyForcibly());
    }

    /// SIGTERM, which leaves the instances running, and wait until it is gone.
    public void stop() {
        Process running = process.orElseThrow();
        running.destroy();
        end(running);
    }

    /// Tells it to shut down with all instances, and waits until it is gone.
    public void shutDown() {
        atoll().run("admin", "shutdown").ok();
        end(process.orElseThrow());
    }

    private void end(Process running) {
        try {
            if (!running.waitFor(STOPPED.toSeconds(), TimeUnit.SECONDS)) {
                running.destroyForcibly();
                throw new AssertionError("the daemon does not end; its log:\n" + logText());
            }
        } catch (InterruptedException failure) {
            throw new AssertionError("interrupted while the daemon ends", failure);
        }
        process = Optional.empty();
    }

    /// Our own command line as a client of this daemon.
    public Program atoll() {
        return program("bin/atoll");
    }

    /// The distribution's `lxc` as a client of this daemon.
    public Program lxc() {
        return client(Program.of("lxc"));
    }

    private Program program(String path) {
        return client(Program.of(home.resolve(path).toString()));
    }

    private Program client(Program program) {
        return program.with("LXD_DIR", state.toString())
                .with("LXD_CONF", state.resolve("client").toString());
    }

    @Override
    public void close() {
        if (process.isEmpty()) {
            start();
        }
        for (String name : lines("list", "--format=csv", "--columns=n")) {
            atoll().run("delete", "--force", name);
        }
        for (String name : lines("image", "list", "--format=csv", "--columns=f")) {
            atoll().run("image", "delete", name);
        }
        atoll().run("profile", "device", "remove", "default", "root");
        atoll().run("profile", "device", "remove", "default", "eth0");
        for (String line : lines("network", "list", "--format=csv")) {
            if (line.split(",")[2].equals("YES")) {
                Program.Output unused = atoll().run("network", "delete", line.split(",")[0]).ok();
            }
        }
        for (String line : lines("storage", "list", "--format=csv")) {
            atoll().run("storage", "delete", line.split(",")[0]);
        }
        stop();
        endHelpers();
        deleteState();
    }

    private List<String> lines(String... command) {
        return atoll().run(command).ok().out().lines().filter(line -> !line.isBlank()).toList();
    }

    /// The fork server outlives the daemon on purpose; whoever names our state directory is ours.
    /// Read from `/proc`, because [ProcessHandle.Info] leaves out processes that changed their
    /// title.
    private void endHelpers() {
        helpers("").forEach(ProcessHandle::destroyForcibly);
    }

    /// The monitors of the running containers.
    public List<ProcessHandle> monitors() {
        return helpers("serve").stream()
                .flatMap(ProcessHandle::children)
                .filter(child -> commandLine(child.pid()).startsWith("[atoll monitor]"))
                .toList();
    }

    /// The processes that name this daemon's state directory and have `word` in their title:
    /// `serve`, `dnsmasq`.
    public List<ProcessHandle> helpers(String word) {
        return ProcessHandle.allProcesses()
                .filter(handle -> {
                    String title = commandLine(handle.pid());
                    return title.contains(state.toString()) && title.contains(word);
                })
                .toList();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(
                    Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return ""; // Gone between listing and reading.
        }
    }

    private void deleteState() {
        Program.of("rm", "--recursive", "--force", "--one-file-system").run(state.toString()).ok();
    }
}
