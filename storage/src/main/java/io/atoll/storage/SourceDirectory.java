package io.atoll.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A directory: the pool's own path, or another that appears there.
final class SourceDirectory implements PoolGround {
    private final PoolSpec pool;

    SourceDirectory(PoolSpec pool) {
        this.pool = pool;
    }

    private Path source() {
        Path source = pool.get("source").map(Path::of).orElse(pool.path());
        if (!source.isAbsolute()) {
            throw new InvalidConfigException("Source path \"" + source + "\" is not absolute");
        }
        return source.normalize();
    }

    @Override
    public Map<String, String> create() {
        Path source = source();
        return PoolDirectories.io(
                "create pool in",
                source,
                () -> {
                    if (source.equals(pool.path())) {
                        Path _ = Files.createDirectories(source);
                    } else if (!Files.isDirectory(source)) {
                        throw new InvalidConfigException(
                                "Source path \"" + source + "\" is not a directory");
                    }
                    checkEmpty(source);
                    Map<String, String> config = new TreeMap<>(pool.config());
                    config.put("source", source.toString());
                    return config;
                });
    }

    private static void checkEmpty(Path source) throws IOException {
        try (Stream<Path> entries = Files.list(source)) {
            // What a new file system brings along does not count.
            if (entries.anyMatch(e -> !e.getFileName().toString().equals("lost+found"))) {
                throw new InvalidConfigException("Source path \"" + source + "\" isn't empty");
            }
        }
    }

    @Override
    public void mount() {
        if (source().equals(pool.path()) || isMounted()) {
            return;
        }
        Path _ =
                PoolDirectories.io(
                        "mount", pool.path(), () -> Files.createDirectories(pool.path()));
        PlatformThreads.run(this::bind);
    }

    private void bind() {
        try (Fd tree = Mounts.cloneTree(source().toString(), false)) {
            Mounts.move(tree, pool.path().toString());
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("mount", source(), e);
        }
    }

    private boolean isMounted() {
        return Files.isDirectory(pool.path()) && Mounts.isMountPoint(pool.path().toString());
    }

    @Override
    public boolean unmount() {
        boolean isBound = !source().equals(pool.path()) && isMounted();
        if (isBound) {
            PlatformThreads.run(() -> Mounts.umount(pool.path().toString(), true));
        }
        return isBound;
    }

    @Override
    public void delete() {}
}
