package io.atoll.daemon.storage;

import io.atoll.base.BusyException;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.Filler;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.util.List;
import java.util.function.Function;

/// Brings the disk of a block volume up to date where it lies: only what differs is written, and
/// snapshots that both sides have are not touched. A snapshot of the time before stands by until
/// the records speak of the new state, so that there is the old one or the new one, whatever goes
/// wrong; [#recover] goes on from either.
///
/// New snapshots have a name of their own until then, since one that goes may have theirs. Users'
/// snapshots have no spaces in their names.
final class DiskRefresh {
    private static final String BEFORE = "before refresh";
    private static final String FRESH = "fresh ";

    private final Store store;
    private final Pools pools;
    private final Admission admission;

    /// Writes a volume with all that belongs to it, if its project lets it be so.
    interface Admission {
        void commit(CustomVolumes.Place place, CustomVolume volume, Batch batch);
    }

    DiskRefresh(Store store, Pools pools, Admission admission) {
        this.store = store;
        this.pools = pools;
        this.admission = admission;
    }

    /// The volume's lock is held.
    ///
    /// @param before the snapshots that there are, oldest first
    /// @param after those that there will be; those of `before` stay as they are
    /// @param content writes the disk over what is there, of a snapshot or of the volume itself
    /// @throws BusyException while an instance that runs has it
    void refresh(
            CustomVolumes.Place place,
            List<VolumeSnapshot> before,
            List<VolumeSnapshot> after,
            Function<VolumeRef, Filler> content) {
        VolumeReplacement.requireIdle(pools, place);
        StorageDriver driver = pools.driver(place.pool());
        VolumeName volume = place.volume();
        long bytes = bytes(driver, volume);
        CustomVolume.mark(store, place.key(), CustomVolume.REFRESH);
        try {
            driver.createSnapshot(volume, BEFORE);
            for (VolumeSnapshot snapshot : after) {
                if (!before.contains(snapshot)) {
                    VolumeContent.overwrite(
                            driver, volume, content.apply(volume.snapshot(snapshot.name())));
                    driver.createSnapshot(volume, FRESH + snapshot.name());
                }
            }
            VolumeContent.overwrite(driver, volume, content.apply(volume.current()));
            VolumeReplacement.requireIdle(pools, place);
            commit(place, bytes(driver, volume) != bytes, before, after);
        } catch (RuntimeException e) {
            giveUp(place, e);
            throw e;
        }
        finish(place);
    }

    private static long bytes(StorageDriver driver, VolumeName volume) {
        return StorageDriver.diskBytes(driver.disk(volume.current()).orElseThrow());
    }

    /// @param isResized the disk is larger or smaller than it was
    private void commit(
            CustomVolumes.Place place,
            boolean isResized,
            List<VolumeSnapshot> before,
            List<VolumeSnapshot> after) {
        Stored<CustomVolume> read = store.find(CustomVolume.KIND, place.key()).orElseThrow();
        CustomVolume volume = read.value();
        CustomVolume sized =
                isResized
                        ? volume.withSize(bytes(pools.driver(place.pool()), place.volume()))
                        : volume;
        CustomVolume next = sized.withPending(CustomVolume.REFRESHED);
        Batch batch = new Batch().replace(CustomVolume.KIND, read, next);
        VolumeReplacement.exchange(store, batch, place, before, after);
        admission.commit(place, next, batch);
    }

    private void giveUp(CustomVolumes.Place place, RuntimeException failure) {
        try {
            takeBack(pools.driver(place.pool()), place.volume());
            CustomVolume.mark(store, place.key(), "");
        } catch (RuntimeException more) {
            // The next start of the daemon tries again.
            failure.addSuppressed(more);
        }
    }

    /// Puts a volume back to what it was before a refresh that was cut off, if one was.
    static void takeBack(StorageDriver driver, VolumeName volume) {
        List<String> snapshots = driver.snapshots(volume);
        for (String name : snapshots) {
            if (name.startsWith(FRESH)) {
                driver.deleteSnapshot(volume, name);
            }
        }
        if (snapshots.contains(BEFORE)) {
            driver.revert(volume, BEFORE);
        }
    }

    /// The records speak of the new state already. Each step may have been done before.
    private void finish(CustomVolumes.Place place) {
        StorageDriver driver = pools.driver(place.pool());
        VolumeName volume = place.volume();
        for (String name : driver.snapshots(volume)) {
            if (name.startsWith(FRESH)) {
                String wanted = name.substring(FRESH.length());
                driver.deleteSnapshot(volume, wanted);
                driver.renameSnapshot(volume, name, wanted);
            }
        }
        for (String name : driver.snapshots(volume)) {
            boolean isKnown =
                    store.find(
                                    VolumeSnapshot.KIND,
                                    VolumeSnapshot.key(
                                            place.project(), place.pool(), place.name(), name))
                            .isPresent();
            if (!isKnown) {
                driver.deleteSnapshot(volume, name);
            }
        }
        CustomVolume.mark(store, place.key(), "");
    }

    /// Takes back or finishes what an earlier daemon began.
    void recover(CustomVolumes.Place place, String pending) {
        if (pending.equals(CustomVolume.REFRESHED)) {
            finish(place);
            return;
        }
        takeBack(pools.driver(place.pool()), place.volume());
        CustomVolume.mark(store, place.key(), "");
    }

    static boolean isOurs(String pending) {
        return pending.equals(CustomVolume.REFRESH) || pending.equals(CustomVolume.REFRESHED);
    }
}
