package io.atoll.storage;

import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Subvolumes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// Subvolumes of btrfs: copying one is a snapshot, which takes no time and no space, deleting one
/// is the file system's own work. Those that a guest made within are copied and deleted with it.
/// Limits are those of qgroups, and of the outermost only. See btrfs-subvolume(8), btrfs-qgroup(8).
final class BtrfsTrees implements Trees {
    private static final System.Logger LOG = System.getLogger(BtrfsTrees.class.getName());
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    /// Columns of `qgroup show --raw -r`: id, referenced, exclusive, limit.
    private static final int EXCLUSIVE = 2;

    private static final int LIMIT = 3;

    private final Path pool;

    /// @param pool where the file system is mounted
    BtrfsTrees(Path pool) {
        this.pool = pool;
    }

    @Override
    public void create(Path directory) throws IOException {
        PlatformThreads.run(() -> {
            try (Fd parent = PoolDirectories.openDirectory(parent(directory))) {
                Subvolumes.create(parent, directory.getFileName().toString());
            }
        });
        Path _ =
                Files.setPosixFilePermissions(
                        directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "the root directory is no volume");
    }

    @Override
    public void copy(Path from, Path to) {
        PlatformThreads.run(() -> SubvolumeTree.protect(to, SubvolumeTree.copy(from, to)));
    }

    /// Active swap is in the way, and so is what cannot be changed: then it is walked.
    @Override
    public boolean deleteAtOnce(Path directory) {
        if (!isSubvolume(directory)) {
            deleteSubvolumesOf(directory);
            return false;
        }
        try {
            delete(directory);
            return true;
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "left to be walked path=" + directory, e);
            return false;
        }
    }

    private static void delete(Path directory) {
        PlatformThreads.run(() -> SubvolumeTree.delete(directory));
    }

    /// A folder of subvolumes, which may be ones that cannot be written.
    private static void deleteSubvolumesOf(Path folder) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path path : entries.filter(BtrfsTrees::isSubvolume).toList()) {
                delete(path);
            }
        } catch (IOException | ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "left to be walked path=" + folder, e);
        }
    }

    private static boolean isSubvolume(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                && Subvolumes.isTop(FileStat.of(path.toString()));
    }

    /// The space comes back some time after the next commit.
    @Override
    public void awaitSpace() {
        try {
            btrfs("filesystem", "sync", pool.toString());
            btrfs("subvolume", "sync", pool.toString());
        } catch (CommandFailed e) {
            // Nobody waits for more than tidiness.
            LOG.log(System.Logger.Level.WARNING, "cannot wait for deletions pool=" + pool, e);
        }
    }

    @Override
    public OptionalLong usage(Path directory) {
        return column(directory, EXCLUSIVE);
    }

    @Override
    public OptionalLong quota(Path directory) {
        return column(directory, LIMIT);
    }

    private OptionalLong column(Path directory, int column) {
        Optional<String> word = word(directory, column).filter(w -> w.matches("\\d{1,18}"));
        return word.isPresent()
                ? OptionalLong.of(Long.parseLong(word.get()))
                : OptionalLong.empty();
    }

    private Optional<String> word(Path directory, int column) {
        String text;
        try {
            text = output("qgroup", "show", "--raw", "-r", "-f", directory.toString());
        } catch (CommandFailed e) {
            // Quotas were never turned on in this pool.
            return Optional.empty();
        }
        return text.lines()
                .filter(line -> line.strip().startsWith("0/"))
                .map(line -> List.of(line.strip().split("\\s+")))
                .filter(words -> words.size() > column)
                .map(words -> words.get(column))
                .findFirst();
    }

    /// By the pool and not the volume: one that holds more than its limit lets nothing be changed,
    /// the limit neither.
    @Override
    public void setQuota(Path directory, OptionalLong bytes) {
        try {
            if (bytes.isEmpty()) {
                if (quota(directory).isPresent()) {
                    limit("none", directory);
                }
                return;
            }
            enable();
            limit(Long.toString(bytes.getAsLong()), directory);
        } catch (CommandFailed e) {
            throw new UnsupportedException(
                    "Failed to limit " + directory + ": " + e.stderrTail().strip(), e);
        }
    }

    private void limit(String limit, Path directory) {
        String group =
                word(directory, 0)
                        .orElseThrow(() ->
                                new UnsupportedException(
                                        "Failed to limit " + directory + ": it has no qgroup"));
        btrfs("qgroup", "limit", limit, group, pool.toString());
    }

    /// Keeping accounts costs time with every write, so it begins with the first limit.
    private void enable() {
        try {
            String _ = output("qgroup", "show", pool.toString());
        } catch (CommandFailed _) {
            btrfs("quota", "enable", pool.toString());
            btrfs("quota", "rescan", "-w", pool.toString());
        }
    }

    private static void btrfs(String... words) {
        String _ = output(words);
    }

    private static String output(String... words) {
        List<String> argv = new ArrayList<>(List.of("btrfs"));
        argv.addAll(List.of(words));
        return Commands.run(Command.of(argv).timeout(TIMEOUT)).text();
    }
}
