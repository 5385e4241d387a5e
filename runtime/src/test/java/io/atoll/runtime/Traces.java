package io.atoll.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// What containers of this test run leave on the host: mounts, cgroups, processes, links. Compared
/// before and after; other tests on the same host have other names.
record Traces(TreeSet<String> found) {
    static final String MARK = "atoll-runtime-" + ProcessHandle.current().pid() + "-";
    private static final Duration PATIENCE =
            Duration.ofSeconds(Integer.getInteger("atoll.patience", 30));
    private static final Duration PAUSE = Duration.ofMillis(10);

    static Traces now() {
        TreeSet<String> found = new TreeSet<>();
        lines(Path.of("/proc/self/mountinfo"))
                .filter(line -> line.contains(MARK))
                .forEach(found::add);
        for (Path hierarchy : children(Path.of("/sys/fs/cgroup"))) {
            children(hierarchy.resolve("atoll")).stream()
                    .filter(path -> path.getFileName().toString().contains(MARK))
                    .forEach(path -> found.add(path.toString()));
        }
        children(Path.of("/sys/class/net")).stream()
                .map(path -> path.getFileName().toString())
                .filter(name -> name.startsWith("rtt"))
                .forEach(name -> found.add("link " + name));
        for (Path process : children(Path.of("/proc"))) {
            String command = read(process.resolve("cmdline"));
            if (command.startsWith("[atoll ") && command.contains(MARK)) {
                found.add(process + " " + command.replace('\0', ' ').strip());
            }
        }
        return new Traces(found);
    }

    /// Waits until nothing is there that was not before; the kernel takes namespaces down in its
    /// own time.
    void assertNothingNew() {
        assertNothingNewBut(" ");
    }

    /// As [#assertNothingNew], except for what holds some text.
    void assertNothingNewBut(String text) {
        TreeSet<String> left = new TreeSet<>();
        until(
                () -> {
                    left.clear();
                    left.addAll(now().found());
                    left.removeAll(found);
                    left.removeIf(trace -> trace.contains(text.strip().isEmpty() ? "\0" : text));
                    return left.isEmpty();
                },
                () -> "left behind: " + left);
    }

    static void until(Supplier<Boolean> condition, Supplier<String> what) {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!condition.get()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError(what.get());
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /// Open descriptors of this JVM.
    static int descriptors() {
        return children(Path.of("/proc/self/fd")).size();
    }

    private static java.util.List<Path> children(Path directory) {
        try (Stream<Path> all = Files.list(directory)) {
            return all.toList();
        } catch (java.nio.file.NoSuchFileException | java.nio.file.NotDirectoryException _) {
            return java.util.List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> lines(Path file) {
        return read(file).lines();
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return "";
        }
    }
}
