package io.atoll.lxctools.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Plain directories.
final class DirBackend implements Backend {
    @Override
    public String name() {
        return "dir";
    }

    @Override
    public boolean isUsable(Path directory) {
        return true;
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        Path path = options.directory().orElseGet(place::rootfs);
        if (!path.isAbsolute()) {
            throw new InvalidConfigException("--dir is not absolute: " + path);
        }
        if (isFilled(path)) {
            throw new AlreadyExistsException(path + " is there already and not empty");
        }
        Trees.make(path);
        return new LxcRootfs.Directory("dir", path);
    }

    private static boolean isFilled(Path path) {
        if (!Files.isDirectory(path)) {
            return Files.exists(path);
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.findAny().isPresent();
        } catch (IOException e) {
            throw new UnavailableException("cannot list " + path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        return RootfsView.plain(((LxcRootfs.Directory) rootfs).path());
    }

    @Override
    public void delete(LxcRootfs rootfs) {
        Trees.delete(((LxcRootfs.Directory) rootfs).path());
    }

    /// Its files become the lower layer of an overlay.
    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        return OverlayBackend.above(((LxcRootfs.Directory) source).path(), place);
    }

    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
