package io.atoll.lxctools.storage;

import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import java.nio.file.Path;

/// The files of a root file system as a directory, until it is closed.
public final class RootfsView implements AutoCloseable {
    private final Path path;
    private final Runnable release;

    private RootfsView(Path path, Runnable release) {
        this.path = path;
        this.release = release;
    }

    /// A directory that is there anyway.
    static RootfsView plain(Path path) {
        return new RootfsView(path, () -> {});
    }

    /// A mount, which this takes over, on a directory.
    static RootfsView mounted(Fd mount, Path path, Runnable afterwards) {
        try (mount) {
            Mounts.move(mount, path.toString());
        }
        return new RootfsView(
                path,
                () -> {
                    Mounts.umount(path.toString(), false);
                    afterwards.run();
                });
    }

    /// The directory.
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        release.run();
    }
}
