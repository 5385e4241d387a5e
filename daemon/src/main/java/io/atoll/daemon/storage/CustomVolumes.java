package io.atoll.daemon.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.backup.BackupTable;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.Filler;
import io.atoll.storage.PoolKeys;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/// The custom volumes: what is done to them. The record comes before the volume and goes after it,
/// marked as pending meanwhile, so that a killed daemon's work is taken back or finished by the
/// next one ([#recover()]).
final class CustomVolumes {
    private static final Logger LOG = System.getLogger(CustomVolumes.class.getName());

    private final Store store;
    private final Pools pools;
    private final BackupTable backups;

    /// Of snapshots.
    private final InstantSource clock;

    private final ProjectGate gate;
    private final VolumeLocks locks = new VolumeLocks();
    private final VolumeReplacement replacement;
    private final DiskRefresh disks;

    /// @param backups of volumes, which are renamed and deleted with them
    CustomVolumes(
            Store store, Pools pools, ProjectGate gate, BackupTable backups, InstantSource clock) {
        this.clock = clock;
        this.backups = backups;
        this.store = store;
        this.gate = gate;
        this.pools = pools;
        this.replacement = new VolumeReplacement(store, pools);
        this.disks = new DiskRefresh(store, pools, this::admit);
    }

    /// A volume in its project.
    record Place(ProjectName project, String pool, String name) {
        RecordKey key() {
            return CustomVolume.key(project, pool, name);
        }

        VolumeName volume() {
            return CustomVolume.volume(project, name);
        }
    }

    /// @throws NotFoundException in LXD's words
    Stored<CustomVolume> get(Place place) {
        pools.get(place.pool());
        return store.find(CustomVolume.KIND, place.key())
                .filter(v -> !v.value().pending().equals(CustomVolume.CREATE))
                .orElseThrow(() -> new NotFoundException("Storage pool volume not found"));
    }

    /// Whether there is such a volume, finished or not.
    boolean exists(Place place) {
        pools.get(place.pool());
        return store.find(CustomVolume.KIND, place.key()).isPresent();
    }

    /// The locks of volumes, for who works on one for longer.
    VolumeLocks locks() {
        return locks;
    }

    /// The snapshots of a volume, oldest first.
    List<VolumeSnapshot> snapshots(Place place) {
        String prefix = place.pool() + "/" + place.name() + "/";
        return store.list(VolumeSnapshot.KIND, place.project()).stream()
                .filter(s -> s.name().startsWith(prefix))
                .map(Stored::value)
                .filter(s -> s.pending().isEmpty())
                .sorted(java.util.Comparator.comparing(VolumeSnapshot::createdAt))
                .toList();
    }

    /// @throws NotFoundException in LXD's words
    Stored<VolumeSnapshot> snapshot(Place place, String name) {
        return store.find(
                        VolumeSnapshot.KIND,
                        VolumeSnapshot.key(place.project(), place.pool(), place.name(), name))
                .filter(s -> s.value().pending().isEmpty())
                .orElseThrow(() -> new NotFoundException("Storage volume snapshot not found"));
    }

