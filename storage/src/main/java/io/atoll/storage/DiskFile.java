package io.atoll.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.FileSystemStat;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// The file that a pool of a volume manager lies in if its owner names no device: beside all pools,
/// `disks/NAME.img`.
final class DiskFile {
    private static final long SIZE_MIN = 256L << 20;
    private static final long DEFAULT_MIN = 5L << 30;
    private static final long DEFAULT_MAX = 30L << 30;

    private final PoolSpec pool;

    DiskFile(PoolSpec pool) {
        this.pool = pool;
    }

    Path path() {
        Path pools = Optional.ofNullable(pool.path().getParent()).orElse(pool.path());
        return pools.resolveSibling("disks").resolve(pool.name() + ".img");
    }

    /// Whether a pool with these keys lies in it.
    boolean isOwn(Map<String, String> config) {
        return path().toString().equals(config.get("source"));
    }

    /// Makes it and records how large it is.
    Path create(Map<String, String> config) {
        return PoolDirectories.io(
                "create",
                path(),
                () -> {
                    Path folder = Optional.ofNullable(path().getParent()).orElse(path());
                    Path _ = Files.createDirectories(folder);
                    long size = size(folder);
                    if (Files.exists(path())) {
                        throw new InvalidConfigException("There is a file " + path() + " already");
                    }
                    try (RandomAccessFile disk = new RandomAccessFile(path().toFile(), "rw")) {
                        disk.setLength(size);
                    } catch (IOException e) {
                        // More than the file system has numbers for.
                        Files.deleteIfExists(path());
                        throw e;
                    }
                    config.putIfAbsent("size", size + "B");
                    config.put("source", path().toString());
                    return path();
                });
    }

    /// As given, else a fifth of what is free there, within bounds.
    private long size(Path folder) throws IOException {
        Optional<String> given = pool.get("size");
        if (given.isEmpty()) {
            long free = FileSystemStat.of(folder.toString()).freeBytes();
            return Math.clamp(free / 5, DEFAULT_MIN, DEFAULT_MAX);
        }
        long size = ByteSize.parse(given.get()).bytes();
        if (size < SIZE_MIN) {
            throw new InvalidConfigException("Invalid value for option \"size\": at least 256MiB");
        }
        return size;
    }

    /// A device that the owner names.
    Path device(String source) {
        Path device = Path.of(source).normalize();
        if (!device.startsWith("/dev") || !Files.exists(device)) {
            throw new InvalidConfigException(
                    "Invalid value for option \"source\": \"" + source + "\" is no device");
        }
        if (pool.get("size").isPresent()) {
            throw new InvalidConfigException(
                    "Invalid option for this driver: \"size\" is for pools in a file of their own");
        }
        return device;
    }

    /// Deletes it if it is the pool's.
    void delete(Map<String, String> config) {
        if (isOwn(config)) {
            boolean _ = PoolDirectories.io("delete", path(), () -> Files.deleteIfExists(path()));
        }
    }
}
