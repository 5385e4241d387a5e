package io.atoll.storage;

import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Subvolumes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/// A subvolume with those that a guest made within. A snapshot of one has empty directories in
/// their places, so they are copied one by one; and one that holds others cannot be deleted.
///
/// The guest may change all of the original meanwhile: what moves then may be left out, but nothing
/// outside is ever touched. Blocks.
final class SubvolumeTree {
    private static final System.Logger LOG = System.getLogger(SubvolumeTree.class.getName());

    private SubvolumeTree() {}

    /// One within another.
    ///
    /// @param path relative to the outermost
    record Inner(String path, boolean isReadOnly) {
        /// The same where more stands above it.
        Inner below(String prefix) {
            return new Inner(prefix + path, isReadOnly);
        }

        private String parent() {
            return path.substring(0, Math.max(0, path.lastIndexOf('/')));
        }

        private String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    /// Those within one, the ones that hold others before them.
    static List<Inner> within(Path top) {
        try (Fd fd = PoolDirectories.openDirectory(top)) {
            return within(fd);
        }
    }

    private static List<Inner> within(Fd top) {
        List<Inner> out = new ArrayList<>();
        for (String path : Subvolumes.within(top)) {
            try (Fd inner = Subvolumes.open(top, path)) {
                out.add(new Inner(path, Subvolumes.isReadOnly(inner)));
            } catch (ErrnoException e) {
                leaveOut(path, e);
            }
        }
        return out;
    }

    private static void leaveOut(String path, ErrnoException e) {
        if (!e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EXDEV, Errno.ENOTEMPTY)) {
            throw e;
        }
        LOG.log(System.Logger.Level.DEBUG, "a subvolume moved while it was copied path=" + path, e);
    }

    /// Copies one with all within, but not what [ReceivedStates] keeps. Everything in the copy can
    /// be written until [#protect].
    ///
    /// @param to does not exist
    /// @return those within, as they are in the original
    static List<Inner> copy(Path from, Path to) {
        List<Inner> out = copy(from, to, inner -> !ReceivedStates.isOne(inner.path()));
        ReceivedStates.drop(to);
        return out;
    }

    /// Copies one with all within.
    static List<Inner> copyWhole(Path from, Path to) {
        return copy(from, to, _ -> true);
    }

    private static List<Inner> copy(Path from, Path to, Predicate<Inner> isWanted) {
        try (Fd source = PoolDirectories.openDirectory(from);
                Fd parent = PoolDirectories.openDirectory(parent(to))) {
            Subvolumes.snapshot(source, parent, to.getFileName().toString());
            List<Inner> all = within(source).stream().filter(isWanted).toList();
            List<Inner> copied = new ArrayList<>();
            try (Fd top = PoolDirectories.openDirectory(to)) {
                for (Inner inner : all) {
                    try (Fd subvolume = Subvolumes.open(source, inner.path())) {
                        plant(top, inner, subvolume);
                        copied.add(inner);
                    } catch (ErrnoException e) {
                        leaveOut(inner.path(), e);
                    }
                }
            }
            return copied;
        }
    }

    /// Puts a copy of a subvolume into another one, in the place of an empty directory or of
    /// nothing.
    ///
    /// @throws ErrnoException if there is something else, or no way to it
    static void plant(Fd top, Inner place, Fd subvolume) {
        try (Fd parent = Subvolumes.open(top, place.parent())) {
            try {
                Directories.rmdir(parent, place.name());
            } catch (ErrnoException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
            Subvolumes.snapshot(subvolume, parent, place.name());
        }
    }

    /// Lets those within be as they are said to be; what is not there is passed over.
    static void protect(Path top, List<Inner> inners) {
        try (Fd fd = PoolDirectories.openDirectory(top)) {
            // Nothing changes in one that cannot be written: those within it come first.
            for (Inner inner : inners.reversed()) {
                if (inner.isReadOnly()) {
                    setReadOnly(fd, inner, true);
                }
            }
        }
    }

    private static void setReadOnly(Fd top, Inner inner, boolean isReadOnly) {
        try (Fd subvolume = Subvolumes.open(top, inner.path())) {
            Subvolumes.setReadOnly(subvolume, isReadOnly);
        } catch (ErrnoException e) {
            leaveOut(inner.path(), e);
        }
    }

    /// Lets nothing in one, and in those within, be written any more.
    static void freeze(Path top) {
        try (Fd fd = PoolDirectories.openDirectory(top)) {
            within(fd).reversed().forEach(inner -> setReadOnly(fd, inner, true));
            Subvolumes.setReadOnly(fd, true);
        }
    }

    /// Deletes one with all within.
    ///
    /// @throws ErrnoException if something keeps it, like active swap; all of it can be written
    ///   then
    static void delete(Path top) {
        try (Fd parent = PoolDirectories.openDirectory(parent(top))) {
            try (Fd fd = PoolDirectories.openDirectory(top)) {
                List<Inner> inners = within(fd);
                Subvolumes.setReadOnly(fd, false);
                inners.forEach(inner -> setReadOnly(fd, inner, false));
                for (Inner inner : inners.reversed()) {
                    try (Fd folder = Subvolumes.open(fd, inner.parent())) {
                        Subvolumes.delete(folder, inner.name());
                    }
                }
            }
            Subvolumes.delete(parent, top.getFileName().toString());
        }
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent(), "the root directory is no volume");
    }
}
