package io.atoll.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// An ext4 of its own on a file, for tests that fill it. No blocks are kept for root, whose files
/// these are.
///
/// @param base a directory on the machine's own file system; goes with the disk
/// @param mount where it is mounted
public record SmallDisk(Path base, Path mount) implements AutoCloseable {
    /// Makes one and mounts it.
    ///
    /// @param marker part of the directory's name, for [Leaks]
    public static SmallDisk mount(String marker, long bytes) {
        try {
            Path base = Files.createTempDirectory(marker + "-");
            Path disk = base.resolve("disk");
            try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
                file.setLength(bytes);
            }
            Path mount = Files.createDirectory(base.resolve("mount"));
            Program.Output unused =
                    Program.of("mkfs.ext4").run("-q", "-F", "-m", "0", disk.toString()).ok();
            unused = Program.of("mount").run("-o", "loop", disk.toString(), mount.toString()).ok();
            return new SmallDisk(base, mount);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        Program.Output unused = Program.of("umount").run(mount.toString()).ok();
        unused = Program.of("rm").run("-r", base.toString()).ok();
    }
}
