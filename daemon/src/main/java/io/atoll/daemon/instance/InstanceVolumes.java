package io.atoll.daemon.instance;

import io.atoll.base.ByteSize;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/// The volumes of instances where one is made from another, takes another's place or goes to
/// another pool. Each way leaves, if the daemon dies, a mark in the instance's record from which
/// [#recover] knows what is left over.
final class InstanceVolumes {
    /// Ends the name of a volume that is about to take an instance's place; no instance has such a
    /// name.
    private static final String BESIDE = ".new";

    /// Begins the names of snapshots that only serve to copy a running instance.
    private static final String MOMENT = ".moment-";

    private final InstanceTable table;
    private final InstanceRunner runner;
    private final Ports ports;
    private final InstanceMemory memory;

    InstanceVolumes(
            InstanceTable table, InstanceRunner runner, Ports ports, InstanceMemory memory) {
        this.memory = memory;
        this.table = table;
        this.runner = runner;
        this.ports = ports;
    }

    /// What a copy is made from.
    ///
    /// @param instance the source, or what a snapshot recorded of it
    /// @param owner the key of the source
    /// @param snapshots to take along, oldest first
    record Original(
            InstanceRecord instance,
            RecordKey owner,
            StorageDriver pool,
            VolumeRef volume,
            List<SnapshotRecord> snapshots) {}

    StorageDriver pool(InstanceRecord instance) {
        return ports.rootPool(table.expand(instance));
    }

    static VolumeName volume(InstanceRecord instance) {
        return VolumeName.container(instance.hostWideName());
    }

    /// Makes a volume as a copy, in whatever pool.
    void copy(Original original, StorageDriver target, VolumeName volume) {
        List<String> names = original.snapshots().stream().map(SnapshotRecord::name).toList();
        StorageDriver source = original.pool();
        if (source == target) {
            target.createCopy(volume, original.volume(), names);
            return;
        }
        List<SnapshotFiller> fillers =
                names.stream()
                        .map(name ->
                                new SnapshotFiller(
                                        name,
                                        VolumeContent.of(
                                                source, original.volume().volume().snapshot(name))))
                        .toList();
        // A snapshot of the source is taken for this, so that it may run.
        if (target.createReceived(volume, source, original.volume(), names)) {
            return;
        }
        if (original.volume().isSnapshot() || !runner.isRunning(original.owner())) {
            target.createFilled(volume, fillers, VolumeContent.of(source, original.volume()));
            return;
        }
        String moment = MOMENT + UUID.randomUUID();
        VolumeName running = original.volume().volume();
        source.createSnapshot(running, moment);
        try {
            target.createFilled(
                    volume, fillers, VolumeContent.of(source, running.snapshot(moment)));
        } finally {
            source.deleteSnapshot(running, moment);
        }
    }

    /// Puts another volume, with other snapshots, in the place of a stopped instance's. Its lock is
    /// held.
    ///
    /// @param maker makes the other volume
    /// @param snapshots which the instance has afterwards
    /// @param change of the record
    void replace(
            InstanceRecord instance,
            BiConsumer<StorageDriver, VolumeName> maker,
            List<SnapshotRecord> snapshots,
            UnaryOperator<InstanceRecord> change) {
        StorageDriver pool = pool(instance);
        RecordKey key = instance.key();
        InstanceRecord unused = table.update(key, now -> now.withPending(Pending.REPLACE));
        try {
            maker.accept(pool, beside(instance));
            OptionalLong limit = pool.quota(volume(instance));
            if (limit.isPresent()) {
                pool.setQuota(beside(instance), limit);
            }
            table.store()
                    .attempt(() -> {
                        Stored<InstanceRecord> read =
                                table.store().find(InstanceRecord.KIND, key).orElseThrow();
                        InstanceRecord next =
                                change.apply(read.value()).withPending(Pending.REPLACED);
                        Batch batch = new Batch().replace(InstanceRecord.KIND, read, next);
                        exchange(batch, instance, snapshots);
                        table.commit(next, batch);
                        return next;
                    });
        } catch (RuntimeException e) {
            pool.delete(beside(instance));
            unused = table.update(key, now -> now.withPending(Pending.NOTHING));
            throw e;
        }
        finishReplacing(instance);
    }

