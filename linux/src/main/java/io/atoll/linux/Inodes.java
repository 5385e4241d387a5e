package io.atoll.linux;

/// Work on whole trees of inodes that someone hostile may change meanwhile. Only directory
/// descriptors and single names are used, links are never followed and mount points never entered.
public final class Inodes {
    /// Deepest nesting that is walked. Deeper trees are cut into pieces first, see [#deleteTree].
    static final int DEPTH_MAX = 128;

    private Inodes() {}

    /// Removes `name` in `parent` with all below it. Missing is fine, also where somebody else
    /// removes the same tree at the same time. A name that is made while this runs is removed too,
    /// or answers `ENOTEMPTY`.
    ///
    /// @throws ErrnoException with `EBUSY` if something below is a mount point
    public static void deleteTree(Fd parent, String name) {
        try {
            Directories.unlink(parent, name);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return;
            }
            // Only a directory is worth a second look; Linux says EISDIR, some file systems EPERM.
            if (!e.is(Errno.EISDIR, Errno.EPERM) || isOther(parent, name)) {
                throw e;
            }
            deleteTop(parent, name);
        }
    }

    /// True if it is there and no directory.
    private static boolean isOther(Fd parent, String name) {
        try {
            return !FileStat.of(parent, name).isDirectory();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            throw e;
        }
    }

    private static void deleteTop(Fd parent, String name) {
        try (Fd top = openDirectory(parent, name)) {
            deleteContents(top, top, 0);
        } catch (ErrnoException e) {
            // A directory that was removed meanwhile cannot be opened or listed.
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        rmdir(parent, name);
    }

    /// Removes all that a directory holds, but not the directory.
    ///
    /// @param directory open for reading
    public static void deleteContents(Fd directory) {
        deleteContents(directory, directory, 0);
    }

    private static void deleteDirectory(Fd parent, String name, Fd top, int depth) {
        try (Fd directory = openDirectory(parent, name)) {
            deleteContents(directory, top, depth);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        rmdir(parent, name);
    }

    private static void rmdir(Fd parent, String name) {
        try {
            Directories.rmdir(parent, name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private static void deleteContents(Fd directory, Fd top, int depth) {
        // A listing may miss names that appear meanwhile; a few rounds are enough against
        // accidents, and against
        // malice rmdir's ENOTEMPTY is the honest answer.
        for (int round = 0; round < 3; round++) {
            var entries = Directories.list(directory);
            if (entries.isEmpty()) {
                return;
            }
            for (Directories.Entry entry : entries) {
                deleteEntry(directory, entry, top, depth);
            }
        }
    }

    private static void deleteEntry(Fd directory, Directories.Entry entry, Fd top, int depth) {
        if (!entry.isDirectory()) {
            try {
                Directories.unlink(directory, entry.name());
                return;
            } catch (ErrnoException e) {
                if (e.is(Errno.ENOENT)) {
                    return;
                }
                if (!e.is(Errno.EISDIR)) {
                    throw e;
                }
            }
        }
        if (depth < DEPTH_MAX) {
            deleteDirectory(directory, entry.name(), top, depth + 1);
            return;
        }
        // One descriptor and one frame per level: a tree made to be endless is lifted up to the top
        // and begun anew.
        String lifted;
        try {
            lifted = ".atoll-deep-" + FileStat.of(directory, entry.name()).inode();
            Directories.rename(directory, entry.name(), top, lifted, false);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            return;
        }
        deleteDirectory(top, lifted, top, 0);
    }

    private static Fd openDirectory(Fd parent, String name) {
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
        try {
            return Opens.openAt2(
                    parent, name, flags, 0, Opens.RESOLVE_NO_XDEV | Opens.RESOLVE_NO_SYMLINKS);
        } catch (ErrnoException e) {
            if (e.is(Errno.EXDEV)) {
                throw new ErrnoException("rmdir", Errno.EBUSY, Directories.what(parent, name));
            }
            throw e;
        }
    }
}
