package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Debian's own `lxd` with a state directory of its own: what we compare with, and what tests our
/// tests.
///
/// Closing ends it; whoever started instances deletes them first.
public final class UpstreamDaemon implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Path PROGRAM = Path.of("/usr/bin/lxd");

    private final Path state;
    private Process process;

    private UpstreamDaemon(Path state, Process process) {
        this.state = state;
        this.process = process;
    }

    /// True where Debian's package `lxd` is installed.
    public static boolean isInstalled() {
        return Files.isExecutable(PROGRAM);
    }

    /// A daemon with an empty state directory whose name holds `marker`, up and answering.
    public static UpstreamDaemon launch(String marker) {
        try {
            Path state = Files.createTempDirectory(marker + "-");
            UpstreamDaemon daemon = new UpstreamDaemon(state, process(state));
            daemon.awaitReady();
            return daemon;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Process process(Path state) throws IOException {
        return lxd(state)
                .builder("--group", "root")
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(state.resolve("daemon.out").toFile()))
                .start();
    }

    private static Program lxd(Path state) {
        return Program.of(PROGRAM.toString()).with("LXD_DIR", state.toString());
    }

    private void awaitReady() {
        Await.until(
                "lxd to be ready",
                LIMIT,
                () -> lxd(state).run("waitready", "--timeout=20").exit() == 0);
    }

    /// Its state directory.
    public Path state() {
        return state;
    }

    /// The process id.
    public long pid() {
        return process.pid();
    }

    /// Starts it again after [#stop]; does not wait until it answers.
    public void startWithoutWaiting() {
        try {
            process = process(state);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// SIGTERM, which leaves the instances running, and wait until it is gone.
    public void stop() {
        process.destroy();
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException failure) {
            throw new AssertionError("interrupted while lxd ends", failure);
        }
    }

    /// The distribution's `lxc` as a client of this daemon.
    public Program lxc() {
        return Program.of("lxc")
                .with("LXD_DIR", state.toString())
                .with("LXD_CONF", state.resolve("client").toString());
    }

    @Override
    public void close() {
        stop();
        unmount();
        Program.of("rm", "--recursive", "--force", "--one-file-system").run(state.toString());
    }

    /// It leaves its pools where they are when it stops.
    private void unmount() {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            mounts.map(line -> line.split(" ")[1])
                    .filter(path -> path.startsWith(state + "/"))
                    .toList()
                    .reversed()
                    .forEach(path -> Program.of("umount", "--lazy").run(path));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
