package io.atoll.lxcfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The program in a process of its own, so that it can be killed.
final class LxcfsProcess implements AutoCloseable {
    /// Longer on an emulated machine.
    static final int PATIENCE_SECONDS = Integer.getInteger("atoll.patience", 10);

    private final Process process;
    private final Path mountPoint;

    private LxcfsProcess(Process process, Path mountPoint) {
        this.process = process;
        this.mountPoint = mountPoint;
    }

    static LxcfsProcess ours(Path mountPoint, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx24m"));
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path",
                                System.getProperty("java.class.path"))));
        command.add("io.atoll.lxcfs.Main");
        command.addAll(List.of(options));
        return start(command, mountPoint);
    }

    static LxcfsProcess start(List<String> command, Path mountPoint) {
        List<String> all = new ArrayList<>(command);
        all.add(mountPoint.toString());
        try {
            Files.createDirectories(mountPoint);
        } catch (IOException _) {
            // A dead mount at this place cannot be looked at; the server will clear it.
        }
        try {
            Process process =
                    new ProcessBuilder(all)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            LxcfsProcess lxcfs = new LxcfsProcess(process, mountPoint);
            lxcfs.awaitServing();
            return lxcfs;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitServing() {
        await(
                () -> Files.isReadable(mountPoint.resolve("proc/meminfo")),
                "lxcfs serves " + mountPoint);
    }

    /// A condition that comes true in time.
    static void await(java.util.function.BooleanSupplier condition, String what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + PATIENCE_SECONDS + " s: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// As a crash would end it: nothing is cleaned up.
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
        Box.shell("umount -l " + mountPoint + " 2>/dev/null");
        mountPoint.toFile().delete();
    }
}
