package io.atoll.testkit;

import io.atoll.linux.MountInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Fails a test that leaves something on the host: mounts, cgroups, processes, network links or
/// loop devices whose name holds a marker that only this test uses, descriptors of this process, or
/// the kernel's hurry.
///
/// Used as `@RegisterExtension final Leaks leaks = Leaks.of("atoll-mytest")`. The kernel takes
/// network namespaces down in its own time, so what is left is looked at again for a while before
/// it counts.
public final class Leaks implements BeforeEachCallback, AfterEachCallback {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int DESCRIPTOR_SLACK = 24;
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private final String marker;
    private List<String> before = List.of();
    private List<String> descriptorsBefore = List.of();

    private Leaks(String marker) {
        this.marker = marker;
    }

    /// Looks at everything whose name, target, or command line holds the marker.
    public static Leaks of(String marker) {
        if (marker.length() < 4) {
            throw new IllegalArgumentException(
                    "a marker this short is found everywhere: " + marker);
        }
        return new Leaks(marker);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        remember();
    }

    /// Takes what is there now for what was there before; for tests that share what they start and
    /// call [#assertNothingNew] when it is ended.
    public void remember() {
        before = found();
        descriptorsBefore = descriptors();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        assertNothingNew();
    }

    /// Compares with what was there before the test; for tests that look in between.
    ///
    /// @throws AssertionError that names what was left
    public void assertNothingNew() {
        assertNothingNew(PATIENCE);
    }

    /// As above.
    ///
    /// @param patience how long what is on its way out is waited for
    void assertNothingNew(Duration patience) {
        TreeSet<String> left = new TreeSet<>();
        try {
            Await.until(
                    "leaks to go",
                    patience,
                    () -> {
                        left.clear();
                        left.addAll(found());
                        before.forEach(left::remove);
                        return left.isEmpty();
                    });
        } catch (AssertionError _) {
            throw new AssertionError("left on the host:\n" + String.join("\n", left));
        }
        assertFewDescriptors();
    }

    /// Thread pools keep some; a leak per operation shows as many.
    private void assertFewDescriptors() {
        List<String> fresh = descriptors();
        int count = fresh.size();
        descriptorsBefore.forEach(fresh::remove);
        if (count > descriptorsBefore.size() + DESCRIPTOR_SLACK) {
            throw new AssertionError(
                    "descriptors went from "
                            + descriptorsBefore.size()
                            + " to "
                            + count
                            + ", new ones:\n"
                            + String.join("\n", fresh));
        }
    }

    private List<String> found() {
        List<String> all = new ArrayList<>();
        all.addAll(mounts());
        all.addAll(cgroups());
        all.addAll(processes());
        all.addAll(links());
        all.addAll(loops());
        all.addAll(settings());
        return all;
    }

    /// What is switched for a moment while a container ends; see `GracePeriods`.
    private static List<String> settings() {
        Path hurry = Path.of("/sys/kernel/rcu_expedited");
        return read(hurry).filter(text -> text.startsWith("1")).map(_ -> hurry + " is on").stream()
                .toList();
    }

    private List<String> mounts() {
        return MountInfo.parse(read(Path.of("/proc/self/mountinfo")).orElse("")).stream()
                .filter(mount -> mount.target().contains(marker) || mount.source().contains(marker))
                .map(mount -> "mount " + mount.target() + " (" + mount.fsType() + ")")
                .toList();
    }

    private List<String> cgroups() {
        List<String> found = new ArrayList<>();
        try {
            Files.walkFileTree(
                    CGROUPS,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path folder, BasicFileAttributes attributes) {
                            if (folder.getFileName().toString().contains(marker)) {
                                found.add("cgroup " + folder);
                                return FileVisitResult.SKIP_SUBTREE;
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFileFailed(Path file, IOException failure) {
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return found;
    }

    private List<String> processes() {
        List<String> found = new ArrayList<>();
        for (Path folder : children(Path.of("/proc"))) {
            String pid = folder.getFileName().toString();
            if (!Character.isDigit(pid.charAt(0))
                    || pid.equals(Long.toString(ProcessHandle.current().pid()))) {
                continue;
            }
            // A zombie has no command line, so it is not found; it holds nothing.
            String commandLine = read(folder.resolve("cmdline")).orElse("").replace('\0', ' ');
            if (commandLine.contains(marker)) {
                found.add("process " + pid + ": " + commandLine.strip());
            }
        }
        return found;
    }

    private List<String> links() {
        return children(Path.of("/sys/class/net")).stream()
                .map(link -> link.getFileName().toString())
                .filter(name -> name.contains(marker))
                .map(name -> "link " + name)
                .toList();
    }

    private List<String> loops() {
        return children(Path.of("/sys/block")).stream()
                .map(device -> device.resolve("loop/backing_file"))
                .flatMap(file -> read(file).stream())
                .filter(backing -> backing.contains(marker))
                .map(backing -> "loop device on " + backing.strip())
                .toList();
    }

    /// What the descriptors of this process are of. Archives of classes are opened when the first
    /// class of each is used and stay so.
    private static List<String> descriptors() {
        List<String> out = new ArrayList<>();
        for (Path descriptor : children(Path.of("/proc/self/fd"))) {
            try {
                String target = Files.readSymbolicLink(descriptor).toString();
                if (!target.endsWith(".jar")) {
                    // Numbers of pipes and sockets say nothing to who reads them.
                    out.add(target.replaceFirst(":\\[\\d+]", ""));
                }
            } catch (IOException _) {
                // That of the listing itself.
            }
        }
        out.sort(null);
        return out;
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (IOException _) {
            return Optional.empty(); // Gone between listing and reading.
        }
    }
}
