package io.atoll.daemon.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.migration.Incoming;
import io.atoll.daemon.migration.MigrationHeader;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.migration.Outgoing;
import io.atoll.daemon.migration.RemoteOperation;
import io.atoll.daemon.migration.SnapshotHeader;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.linux.Fd;
import io.atoll.storage.Filler;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.MigrationStreams.Arrival;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Custom volumes copied to and from other servers.
final class VolumeMigration {
    private final Pools pools;
    private final CustomVolumes volumes;
    private final VolumeLocks locks;
    private final Migrations migrations;

    VolumeMigration(Pools pools, CustomVolumes volumes, VolumeLocks locks, Migrations migrations) {
        this.pools = pools;
        this.volumes = volumes;
        this.locks = locks;
        this.migrations = migrations;
    }

    /// Sends a volume, or the snapshot that is named.
    Response send(CustomVolumes.Place place, OperationSpec about, Json body) {
        boolean isAlone = body.get("volume_only").asBoolean();
        Json target = body.get("target");
        return migrations
                .send(
                        about,
                        target.isNull()
                                ? Optional.empty()
                                : Optional.of(RemoteOperation.parse(target)),
                        out -> send(place, isAlone, out))
                .response();
    }

    private void send(CustomVolumes.Place place, boolean isAlone, Outgoing out)
            throws IOException, InterruptedException {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            StorageDriver driver = pools.driver(place.pool());
            List<SnapshotHeader> along =
                    (isAlone ? List.<VolumeSnapshot>of() : volumes.snapshots(place))
                            .stream().map(s -> header(driver, place, s)).toList();
            Optional<Path> disk = driver.disk(place.volume().current());
            Optional<MigrationStreams> streams = driver.migrationStreams();
            List<String> wanted =
                    out.negotiate(
                            disk.map(StorageDriver::diskBytes)
                                    .map(bytes -> MigrationHeader.offerDisk(along, bytes))
                                    .orElseGet(() ->
                                            streams.isPresent()
                                                    ? MigrationHeader.offerStreams(along)
                                                    : MigrationHeader.offer(along)));
            if (streams.isPresent() && out.isStreams()) {
                List<String> all = along.stream().map(SnapshotHeader::name).toList();
                out.sendStreams(place.name(), streams.get(), place.volume().current(), all, wanted);
                out.finish();
                return;
            }
            for (String snapshot : wanted) {
                send(place.name() + "/" + snapshot, driver, place.volume().snapshot(snapshot), out);
            }
            send(place.name(), driver, place.volume().current(), out);
            out.finish();
        }
    }

    private static void send(String name, StorageDriver driver, VolumeRef ref, Outgoing out)
            throws IOException {
        Optional<Path> disk = driver.disk(ref);
        if (disk.isPresent()) {
            out.sendDisk(name, disk.get());
            return;
        }
        try (Fd root = driver.openMount(ref)) {
            out.sendVolume(name, root);
        }
    }

    private static SnapshotHeader header(
            StorageDriver driver, CustomVolumes.Place place, VolumeSnapshot snapshot) {
        Optional<Path> disk = driver.disk(place.volume().snapshot(snapshot.name()));
        return new SnapshotHeader(
                snapshot.name(),
                snapshot.config(),
                List.of(),
                false,
                Map.of(),
                0,
                snapshot.createdAt(),
                snapshot.expiresAt(),
                disk.map(StorageDriver::diskBytes).orElse(0L));
    }

    /// Takes a volume. It comes to be wholly or not at all.
    ///
    /// @param made told when it is there
    Response receive(
            CustomVolumes.Place place,
            OperationSpec about,
            Json body,
            Consumer<CustomVolume> made) {
        Json source = body.get("source");
        String mode = source.get("mode").asString();
        if (!mode.isEmpty() && !mode.equals("pull") && !mode.equals("push")) {
            throw new UnsupportedException("Mode \"" + mode + "\" not implemented");
        }
        Optional<RemoteOperation> other =
                mode.equals("push") ? Optional.empty() : Optional.of(RemoteOperation.parse(source));
        String unused = CustomVolumes.checkName(place.name());
        Map<String, String> config = new TreeMap<>(body.get("config").asStringMap());
        Idmap shifted = CustomVolume.shifted(config);
        config.keySet().removeIf(key -> key.startsWith("volatile."));
        CustomVolume wanted =
                new CustomVolume(
                        place.pool(),
                        place.name(),
                        body.get("description").asString(),
                        config,
                        Instant.now(),
                        body.get("content_type").asString().equals(CustomVolume.BLOCK),
                        CustomVolume.CREATE);
        Wish wish =
                new Wish(source.get("refresh").asBoolean(), source.get("volume_only").asBoolean());
        return migrations
                .receive(
                        about,
                        other,
                        (in, _) -> {
                            receive(place, wanted, shifted, wish, in);
                            made.accept(volumes.get(place).value());
                        })
                .response();
    }

    private void receive(
            CustomVolumes.Place place, CustomVolume wanted, Idmap shifted, Wish wish, Incoming in)
            throws IOException, InterruptedException {
        MigrationHeader offer = in.offer();
        if (offer.isDisk() != wanted.isBlock()) {
            throw new InvalidConfigException(
                    "The other server sends a "
                            + CustomVolume.contentType(offer.isDisk())
                            + " volume, not a "
                            + wanted.contentType()
                            + " volume");
        }
        if (volumes.exists(place)) {
            if (wish.isRefresh()) {
                refresh(place, shifted, wish, offer, in);
                return;
            }
            throw new AlreadyExistsException("Volume by that name already exists");
        }
        List<VolumeSnapshot> snapshots =
                offer.snapshots().stream().map(s -> snapshot(place, s)).toList();
        StorageDriver driver = pools.driver(place.pool());
        VolumeName volume = place.volume();
        if (offer.offersStreams() && driver.migrationStreams().isPresent()) {
            in.answer(offer.answerStreams(offer.snapshots(), false));
            Arrival arrival =
                    new Arrival(
                            snapshots.stream().map(VolumeSnapshot::name).toList(),
                            in.streams(),
                            Set.of(),
                            Optional.empty(),
                            shifted);
            volumes.fill(place, wanted, snapshots, (pool, name) -> take(arrival, in, pool, name));
            in.succeed();
            return;
        }
        in.answer(offer.answer(offer.snapshots(), false));
        if (offer.isDisk()) {
            List<SnapshotFiller> before =
                    offer.snapshots().stream()
                            .map(s -> new SnapshotFiller(s.name(), disk(in, offer.diskBytes(s))))
                            .toList();
            volumes.fill(place, wanted, snapshots, before, disk(in, offer.diskBytes()));
            in.succeed();
            return;
        }
        List<SnapshotFiller> fillers = new ArrayList<>();
        Optional<Filler> before = Optional.empty();
        for (VolumeSnapshot snapshot : snapshots) {
            fillers.add(new SnapshotFiller(snapshot.name(), taking(in, shifted, before)));
            before = Optional.of(VolumeContent.of(driver, volume.snapshot(snapshot.name())));
        }
        volumes.fill(place, wanted, snapshots, fillers, taking(in, shifted, before));
        in.succeed();
    }

    private static void take(Arrival arrival, Incoming in, StorageDriver pool, VolumeName name) {
        pool.migrationStreams().orElseThrow().receive(name, false, arrival, in.source());
    }

    /// How a copy is wanted.
    ///
    /// @param isAlone without snapshots
    private record Wish(boolean isRefresh, boolean isAlone) {}

    /// What is new of the source is taken; snapshots that it has no more go.
    private void refresh(
            CustomVolumes.Place place, Idmap shifted, Wish wish, MigrationHeader offer, Incoming in)
            throws IOException, InterruptedException {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            CustomVolumes.demandKind(volumes.get(place).value(), offer.isDisk());
            List<VolumeSnapshot> own = volumes.snapshots(place);
            Optional<MigrationStreams> streams = pools.driver(place.pool()).migrationStreams();
            if (offer.offersStreams() && streams.isPresent()) {
                refreshByStreams(place, shifted, wish, offer, in, streams.get());
                in.succeed();
                return;
            }
            List<SnapshotHeader> missing =
                    wish.isAlone()
                            ? List.of()
                            : offer.snapshots().stream()
                                    .filter(s -> own.stream().noneMatch(snapshot(place, s)::isSame))
                                    .toList();
            in.answer(offer.answer(missing, true));
            List<VolumeSnapshot> after =
                    wish.isAlone()
                            ? own
                            : offer.snapshots().stream().map(s -> snapshot(place, s)).toList();
            volumes.refresh(
                    place,
                    after,
                    (ref, now) ->
                            offer.isDisk()
                                    ? updating(in, bytes(offer, ref))
                                    : taking(in, shifted, Optional.of(now)));
            in.succeed();
        }
    }

    private void refreshByStreams(
            CustomVolumes.Place place,
            Idmap shifted,
            Wish wish,
            MigrationHeader offer,
            Incoming in,
            MigrationStreams streams)
            throws IOException {
        List<VolumeSnapshot> own = volumes.snapshots(place);
        List<SnapshotHeader> offered = wish.isAlone() ? List.of() : offer.snapshots();
        in.answer(offer.answerStreams(offered, true));
        List<Part> parts = in.streams();
        Map<String, VolumeSnapshot> kept = new TreeMap<>();
        for (VolumeSnapshot s : own) {
            List<Part> its = parts.stream().filter(p -> p.snapshot().equals(s.name())).toList();
            if (wish.isAlone() || streams.has(place.volume().snapshot(s.name()), its)) {
                kept.put(s.name(), s);
            }
        }
        List<VolumeSnapshot> after =
                wish.isAlone()
                        ? own
                        : offered.stream()
                                .map(s -> snapshot(place, s))
                                .map(s -> kept.getOrDefault(s.name(), s))
                                .toList();
        Arrival arrival =
                new Arrival(
                        after.stream().map(VolumeSnapshot::name).toList(),
                        parts,
                        kept.keySet(),
                        Optional.of(place.volume()),
                        shifted);
        in.want(arrival.missing());
        volumes.replace(place, after, (pool, name) -> take(arrival, in, pool, name));
    }

    private static Filler disk(Incoming in, long bytes) {
        return Filler.ofDisk(() -> bytes, (_, file) -> in.receiveDisk(file));
    }

    private static long bytes(MigrationHeader offer, VolumeRef ref) {
        return offer.snapshots().stream()
                .filter(s -> s.name().equals(ref.snapshot()))
                .mapToLong(offer::diskBytes)
                .findFirst()
                .orElse(offer.diskBytes());
    }

    private static Filler updating(Incoming in, long bytes) {
        return Filler.ofDisk(
                () -> bytes,
                (_, disk) -> {
                    long _ = in.updateDisk(disk);
                });
    }

    private static Filler taking(Incoming in, Idmap shifted, Optional<Filler> basis) {
        Filler sent = (_, rootfs) -> in.receiveVolume(rootfs, shifted);
        return basis.isPresent() && in.isDelta() ? Filler.over(basis.get(), sent) : sent;
    }

    private static VolumeSnapshot snapshot(CustomVolumes.Place place, SnapshotHeader header) {
        Map<String, String> config = new TreeMap<>(header.config());
        config.keySet().removeIf(key -> key.startsWith("volatile."));
        return new VolumeSnapshot(
                place.pool(),
                place.name(),
                SnapshotNames.check(header.name()),
                "",
                config,
                header.createdAt(),
                header.expiresAt(),
                "");
    }
}
