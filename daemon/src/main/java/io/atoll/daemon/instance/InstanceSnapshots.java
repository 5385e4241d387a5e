package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.image.TemplateRenderer;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/// Snapshots of instances: a record of what the instance was and a snapshot of its volume.
final class InstanceSnapshots {
    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final Ports ports;
    private final InstanceMemory memory;
    private final Events events;
    private final InstantSource clock;

    InstanceSnapshots(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            Ports ports,
            InstanceMemory memory,
            Events events,
            InstantSource clock) {
        this.clock = clock;
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.ports = ports;
        this.memory = memory;
        this.events = events;
    }

    /// @throws io.atoll.base.ForbiddenException if no snapshots may be made in the project;
    ///   [#create] asks again
    void checkAllowed(ProjectName project) {
        ports.projects().checkSnapshot(project);
    }

    /// Takes a snapshot.
    ///
    /// @param name empty to make one up
    /// @param expiresAt empty Optional for the instance's rule; an empty inner one for never
    /// @param isStateful with its processes, which run on
    void create(
            RecordKey key, String name, Optional<Optional<Instant>> expiresAt, boolean isStateful) {
        SnapshotRecord snapshot;
        try (InstanceLocks.Held _ = locks.hold(key, "snapshot");
                Undo undo = new Undo()) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            Expansion expansion = table.expand(instance);
            ports.projects().checkSnapshot(instance.project());
            Optional<Running> saved =
                    isStateful ? Optional.of(savable(instance)) : Optional.empty();
            String chosen = name.isEmpty() ? freeName(instance, expansion) : checkName(name);
            Instant now = clock.instant();
            snapshot =
                    new SnapshotRecord(
                            chosen,
                            isStateful ? instance.withStateful(true) : instance,
                            now,
                            expiresAt.orElseGet(() -> expiry(expansion, now)),
                            Pending.CREATE);
            record(snapshot);
            RecordKey snapshotKey = snapshot.key();
            undo.add(() -> table.store().delete(SnapshotRecord.KIND, snapshotKey));
            takeVolume(key, instance, chosen, saved);
            table.store()
                    .update(SnapshotRecord.KIND, snapshotKey, s -> s.withPending(Pending.NOTHING));
            undo.keep();
        }
        tell("instance-snapshot-created", snapshot);
    }

    /// What is done with an instance's files as they are at one moment.
    interface Use {
        void with(VolumeRef moment) throws IOException;
    }

    /// Lets something be done with the files of an instance, running or not, as they are now. They
    /// are kept like a snapshot that is not finished: nobody sees it, and it does not outlive the
    /// daemon.
    void ofThisMoment(RecordKey key, Use use) throws IOException {
        String name = "moment-" + UUID.randomUUID();
        InstanceRecord instance;
        SnapshotRecord moment;
        try (InstanceLocks.Held _ = locks.hold(key, "snapshot");
                Undo undo = new Undo()) {
            instance = table.get(new ProjectName(key.project()), key.name());
            moment =
                    new SnapshotRecord(
                            name, instance, Instant.now(), Optional.empty(), Pending.CREATE);
            record(moment);
            RecordKey momentKey = moment.key();
            undo.add(() -> table.store().delete(SnapshotRecord.KIND, momentKey));
            takeVolume(key, instance, name, Optional.empty());
            undo.keep();
        }
        try {
            use.with(volume(instance).snapshot(name));
        } finally {
            pool(instance).deleteSnapshot(volume(instance), name);
            table.store().delete(SnapshotRecord.KIND, moment.key());
        }
    }

    /// @throws InvalidConfigException in LXD's words if it does not run
    private Running savable(InstanceRecord instance) {
        Running run =
                runner.find(instance.key())
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "Unable to create a stateful snapshot. The instance isn't"
                                                + " running"));
        memory.require(instance, run.container());
        return run;
    }

    /// A running instance stands still meanwhile, so that the copy is of one moment.
    ///
    /// @param saved whose processes are to be in it
    private void takeVolume(
            RecordKey key, InstanceRecord instance, String name, Optional<Running> saved) {
        boolean isFrozenByUs =
                runner.find(key).isPresent()
                        && runner.status(key) == io.atoll.api.StatusCode.RUNNING;
        if (isFrozenByUs) {
            runner.freeze(key);
        }
        try {
            if (saved.isPresent()) {
                memory.save(instance, saved.get().container(), false);
                // What is saved runs on.
                saved.get().container().freeze();
            }
            pool(instance).createSnapshot(volume(instance), name);
        } finally {
            if (saved.isPresent()) {
                memory.drop(instance);
            }
            if (isFrozenByUs) {
                runner.thaw(key);
            }
        }
    }

    private void record(SnapshotRecord snapshot) {
        try {
            table.store().create(SnapshotRecord.KIND, snapshot.key(), snapshot);
        } catch (AlreadyExistsException e) {
            throw new AlreadyExistsException(
                    "Failed creating instance snapshot record \""
                            + snapshot.name()
                            + "\": Add snapshot info to the database: This \"instances_snapshots\" entry already exists",
                    e);
        }
    }

    private static Optional<Instant> expiry(Expansion expansion, Instant now) {
        return expansion
                .typed()
                .get(ConfigKeys.SNAPSHOTS_EXPIRY)
                .filter(e -> !e.isNever())
                .map((Expiry e) -> e.after(now.atOffset(ZoneOffset.UTC)).toInstant());
    }

    /// @throws InvalidConfigException if a snapshot cannot be called so
    static String checkName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("Invalid snapshot name: Cannot be empty");
        }
        for (String bad : List.of("/", " ")) {
            if (name.contains(bad)) {
                throw new InvalidConfigException(
                        "Invalid snapshot name: Cannot contain \"" + bad + "\"");
            }
        }
        return name;
    }

    private String freeName(InstanceRecord instance, Expansion expansion) {
        String pattern =
                expansion.typed().text(ConfigKeys.SNAPSHOTS_PATTERN.name()).orElse("snap%d");
        if (pattern.contains("{{")) {
            pattern =
                    TemplateRenderer.renderPattern(
                            pattern,
                            Map.of("creation_date", java.time.ZonedDateTime.now(ZoneOffset.UTC)));
        }
        List<String> taken = table.snapshots(instance).stream().map(SnapshotRecord::name).toList();
        if (!pattern.contains("%d")) {
            return checkName(taken.contains(pattern) ? pattern + "-" + taken.size() : pattern);
        }
        for (int i = 0; ; i++) {
            String candidate = pattern.replaceFirst("%d", Integer.toString(i));
            if (!taken.contains(candidate)) {
                return checkName(candidate);
            }
        }
    }

    void delete(RecordKey key, String name) {
        SnapshotRecord snapshot;
        try (InstanceLocks.Held _ = locks.hold(key, "delete")) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            snapshot = forget(instance, name);
        }
        tell("instance-snapshot-deleted", snapshot);
    }

    private SnapshotRecord forget(InstanceRecord instance, String name) {
        SnapshotRecord snapshot = table.snapshot(instance, name);
        // Before the mark, which is taken back: who is told that it failed finds it again later.
        StorageDriver pool = pool(instance);
        table.store()
                .update(SnapshotRecord.KIND, snapshot.key(), s -> s.withPending(Pending.DELETE));
        try {
            pool.deleteSnapshot(volume(instance), name);
        } catch (RuntimeException e) {
            if (pool.exists(volume(instance).snapshot(name))) {
                table.store()
                        .update(
                                SnapshotRecord.KIND,
                                snapshot.key(),
                                s -> s.withPending(Pending.NOTHING));
            }
            throw e;
        }
        table.store().delete(SnapshotRecord.KIND, snapshot.key());
        return snapshot;
    }

    void rename(RecordKey key, String name, String newName) {
        SnapshotRecord renamed;
        try (InstanceLocks.Held _ = locks.hold(key, "rename");
                Undo undo = new Undo()) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            SnapshotRecord snapshot = table.snapshot(instance, name);
            renamed = snapshot.withName(checkName(newName));
            if (table.store().find(SnapshotRecord.KIND, renamed.key()).isPresent()) {
                throw new AlreadyExistsException("Name \"" + newName + "\" already in use");
            }
            pool(instance).renameSnapshot(volume(instance), name, newName);
            undo.add(() -> pool(instance).renameSnapshot(volume(instance), newName, name));
            Batch batch = new Batch();
            batch.delete(
                    SnapshotRecord.KIND,
                    table.store().find(SnapshotRecord.KIND, snapshot.key()).orElseThrow());
            batch.create(SnapshotRecord.KIND, renamed.key(), renamed);
            table.store().commit(batch);
            undo.keep();
        }
        tell("instance-snapshot-renamed", renamed.withName(newName));
    }

    /// @param expiresAt empty for never
    void expire(InstanceRecord instance, String name, Optional<Instant> expiresAt) {
        SnapshotRecord snapshot = table.snapshot(instance, name);
        table.store().update(SnapshotRecord.KIND, snapshot.key(), s -> s.withExpiresAt(expiresAt));
        tell("instance-snapshot-updated", snapshot);
    }

    /// Brings an instance back to a snapshot; a running one is restarted.
    ///
    /// @param isStateful with the processes that are in the snapshot, which run then
    /// @throws InvalidConfigException in LXD's words if none are
    /// @throws InternalException if the volume could not be brought back
    void restore(RecordKey key, String name, boolean isStateful) {
        ProjectName project = new ProjectName(key.project());
        InstanceRecord instance = table.get(project, key.name());
        SnapshotRecord snapshot = table.snapshot(instance, name);
        boolean wasRunning = runner.isRunning(key);
        if (isStateful) {
            InstanceMemory.requireRestore(snapshot);
        }
        if (wasRunning) {
            runner.killForReturn(key);
        }
        try (InstanceLocks.Held _ = locks.holdAlone(key, "restore")) {
            InstanceRecord wanted = restored(instance, snapshot.instance());
            table.checkAdmission(wanted, table.expand(wanted));
            for (String later : pool(instance).inTheWay(volume(instance), name)) {
                tell("instance-snapshot-deleted", forget(instance, later));
            }
            pool(instance).restore(volume(instance), name);
            if (!isStateful) {
                memory.forget(instance);
            }
            InstanceRecord unused =
                    table.update(
                            key,
                            now -> restored(now, snapshot.instance()).withStateful(isStateful));
        }
        events.publishLifecycle(
                Lifecycle.of("instance-restored", InstanceView.url(project, key.name()), project)
                        .with("snapshot", name));
        if (wasRunning || isStateful) {
            runner.start(key);
        }
    }

    private static InstanceRecord restored(InstanceRecord now, InstanceRecord then) {
        return new InstanceRecord(
                now.project(),
                now.name(),
                then.architecture(),
                then.description(),
                restored(now.config(), then.config()),
                then.devices(),
                then.profiles(),
                then.isEphemeral(),
                now.createdAt(),
                now.lastUsedAt(),
                now.pending(),
                false);
    }

    /// The keys of then, but what the daemon knows of now.
    private static Map<String, String> restored(Map<String, String> now, Map<String, String> then) {
        Map<String, String> out = new TreeMap<>(then);
        out.keySet().removeIf(k -> k.startsWith("volatile.last_state.") || Volatile.isNote(k));
        now.forEach((k, v) -> {
            boolean isLost = k.endsWith(".host_name");
            if (k.startsWith("volatile.last_state.") || Volatile.isNote(k) && !isLost) {
                out.put(k, v);
            }
        });
        return out;
    }

    /// Takes back snapshots that an earlier daemon did not finish.
    void recover() {
        for (var stored : table.store().list(SnapshotRecord.KIND)) {
            SnapshotRecord snapshot = stored.value();
            Optional<InstanceRecord> owner = table.find(snapshot.instance().key());
            if (snapshot.pending().kind() == Pending.Kind.NOTHING && owner.isPresent()) {
                continue;
            }
            owner.ifPresent(
                    instance -> pool(instance).deleteSnapshot(volume(instance), snapshot.name()));
            table.store().delete(SnapshotRecord.KIND, snapshot.key());
        }
    }

    private StorageDriver pool(InstanceRecord instance) {
        return ports.rootPool(table.expand(instance));
    }

    private static VolumeName volume(InstanceRecord instance) {
        return VolumeName.container(instance.hostWideName());
    }

    private void tell(String action, SnapshotRecord snapshot) {
        events.publishLifecycle(
                Lifecycle.of(
                        action, InstanceView.snapshotUrl(snapshot), snapshot.instance().project()));
    }
}