    /// A name that volumes may have.
    static String checkName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (name.contains("/")) {
            throw new InvalidConfigException("Storage volume names may not contain slashes");
        }
        return name;
    }

    /// What the pool says for new volumes, where the volume itself says nothing.
    private Map<String, String> withDefaults(
            String pool, Map<String, String> config, boolean isBlock) {
        VolumeKeys.Of kind = kind(pool, isBlock);
        Map<String, String> out =
                new TreeMap<>(isBlock ? Map.of() : PoolKeys.volumeDefaults(kind.driver()));
        pools.get(pool)
                .value()
                .config()
                .forEach((key, value) -> {
                    if (key.startsWith("volume.") && VolumeKeys.isKnown(key.substring(7), kind)) {
                        out.put(key.substring(7), value);
                    }
                });
        out.putAll(config);
        out.values().removeIf(String::isEmpty);
        return out;
    }

    /// Makes the volume of a new record.
    interface Maker {
        void make(StorageDriver driver, VolumeName volume);
    }

    /// Makes an empty one.
    ///
    /// @param isBlock one disk, not files
    CustomVolume create(
            Place place, String description, Map<String, String> config, boolean isBlock) {
        CustomVolume wanted =
                new CustomVolume(
                        place.pool(),
                        checkName(place.name()),
                        description,
                        withDefaults(place.pool(), config, isBlock),
                        Instant.now(),
                        isBlock,
                        CustomVolume.CREATE);
        return make(
                place,
                wanted,
                List.of(),
                (driver, volume) -> {
                    if (isBlock) {
                        driver.createBlock(volume, VolumeKeys.blockSize(wanted.config()));
                    } else {
                        driver.createEmpty(volume);
                    }
                });
    }

    private VolumeKeys.Of kind(String pool, boolean isBlock) {
        return new VolumeKeys.Of(pools.get(pool).value().driver(), isBlock);
    }

    private CustomVolume make(
            Place place, CustomVolume wanted, List<VolumeSnapshot> snapshots, Maker maker) {
        VolumeName name = place.volume();
        VolumeKeys.check(name.name(), wanted.config(), kind(place.pool(), wanted.isBlock()));
        StorageDriver driver = pools.driver(place.pool());
        try (VolumeLocks.Held _ = locks.hold(place.key());
                Undo undo = new Undo()) {
            record(place, wanted);
            undo.add(() -> store.delete(CustomVolume.KIND, place.key()));
            maker.make(driver, name);
            undo.add(() -> driver.delete(name));
            OptionalLong size = VolumeKeys.size(wanted.config());
            if (size.isPresent() && !hasRoom(driver, name, size.getAsLong())) {
                driver.setQuota(name, size);
            }
            CustomVolume made = wanted.withPending("");
            Batch batch =
                    new Batch()
                            .replace(
                                    CustomVolume.KIND,
                                    store.find(CustomVolume.KIND, place.key()).orElseThrow(),
                                    made);
            for (VolumeSnapshot snapshot : snapshots) {
                VolumeSnapshot mine = snapshot.of(place.pool(), place.name());
                batch.create(VolumeSnapshot.KIND, mine.key(place.project()), mine);
            }
            store.commit(batch);
            undo.keep();
            return made;
        }
    }

    /// Whether it is a disk, as a copy or from a backup, that is as large already.
    private static boolean hasRoom(StorageDriver driver, VolumeName name, long bytes) {
        Optional<Path> disk = driver.disk(name.current());
        return disk.isPresent() && StorageDriver.diskBytes(disk.get()) >= bytes;
    }

    private void record(Place place, CustomVolume wanted) {
        try {
            admit(place, wanted, new Batch().create(CustomVolume.KIND, place.key(), wanted));
        } catch (AlreadyExistsException e) {
            throw new AlreadyExistsException("Volume by that name already exists", e);
        }
    }

    /// Writes a volume if its project lets it be so.
    private void admit(Place place, CustomVolume volume, Batch batch) {
        boolean unused =
                gate.admit(
                        place.project(),
                        List.of(member(volume)),
                        () -> {
                            store.commit(batch);
                            return true;
                        });
    }

    /// How limits see a volume.
    static ProjectMember member(CustomVolume volume) {
        return new ProjectMember.Volume(
                volume.pool() + "/" + volume.name(), volume.config().getOrDefault("size", ""));
    }

    /// Copies a volume or one of its snapshots.
    ///
    /// @param snapshot the snapshot to copy, or empty for the volume as it is
    /// @param withSnapshots copy them along
    /// @param config empty for that of the source
    CustomVolume copy(
            Place from,
            String snapshot,
            Place to,
            boolean withSnapshots,
            Optional<String> description,
            Map<String, String> config) {
        CustomVolume source = get(from).value();
        Map<String, String> settings = new TreeMap<>(source.config());
        if (!snapshot.isEmpty()) {
            settings = new TreeMap<>(snapshot(from, snapshot).value().config());
        }
        settings.keySet().removeIf(key -> key.startsWith("volatile."));
        settings = new TreeMap<>(VolumeKeys.carried(settings, kind(to.pool(), source.isBlock())));
        settings.putAll(config);
        if (!from.pool().equals(to.pool())) {
            settings = new TreeMap<>(settled(to.pool(), settings, source.isBlock()));
        }
        List<VolumeSnapshot> along =
                withSnapshots && snapshot.isEmpty() ? snapshots(from) : List.of();
        VolumeRef ref =
                snapshot.isEmpty() ? from.volume().current() : from.volume().snapshot(snapshot);
        CustomVolume wanted =
                new CustomVolume(
                        to.pool(),
                        checkName(to.name()),
                        description.orElse(source.description()),
                        settings,
                        Instant.now(),
                        source.isBlock(),
                        CustomVolume.CREATE);
        try (VolumeLocks.Held _ = locks.hold(from.key(), to.key())) {
            return make(
                    to,
                    wanted,
                    along,
                    (driver, name) -> copyInto(from, ref, along, driver, name, wanted.isBlock()));
        }
    }

    /// With what another pool says for new volumes. A disk has a size already.
    private Map<String, String> settled(String pool, Map<String, String> config, boolean isBlock) {
        Map<String, String> out = withDefaults(pool, config, isBlock);
        if (isBlock && !config.containsKey(VolumeKeys.SIZE)) {
            String _ = out.remove(VolumeKeys.SIZE);
        }
        return out;
    }

    private void copyInto(
            Place from,
            VolumeRef ref,
            List<VolumeSnapshot> snapshots,
            StorageDriver target,
            VolumeName name,
            boolean isBlock) {
        StorageDriver source = pools.driver(from.pool());
        List<String> names = snapshots.stream().map(VolumeSnapshot::name).toList();
        if (source == target) {
            target.createCopy(name, ref, names);
            return;
        }
        if (target.createReceived(name, source, ref, names)) {
            return;
        }
        List<SnapshotFiller> fillers =
                names.stream()
                        .map(s ->
                                new SnapshotFiller(
                                        s, VolumeContent.of(source, from.volume().snapshot(s))))
                        .toList();
        createFilled(target, name, isBlock, fillers, VolumeContent.of(source, ref));
    }

    /// A disk gets its size from what fills it.
    private static void createFilled(
            StorageDriver driver,
            VolumeName name,
            boolean isBlock,
            List<SnapshotFiller> snapshots,
            Filler filler) {
        if (isBlock) {
            driver.createBlock(name, 0, snapshots, filler);
        } else {
            driver.createFilled(name, snapshots, filler);
        }
    }

    /// Makes a volume from elsewhere.
    ///
    /// @param fillers of the snapshots, in the order of `snapshots`
    void fill(
            Place to,
            CustomVolume wanted,
            List<VolumeSnapshot> snapshots,
            List<SnapshotFiller> fillers,
            Filler filler) {
        fill(
                to,
                wanted,
                snapshots,
                (driver, name) -> createFilled(driver, name, wanted.isBlock(), fillers, filler));
    }

    /// Makes a volume from elsewhere.
    ///
    /// @param maker makes it with its snapshots
    void fill(Place to, CustomVolume wanted, List<VolumeSnapshot> snapshots, Maker maker) {
        CustomVolume begun =
                new CustomVolume(
                        to.pool(),
                        checkName(to.name()),
                        wanted.description(),
                        VolumeKeys.carried(wanted.config(), kind(to.pool(), wanted.isBlock())),
                        wanted.createdAt(),
                        wanted.isBlock(),
                        CustomVolume.CREATE);
        CustomVolume _ = make(to, begun, snapshots, maker);
    }

    /// Makes content of fillers for a snapshot that is not there yet, or for the volume itself.
    @FunctionalInterface
    interface Refill {
        /// @param basis what is there and may be like it; of a disk it is there already where the
        ///   filler is to write
        Filler of(VolumeRef what, Filler basis);
    }

    /// Brings a volume up to date with another one. What both have of snapshots stays.
    ///
    /// @param after the snapshots that there will be; those that it has are taken from it
    /// @throws BusyException while an instance that runs has it
    void refresh(Place place, List<VolumeSnapshot> after, Refill refill) {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            List<VolumeSnapshot> before = snapshots(place);
            VolumeName own = place.volume();
            StorageDriver driver = pools.driver(place.pool());
            Filler now = VolumeContent.of(driver, own.current());
            List<VolumeSnapshot> wanted =
                    after.stream()
                            .map(s -> before.stream().filter(s::isSame).findFirst().orElse(s))
                            .toList();
            if (get(place).value().isBlock()) {
                disks.refresh(place, before, wanted, what -> refill.of(what, now));
                return;
            }
            List<SnapshotFiller> fillers =
                    wanted.stream()
                            .map(s ->
                                    new SnapshotFiller(
                                            s.name(),
                                            before.contains(s)
                                                    ? VolumeContent.of(
                                                            driver, own.snapshot(s.name()))
                                                    : refill.of(own.snapshot(s.name()), now)))
                            .toList();
            replace(
                    place,
                    wanted,
                    (pool, name) ->
                            pool.createFilled(name, fillers, refill.of(own.current(), now)));
        }
    }

    /// Puts another volume with other snapshots in the place of one.
    ///
    /// @param maker makes it with its snapshots
    /// @throws BusyException while an instance that runs has it
    void replace(Place place, List<VolumeSnapshot> after, Maker maker) {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            replacement.replace(place, snapshots(place), after, maker);
        }
    }

    /// @throws InvalidConfigException if a volume is to become one of the other kind
    static void demandKind(CustomVolume volume, boolean isBlock) {
        if (volume.isBlock() != isBlock) {
            throw new InvalidConfigException("Content type of source and target must be the same");
        }
    }

    /// Brings a volume up to date with another one of this server.
    ///
    /// @param snapshot the snapshot to copy, or empty for the volume as it is
    CustomVolume refresh(Place from, String snapshot, Place to, boolean withSnapshots) {
        try (VolumeLocks.Held _ = locks.hold(from.key(), to.key())) {
            boolean isBlock = get(from).value().isBlock();
            demandKind(get(to).value(), isBlock);
            StorageDriver source = pools.driver(from.pool());
            VolumeRef ref =
                    snapshot.isEmpty()
                            ? from.volume().current()
                            : from.volume().snapshot(snapshot(from, snapshot).value().name());
            List<VolumeSnapshot> after =
                    withSnapshots && snapshot.isEmpty() ? snapshots(from) : snapshots(to);
            refresh(
                    to,
                    after,
                    (what, _) -> {
                        VolumeRef theirs =
                                what.snapshot().isEmpty()
                                        ? ref
                                        : from.volume().snapshot(what.snapshot());
                        return isBlock
                                ? VolumeContent.update(source, theirs)
                                : VolumeContent.of(source, theirs);
                    });
            return get(to).value();
        }
    }

    /// Moves a volume to another pool or project, with its snapshots.
    void move(Place from, Place to) {
        requireUnused(from);
        try (VolumeLocks.Held _ = locks.hold(from.key(), to.key())) {
            CustomVolume source = get(from).value();
            CustomVolume _ = copy(from, "", to, true, Optional.of(source.description()), Map.of());
            delete(from);
        }
    }

    private void requireUnused(Place place) {
        if (!pools.usersOfVolume(place.project(), place.pool(), place.name()).isEmpty()) {
            throw new BusyException("The storage volume is still in use");
        }
    }

    /// Changes description and keys.
    CustomVolume update(Place place, Stored<CustomVolume> read, CustomVolume next) {
        VolumeKeys.check(place.volume().name(), next.config(), kind(place.pool(), next.isBlock()));
        VolumeKeys.checkChange(read.value().config(), next.config());
        OptionalLong size = VolumeKeys.size(next.config());
        try (VolumeLocks.Held _ = locks.hold(place.key());
                Undo undo = new Undo()) {
            OptionalLong old = VolumeKeys.size(read.value().config());
            if (!size.equals(old)) {
                StorageDriver driver = pools.driver(place.pool());
                driver.setQuota(place.volume(), size);
                undo.add(() -> driver.setQuota(place.volume(), old));
            }
            admit(place, next, new Batch().replace(CustomVolume.KIND, read, next));
            if (VolumeKeys.concernsDriver(read.value().config(), next.config())) {
                undo.add(() -> store.update(CustomVolume.KIND, place.key(), _ -> read.value()));
                pools.driver(place.pool()).settingsChanged(place.volume());
            }
            undo.keep();
        }
        return next;
    }

    CustomVolume rename(Place from, String fresh) {
        requireUnused(from);
        Place to = new Place(from.project(), from.pool(), checkName(fresh));
        try (VolumeLocks.Held _ = locks.hold(from.key(), to.key());
                Undo undo = new Undo()) {
            CustomVolume old = get(from).value();
            if (store.find(CustomVolume.KIND, to.key()).isPresent()) {
                throw new AlreadyExistsException("Volume by that name already exists");
            }
            mark(from, CustomVolume.RENAME + fresh);
            undo.add(() -> mark(from, ""));
            StorageDriver driver = pools.driver(from.pool());
            driver.rename(from.volume(), to.volume().name());
            undo.add(() -> driver.rename(to.volume(), from.volume().name()));
            commitRename(from, to);
            undo.keep();
            return old.named(fresh);
        }
    }

    private void mark(Place place, String pending) {
        CustomVolume.mark(store, place.key(), pending);
    }

    private void commitRename(Place from, Place to) {
        Stored<CustomVolume> read = store.find(CustomVolume.KIND, from.key()).orElseThrow();
        Batch batch =
                new Batch()
                        .delete(CustomVolume.KIND, read)
                        .create(
                                CustomVolume.KIND,
                                to.key(),
                                read.value().withPending("").named(to.name()));
        for (VolumeSnapshot snapshot : snapshots(from)) {
            VolumeSnapshot mine = snapshot.of(to.pool(), to.name());
            batch.delete(
                    VolumeSnapshot.KIND,
                    store.find(VolumeSnapshot.KIND, snapshot.key(from.project())).orElseThrow());
            batch.create(VolumeSnapshot.KIND, mine.key(to.project()), mine);
        }
        backups.move(batch, to.project(), from.key().name(), to.key().name());
        store.commit(batch);
    }

    void delete(Place place) {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            requireUnused(place);
            CustomVolume _ = get(place).value();
            demandUp(place);
            mark(place, CustomVolume.DELETE);
            remove(place);
        }
    }

    /// What is marked as on its way out is removed when the pool is there again: nothing is marked
    /// for who is told that it failed.
    private void demandUp(Place place) {
        StorageDriver _ = pools.driver(place.pool());
    }

    private void remove(Place place) {
        pools.driver(place.pool()).delete(place.volume());
        Batch batch = new Batch();
        String prefix = place.pool() + "/" + place.name() + "/";
        for (Stored<VolumeSnapshot> snapshot : store.list(VolumeSnapshot.KIND, place.project())) {
            if (snapshot.name().startsWith(prefix)) {
                batch.delete(VolumeSnapshot.KIND, snapshot);
            }
        }
        store.find(CustomVolume.KIND, place.key())
                .ifPresent(v -> batch.delete(CustomVolume.KIND, v));
        store.commit(batch);
        backups.deleteAll(place.project(), place.key().name());
    }

    /// Takes a snapshot.
    ///
    /// @param description empty for the volume's
    /// @param expiresAt empty for the volume's rule; an empty inner one for never
    /// @throws io.atoll.base.ForbiddenException if the project lets no snapshots be made
    VolumeSnapshot takeSnapshot(
            Place place, String name, String description, Optional<Optional<Instant>> expiresAt) {
        gate.checkSnapshot(place.project());
        try (VolumeLocks.Held _ = locks.hold(place.key());
                Undo undo = new Undo()) {
            CustomVolume volume = get(place).value();
            Instant now = clock.instant();
            String chosen =
                    name.isEmpty()
                            ? SnapshotNames.free(
                                    volume.config().getOrDefault(VolumeKeys.PATTERN, ""),
                                    snapshots(place).stream().map(VolumeSnapshot::name).toList())
                            : SnapshotNames.check(name);
            VolumeSnapshot snapshot =
                    new VolumeSnapshot(
                            place.pool(),
                            place.name(),
                            chosen,
                            description.isEmpty() ? volume.description() : description,
                            volume.config(),
                            now,
                            expiresAt.orElseGet(() -> SnapshotNames.expiry(volume.config(), now)),
                            CustomVolume.CREATE);
            RecordKey key = snapshot.key(place.project());
            try {
                store.create(VolumeSnapshot.KIND, key, snapshot);
            } catch (AlreadyExistsException e) {
                throw taken(chosen);
            }
            undo.add(() -> store.delete(VolumeSnapshot.KIND, key));
            pools.driver(place.pool()).createSnapshot(place.volume(), chosen);
            Optional<VolumeSnapshot> _ =
                    store.update(VolumeSnapshot.KIND, key, s -> s.withPending(""));
            undo.keep();
            return snapshot.withPending("");
        }
    }

    private static AlreadyExistsException taken(String snapshot) {
        return new AlreadyExistsException("Snapshot \"" + snapshot + "\" already in use");
    }

    /// Whether a snapshot may be asked for; [#takeSnapshot] looks again.
    ///
    /// @param name empty if one is chosen then
    void checkSnapshot(Place place, String name) {
        gate.checkSnapshot(place.project());
        if (!name.isEmpty()
                && snapshots(place).stream()
                        .anyMatch(s -> s.name().equals(SnapshotNames.check(name)))) {
            throw taken(name);
        }
    }

    void deleteSnapshot(Place place, String name) {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            forget(place, name);
        }
    }

    private void forget(Place place, String name) {
        RecordKey key = snapshot(place, name).key();
        StorageDriver driver = pools.driver(place.pool());
        Optional<VolumeSnapshot> _ =
                store.update(VolumeSnapshot.KIND, key, s -> s.withPending(CustomVolume.DELETE));
        try {
            driver.deleteSnapshot(place.volume(), name);
        } catch (RuntimeException e) {
            // One that is there still can be removed later, by whoever wants that then.
            if (driver.exists(place.volume().snapshot(name))) {
                Optional<VolumeSnapshot> _ =
                        store.update(VolumeSnapshot.KIND, key, s -> s.withPending(""));
            }
            throw e;
        }
        boolean _ = store.delete(VolumeSnapshot.KIND, key);
    }

    VolumeSnapshot renameSnapshot(Place place, String name, String fresh) {
        try (VolumeLocks.Held _ = locks.hold(place.key());
                Undo undo = new Undo()) {
            Stored<VolumeSnapshot> read = snapshot(place, name);
            VolumeSnapshot renamed = read.value().named(SnapshotNames.check(fresh));
            if (store.find(VolumeSnapshot.KIND, renamed.key(place.project())).isPresent()) {
                throw new AlreadyExistsException("Snapshot by that name already exists");
            }
            StorageDriver driver = pools.driver(place.pool());
            driver.renameSnapshot(place.volume(), name, fresh);
            undo.add(() -> driver.renameSnapshot(place.volume(), fresh, name));
            store.commit(
                    new Batch()
                            .delete(VolumeSnapshot.KIND, read)
                            .create(VolumeSnapshot.KIND, renamed.key(place.project()), renamed));
            undo.keep();
            return renamed;
        }
    }

    void updateSnapshot(Stored<VolumeSnapshot> read, VolumeSnapshot next) {
        store.commit(new Batch().replace(VolumeSnapshot.KIND, read, next));
    }

    /// Brings a volume back to a snapshot.
    ///
    /// @throws BusyException while an instance that runs has it
    void restore(Place place, String snapshot) {
        try (VolumeLocks.Held _ = locks.hold(place.key())) {
            CustomVolume volume = get(place).value();
            VolumeSnapshot _ = snapshot(place, snapshot).value();
            if (pools.isVolumeMounted(place.project(), place.pool(), place.name())) {
                throw new BusyException("Cannot restore custom volume used by running instances");
            }
            StorageDriver driver = pools.driver(place.pool());
            long before = diskBytes(driver, place.volume().current());
            long after = diskBytes(driver, place.volume().snapshot(snapshot));
            if (after != before) {
                demandRoom(place, volume, after);
            }
            driver.inTheWay(place.volume(), snapshot).forEach(later -> forget(place, later));
            driver.restore(place.volume(), snapshot);
            long now = diskBytes(driver, place.volume().current());
            if (now != before) {
                Optional<CustomVolume> _ =
                        store.update(CustomVolume.KIND, place.key(), v -> v.withSize(now));
            }
        }
    }

    /// 0 for what is no disk.
    private static long diskBytes(StorageDriver driver, VolumeRef ref) {
        return driver.disk(ref).map(StorageDriver::diskBytes).orElse(0L);
    }

    private void demandRoom(Place place, CustomVolume volume, long bytes) {
        boolean _ =
                gate.admit(place.project(), List.of(member(volume.withSize(bytes))), () -> true);
    }

    /// The places of all volumes.
    List<Place> places() {
        List<Place> out = new ArrayList<>();
        for (Stored<CustomVolume> v : store.list(CustomVolume.KIND)) {
            if (v.value().pending().isEmpty()) {
                out.add(
                        new Place(
                                new ProjectName(v.project()), v.value().pool(), v.value().name()));
            }
        }
        return out;
    }

    /// Finishes or takes back what an earlier daemon began. A pool that is down is left for the
    /// next time.
    void recover() {
        for (Stored<CustomVolume> volume : store.list(CustomVolume.KIND)) {
            if (!volume.value().pending().isEmpty() && pools.isUp(volume.value().pool())) {
                attempt(volume.name(), () -> recover(volume));
            }
        }
        for (Stored<VolumeSnapshot> snapshot : store.list(VolumeSnapshot.KIND)) {
            VolumeSnapshot s = snapshot.value();
            if (pools.isUp(s.pool())) {
                attempt(snapshot.name(), () -> recoverSnapshot(snapshot));
            }
        }
    }

    private static void attempt(String what, Runnable work) {
        try {
            work.run();
        } catch (DomainException e) {
            LOG.log(Level.WARNING, "volume is not recovered volume=" + what, e);
        }
    }

    private void recover(Stored<CustomVolume> stored) {
        CustomVolume volume = stored.value();
        Place place = new Place(new ProjectName(stored.project()), volume.pool(), volume.name());
        if (VolumeReplacement.isOurs(volume.pending())) {
            replacement.recover(place, volume.pending());
            return;
        }
        if (DiskRefresh.isOurs(volume.pending())) {
            disks.recover(place, volume.pending());
            return;
        }
        if (!volume.pending().startsWith(CustomVolume.RENAME)) {
            remove(place);
            return;
        }
        Place to =
                new Place(
                        place.project(),
                        place.pool(),
                        volume.pending().substring(CustomVolume.RENAME.length()));
        if (store.find(CustomVolume.KIND, to.key()).isEmpty() && isRenamed(place, to)) {
            commitRename(place, to);
        } else {
            mark(place, "");
        }
    }

    private boolean isRenamed(Place from, Place to) {
        StorageDriver driver = pools.driver(from.pool());
        driver.resumeRename(from.volume(), to.volume());
        return driver.exists(to.volume().current());
    }

    private void recoverSnapshot(Stored<VolumeSnapshot> stored) {
        VolumeSnapshot snapshot = stored.value();
        VolumeName volume =
                CustomVolume.volume(new ProjectName(stored.project()), snapshot.volume());
        StorageDriver driver = pools.driver(snapshot.pool());
        if (!snapshot.pending().isEmpty()) {
            driver.deleteSnapshot(volume, snapshot.name());
            boolean _ = store.delete(VolumeSnapshot.KIND, stored.key());
        } else if (!driver.exists(volume.snapshot(snapshot.name()))) {
            recoverRename(stored, driver.snapshots(volume));
        }
    }

    /// A rename was cut off between the volume and the record: the one snapshot that has no record
    /// is it.
    private void recoverRename(Stored<VolumeSnapshot> stored, List<String> names) {
        VolumeSnapshot snapshot = stored.value();
        ProjectName project = new ProjectName(stored.project());
        List<String> strays =
                names.stream()
                        .filter(n ->
                                store.find(VolumeSnapshot.KIND, snapshot.named(n).key(project))
                                        .isEmpty())
                        .toList();
        Batch batch = new Batch().delete(VolumeSnapshot.KIND, stored);
        if (strays.size() == 1) {
            VolumeSnapshot renamed = snapshot.named(strays.getFirst());
            batch.create(VolumeSnapshot.KIND, renamed.key(project), renamed);
        }
        store.commit(batch);
    }
}
