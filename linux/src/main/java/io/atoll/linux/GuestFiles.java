package io.atoll.linux;

import java.time.Instant;
import java.util.List;

/// Files below a root directory that someone else controls: a container may have placed any
/// symbolic link anywhere and may change it at any moment. Every path is resolved by the kernel
/// with the root as `/` and without magic links (openat2(2) `RESOLVE_IN_ROOT |
/// RESOLVE_NO_MAGICLINKS`), and then used only through descriptors, so that nothing can be swapped
/// between check and use.
///
/// Nothing is changed in `/proc`, `/sys` and their like: there the kernel asks who *we* are, not
/// whose mount it is, and a link to `/proc/sys` would let a guest have the host's settings written
/// by the host's root.
///
/// Paths are as the container sees them; a leading slash means the root. The root descriptor stays
/// the caller's.
public final class GuestFiles {
    /// The bits of the flags that say whether it is read or written; open(2).
    private static final int ACCESS = 3;

    private static final int RESOLVE = Opens.RESOLVE_IN_ROOT | Opens.RESOLVE_NO_MAGICLINKS;

    private final Fd root;
    private final int resolve;

    /// @param root a directory, opened for reading or with `O_PATH`
    public GuestFiles(Fd root) {
        this(root, RESOLVE);
    }

    private GuestFiles(Fd root, int resolve) {
        this.root = root;
        this.resolve = resolve;
    }

    /// Those in the root's own mount: a path that leads into what is mounted below it is refused
    /// with `EXDEV`.
    public static GuestFiles ofOneMount(Fd root) {
        return new GuestFiles(root, RESOLVE | Opens.RESOLVE_NO_XDEV);
    }

    /// Opens a path. `O_NOCTTY` is added; add `O_NONBLOCK` where a fifo or device may wait, and
    /// look at the type before reading: the guest decides what it is.
    ///
    /// @param flags of [Fcntl]; with `O_NOFOLLOW` the last link is not followed
    /// @throws ErrnoException with `EACCES` if it is to be written and is the kernel's, as in
    ///   `/proc`
    public Fd open(String path, int flags, int mode) {
        // openat2(2) refuses flags that mean nothing, as this one does with O_PATH.
        boolean isPath = (flags & Fcntl.O_PATH) != 0;
        int noTerminal = isPath ? 0 : Fcntl.O_NOCTTY;
        Fd file =
                Opens.openAt2(root, path.isEmpty() ? "/" : path, flags | noTerminal, mode, resolve);
        if (!isPath && (flags & ACCESS) != Fcntl.O_RDONLY) {
            requireStorage(file);
        }
        return file;
    }

    /// @throws ErrnoException with `EACCES` if what was opened is the kernel's; it is closed then
    private static void requireStorage(Fd file) {
        if (FileSystemStat.of(file).isKernels()) {
            String what = file.what();
            file.close();
            throw new ErrnoException("open", Errno.EACCES, what);
        }
    }

    /// Of what a path leads to, after all links.
    public FileStat stat(String path) {
        try (Fd file = open(path, Fcntl.O_PATH, 0)) {
            return FileStat.of(file);
        }
    }

