package io.atoll.linux;

import java.nio.file.Path;

/// A lock on a directory among processes and among the threads of one; flock(2). It ends with its
/// holder, however that ends.
public final class DirectoryLock implements AutoCloseable {
    private static final int LOCK_EX = 2;

    private final Fd directory;

    private DirectoryLock(Fd directory) {
        this.directory = directory;
    }

    /// Waits for the lock; for work that is done at once, on a platform thread.
    ///
    /// @throws ErrnoException with `ENOENT` if there is no such directory
    public static DirectoryLock lock(Path path) {
        Fd directory = Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
        try {
            long unused = Syscalls.call(Sys.FLOCK, path, directory.number(), LOCK_EX);
            return new DirectoryLock(directory);
        } catch (RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    @Override
    public void close() {
        directory.close();
    }
}
