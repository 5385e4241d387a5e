package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.FileSystemStat;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Files;
import java.nio.file.Path;

/// Subvolumes of a btrfs file system; a copy is a snapshot that owns itself.
final class BtrfsBackend implements Backend {
    private static final long MAGIC = 0x9123683EL;

    private final HostCommands commands;

    BtrfsBackend(HostCommands commands) {
        this.commands = commands;
    }

    @Override
    public String name() {
        return "btrfs";
    }

    @Override
    public boolean isUsable(Path directory) {
        return commands.has("btrfs") && isOnBtrfs(directory);
    }

    private static boolean isOnBtrfs(Path directory) {
        Path existing = directory;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing != null && FileSystemStat.of(existing.toString()).magic() == MAGIC;
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        Path path = options.directory().orElseGet(place::rootfs);
        if (!isOnBtrfs(path)) {
            throw new UnsupportedException(path + " is not on a btrfs file system");
        }
        String unused = commands.run("btrfs", "subvolume", "create", path.toString());
        return new LxcRootfs.Directory("btrfs", path);
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        return RootfsView.plain(((LxcRootfs.Directory) rootfs).path());
    }

    /// A subvolume with others inside, which the container made, is removed as a tree.
    @Override
    public void delete(LxcRootfs rootfs) {
        Path path = ((LxcRootfs.Directory) rootfs).path();
        if (!Files.isDirectory(path)) {
            return;
        }
        try {
            String unused = commands.run("btrfs", "subvolume", "delete", path.toString());
        } catch (UnavailableException _) {
            Trees.delete(path);
        }
    }

    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        Path from = ((LxcRootfs.Directory) source).path();
        String unused =
                commands.run(
                        "btrfs",
                        "subvolume",
                        "snapshot",
                        from.toString(),
                        place.rootfs().toString());
        return new LxcRootfs.Directory("btrfs", place.rootfs());
    }
}
