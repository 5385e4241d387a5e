package io.atoll.daemon.storage;

import io.atoll.base.BusyException;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.util.List;
import java.util.OptionalLong;

/// Puts other content with other snapshots in a volume's place: made beside it and then exchanged,
/// so that there is the old one or the new one, whatever goes wrong. Until the record says
/// `replaced` the old one counts, from then on the new one; [#recover] goes on from either.
final class VolumeReplacement {
    /// Begins the name of a volume that is about to take another one's place; no project, and so no
    /// volume of one, has such a name.
    private static final String BESIDE = "_new_";

    private final Store store;
    private final Pools pools;

    VolumeReplacement(Store store, Pools pools) {
        this.store = store;
        this.pools = pools;
    }

    /// The volume's lock is held.
    ///
    /// @param before the snapshots that there are
    /// @param after those that there will be
    /// @param maker makes the volume with these
    /// @throws BusyException while an instance that runs has it
    void replace(
            CustomVolumes.Place place,
            List<VolumeSnapshot> before,
            List<VolumeSnapshot> after,
            CustomVolumes.Maker maker) {
        requireIdle(pools, place);
        StorageDriver driver = pools.driver(place.pool());
        VolumeName beside = beside(place);
        mark(place, CustomVolume.REPLACE);
        try {
            maker.make(driver, beside);
            Stored<CustomVolume> read = store.find(CustomVolume.KIND, place.key()).orElseThrow();
            OptionalLong size = VolumeKeys.size(read.value().config());
            if (size.isPresent()) {
                driver.setQuota(beside, size);
            }
            requireIdle(pools, place);
            Batch batch =
                    new Batch()
                            .replace(
                                    CustomVolume.KIND,
                                    read,
                                    read.value().withPending(CustomVolume.REPLACED));
            exchange(store, batch, place, before, after);
            store.commit(batch);
        } catch (RuntimeException e) {
            takeBack(place, e);
            throw e;
        }
        finish(place);
    }

    /// @throws BusyException while an instance that runs has it
    static void requireIdle(Pools pools, CustomVolumes.Place place) {
        if (pools.isVolumeMounted(place.project(), place.pool(), place.name())) {
            throw new BusyException("Cannot refresh custom volume used by running instances");
        }
    }

    /// Puts records of other snapshots in the place of a volume's.
    static void exchange(
            Store store,
            Batch batch,
            CustomVolumes.Place place,
            List<VolumeSnapshot> before,
            List<VolumeSnapshot> after) {
        for (VolumeSnapshot old : before) {
            batch.delete(
                    VolumeSnapshot.KIND,
                    store.find(VolumeSnapshot.KIND, old.key(place.project())).orElseThrow());
        }
        for (VolumeSnapshot snapshot : after) {
            VolumeSnapshot mine = snapshot.of(place.pool(), place.name());
            batch.create(VolumeSnapshot.KIND, mine.key(place.project()), mine);
        }
    }

    private void takeBack(CustomVolumes.Place place, RuntimeException failure) {
        try {
            pools.driver(place.pool()).delete(beside(place));
            mark(place, "");
        } catch (RuntimeException more) {
            failure.addSuppressed(more);
        }
    }

    /// The records speak of the new volume already. Where the old one is gone, the new one's
    /// snapshots may have its name: what is renamed goes after them.
    private void finish(CustomVolumes.Place place) {
        StorageDriver driver = pools.driver(place.pool());
        if (driver.exists(beside(place).current())) {
            if (driver.exists(place.volume().current())) {
                driver.delete(place.volume());
            }
            driver.rename(beside(place), place.volume().name());
        }
        mark(place, "");
    }

    /// Takes back or finishes what an earlier daemon began.
    void recover(CustomVolumes.Place place, String pending) {
        if (pending.equals(CustomVolume.REPLACED)) {
            finish(place);
            return;
        }
        // There may be snapshots of it only.
        pools.driver(place.pool()).delete(beside(place));
        mark(place, "");
    }

    static boolean isOurs(String pending) {
        return pending.equals(CustomVolume.REPLACE) || pending.equals(CustomVolume.REPLACED);
    }

    private void mark(CustomVolumes.Place place, String pending) {
        CustomVolume.mark(store, place.key(), pending);
    }

    /// The name of the volume that one stands in for, or its own.
    static String replaced(String stored) {
        return stored.startsWith(BESIDE) ? stored.substring(BESIDE.length()) : stored;
    }

    private static VolumeName beside(CustomVolumes.Place place) {
        return VolumeName.custom(BESIDE + place.volume().name());
    }
}
