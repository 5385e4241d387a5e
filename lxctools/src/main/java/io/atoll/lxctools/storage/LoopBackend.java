package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file with a file system in it, `rootdev`. Loop devices free themselves with their last user.
final class LoopBackend implements Backend {
    private static final String FILE = "rootdev";

    private final HostCommands commands;

    LoopBackend(HostCommands commands) {
        this.commands = commands;
    }

    @Override
    public String name() {
        return "loop";
    }

    @Override
    public boolean isUsable(Path directory) {
        return Files.exists(Path.of("/dev/loop-control"));
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        Path file = options.directory().orElseGet(place::directory).resolve(FILE);
        Trees.make(place.rootfs());
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(options.sizeBytes());
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + file + ": " + e.getMessage(), e);
        }
        FileSystems.make(commands, options.fsType(), file);
        return new LxcRootfs.Loop(file);
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        return FileSystems.mount(((LxcRootfs.Loop) rootfs).file(), true, place.rootfs(), () -> {});
    }

    @Override
    public void delete(LxcRootfs rootfs) {
        try {
            boolean unused = Files.deleteIfExists(((LxcRootfs.Loop) rootfs).file());
        } catch (IOException e) {
            throw new UnavailableException("cannot delete: " + e.getMessage(), e);
        }
    }
}
