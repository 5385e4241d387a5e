package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.PlatformThreads;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Every volume is a subvolume of one btrfs, images too: instances, snapshots and copies are
/// snapshots of them, which share what is alike.
final class BtrfsDriver extends DirDriver {
    /// `BTRFS_SUPER_MAGIC` of linux/magic.h.
    private static final long MAGIC = 0x9123683EL;

    BtrfsDriver(PoolSpec pool, IdmapProbe probe) {
        super(pool, probe, new BtrfsGround(pool), new BtrfsTrees(pool.path()));
    }

    @Override
    String driverName() {
        return "btrfs";
    }

    @Override
    void checkFileSystem(Path scratch) {
        if (FileSystemStat.of(scratch.toString()).magic() != MAGIC) {
            throw new UnsupportedException(
                    "Source path \"" + pool().get("source").orElse("") + "\" isn't btrfs");
        }
        super.checkFileSystem(scratch);
    }

    /// By send and receive: shared blocks of snapshots are sent once.
    @Override
    public boolean createReceived(
            VolumeName target, StorageDriver from, VolumeRef source, List<String> snapshots) {
        if (!(from instanceof BtrfsDriver other)) {
            return false;
        }
        btrfsStreams().receiveOwn(target, other.btrfsStreams(), source, snapshots);
        return true;
    }

    /// As a copy of a volume, with the subvolumes within it, where that is what it begins as.
    @Override
    void makeOf(VolumeRef ref, Filler content) {
        Optional<Filler.Basis> basis = content.basis();
        if (basis.isEmpty()
                || !(basis.get().driver() instanceof BtrfsDriver other)
                || other != this && basis.get().after().isPresent()) {
            super.makeOf(ref, content);
            return;
        }
        VolumeRef source = basis.get().ref();
        if (other != this) {
            new BtrfsStreams(
                            directories(), (_, _, from) -> directories().place(from.getLast(), ref))
                    .receiveOwn(ref.volume(), other.btrfsStreams(), source, List.of());
            return;
        }
        Path from = directories().existing(source);
        directories()
                .makeWhole(
                        ref,
                        from,
                        directory -> {
                            List<SubvolumeTree.Inner> inners =
                                    PlatformThreads.call(() -> SubvolumeTree.copy(from, directory));
                            if (basis.get().after().isPresent()) {
                                basis.get()
                                        .after()
                                        .get()
                                        .fill(directory, directory.resolve(ROOTFS));
                            }
                            PlatformThreads.run(() -> SubvolumeTree.protect(directory, inners));
                        });
    }

    private BtrfsStreams btrfsStreams() {
        return new BtrfsStreams(directories(), this::fill);
    }

    @Override
    public Optional<VolumeStreams> streams() {
        return Optional.of(btrfsStreams());
    }

    @Override
    public Optional<MigrationStreams> migrationStreams() {
        return Optional.of(new BtrfsMigrations(directories(), btrfsStreams()));
    }

    @Override
    public void createFromImage(VolumeName volume, Fingerprint image) {
        if (!images().exists(image)) {
            throw new NotFoundException("Image " + image.abbreviated() + " is not in the pool");
        }
        directories().makeCopy(volume.current(), images().unpacked(image));
    }
}
