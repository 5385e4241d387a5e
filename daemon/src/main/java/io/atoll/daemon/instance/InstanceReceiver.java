package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.migration.Incoming;
import io.atoll.daemon.migration.MigrationHeader;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.migration.SnapshotHeader;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.store.RecordKey;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.criu.Criu;
import io.atoll.storage.Filler;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.MigrationStreams.Arrival;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Instances of other servers, copied to this one. A new one comes to be wholly or not at all, and
/// so does what brings an earlier copy up to date: it is made beside that and then takes its place.
final class InstanceReceiver {
    private static final Logger LOG = System.getLogger(InstanceReceiver.class.getName());

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceVolumes volumes;
    private final InstanceCreator creator;
    private final InstanceRemover remover;
    private final Migrations migrations;
    private final Events events;

    InstanceReceiver(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceVolumes volumes,
            InstanceCreator creator,
            InstanceRemover remover,
            Migrations migrations,
            Events events) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.volumes = volumes;
        this.creator = creator;
        this.remover = remover;
        this.migrations = migrations;
        this.events = events;
    }

    /// Starts to take one.
    ///
    /// @param caller who wants it: processes come with files that CRIU, as root, takes on trust
    Response receive(
            InstanceCreator.Ready ready, CreateRequest.Source.Migration source, Caller caller) {
        if (ready.request().architecture().isEmpty()) {
            throw new InvalidConfigException("Architecture isn't supported: ");
        }
        if (source.isLive()) {
            requireLive(caller);
        }
        InstanceRecord draft = InstanceCreator.draft(ready);
        OperationSpec about =
                Instances.about(
                        OperationSpec.task("Creating instance", draft.project()),
                        draft.project(),
                        draft.name());
        return migrations
                .receive(
                        about,
                        source.source(),
                        source.isLive(),
                        (in, _) -> receive(draft, source, in))
                .response();
    }

    /// What was saved elsewhere says which processes there are to be and of whom: as good as being
    /// root here.
    private static void requireLive(Caller caller) {
        if (!caller.may(Right.ADMIN)) {
            throw new ForbiddenException(
                    "Only who may change the server itself may bring running processes to it; move"
                            + " the instance with --stateless, or stop it first");
        }
        Criu.require();
    }

    private void receive(InstanceRecord draft, CreateRequest.Source.Migration source, Incoming in)
            throws IOException, InterruptedException {
        MigrationHeader offer = in.offer();
        boolean isThere = table.find(draft.key()).isPresent();
        if (source.isLive() && !in.isLive()) {
            throw new UnsupportedException(
                    "Running processes are taken from servers of this kind only; move the instance"
                            + " with --stateless, or stop it first");
        }
        if (in.isLive() && (!source.isLive() || isThere)) {
            throw new InvalidConfigException(
                    "Running processes come with a new instance only, and if they were asked for");
        }
        if (isThere && source.isRefresh()) {
            refresh(draft.key(), source, offer, in);
        } else if (isThere) {
            throw new AlreadyExistsException(InstanceMessages.ALREADY_EXISTS);
        } else if (wantsStreams(offer, in, volumes.pool(draft))) {
            in.answer(offer.answerStreams(offer.snapshots(), false));
            Arrival arrival =
                    arrival(offer, names(offer), in.streams(), Set.of(), Optional.empty());
            creator.make(
                    draft,
                    records(offer.snapshots(), draft),
                    (pool, volume) -> take(arrival, in, pool, volume));
        } else {
            in.answer(offer.answer(offer.snapshots(), false));
            creator.make(
                    draft.withStateful(in.isLive()),
                    records(offer.snapshots(), draft),
                    (pool, volume) -> fill(offer.snapshots(), in, pool, volume),
                    in.isLive() ? Pending.ARRIVE : Pending.NOTHING);
        }
        if (in.isLive()) {
            goOn(draft.key(), in);
            tell(draft, in);
        } else {
            in.succeed();
        }
    }

    private static boolean wantsStreams(MigrationHeader offer, Incoming in, StorageDriver pool) {
        return offer.offersStreams() && !in.isLive() && pool.migrationStreams().isPresent();
    }

    private static List<String> names(MigrationHeader offer) {
        return offer.snapshots().stream().map(SnapshotHeader::name).toList();
    }

    private static Arrival arrival(
            MigrationHeader offer,
            List<String> snapshots,
            List<Part> parts,
            Set<String> kept,
            Optional<VolumeName> earlier) {
        return new Arrival(snapshots, parts, kept, earlier, offer.shifted());
    }

    private static void take(Arrival arrival, Incoming in, StorageDriver pool, VolumeName volume) {
        pool.migrationStreams().orElseThrow().receive(volume, false, arrival, in.source());
    }

    /// That the source does not hear of it does not end what runs here.
    private static void tell(InstanceRecord arrived, Incoming in) throws InterruptedException {
        try {
            in.succeed();
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "the source does not know that it goes on here instance=" + arrived.name(),
                    e);
        }
    }

    /// If it does not go on here, it does where it came from: before the source has let go of the
    /// processes because it keeps them then, and after that because it hears of it.
    private void goOn(RecordKey key, Incoming in) throws IOException, InterruptedException {
        try {
            in.awaitHandOver();
            runner.startArrived(key);
        } catch (IOException | RuntimeException | InterruptedException e) {
            takeBack(key, e);
            throw e;
        }
    }

    private void takeBack(RecordKey key, Exception why) {
        try {
            remover.takeBack(key);
        } catch (RuntimeException e) {
            // The next daemon does.
            why.addSuppressed(e);
        }
    }

    /// Each snapshot begins as the one before it, so that only differences come over the network.
    private static void fill(
            List<SnapshotHeader> snapshots, Incoming in, StorageDriver pool, VolumeName volume) {
        List<SnapshotFiller> fillers = new ArrayList<>();
        Optional<Filler> before = Optional.empty();
        for (SnapshotHeader snapshot : snapshots) {
            fillers.add(new SnapshotFiller(snapshot.name(), taking(in, before)));
            before = Optional.of(VolumeContent.of(pool, volume.snapshot(snapshot.name())));
        }
        Filler last = taking(in, before);
        pool.createFilled(volume, fillers, in.isLive() ? takingProcesses(in, last) : last);
    }

    /// The other side of [LiveSender].
    private static Filler takingProcesses(Incoming in, Filler files) {
        return (directory, rootfs) -> {
            files.fill(directory, rootfs);
            Path saved = InstanceMemory.make(directory);
            do {
                in.receiveVolume(saved, Idmap.NONE);
            } while (!Checkpoint.isIn(InstanceMemory.images(saved)));
            in.receiveInstance(directory, rootfs);
        };
    }

    /// @param basis what to begin with, if the source deletes what it does not have
    private static Filler taking(Incoming in, Optional<Filler> basis) {
        Filler sent = in::receiveInstance;
        return basis.isPresent() && in.isDelta() ? Filler.over(basis.get(), sent) : sent;
    }

    private void refresh(
            RecordKey key,
            CreateRequest.Source.Migration source,
            MigrationHeader offer,
            Incoming in)
            throws IOException {
        try (InstanceLocks.Held _ = locks.holdAlone(key, "refresh")) {
            InstanceRecord instance = table.find(key).orElseThrow();
            if (runner.isRunning(key)) {
                throw new InvalidConfigException("Cannot refresh a running instance");
            }
            List<SnapshotRecord> own = table.snapshots(instance);
            StorageDriver to = volumes.pool(instance);
            if (wantsStreams(offer, in, to) && isBetter(instance, own, offer, in, to)) {
                refreshByStreams(instance, own, source, offer, in);
                publish(key);
                return;
            }
            Map<String, SnapshotRecord> kept = new TreeMap<>();
            for (SnapshotRecord s : own) {
                if (source.isInstanceOnly()
                        || offer.snapshots().stream()
                                .anyMatch(o -> o.isSame(s.name(), s.createdAt()))) {
                    kept.put(s.name(), s);
                }
            }
            List<SnapshotHeader> wanted =
                    source.isInstanceOnly()
                            ? List.of()
                            : offer.snapshots().stream()
                                    .filter(s -> !kept.containsKey(s.name()))
                                    .toList();
            List<SnapshotRecord> after =
                    source.isInstanceOnly()
                            ? own
                            : records(offer.snapshots(), instance).stream()
                                    .map(s -> kept.getOrDefault(s.name(), s))
                                    .toList();
            in.answer(offer.answer(wanted, true));
            volumes.replace(
                    instance,
                    (pool, volume) -> refill(instance, after, kept, in, pool, volume),
                    after,
                    now -> now);
        }
        publish(key);
    }

    private void publish(RecordKey key) {
        events.publishLifecycle(
                Lifecycle.of(
                        "instance-updated",
                        InstanceView.url(new io.atoll.base.ProjectName(key.project()), key.name()),
                        new io.atoll.base.ProjectName(key.project())));
    }

    /// Without a snapshot to begin with, a stream is all of the volume. Servers of this kind can do
    /// with what differs, if that is all there is to come: one that moves stands still meanwhile.
    private static boolean isBetter(
            InstanceRecord instance,
            List<SnapshotRecord> own,
            MigrationHeader offer,
            Incoming in,
            StorageDriver pool) {
        MigrationStreams streams = pool.migrationStreams().orElseThrow();
        VolumeName volume = InstanceVolumes.volume(instance);
        boolean isAllThere =
                offer.snapshots().stream()
                        .allMatch(
                                o -> own.stream().anyMatch(s -> o.isSame(s.name(), s.createdAt())));
        return !in.isOwn()
                || !isAllThere
                || own.stream().anyMatch(s -> streams.isReceived(volume.snapshot(s.name())));
    }

    private void refreshByStreams(
            InstanceRecord instance,
            List<SnapshotRecord> own,
            CreateRequest.Source.Migration source,
            MigrationHeader offer,
            Incoming in)
            throws IOException {
        List<SnapshotHeader> offered = source.isInstanceOnly() ? List.of() : offer.snapshots();
        in.answer(offer.answerStreams(offered, true));
        List<Part> parts = in.streams();
        MigrationStreams streams = volumes.pool(instance).migrationStreams().orElseThrow();
        VolumeName volume = InstanceVolumes.volume(instance);
        Map<String, SnapshotRecord> kept = new TreeMap<>();
        for (SnapshotRecord s : own) {
            List<Part> its = parts.stream().filter(p -> p.snapshot().equals(s.name())).toList();
            if (source.isInstanceOnly() || streams.has(volume.snapshot(s.name()), its)) {
                kept.put(s.name(), s);
            }
        }
        List<SnapshotRecord> after =
                source.isInstanceOnly()
                        ? own
                        : records(offered, instance).stream()
                                .map(s -> kept.getOrDefault(s.name(), s))
                                .toList();
        Arrival arrival =
                arrival(
                        offer,
                        after.stream().map(SnapshotRecord::name).toList(),
                        parts,
                        kept.keySet(),
                        Optional.of(volume));
        in.want(arrival.missing());
        volumes.replace(instance, (pool, name) -> take(arrival, in, pool, name), after, now -> now);
    }

    /// @param after all snapshots that there will be, of which `kept` are those that there are
    private static void refill(
            InstanceRecord instance,
            List<SnapshotRecord> after,
            Map<String, SnapshotRecord> kept,
            Incoming in,
            StorageDriver pool,
            VolumeName volume) {
        VolumeName own = InstanceVolumes.volume(instance);
        Filler now = VolumeContent.of(pool, own.current());
        List<SnapshotFiller> fillers =
                after.stream()
                        .map(SnapshotRecord::name)
                        .map(name ->
                                new SnapshotFiller(
                                        name,
                                        kept.containsKey(name)
                                                ? VolumeContent.of(pool, own.snapshot(name))
                                                : taking(in, Optional.of(now))))
                        .toList();
        pool.createFilled(volume, fillers, taking(in, Optional.of(now)));
    }

    private static List<SnapshotRecord> records(
            List<SnapshotHeader> snapshots, InstanceRecord owner) {
        return snapshots.stream().map(s -> record(s, owner)).toList();
    }

    private static SnapshotRecord record(SnapshotHeader snapshot, InstanceRecord owner) {
        Map<String, String> config = new TreeMap<>(Volatile.keptByMove(snapshot.config()));
        config.put(ConfigKeys.LAST_STATE_IDMAP.name(), "[]");
        return new SnapshotRecord(
                InstanceSnapshots.checkName(snapshot.name()),
                new InstanceRecord(
                        owner.project(),
                        owner.name(),
                        snapshot.architectureName().orElse(owner.architecture()),
                        "",
                        config,
                        snapshot.devices(),
                        snapshot.profiles(),
                        snapshot.isEphemeral(),
                        owner.createdAt(),
                        Instant.EPOCH,
                        Pending.NOTHING,
                        false),
                snapshot.createdAt(),
                snapshot.expiresAt(),
                Pending.NOTHING);
    }
}
