package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.DiskContent;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FdStreams;
import io.atoll.linux.FileStat;
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
        if (rounded(bytes) < size(disk)) {
            throw shrinking();
        }
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_WRONLY | Fcntl.O_NOFOLLOW, 0)) {
            FdIo.truncate(file, rounded(bytes));
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("enlarge", disk, e);
        }
    }

    static InvalidConfigException shrinking() {
        return new InvalidConfigException("Block volumes cannot be shrunk: Cannot be shrunk");
    }

    /// The size of a disk, a file or a device.
    static long size(Path disk) {
        try (Fd fd = Opens.open(disk.toString(), Fcntl.O_RDONLY, 0)) {
            return DiskContent.size(fd);
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("look at", disk, e);
        }
    }

    /// Makes one like another by writing what differs; a file takes its size. Data is shared where
    /// the file system can.
    static void update(Path from, Path to) throws IOException {
        try (Fd source = Opens.open(from.toString(), Fcntl.O_RDONLY, 0);
                Fd target = Opens.open(to.toString(), Fcntl.O_RDWR, 0)) {
            long size = DiskContent.size(source);
            if (areFiles(source, target) && TreeCopy.share(source, target)) {
                FdIo.truncate(target, size);
                FdIo.sync(target);
            } else {
                long _ = DiskContent.update(FdStreams.input(source), target);
            }
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("update", to, e);
        }
    }

    private static boolean areFiles(Fd source, Fd target) {
        return FileStat.of(source).type() == FileStat.Type.FILE
                && FileStat.of(target).type() == FileStat.Type.FILE;
    }

    /// Copies one over another, holes as holes; a file takes its size.
    static void copy(Path from, Path to) throws IOException {
        try (Fd source = Opens.open(from.toString(), Fcntl.O_RDONLY, 0);
                Fd target = Opens.open(to.toString(), Fcntl.O_RDWR, 0)) {
            if (areFiles(source, target)) {
                FdIo.truncate(target, 0);
                TreeCopy.copyData(source, target, DiskContent.size(source));
            } else {
                DiskContent.write(FdStreams.input(source), target);
            }
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("copy", from, e);
        }
    }
}
