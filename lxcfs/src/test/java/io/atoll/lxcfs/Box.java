package io.atoll.lxcfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The least that counts as a container for the views: a cgroup, a pid namespace with an init of
/// its own, and a mount namespace with the files bound over /proc and /sys, as upstream's mount
/// hook does it.
final class Box implements AutoCloseable {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final List<String> V1 =
            List.of("memory", "cpuset", "cpuacct", "cpu", "pids", "freezer");

    private final List<Path> directories = new ArrayList<>();
    private final List<Path> made = new ArrayList<>();
    private final boolean isV2 = Files.exists(CGROUPS.resolve("cgroup.controllers"));
    private final Process process;
    private final long init;

    Box(String cgroup, Path mountPoint) {
        List<Path> roots = isV2 ? List.of(CGROUPS) : V1.stream().map(CGROUPS::resolve).toList();
        for (Path root : roots) {
            directories.add(create(root, cgroup));
        }
        String binds =
                "for f in cpuinfo diskstats loadavg meminfo slabinfo stat swaps uptime; do"
                        + " mount --bind "
                        + mountPoint
                        + "/proc/$f /proc/$f; done;"
                        + " mount --bind "
                        + mountPoint
                        + "/sys/devices/system/cpu /sys/devices/system/cpu;"
                        + " echo ready; exec sleep 3600";
        try {
            process =
                    new ProcessBuilder(
                                    "sh",
                                    "-c",
                                    enter()
                                            + "exec unshare --pid --mount --fork --kill-child --mount-proc sh -c '"
                                            + binds
                                            + "'")
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            byte[] word = process.getInputStream().readNBytes(6);
            if (!new String(word, StandardCharsets.UTF_8).equals("ready\n")) {
                throw new IllegalStateException("box " + cgroup + " did not come up");
            }
            init = process.children().findFirst().orElseThrow().pid();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path create(Path root, String cgroup) {
        Path at = root;
        for (String part : cgroup.split("/")) {
            try {
                if (isV2) {
                    Files.writeString(
                            at.resolve("cgroup.subtree_control"), "+memory +cpuset +cpu +pids");
                }
                at = at.resolve(part);
                if (!Files.isDirectory(at)) {
                    Files.createDirectory(at);
                    made.add(at);
                }
                if (root.endsWith("cpuset")) {
                    inherit(at, "cpuset.cpus");
                    inherit(at, "cpuset.mems");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return at;
    }

    private static void inherit(Path directory, String file) throws IOException {
        if (Files.readString(directory.resolve(file)).isBlank()) {
            Files.writeString(
                    directory.resolve(file), Files.readString(directory.getParent().resolve(file)));
        }
    }

    private String enter() {
        StringBuilder out = new StringBuilder();
        for (Path directory : directories) {
            out.append("echo ").append(isV2 ? "$$ > " : "0 > ").append(directory);
            out.append(isV2 ? "/cgroup.procs; " : "/tasks; ");
        }
        return out.toString();
    }

    /// Sets a limit by its v1 or v2 file name.
    void limit(String v1Controller, String v1File, String v2File, String value) {
        set(directory(v1Controller).resolve(isV2 ? v2File : v1File), value);
    }

    private Path directory(String v1Controller) {
        return isV2 ? directories.getFirst() : directories.get(V1.indexOf(v1Controller));
    }

    private static void set(Path file, String value) {
        try {
            Files.writeString(file, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Limits the cgroup that ours is in.
    void limitMemoryAbove(long bytes) {
        set(
                directory("memory").resolveSibling(isV2 ? "memory.max" : "memory.limit_in_bytes"),
                Long.toString(bytes));
    }

    void limitMemory(long bytes) {
        limit("memory", "memory.limit_in_bytes", "memory.max", Long.toString(bytes));
    }

    /// What a shell command inside prints, both streams.
    String run(String command) {
        return shell(enter() + "exec nsenter -t " + init + " -p -m sh -c '" + command + "' 2>&1");
    }

    static String shell(String command) {
        try {
            Process p = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
            p.getOutputStream().close();
            String out = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!p.waitFor(6L * LxcfsProcess.PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                p.destroyForcibly();
                throw new IllegalStateException("not finished in time: " + command);
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.children().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
        for (Path directory : made.reversed()) {
            long deadline =
                    System.nanoTime() + TimeUnit.SECONDS.toNanos(LxcfsProcess.PATIENCE_SECONDS);
            while (!remove(directory) && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
        }
    }

    private static boolean remove(Path directory) {
        try {
            Files.deleteIfExists(directory);
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
