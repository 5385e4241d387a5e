package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InstanceName;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.backup.BackupTable;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.TemplateTriggers;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Deletes and renames instances. Both mark the record first, so that the next daemon can finish a
/// deletion and take back a rename that this one did not live to complete.
final class InstanceRemover {
    private static final Logger LOG = System.getLogger(InstanceRemover.class.getName());

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final Ports ports;
    private final AttachedDevices attached;
    private final InstancePaths paths;
    private final BackupTable backups;
    private final Events events;
    private final Predicate<RecordKey> isRunning;

    InstanceRemover(
            InstanceTable table,
            InstanceLocks locks,
            Ports ports,
            AttachedDevices attached,
            InstancePaths paths,
            BackupTable backups,
            Events events,
            Predicate<RecordKey> isRunning) {
        this.table = table;
        this.locks = locks;
        this.ports = ports;
        this.attached = attached;
        this.paths = paths;
        this.backups = backups;
        this.events = events;
        this.isRunning = isRunning;
    }

    /// Deletes a stopped instance with its snapshots.
    ///
    /// @throws InvalidConfigException in LXD's words if it runs
    /// @throws ForbiddenException in LXD's words if it is protected
    void delete(RecordKey key) {
        ProjectName project = new ProjectName(key.project());
        try (InstanceLocks.Held _ = locks.holdAlone(key, "delete")) {
            InstanceRecord instance = table.get(project, key.name());
            if (isRunning.test(key)) {
                throw new InvalidConfigException(InstanceMessages.RUNNING);
            }
            if (table.expand(instance).typed().is(ConfigKeys.PROTECT_DELETE)) {
                throw new ForbiddenException(InstanceMessages.PROTECTED);
            }
            demandPool(instance);
            finishDeletion(table.update(key, now -> now.withPending(Pending.DELETE)));
        }
        events.publishLifecycle(
                Lifecycle.of("instance-deleted", InstanceView.url(project, key.name()), project));
    }

    /// What is marked is deleted once its pool is there again: nothing is marked for who is told
    /// that it failed.
    private void demandPool(InstanceRecord instance) {
        for (DeviceConfig device : Devices.of(table.expand(instance))) {
            if (device instanceof DeviceConfig.RootDisk root) {
                try {
                    StorageDriver _ = ports.pools().get(root.pool());
                } catch (NotFoundException _) {
                    // Then there is nothing of it to delete.
                }
            }
        }
    }

    /// Deletes an ephemeral instance that has ended. Called with its lock held; protection does not
    /// count.
    void deleteEphemeral(InstanceRecord instance) {
        finishDeletion(table.update(instance.key(), now -> now.withPending(Pending.DELETE)));
        events.publishLifecycle(
                Lifecycle.of(
                        "instance-deleted",
                        InstanceView.url(instance.project(), instance.name()),
                        instance.project()));
    }

    /// Removes an instance that came from another server and did not go on here. Protection does
    /// not count: it is protected where it came from.
    void takeBack(RecordKey key) {
        try (InstanceLocks.Held _ = locks.holdAlone(key, "delete")) {
            Optional<InstanceRecord> instance = table.find(key);
            if (instance.isEmpty() || isRunning.test(key)) {
                return;
            }
            deleteEphemeral(instance.get());
        }
    }