    private void exchange(Batch batch, InstanceRecord instance, List<SnapshotRecord> snapshots) {
        List<SnapshotRecord> wanted =
                snapshots.stream().map(s -> s.withInstance(instance)).toList();
        for (SnapshotRecord old : table.snapshots(instance)) {
            Stored<SnapshotRecord> read =
                    table.store().find(SnapshotRecord.KIND, old.key()).orElseThrow();
            wanted.stream()
                    .filter(s -> s.name().equals(old.name()))
                    .findFirst()
                    .ifPresentOrElse(
                            s -> batch.replace(SnapshotRecord.KIND, read, s),
                            () -> batch.delete(SnapshotRecord.KIND, read));
        }
        List<String> had = table.snapshots(instance).stream().map(SnapshotRecord::name).toList();
        wanted.stream()
                .filter(s -> !had.contains(s.name()))
                .forEach(s -> batch.create(SnapshotRecord.KIND, s.key(), s));
    }

    private static VolumeName beside(InstanceRecord instance) {
        return VolumeName.container(instance.hostWideName() + BESIDE);
    }

    /// The records speak of the new volume already. Where the old one is gone, the new one's
    /// snapshots may have its name: what is renamed goes after them.
    private void finishReplacing(InstanceRecord instance) {
        StorageDriver pool = pool(instance);
        if (pool.exists(beside(instance).current())) {
            if (pool.exists(volume(instance).current())) {
                pool.delete(volume(instance));
            }
            pool.rename(beside(instance), instance.hostWideName());
        }
        InstanceRecord unused =
                table.update(instance.key(), now -> now.withPending(Pending.NOTHING));
    }

    /// Takes a stopped instance with its snapshots to another pool. Its lock is held.
    ///
    /// @param root its root device as it is to be then
    InstanceRecord move(
            InstanceRecord instance, String device, java.util.Map<String, String> root) {
        StorageDriver from = pool(instance);
        String oldPool = from.pool().name();
        String newPool = root.getOrDefault("pool", "");
        StorageDriver to = ports.pools().get(newPool);
        RecordKey key = instance.key();
        VolumeName volume = volume(instance);
        InstanceRecord marked = table.update(key, now -> now.withPending(Pending.stray(newPool)));
        try {
            copy(
                    new Original(marked, key, from, volume.current(), table.snapshots(instance)),
                    to,
                    volume);
            Optional<ByteSize> size =
                    Devices.root(Devices.of(table.expand(marked.withDevice(device, root)))).size();
            if (size.isPresent()) {
                to.setQuota(volume, OptionalLong.of(size.get().bytes()));
            }
            marked =
                    table.update(
                            key,
                            now ->
                                    now.withDevice(device, root)
                                            .withPending(Pending.stray(oldPool)));
        } catch (RuntimeException e) {
            to.delete(volume);
            marked = table.update(key, now -> now.withPending(Pending.NOTHING));
            throw e;
        }
        from.delete(volume);
        return table.update(key, now -> now.withPending(Pending.NOTHING));
    }

    /// Takes away what an earlier daemon left over of an instance.
    void recover(InstanceRecord instance) {
        switch (instance.pending().kind()) {
            case REPLACE -> {
                pool(instance).delete(beside(instance));
                InstanceRecord unused =
                        table.update(instance.key(), now -> now.withPending(Pending.NOTHING));
            }
            case REPLACED -> finishReplacing(instance);
            case STRAY -> {
                ports.pools().get(instance.pending().detail()).delete(volume(instance));
                InstanceRecord unused =
                        table.update(instance.key(), now -> now.withPending(Pending.NOTHING));
            }
            case NOTHING -> {
                StorageDriver pool = pool(instance);
                pool.snapshots(volume(instance)).stream()
                        .filter(name -> name.startsWith(MOMENT))
                        .forEach(name -> pool.deleteSnapshot(volume(instance), name));
                if (!instance.isStateful()) {
                    memory.forget(instance);
                }
            }
            case CREATE, DELETE, RENAME, SAVE, ARRIVE, AWAY -> {}
        }
    }
}
