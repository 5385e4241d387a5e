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

/// What is in a volume, for volumes of other pools whatever their drivers are.
public final class VolumeContent {
    private static final List<String> FILES = List.of("metadata.yaml", "backup.yaml");

    /// The templates of the image, and saved processes.
    private static final List<String> DIRECTORIES = List.of("templates", "state");

    private VolumeContent() {}

    /// Copies the files of a volume or snapshot, with what the daemon keeps beside them. The source
    /// must stay until the filler was called.
    public static Filler of(StorageDriver driver, VolumeRef source) {
        return Filler.ofDisk(
                () -> driver.disk(source).map(BlockDisk::size).orElse(0L),
                (directory, rootfs) -> {
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
                            throw PoolDirectories.storage(
                                    "copy volume " + source + " to", rootfs, e);
                        }
                    });
                });
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