    /// Removes all there is of an instance that is marked, files before records. Can be repeated.
    void finishDeletion(InstanceRecord instance) {
        Expansion expansion = table.expand(instance);
        List<DeviceConfig> devices = Devices.of(expansion);
        attached.forget(Sites.of(instance), devices);
        attached.release(Sites.of(instance), devices);
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.RootDisk root) {
                deleteVolume(root, instance);
            }
        }
        deleteLogs(instance);
        AppArmor.forget(paths.profile(instance), paths.profiles());
        for (SnapshotRecord snapshot : table.snapshotsAndBegun(instance)) {
            table.store().delete(SnapshotRecord.KIND, snapshot.key());
        }
        backups.deleteAll(instance.project(), instance.name());
        table.store().delete(InstanceRecord.KIND, instance.key());
    }

    private void deleteVolume(DeviceConfig.RootDisk root, InstanceRecord instance) {
        try {
            ports.pools().get(root.pool()).delete(VolumeName.container(instance.hostWideName()));
        } catch (NotFoundException e) {
            LOG.log(
                    Level.WARNING,
                    "pool of a deleted instance is gone instance=" + instance.name(),
                    e);
        }
    }

    private void deleteLogs(InstanceRecord instance) {
        Path logs = paths.logs(instance);
        if (Files.isDirectory(logs)) {
            try (Fd parent =
                    Opens.open(paths.logs().toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                Inodes.deleteTree(parent, instance.hostWideName());
            }
        }
    }

    /// Renames a stopped instance.
    ///
    /// @throws InvalidConfigException in LXD's words if it runs
    /// @throws AlreadyExistsException if there is one of that name
    void rename(RecordKey key, InstanceName newName) {
        rename(
                key,
                new ProjectName(key.project()),
                newName.value(),
                instance -> instance.withName(newName.value()));
    }

    /// Gives a stopped instance another name, another project, or both.
    ///
    /// @param change makes the record as it is to be from the one there is
    void rename(
            RecordKey key,
            ProjectName newProject,
            String newName,
            UnaryOperator<InstanceRecord> change) {
        RecordKey newKey = RecordKey.of(newProject, newName);
        boolean isFirst = key.compareTo(newKey) < 0;
        try (InstanceLocks.Held _ = locks.holdAlone(isFirst ? key : newKey, "rename");
                InstanceLocks.Held _ = locks.holdAlone(isFirst ? newKey : key, "rename")) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            if (isRunning.test(key)) {
                throw new InvalidConfigException("Renaming of running container not allowed");
            }
            if (table.find(newKey).isPresent()) {
                throw new AlreadyExistsException("Name \"" + newName + "\" already in use");
            }
            moveAll(instance, change.apply(instance));
        }
        events.publishLifecycle(
                Lifecycle.of("instance-renamed", InstanceView.url(newProject, newName), newProject)
                        .with("old_name", key.name()));
    }

    private void moveAll(InstanceRecord instance, InstanceRecord wanted) {
        RecordKey key = instance.key();
        InstanceRecord marked =
                table.update(
                        key,
                        now -> now.withPending(Pending.rename(wanted.project(), wanted.name())));
        InstanceRecord renamed =
                wanted.withPending(Pending.NOTHING)
                        .withConfig(config -> {
                            if (!wanted.name().equals(instance.name())) {
                                config.put(
                                        ConfigKeys.APPLY_TEMPLATE.name(),
                                        TemplateTriggers.afterRename(config));
                            }
                            return config;
                        });
        StorageDriver pool = pool(instance);
        VolumeName volume = VolumeName.container(instance.hostWideName());
        VolumeName newVolume = VolumeName.container(renamed.hostWideName());
        try (Undo undo = new Undo()) {
            undo.add(() -> table.update(key, now -> now.withPending(Pending.NOTHING)));
            pool.rename(volume, renamed.hostWideName());
            undo.add(() -> pool.rename(newVolume, instance.hostWideName()));
            moveLogs(instance, renamed);
            undo.add(() -> moveLogs(renamed, instance));
            table.commit(renamed, renameRecords(marked, renamed));
            undo.keep();
        } catch (IOException e) {
            throw new InternalException(
                    "Failed to rename the logs of " + key.name() + ": " + e.getMessage(), e);
        }
        AppArmor.forget(paths.profile(instance), paths.profiles());
        attached.forget(Sites.of(instance), Devices.of(table.expand(renamed)));
    }

    private Batch renameRecords(InstanceRecord marked, InstanceRecord renamed) {
        Batch batch = new Batch();
        batch.delete(
                InstanceRecord.KIND,
                table.store().find(InstanceRecord.KIND, marked.key()).orElseThrow());
        batch.create(InstanceRecord.KIND, renamed.key(), renamed);
        for (SnapshotRecord snapshot : table.snapshots(marked)) {
            batch.delete(
                    SnapshotRecord.KIND,
                    table.store().find(SnapshotRecord.KIND, snapshot.key()).orElseThrow());
            SnapshotRecord moved = snapshot.withInstance(renamed);
            batch.create(SnapshotRecord.KIND, moved.key(), moved);
        }
        backups.move(batch, marked.project(), marked.name(), renamed.name());
        return batch;
    }

    private void moveLogs(InstanceRecord from, InstanceRecord to) throws IOException {
        if (Files.isDirectory(paths.logs(from))) {
            Files.move(paths.logs(from), paths.logs(to));
        }
    }

    private StorageDriver pool(InstanceRecord instance) {
        return ports.rootPool(table.expand(instance));
    }

    /// Takes back or finishes what an earlier daemon left half made. Nobody else works on instances
    /// yet.
    void recover() {
        for (InstanceRecord instance : table.list()) {
            try {
                recover(instance);
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "recovery failed instance=" + instance.name(), e);
            }
        }
    }

    private void recover(InstanceRecord instance) {
        switch (instance.pending().kind()) {
            case NOTHING -> {}
            case CREATE, DELETE, ARRIVE -> {
                LOG.log(Level.INFO, "removing unfinished instance=" + instance.name());
                finishDeletion(instance);
            }
            case RENAME -> takeBackRename(instance);
            case REPLACE, REPLACED, STRAY, SAVE, AWAY -> {}
        }
    }

    private void takeBackRename(InstanceRecord instance) {
        String[] to = instance.pending().detail().split("/", 2);
        InstanceRecord other = instance.withKey(new ProjectName(to[0]), to[1]);
        VolumeName moved = VolumeName.container(other.hostWideName());
        VolumeName own = VolumeName.container(instance.hostWideName());
        StorageDriver pool = pool(instance);
        // What is cut off among the snapshots is gone on with: it can be taken back then.
        pool.resumeRename(own, moved);
        boolean isMoved = !pool.exists(own.current());
        if (isMoved && pool.exists(moved.current())) {
            pool.rename(moved, instance.hostWideName());
        }
        Optional<InstanceRecord> taken = table.find(other.key());
        if (taken.isEmpty()
                && Files.isDirectory(paths.logs(other))
                && !Files.exists(paths.logs(instance))) {
            try {
                moveLogs(other, instance);
            } catch (IOException e) {
                LOG.log(
                        Level.WARNING,
                        "could not rename the logs back instance=" + instance.name(),
                        e);
            }
        }
        table.update(instance.key(), now -> now.withPending(Pending.NOTHING));
    }
}
