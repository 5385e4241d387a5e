package io.atoll.storage;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What is in a volume, for volumes of other pools whatever their drivers are.
public final class VolumeContent {
    private static final List<String> FILES = List.of("metadata.yaml", "backup.yaml");

    /// The templates of the image, and saved processes.
    private static final List<String> DIRECTORIES = List.of("templates", "state");

    private VolumeContent() {}

    /// Copies the files of a volume or snapshot, with what the daemon keeps beside them. The source
    /// must stay until the filler was called.
    public static Filler of(StorageDriver driver, VolumeRef source) {
        return new Copy(driver, source);
    }

    private record Copy(StorageDriver driver, VolumeRef source) implements Filler {
        @Override
        public void fill(Path directory, Path rootfs) throws IOException {
            copyFiles(driver.directory(source), directory);
            Optional<Path> disk = driver.disk(source);
            if (disk.isPresent()) {
                BlockDisk.copy(disk.get(), rootfs);
                return;
            }
            PlatformThreads.run(() -> {
                try (Fd from = driver.openRoot(source);
                        Fd to = PoolDirectories.openDirectory(rootfs)) {
                    long unused = TreeCopy.contents(from, to, _ -> true);
                } catch (ErrnoException e) {
                    throw PoolDirectories.storage("copy volume " + source + " to", rootfs, e);
                }
            });
        }

        @Override
        public long diskBytes() {
            return VolumeContent.diskBytes(driver, source);
        }

        @Override
        public Optional<Basis> basis() {
            return Optional.of(new Basis(driver, source, Optional.empty()));
        }
    }

    /// Writes a disk over another one that may be like it: what is there already stays.
    public static Filler update(StorageDriver driver, VolumeRef source) {
        return Filler.ofDisk(
                () -> diskBytes(driver, source),
                (_, disk) -> BlockDisk.update(driver.disk(source).orElseThrow(), disk));
    }

    /// Makes the disk of a volume, which is not in use, what a filler writes over it, larger if it
    /// has to be.
    public static void overwrite(StorageDriver driver, VolumeName volume, Filler content) {
        Path disk = driver.disk(volume.current()).orElseThrow();
        long bytes = content.diskBytes();
        if (bytes > BlockDisk.size(disk)) {
            driver.setQuota(volume, OptionalLong.of(bytes));
        }
        Path directory = driver.directory(volume.current());
        Path _ =
                PoolDirectories.io(
                        "write",
                        disk,
                        () -> {
                            content.fill(directory, driver.disk(volume.current()).orElseThrow());
                            return disk;
                        });
    }

    private static long diskBytes(StorageDriver driver, VolumeRef source) {
        return driver.disk(source).map(BlockDisk::size).orElse(0L);
    }

    private static void copyFiles(Path from, Path to) throws IOException {
        for (String name : FILES) {
            if (Files.isRegularFile(from.resolve(name))) {
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
        for (String name : DIRECTORIES) {
            if (Files.isDirectory(from.resolve(name))) {
                Path copy = Files.createDirectory(to.resolve(name));
                // Memory of processes is for root alone.
                Files.setPosixFilePermissions(
                        copy, Files.getPosixFilePermissions(from.resolve(name)));
                try (Fd source = PoolDirectories.openDirectory(from.resolve(name));
                        Fd target = PoolDirectories.openDirectory(copy)) {
                    long unused = TreeCopy.contents(source, target, _ -> true);
                }
            }
        }
    }
}
