package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.FileSystemStat;
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

    private BtrfsStreams btrfsStreams() {
        return new BtrfsStreams(directories(), this::fill);
    }

    @Override
    public Optional<VolumeStreams> streams() {
        return Optional.of(btrfsStreams());
    }

    @Override
    public void createFromImage(VolumeName volume, Fingerprint image) {
        if (!images().exists(image)) {
            throw new NotFoundException("Image " + image.abbreviated() + " is not in the pool");
        }
        directories().makeCopy(volume.current(), images().unpacked(image));
    }
}
