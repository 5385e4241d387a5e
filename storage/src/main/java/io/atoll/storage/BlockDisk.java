package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.Opens;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/// The content of a block volume: a file with holes in the volume's directory, where others have
/// their root file system.
final class BlockDisk {
    static final String NAME = "root.img";

    /// Disks of other sizes trouble virtual machines.
    private static final long BOUNDARY = 8192;

    private BlockDisk() {}

    /// The size that a disk gets of which so many bytes are wanted.
    static long rounded(long bytes) {
        return Math.max(1, Math.ceilDiv(bytes, BOUNDARY)) * BOUNDARY;
    }

    /// Makes one, filled with zeros, mode 0600.
    static Path create(Path directory, long bytes) {
        Path disk = directory.resolve(NAME);
        int flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL;
        try (Fd file = Opens.open(disk.toString(), flags, 0600)) {
            FdIo.truncate(file, rounded(bytes));
        }
        return disk;
    }

    /// That of a volume's directory; empty if the volume holds files.
    static Optional<Path> of(Path directory) {
        Path disk = directory.resolve(NAME);
        return Files.isRegularFile(disk, LinkOption.NOFOLLOW_LINKS)
                ? Optional.of(disk)
                : Optional.empty();
    }

    /// Makes one larger.
    ///
    /// @throws InvalidConfigException in LXD's words if that would make it smaller
    static void grow(Path disk, long bytes) {
        long now = PoolDirectories.io("look at", disk, () -> Files.size(disk));
        if (rounded(bytes) < now) {
            throw new InvalidConfigException("Block volumes cannot be shrunk: Cannot be shrunk");
        }
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_WRONLY | Fcntl.O_NOFOLLOW, 0)) {
            FdIo.truncate(file, rounded(bytes));
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("enlarge", disk, e);
        }
    }

    /// Copies one over another, holes as holes; that takes its size.
    static void copy(Path from, Path to) throws IOException {
        long size = Files.size(from);
        int write = Fcntl.O_RDWR | Fcntl.O_NOFOLLOW | Fcntl.O_TRUNC;
        try (Fd source = Opens.open(from.toString(), Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW, 0);
                Fd target = Opens.open(to.toString(), write, 0)) {
            TreeCopy.copyData(source, target, size);
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("copy", from, e);
        }
    }
}
