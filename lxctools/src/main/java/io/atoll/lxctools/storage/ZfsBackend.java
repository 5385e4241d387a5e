package io.atoll.lxctools.storage;

import io.atoll.base.UnavailableException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;

/// Data sets below one root, each mounted where its container is; zfs(8).
final class ZfsBackend implements Backend {
    private final HostCommands commands;
    private final StorageOptions defaults;

    ZfsBackend(HostCommands commands, StorageOptions defaults) {
        this.commands = commands;
        this.defaults = defaults;
    }

    @Override
    public String name() {
        return "zfs";
    }

    @Override
    public boolean isUsable(Path directory) {
        if (!commands.has("zfs")) {
            return false;
        }
        try {
            return !commands.run("zfs", "list", "-H", "-o", "name", defaults.zfsRoot()).isBlank();
        } catch (UnavailableException _) {
            return false;
        }
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        String dataset = options.zfsRoot() + "/" + place.name();
        String unused =
                commands.run("zfs", "create", "-o", "mountpoint=" + place.rootfs(), dataset);
        return new LxcRootfs.Zfs(dataset);
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        String at =
                commands.run(
                                "zfs",
                                "get",
                                "-H",
                                "-o",
                                "value",
                                "mountpoint",
                                ((LxcRootfs.Zfs) rootfs).dataset())
                        .strip();
        return RootfsView.plain(Path.of(at));
    }

    /// A clone's snapshot was made for it alone and goes with it.
    @Override
    public void delete(LxcRootfs rootfs) {
        String dataset = ((LxcRootfs.Zfs) rootfs).dataset();
        String origin = commands.run("zfs", "get", "-H", "-o", "value", "origin", dataset).strip();
        String unused = commands.run("zfs", "destroy", "-r", dataset);
        if (origin.endsWith("@" + dataset.substring(dataset.lastIndexOf('/') + 1))) {
            unused = commands.run("zfs", "destroy", origin);
        }
    }

    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        String from = ((LxcRootfs.Zfs) source).dataset();
        int slash = from.lastIndexOf('/');
        String to =
                (slash < 0 ? defaults.zfsRoot() : from.substring(0, slash)) + "/" + place.name();
        String snapshot = from + "@" + place.name();
        String unused = commands.run("zfs", "snapshot", snapshot);
        try {
            unused =
                    commands.run(
                            "zfs", "clone", "-o", "mountpoint=" + place.rootfs(), snapshot, to);
        } catch (RuntimeException e) {
            unused = commands.run("zfs", "destroy", snapshot);
            throw e;
        }
        return new LxcRootfs.Zfs(to);
    }

    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