    /// Of a path; a symbolic link at its end is described itself.
    public FileStat lstat(String path) {
        try (Fd file = open(path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            return FileStat.of(file);
        }
    }

    /// True if the path leads somewhere, after all links.
    public boolean exists(String path) {
        try (Fd file = open(path, Fcntl.O_PATH, 0)) {
            return file.isOpen();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP)) {
                return false;
            }
            throw e;
        }
    }

    /// The entries of a directory.
    public List<Directories.Entry> list(String path) {
        try (Fd directory = open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            return Directories.list(directory);
        }
    }

    /// What a symbolic link says; it is not followed.
    public String readlink(String path) {
        try (Fd link = open(path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            return Directories.readlink(link);
        }
    }

    /// All of a regular file.
    ///
    /// @throws ErrnoException with `EFBIG` beyond `bytesMax`, `EINVAL` if it is not a regular file
    public byte[] read(String path, int bytesMax) {
        try (Fd file = open(path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0)) {
            requireFile(file);
            return FdIo.readAll(file, bytesMax);
        }
    }

    /// Writes a regular file, made with `mode` if it is missing, else emptied first.
    ///
    /// @throws ErrnoException with `EINVAL` if there is something that is not a regular file
    public void write(String path, byte[] content, int mode) {
        // Truncated after the check: O_TRUNC on a device or fifo would already act.
        try (Fd file = open(path, Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_NONBLOCK, mode)) {
            requireFile(file);
            FdIo.truncate(file, 0);
            FdIo.write(file, content);
        }
    }

    private static void requireFile(Fd file) {
        if (FileStat.of(file).type() != FileStat.Type.FILE) {
            throw new ErrnoException("open", Errno.EINVAL, file.what());
        }
    }

    /// Makes a directory; its parent must exist.
    public void mkdir(String path, int mode) {
        atParent(path, (parent, name) -> Directories.mkdir(parent, name, mode));
    }

    /// Makes a directory and its missing parents, all with `mode` and owner. What exists is left as
    /// it is.
    ///
    /// @param uid owner of what is made, -1 for the caller
    public void mkdirs(String path, int mode, long uid, long gid) {
        StringBuilder done = new StringBuilder();
        for (String part : path.split("/")) {
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            done.append('/').append(part);
            String prefix = done.toString();
            if (part.equals("..") || exists(prefix)) {
                continue;
            }
            mkdir(prefix, mode);
            if (uid >= 0 || gid >= 0) {
                chown(prefix, uid, gid);
            }
        }
    }

    /// Makes a symbolic link at `path` that says `target`, which is not looked at.
    public void symlink(String target, String path) {
        atParent(path, (parent, name) -> Directories.symlink(target, parent, name));
    }

    /// Makes a node; mknod(2).
    public void mknod(String path, FileStat.Type type, int mode, long rdev) {
        atParent(path, (parent, name) -> Directories.mknod(parent, name, type, mode, rdev));
    }

    /// Removes a name that is not a directory.
    public void unlink(String path) {
        atParent(path, Directories::unlink);
    }

    /// Removes an empty directory.
    public void rmdir(String path) {
        atParent(path, Directories::rmdir);
    }

    /// Removes a file, or a directory with all it holds, without following links or entering
    /// mounts.
    public void deleteTree(String path) {
        atParent(path, Inodes::deleteTree);
    }

    /// Renames; an existing target is replaced.
    public void rename(String from, String to) {
        rename(from, to, true);
    }

    /// Renames.
    ///
    /// @param replace whether an existing target is replaced; else it is `EEXIST`
    public void rename(String from, String to, boolean replace) {
        atParents(
                from,
                to,
                (fromParent, fromName, toParent, toName) ->
                        Directories.rename(fromParent, fromName, toParent, toName, replace));
    }

    /// Gives a file another name; a symbolic link at the end of `from` is linked itself.
    public void link(String from, String to) {
        atParents(from, to, TreeCopy::link);
    }

    /// Changes owner and group; a symbolic link's own. -1 leaves one as it is.
    public void chown(String path, long uid, long gid) {
        try (Fd file = open(path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            requireStorage(file);
            Directories.chown(file, uid, gid);
        }
    }

    /// Changes the mode of what a path leads to, after all links.
    public void chmod(String path, int mode) {
        try (Fd file = open(path, Fcntl.O_PATH, 0)) {
            requireStorage(file);
            Directories.chmod(file, mode);
        }
    }

    /// Sets when a file was changed last; a symbolic link's own.
    public void setModified(String path, Instant time) {
        try (Fd file = open(path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            requireStorage(file);
            TreeCopy.setModified(file, time);
        }
    }

    @FunctionalInterface
    private interface EntryAction {
        void run(Fd parent, String name);
    }

    @FunctionalInterface
    private interface TwoEntriesAction {
        void run(Fd fromParent, String fromName, Fd toParent, String toName);
    }

    private void atParents(String from, String to, TwoEntriesAction action) {
        atParent(
                from,
                (fromParent, fromName) ->
                        atParent(
                                to,
                                (toParent, toName) ->
                                        action.run(fromParent, fromName, toParent, toName)));
    }

    private void atParent(String path, EntryAction action) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        int slash = path.lastIndexOf('/', end - 1);
        String name = path.substring(slash + 1, end);
        if (name.isEmpty() || name.equals(".") || name.equals("..")) {
            throw new ErrnoException("openat2", Errno.EINVAL, root.what() + ":" + path);
        }
        String parentPath = slash <= 0 ? "/" : path.substring(0, slash);
        try (Fd parent = open(parentPath, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            requireStorage(parent);
            action.run(parent, name);
        }
    }
}
