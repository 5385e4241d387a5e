package io.atoll.lxctools.storage;

import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Logical volumes, thin ones where a pool is named; lvcreate(8).
final class LvmBackend implements Backend {
    private final HostCommands commands;
    private final StorageOptions defaults;

    LvmBackend(HostCommands commands, StorageOptions defaults) {
        this.commands = commands;
        this.defaults = defaults;
    }

    @Override
    public String name() {
        return "lvm";
    }

    @Override
    public boolean isUsable(Path directory) {
        return commands.has("lvcreate")
                && java.nio.file.Files.isDirectory(Path.of("/dev", defaults.volumeGroup()));
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        String name = options.logicalVolume().isEmpty() ? place.name() : options.logicalVolume();
        List<String> argv = new ArrayList<>(List.of("lvcreate", "--yes", "--wipesignatures", "y"));
        if (options.thinPool().isEmpty()) {
            argv.addAll(List.of("--size", options.sizeBytes() + "b"));
        } else {
            argv.addAll(List.of("--thinpool", options.thinPool()));
            argv.addAll(List.of("--virtualsize", options.sizeBytes() + "b"));
        }
        argv.addAll(List.of("--name", name, options.volumeGroup()));
        String unused = commands.run(argv.toArray(String[]::new));
        Path device = Path.of("/dev", options.volumeGroup(), name);
        Trees.make(place.rootfs());
        try {
            FileSystems.make(commands, options.fsType(), device);
        } catch (RuntimeException e) {
            delete(new LxcRootfs.Device(device));
            throw e;
        }
        return new LxcRootfs.Device(device);
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        return FileSystems.mount(
                ((LxcRootfs.Device) rootfs).path(), false, place.rootfs(), () -> {});
    }

    @Override
    public void delete(LxcRootfs rootfs) {
        String unused =
                commands.run("lvremove", "--force", ((LxcRootfs.Device) rootfs).path().toString());
    }

    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        Path origin = ((LxcRootfs.Device) source).path();
        String pool =
                commands.run("lvs", "--noheadings", "--options", "pool_lv", origin.toString())
                        .strip();
        List<String> argv = new ArrayList<>(List.of("lvcreate", "--snapshot"));
        if (pool.isEmpty()) {
            // An old kind of snapshot needs room for all that may change.
            argv.addAll(List.of("--extents", "100%ORIGIN"));
        } else {
            argv.addAll(List.of("--setactivationskip", "n"));
        }
        argv.addAll(List.of("--name", place.name(), origin.toString()));
        String unused = commands.run(argv.toArray(String[]::new));
        return new LxcRootfs.Device(origin.resolveSibling(place.name()));
    }

    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
