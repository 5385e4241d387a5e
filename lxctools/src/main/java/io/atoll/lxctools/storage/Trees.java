package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.InodeFlags;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Swaps;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// Whole directories, made, copied and removed.
public final class Trees {
    private static final String LOST_FOUND = "lost+found";

    private Trees() {}

    /// Makes a directory and what is missing above it.
    public static void make(Path directory) {
        try {
            Path unused = Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + directory + ": " + e.getMessage(), e);
        }
    }

    /// Copies what a directory holds, with owners, modes and attributes, into an empty one.
    public static void copy(Path from, Path to) {
        PlatformThreads.run(() -> copyHere(from, to));
    }

    /// As [#copy] on this thread, which may have mounts of its own.
    static void copyHere(Path from, Path to) {
        try (Fd source = directory(from);
                Fd target = directory(to)) {
            // A fresh file system may have one, and what is in the old one is nobody's.
            boolean hasLostFound = Files.exists(to.resolve(LOST_FOUND));
            long unused =
                    TreeCopy.contents(
                            source, target, path -> !hasLostFound || !path.equals(LOST_FOUND));
        } catch (ErrnoException e) {
            throw new UnavailableException(
                    "cannot copy " + from + " to " + to + ": " + e.getMessage(), e);
        }
    }

    /// Removes a directory with all below it, also swap files that are active and files that are
    /// immutable. Missing is fine.
    public static void delete(Path directory) {
        Path parent = directory.getParent();
        Path name = directory.getFileName();
        if (parent == null || name == null || !Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        PlatformThreads.run(() -> delete(parent, name.toString()));
    }

    private static void delete(Path parent, String name) {
        try (Fd above = directory(parent)) {
            try {
                Inodes.deleteTree(above, name);
            } catch (ErrnoException first) {
                try (Fd top = Opens.openAt(above, name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                    int unused = Swaps.swapOffBelow(top) + InodeFlags.unlockBelow(top);
                }
                Inodes.deleteTree(above, name);
            }
        } catch (ErrnoException e) {
            throw new UnavailableException(
                    "cannot delete " + parent.resolve(name) + ": " + e.getMessage(), e);
        }
    }

    /// Opens a directory for reading.
    public static Fd directory(Path path) {
        return Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }
}
