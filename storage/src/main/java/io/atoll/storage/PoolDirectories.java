package io.atoll.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InternalException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.InodeFlags;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The directories of a pool that keeps volumes as directories:
///
/// ```text
/// containers/NAME/            a volume
/// containers-snapshots/NAME/SNAPSHOT/
/// custom/  custom-snapshots/  images/
/// .making/UUID/               on the way to becoming a volume; swept at start
/// .deleting/UUID/             on the way out; emptied in the background, also after a restart
/// ```
///
/// A volume appears and disappears by one rename. Only root can enter the pool, so its own levels
/// need no care; what is inside of volumes does.
final class PoolDirectories {
    private static final String MAKING = ".making";
    private static final String DELETING = ".deleting";

    private final Path root;
    private final Trees trees;
    private final Reaper reaper;

    PoolDirectories(Path root, Trees trees) {
        this.root = root;
        this.trees = trees;
        this.reaper = new Reaper(root.resolve(DELETING), trees);
    }

    Path root() {
        return root;
    }

    Reaper reaper() {
        return reaper;
    }

    /// Makes what is missing of the fixed directories.
    void create() {
        io(
                "prepare pool",
                root,
                () -> {
                    // Below are files with the owners they have inside: a program that is
                    // set-user-ID
                    // root there is so for everybody on the host who can reach it.
                    makeDirectory(root, "rwx------");
                    for (VolumeType type : VolumeType.values()) {
                        makeDirectory(root.resolve(type.folder()), "rwx--x--x");
                        makeDirectory(root.resolve(type.snapshotFolder()), "rwx--x--x");
                    }
                    makeDirectory(root.resolve(MAKING), "rwx------");
                    makeDirectory(root.resolve(DELETING), "rwx------");
                    spread(root.resolve(MAKING));
                    return root;
                });
    }

    /// ext4 does not give the number of a deleted inode away for minutes, and looks at all of them
    /// again for each file that is made near them: a volume beside one that was just deleted would
    /// take ten times as long. See docs/decisions/0084.
    private static void spread(Path making) {
        try (Fd directory = openDirectory(making)) {
            boolean _ = InodeFlags.spread(directory);
        }
    }

    private static void makeDirectory(Path path, String mode) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    /// Removes what was being made when we were stopped, and goes on with what was being deleted.
    void sweep() {
        for (String name : list(root.resolve(MAKING))) {
            discardAside(root.resolve(MAKING).resolve(name));
        }
        list(root.resolve(DELETING)).forEach(reaper::reap);
    }

    Path path(VolumeRef ref) {
        VolumeName volume = ref.volume();
        return ref.isSnapshot()
                ? snapshotsPath(volume).resolve(ref.snapshot())
                : root.resolve(volume.type().folder()).resolve(volume.name());
    }

    Path snapshotsPath(VolumeName volume) {
        return root.resolve(volume.type().snapshotFolder()).resolve(volume.name());
    }

    boolean exists(VolumeRef ref) {
        return Files.isDirectory(path(ref), LinkOption.NOFOLLOW_LINKS);
    }

    /// @throws NotFoundException if there is none
    Path existing(VolumeRef ref) {
        if (!exists(ref)) {
            throw new NotFoundException(
                    ref.isSnapshot()
                            ? "Snapshot " + ref + " does not exist"
                            : "Volume " + ref + " does not exist");
        }
        return path(ref);
    }

    /// The names of volumes of a type, sorted.
    List<String> volumes(VolumeType type) {
        return list(root.resolve(type.folder()));
    }

    List<String> snapshots(VolumeName volume) {
        return list(snapshotsPath(volume));
    }

