package io.atoll.linux.cgroup;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileHandles;
import io.atoll.linux.FileStat;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import java.util.Optional;

/// Cgroups of version 2 that somebody else has open, found again in our own view of the tree: a
/// path of theirs means nothing here, and may show what it likes.
public final class CgroupById {
    private static final long CGROUP2 = 0x63677270L;

    private CgroupById() {}

    /// The same directory below a cgroup of ours.
    ///
    /// @param theirs may be any file at all; only looked at
    /// @param top absolute path of a cgroup
    /// @return empty unless it is a cgroup of version 2 below `top`, not `top` itself
    public static Optional<Fd> below(Fd theirs, String top) {
        if ((FileSystemStat.of(theirs).magic() & 0xffff_ffffL) != CGROUP2) {
            return Optional.empty();
        }
        // The number of a file in this file system is what the kernel finds it by.
        FileStat stat = FileStat.of(theirs);
        try (Fd tree = Opens.open(top, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            if (FileStat.of(tree).device() != stat.device()) {
                return Optional.empty();
            }
            Fd found = FileHandles.openKernelFile(tree, stat.inode());
            if (ProcFiles.readLink(found.procPath()).startsWith(top + "/")) {
                return Optional.of(found);
            }
            found.close();
            return Optional.empty();
        } catch (ErrnoException e) {
            if (e.is(Errno.ESTALE) || e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
