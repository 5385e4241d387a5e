package io.atoll.daemon.instance.files;

import io.atoll.base.IdmapEntry;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FileStat;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.TreeCopy;
import java.time.Instant;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/// An instance's files, as SFTP asks for them. Only by the thread that the root was opened for.
final class SftpTree {
    private static final int READ = 1;
    private static final int WRITE = 2;
    private static final int APPEND = 4;
    private static final int CREATE = 8;
    private static final int TRUNCATE = 16;
    private static final int EXCLUSIVE = 32;

    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;

    private final RootAccess root;
    private final GuestFiles files;

    SftpTree(RootAccess root) {
        this.root = root;
        this.files = root.files();
    }

    GuestFiles files() {
        return files;
    }

    RootAccess root() {
        return root;
    }

    /// Opens a regular file; others may act on being opened, or hang.
    ///
    /// @param flags SFTP's
    Fd open(String path, int flags, SftpAttributes wanted) {
        boolean creates = (flags & CREATE) != 0 && !files.exists(path);
        Fd file = files.open(path, kernelFlags(flags), wanted.mode().orElse(FILE_MODE));
        try {
            if (FileStat.of(file).type() != FileStat.Type.FILE) {
                throw new ErrnoException("open", Errno.EINVAL, path);
            }
            if ((flags & TRUNCATE) != 0) {
                FdIo.truncate(file, 0);
            }
            if (creates) {
                own(file, wanted, FILE_MODE);
            }
            return file;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static int kernelFlags(int flags) {
        boolean reads = (flags & READ) != 0;
        boolean writes = (flags & WRITE) != 0;
        int out = writes ? reads ? Fcntl.O_RDWR : Fcntl.O_WRONLY : Fcntl.O_RDONLY;
        out |= (flags & APPEND) != 0 ? Fcntl.O_APPEND : 0;
        out |= (flags & CREATE) != 0 ? Fcntl.O_CREAT : 0;
        out |= (flags & EXCLUSIVE) != 0 ? Fcntl.O_EXCL : 0;
        return out | Fcntl.O_NONBLOCK;
    }

    private void own(Fd file, SftpAttributes wanted, int mode) {
        Directories.chown(
                file,
                root.toHost(IdmapEntry.Kind.UID, wanted.uid().orElse(0)),
                root.toHost(IdmapEntry.Kind.GID, wanted.gid().orElse(0)));
        Directories.chmod(file, wanted.mode().orElse(mode));
    }

    /// Changes what a path leads to.
    void change(String path, SftpAttributes wanted) {
        if (wanted.size().isPresent()) {
            try (Fd file = open(path, WRITE, wanted)) {
                FdIo.truncate(file, wanted.size().getAsLong());
            }
        }
        change(
                wanted,
                (uid, gid) -> files.chown(path, uid, gid),
                mode -> files.chmod(path, mode),
                time -> files.setModified(path, time));
    }

    /// Changes an open file.
    void change(Fd file, SftpAttributes wanted) {
        if (wanted.size().isPresent()) {
            FdIo.truncate(file, wanted.size().getAsLong());
        }
        change(
                wanted,
                (uid, gid) -> Directories.chown(file, uid, gid),
                mode -> Directories.chmod(file, mode),
                time -> TreeCopy.setModified(file, time));
    }

    @FunctionalInterface
    private interface Chown {
        void to(long uid, long gid);
    }

    /// Owner first: a change of it clears set-id bits.
    private void change(
            SftpAttributes wanted, Chown chown, IntConsumer chmod, Consumer<Instant> modified) {
        if (wanted.uid().isPresent()) {
            chown.to(
                    root.toHost(IdmapEntry.Kind.UID, wanted.uid().getAsLong()),
                    root.toHost(IdmapEntry.Kind.GID, wanted.gid().orElse(0)));
        }
        wanted.mode().ifPresent(chmod);
        wanted.modified().ifPresent(modified);
    }

    void mkdir(String path, SftpAttributes wanted) {
        int mode = wanted.mode().orElse(DIRECTORY_MODE);
        files.mkdir(path, mode);
        files.chown(
                path,
                root.toHost(IdmapEntry.Kind.UID, wanted.uid().orElse(0)),
                root.toHost(IdmapEntry.Kind.GID, wanted.gid().orElse(0)));
        // Again, whatever our umask is.
        files.chmod(path, mode);
    }

    void symlink(String target, String path) {
        files.symlink(target, path);
        files.chown(path, root.toHost(IdmapEntry.Kind.UID, 0), root.toHost(IdmapEntry.Kind.GID, 0));
    }

    FileSystemStat fileSystem(String path) {
        try (Fd file = files.open(path, Fcntl.O_PATH, 0)) {
            return FileSystemStat.of(file);
        }
    }
}