    private static List<String> list(Path directory) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        return io(
                "list",
                directory,
                () -> {
                    try (Stream<Path> entries = Files.list(directory)) {
                        return entries.map(p -> p.getFileName().toString()).sorted().toList();
                    }
                });
    }

    /// The names of all that is in one of ours.
    Set<String> names(Path directory) {
        return new HashSet<>(list(directory));
    }

    /// The directories in one of ours.
    List<Path> subdirectories(Path directory) {
        return list(directory).stream()
                .map(directory::resolve)
                .filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                .toList();
    }

    /// Fills a new directory.
    interface Maker {
        void make(Path directory) throws IOException;
    }

    /// Makes a directory aside and moves it to its place when it is complete.
    ///
    /// @throws AlreadyExistsException if there is such a volume
    void make(VolumeRef ref, Maker maker) {
        demandFree(ref);
        settle(aside(maker), ref);
    }

    /// As [#make], as a copy of the directory of a volume.
    void makeCopy(VolumeRef ref, Path from) {
        demandFree(ref);
        settle(asideCopy(from), ref);
    }

    /// As [#make], where the maker makes the directory, too.
    ///
    /// @param what for what is said if it fails
    void makeWhole(VolumeRef ref, Path what, Maker maker) {
        demandFree(ref);
        settle(aside(maker, what), ref);
    }

    private void demandFree(VolumeRef ref) {
        if (exists(ref)) {
            throw exists(ref, null);
        }
    }

    private void settle(Path making, VolumeRef ref) {
        try {
            place(making, ref);
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
    }

    private static AlreadyExistsException exists(VolumeRef ref, @Nullable ErrnoException cause) {
        String message = (ref.isSnapshot() ? "Snapshot " : "Volume ") + ref + " already exists";
        return cause == null
                ? new AlreadyExistsException(message)
                : new AlreadyExistsException(message, cause);
    }

    /// Makes a directory aside, mode 0711, and returns its path. The caller places or discards it.
    Path aside(Maker maker) {
        return aside(
                making -> {
                    trees.create(making);
                    maker.make(making);
                },
                root);
    }

    /// Copies a volume's directory aside and returns the copy's path.
    Path asideCopy(Path from) {
        return aside(making -> trees.copy(from, making), from);
    }

    private Path aside(Maker maker, Path what) {
        Path making = root.resolve(MAKING).resolve(UUID.randomUUID().toString());
        try {
            return io(
                    "create volume in",
                    what,
                    () -> {
                        maker.make(making);
                        return making;
                    });
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
    }

    /// A name aside that is nobody's.
    Path freeAside() {
        return root.resolve(MAKING).resolve(UUID.randomUUID().toString());
    }

    /// Deletes what was made aside. Missing is fine. A subvolume that cannot be written cannot be
    /// renamed either.
    void discardAside(Path making) {
        if (Files.isDirectory(making, LinkOption.NOFOLLOW_LINKS) && !trees.deleteAtOnce(making)) {
            discard(making);
        }
    }

    /// Moves what was made aside to its place.
    void place(Path making, VolumeRef ref) {
        Path target = path(ref);
        if (ref.isSnapshot()) {
            io("create", parent(target), () -> Files.createDirectories(parent(target)));
        }
        move(making, target, ref);
    }

    private static void move(Path from, Path to, VolumeRef ref) {
        try (Fd fromParent = openDirectory(parent(from));
                Fd toParent = openDirectory(parent(to))) {
            Directories.rename(
                    fromParent,
                    from.getFileName().toString(),
                    toParent,
                    to.getFileName().toString(),
                    false);
        } catch (ErrnoException e) {
            if (e.is(Errno.EEXIST, Errno.ENOTEMPTY)) {
                throw exists(ref, e);
            }
            throw storage("move", to, e);
        }
    }

    /// Renames a volume with its snapshots. The snapshots go first: if we are stopped between the
    /// two, the volume is still under its old name and [#rename] can be repeated.
    void rename(VolumeName volume, VolumeName renamed) {
        existing(volume.current());
        if (exists(renamed.current())) {
            throw exists(renamed.current(), null);
        }
        if (Files.isDirectory(snapshotsPath(volume))) {
            move(snapshotsPath(volume), snapshotsPath(renamed), renamed.current());
        }
        move(path(volume.current()), path(renamed.current()), renamed.current());
    }

    void renameSnapshot(VolumeRef from, VolumeRef to) {
        move(existing(from), path(to), to);
    }

    /// Puts what was made aside in the place of a volume and deletes what was there.
    void exchange(Path making, VolumeRef ref) {
        Path target = existing(ref);
        try (Fd fromParent = openDirectory(parent(making));
                Fd toParent = openDirectory(parent(target))) {
            Directories.exchange(
                    fromParent,
                    making.getFileName().toString(),
                    toParent,
                    target.getFileName().toString());
        } catch (ErrnoException e) {
            throw storage("replace", target, e);
        }
        discard(making);
    }

    /// Moves a directory to the place of a volume, which is deleted. If we are stopped between the
    /// two, nothing is in that place.
    void replace(Path from, VolumeRef ref) {
        discard(path(ref));
        place(from, ref);
    }

    /// Renames away and deletes in the background. Missing is fine.
    void delete(VolumeName volume) {
        discard(snapshotsPath(volume));
        discard(path(volume.current()));
    }

    /// Deletes all snapshots of a volume. Missing is fine.
    void deleteSnapshots(VolumeName volume) {
        discard(snapshotsPath(volume));
    }

    void delete(VolumeRef snapshot) {
        discard(path(snapshot));
    }

    private void discard(Path path) {
        String name = UUID.randomUUID().toString();
        try (Fd parent = openDirectory(parent(path));
                Fd deleting = openDirectory(root.resolve(DELETING))) {
            Directories.rename(parent, path.getFileName().toString(), deleting, name, false);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return;
            }
            throw storage("delete", path, e);
        }
        reaper.reap(name);
    }

    /// Deletes a directory of the pool now. Missing is fine.
    void deleteNow(Path path) {
        try (Fd parent = openDirectory(parent(path))) {
            Inodes.deleteTree(parent, path.getFileName().toString());
        } catch (ErrnoException e) {
            throw storage("delete", path, e);
        }
    }

    /// Never null: everything here is below the pool.
    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "the root directory is no volume");
    }

    static Fd openDirectory(Path path) {
        return Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }

    /// Work that may fail for reasons of the disk.
    interface IoWork<T> {
        T run() throws IOException;
    }

    /// Runs it and says in the user's words what failed.
    static <T> T io(String what, Path path, IoWork<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            if (e.getCause() instanceof ErrnoException errno) {
                throw storage(what, path, errno);
            }
            boolean full = String.valueOf(e.getMessage()).contains("No space left");
            throw full
                    ? new UnavailableException(full(path), e)
                    : new InternalException(
                            "Failed to " + what + " " + path + ": " + e.getMessage(), e);
        } catch (ErrnoException e) {
            throw storage(what, path, e);
        } catch (CommandFailed e) {
            throw command(what, path, e);
        }
    }

    /// The failure of a program in the user's words.
    static RuntimeException command(String what, Path path, CommandFailed e) {
        return e.stderrTail().contains("No space left")
                ? new UnavailableException(full(path), e)
                : new InternalException(
                        "Failed to " + what + " " + path + ": " + e.getMessage(), e);
    }

    /// The failure of a call in the user's words.
    static RuntimeException storage(String what, Path path, ErrnoException e) {
        if (e.is(Errno.ENOSPC, Errno.EDQUOT)) {
            return new UnavailableException(full(path), e);
        }
        return new InternalException("Failed to " + what + " " + path + ": " + e.getMessage(), e);
    }

    private static String full(Path path) {
        return "No space left on the file system of "
                + path
                + ": delete something or make it larger";
    }

    /// The names of the fixed directories.
    static List<String> fixedNames() {
        return Stream.concat(
                        Arrays.stream(VolumeType.values())
                                .flatMap(t -> Stream.of(t.folder(), t.snapshotFolder())),
                        Stream.of(MAKING, DELETING))
                .toList();
    }
}
