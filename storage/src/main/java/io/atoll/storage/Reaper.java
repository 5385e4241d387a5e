package io.atoll.storage;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.InodeFlags;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.linux.Swaps;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Deletes trees in the background, one after the other, on a thread that ends when there is
/// nothing to do.
final class Reaper {
    private static final System.Logger LOG = System.getLogger(Reaper.class.getName());

    private final Path directory;
    private final Trees trees;
    private final ThreadPoolExecutor thread;

    /// @param directory where the doomed trees are
    Reaper(Path directory, Trees trees) {
        this.directory = directory;
        this.trees = trees;
        this.thread =
                new ThreadPoolExecutor(
                        1,
                        1,
                        1,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().daemon().name("storage-reaper").factory());
        thread.allowCoreThreadTimeOut(true);
    }

    void reap(String name) {
        thread.execute(() -> {
            try {
                delete(name);
            } catch (RuntimeException e) {
                // It stays where it is and is tried again at the next start.
                LOG.log(
                        System.Logger.Level.WARNING,
                        "cannot delete path=" + directory.resolve(name),
                        e);
            }
        });
    }

    /// Waits for all trees given so far.
    void await() {
        try {
            thread.submit(() -> {}).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing was done and failed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("Interrupted while waiting for deletions", e);
        }
    }

    private void delete(String name) {
        if (trees.deleteAtOnce(directory.resolve(name))) {
            return;
        }
        try (Fd parent = PoolDirectories.openDirectory(directory)) {
            try {
                Inodes.deleteTree(parent, name);
            } catch (ErrnoException e) {
                if (!e.is(Errno.EPERM, Errno.ETXTBSY, Errno.EBUSY)) {
                    throw e;
                }
                free(parent, name);
                Inodes.deleteTree(parent, name);
            }
        }
    }

    /// What the owner of a container can do against deletion: swap on a file, forbid changes of it.
    private static void free(Fd parent, String name) {
        try (Fd top =
                Opens.openAt(
                        parent, name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW, 0)) {
            int ended = Swaps.swapOffBelow(top);
            int freed = InodeFlags.unlockBelow(top);
            LOG.log(
                    System.Logger.Level.INFO,
                    "freed a tree for deletion swaps=" + ended + " immutable=" + freed);
        }
    }
}
