package io.atoll.daemon.instance;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.migration.MigrationHeader;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.migration.Outgoing;
import io.atoll.daemon.migration.RemoteOperation;
import io.atoll.daemon.migration.SnapshotHeader;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Fd;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Instances and snapshots of this server, copied to others.
final class InstanceSender {
    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceSaver saver;
    private final InstanceVolumes volumes;
    private final InstanceSnapshots snapshots;
    private final Migrations migrations;
    private final LiveSender live;

    InstanceSender(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceSaver saver,
            InstanceVolumes volumes,
            InstanceSnapshots snapshots,
            InstanceMemory memory,
            Migrations migrations) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.saver = saver;
        this.volumes = volumes;
        this.snapshots = snapshots;
        this.migrations = migrations;
        this.live = new LiveSender(table, locks, runner, saver, volumes, snapshots, memory);
    }

    /// How a request wants it to be sent.
    ///
    /// @param isLive with the memory of its processes, if it runs
    /// @param isInstanceOnly without its snapshots
    /// @param target what to connect to; empty to wait for it
    record Wish(boolean isLive, boolean isInstanceOnly, Optional<RemoteOperation> target) {
        static Wish parse(Json body) {
            Json target = body.get("target");
            return new Wish(
                    body.get("live").asBoolean(),
                    body.get("instance_only").asBoolean() || body.get("container_only").asBoolean(),
                    target.isNull()
                            ? Optional.empty()
                            : Optional.of(RemoteOperation.parse(target)));
        }
    }

    /// Sends an instance, running or not.
    Response send(InstanceRecord instance, Wish wish) {
        RecordKey key = instance.key();
        boolean isLive = wish.isLive() && runner.isRunning(key);
        if (isLive) {
            saver.require(key);
        }
        OperationSpec about =
                Instances.about(
                        OperationSpec.task("Migrating instance", instance.project()), instance);
        return migrations
                .send(
                        about,
                        wish.target(),
                        isLive,
                        out -> {
                            if (isLive) {
                                live.send(key, wish, out);
                            } else {
                                send(key, wish, out);
                            }
                        })
                .response();
    }

    /// Sends a snapshot, which becomes an instance there.
    Response send(InstanceRecord instance, SnapshotRecord snapshot, Wish wish) {
        OperationSpec about =
                Instances.about(
                        OperationSpec.task("Transferring snapshot", instance.project()), instance);
        RecordKey key = instance.key();
        return migrations
                .send(
                        about,
                        wish.target(),
                        out -> {
                            try (InstanceLocks.Held _ = locks.hold(key, "migrate")) {
                                InstanceRecord now = table.get(instance.project(), key.name());
                                VolumeRef ref =
                                        InstanceVolumes.volume(now).snapshot(snapshot.name());
                                send(now, List.of(), ref, out);
                            }
                        })
                .response();
    }

    /// A stopped instance stays stopped meanwhile; of one that runs the files of one moment are
    /// sent, while it runs on.
    private void send(RecordKey key, Wish wish, Outgoing out)
            throws IOException, InterruptedException {
        try (InstanceLocks.Held _ = locks.hold(key, "migrate")) {
            if (!runner.isRunning(key)) {
                InstanceRecord instance = table.find(key).orElseThrow(InstanceSender::gone);
                send(
                        instance,
                        along(instance, wish),
                        InstanceVolumes.volume(instance).current(),
                        out);
                return;
            }
        }
        snapshots.ofThisMoment(
                key,
                moment -> {
                    InstanceRecord instance = table.find(key).orElseThrow(InstanceSender::gone);
                    send(instance, along(instance, wish), moment, out);
                });
    }

    static io.atoll.base.NotFoundException gone() {
        return new io.atoll.base.NotFoundException("Instance not found");
    }

    private List<SnapshotRecord> along(InstanceRecord instance, Wish wish) {
        return wish.isInstanceOnly() ? List.of() : table.snapshots(instance);
    }

    private void send(
            InstanceRecord instance, List<SnapshotRecord> along, VolumeRef files, Outgoing out)
            throws IOException {
        StorageDriver pool = volumes.pool(instance);
        VolumeName volume = InstanceVolumes.volume(instance);
        try {
            List<SnapshotHeader> headers = along.stream().map(InstanceSender::header).toList();
            Optional<MigrationStreams> streams = pool.migrationStreams();
            List<String> wanted =
                    out.negotiate(
                            streams.isPresent()
                                    ? MigrationHeader.offerStreams(headers)
                                    : MigrationHeader.offer(headers));
            if (streams.isPresent() && out.isStreams()) {
                List<String> all = along.stream().map(SnapshotRecord::name).toList();
                out.sendStreams(instance.name(), streams.get(), files, all, wanted);
                out.finish();
                return;
            }
            for (String snapshot : wanted) {
                send(instance.name() + "/" + snapshot, pool, volume.snapshot(snapshot), out);
            }
            send(instance.name(), pool, files, out);
            out.finish();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new io.atoll.base.UnavailableException("Interrupted", e);
        }
    }

    static void send(String name, StorageDriver pool, VolumeRef ref, Outgoing out)
            throws IOException {
        try (Fd root = pool.openMount(ref)) {
            out.sendInstance(name, root, pool.directory(ref));
        }
    }

    static SnapshotHeader header(SnapshotRecord snapshot) {
        InstanceRecord then = snapshot.instance();
        Map<String, String> config = new TreeMap<>(then.config());
        // The files are sent with the ids that they have inside.
        config.put(ConfigKeys.LAST_STATE_IDMAP.name(), "[]");
        return new SnapshotHeader(
                snapshot.name(),
                config,
                then.profiles(),
                then.isEphemeral(),
                then.devices(),
                SnapshotHeader.number(then.architecture()),
                snapshot.createdAt(),
                snapshot.expiresAt(),
                0);
    }
}
