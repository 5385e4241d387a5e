package io.atoll.lxctools.storage;

import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Images of a Ceph pool; rbd(8).
final class RbdBackend implements Backend {
    private static final Pattern PARENT = Pattern.compile("(?m)^\\s*parent: (\\S+)$");

    private final HostCommands commands;
    private final StorageOptions defaults;

    RbdBackend(HostCommands commands, StorageOptions defaults) {
        this.commands = commands;
        this.defaults = defaults;
    }

    @Override
    public String name() {
        return "rbd";
    }

    @Override
    public boolean isUsable(Path directory) {
        return commands.has("rbd");
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        String image =
                options.rbdPool()
                        + "/"
                        + (options.rbdName().isEmpty() ? place.name() : options.rbdName());
        long mebibytes = (options.sizeBytes() + (1L << 20) - 1) >> 20;
        String unused = commands.run("rbd", "create", "--size", mebibytes + "M", image);
        LxcRootfs.Rbd made = new LxcRootfs.Rbd(image);
        Trees.make(place.rootfs());
        try {
            String device = commands.run("rbd", "map", image).strip();
            try {
                FileSystems.make(commands, options.fsType(), Path.of(device));
            } finally {
                String ignored = commands.run("rbd", "unmap", device);
            }
        } catch (RuntimeException e) {
            delete(made);
            throw e;
        }
        return made;
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        String device = commands.run("rbd", "map", ((LxcRootfs.Rbd) rootfs).image()).strip();
        return FileSystems.mount(
                Path.of(device),
                false,
                place.rootfs(),
                () -> {
                    String unused = commands.run("rbd", "unmap", device);
                });
    }

    /// A clone's snapshot was made for it alone and goes with it.
    @Override
    public void delete(LxcRootfs rootfs) {
        String image = ((LxcRootfs.Rbd) rootfs).image();
        String info = commands.run("rbd", "info", image);
        String unused = commands.run("rbd", "rm", image);
        Matcher parent = PARENT.matcher(info);
        String own = "@" + image.substring(image.lastIndexOf('/') + 1);
        if (parent.find() && parent.group(1).endsWith(own)) {
            forget(parent.group(1), true);
        }
    }

    private void forget(String snapshot, boolean isProtected) {
        if (isProtected) {
            String unused = commands.run("rbd", "snap", "unprotect", snapshot);
        }
        String unused = commands.run("rbd", "snap", "rm", snapshot);
    }

    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        String from = ((LxcRootfs.Rbd) source).image();
        String snapshot = from + "@" + place.name();
        String to = defaults.rbdPool() + "/" + place.name();
        String unused = commands.run("rbd", "snap", "create", snapshot);
        boolean isProtected = false;
        try {
            unused = commands.run("rbd", "snap", "protect", snapshot);
            isProtected = true;
            unused = commands.run("rbd", "clone", snapshot, to);
        } catch (RuntimeException e) {
            forget(snapshot, isProtected);
            throw e;
        }
        return new LxcRootfs.Rbd(to);
    }

    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
