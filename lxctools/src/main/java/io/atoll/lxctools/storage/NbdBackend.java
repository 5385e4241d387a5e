package io.atoll.lxctools.storage;

import io.atoll.base.UnsupportedException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;

/// Disk files of QEMU; qemu-nbd(8). They are made elsewhere and used here: a container can start
/// from one and be copied by one that backs on it.
final class NbdBackend implements Backend {
    private final HostCommands commands;

    NbdBackend(HostCommands commands) {
        this.commands = commands;
    }

    @Override
    public String name() {
        return "nbd";
    }

    @Override
    public boolean isUsable(Path directory) {
        return false;
    }

    @Override
    public LxcRootfs create(Place place, StorageOptions options) {
        throw new UnsupportedException(
                "nbd storage is not made by lxc-create: make a disk with qemu-img and set"
                        + " lxc.rootfs.path = nbd:FILE[:PARTITION]");
    }

    @Override
    public RootfsView open(LxcRootfs rootfs, Place place) {
        throw new UnsupportedException("the files of a disk of QEMU are reached by starting it");
    }

    @Override
    public void delete(LxcRootfs rootfs) {
        // The disk was made by somebody else.
    }

    @Override
    public LxcRootfs snapshot(LxcRootfs source, Place place) {
        LxcRootfs.Nbd disk = (LxcRootfs.Nbd) source;
        Path target = place.directory().resolve("rootdev.qcow2");
        String unused =
                commands.run(
                        "qemu-img",
                        "create",
                        "-f",
                        "qcow2",
                        "-F",
                        format(disk.file()),
                        "-b",
                        disk.file().toString(),
                        target.toString());
        return new LxcRootfs.Nbd(target, disk.partition());
    }

    private String format(Path file) {
        String info = commands.run("qemu-img", "info", "--output=json", file.toString());
        return info.contains("\"format\": \"qcow2\"") ? "qcow2" : "raw";
    }

    @Override
    public boolean isSnapshotDependent() {
        return true;
    }
}
