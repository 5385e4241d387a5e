package io.atoll.daemon.instance;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.backup.BackupForm;
import io.atoll.daemon.backup.BackupRoutes;
import io.atoll.daemon.backup.BackupSubject;
import io.atoll.daemon.backup.BackupTable;
import io.atoll.daemon.backup.CompressionDefaults;
import io.atoll.daemon.backup.Upload;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.store.RecordKey;
import io.atoll.image.BackupPart;
import io.atoll.image.BackupReader;
import io.atoll.image.BackupWriter;
import io.atoll.linux.Fd;
import io.atoll.storage.Filler;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Instances as archives in LXD's layout, and instances from such archives.
final class InstanceBackups implements BackupSubject, Routes {
    private static final Words WORDS =
            new Words(
                    "instance",
                    List.of("instance_only", "container_only"),
                    "Backing up instance",
                    "Renaming instance backup",
                    "Removing instance backup");

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceSnapshots snapshots;
    private final InstanceCreator creator;
    private final Ports ports;
    private final BackupTable records;
    private final Operations operations;
    private final BackupRoutes endpoints;

    InstanceBackups(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceSnapshots snapshots,
            InstanceCreator creator,
            Ports ports,
            BackupTable records,
            Operations operations,
            Events events,
            CompressionDefaults compression) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.snapshots = snapshots;
        this.creator = creator;
        this.ports = ports;
        this.records = records;
        this.operations = operations;
        this.endpoints = new BackupRoutes(records, this, operations, events, compression);
    }

    @Override
    public List<Route> routes() {
        return endpoints.routes();
    }

    @Override
    public Words words() {
        return WORDS;
    }

    @Override
    public List<String> paths() {
        return List.of("/1.0/instances/{name}/backups", "/1.0/containers/{name}/backups");
    }

    @Override
    public Owner owner(Request request) {
        InstanceRecord instance = table.get(request.project(), request.variable("name"));
        return new Owner(instance.project(), instance.name());
    }

    @Override
    public void checkAllowed(ProjectName project) {
        ports.projects().checkBackup(project);
    }

    @Override
    public String url(Owner owner, String backup) {
        return ApiPath.inProject(
                ApiPath.of("instances", owner.key(), "backups", backup), owner.project().value());
    }

    /// Clients of LXD read the backup's name out of this URL, though nothing answers there.
    @Override
    public OperationSpec describe(OperationSpec spec, Owner owner, String backup) {
        return Instances.about(spec, owner.project(), owner.key())
                .resource("backups", ApiPath.of("backups", backup));
    }

    /// The backups of an instance as the API shows them.
    List<Json> views(InstanceRecord instance) {
        return records.list(instance.project(), instance.name()).stream()
                .map(endpoints::json)
                .toList();
    }

    @Override
    public boolean hasOwnForm(Owner owner) {
        InstanceRecord instance = table.get(owner.project(), owner.key());
        VolumeRef files = Instances.volume(instance).current();
        return pool(instance).streams().filter(s -> s.canSend(files)).isPresent();
    }

    /// A stopped instance is read as it is and stays stopped meanwhile; of one that runs the files
    /// of one moment are read, while it runs on.
    @Override
    public void write(Owner owner, Wish wish, OutputStream out) throws IOException {
        RecordKey key = RecordKey.of(owner.project(), owner.key());
        try (InstanceLocks.Held _ = locks.hold(key, "backup")) {
            if (!runner.isRunning(key)) {
                locks.endVisits(key);
                VolumeName volume = Instances.volume(table.get(owner.project(), owner.key()));
                pack(owner, wish, volume.current(), out);
                return;
            }
        }
        snapshots.ofThisMoment(key, moment -> pack(owner, wish, moment, out));
    }

    private void pack(Owner owner, Wish wish, VolumeRef files, OutputStream out)
            throws IOException {
        InstanceRecord instance = table.get(owner.project(), owner.key());
        List<SnapshotRecord> kept = wish.isAlone() ? List.of() : table.snapshots(instance);
        StorageDriver pool = pool(instance);
        Map<String, Expansion.Source> profiles = new HashMap<>();
        InstanceIndex.Writer yaml =
                new InstanceIndex.Writer(
                        instance,
                        kept,
                        pool,
                        table::expand,
                        name ->
                                profiles.computeIfAbsent(
                                        name, n -> ports.profiles().get(owner.project(), n)));
        Optional<VolumeStreams> streams =
                wish.isOptimized() ? pool.streams() : Optional.<VolumeStreams>empty();
        BackupForm form = BackupForm.of(pool, streams);
        try (BackupWriter writer = new BackupWriter(out, wish.packing(), yaml.index(form))) {
            if (streams.isPresent()) {
                List<String> names = kept.stream().map(SnapshotRecord::name).toList();
                try (VolumeStreams.Sending sending =
                        streams.get().send(files, names, Optional.of(yaml.backup()))) {
                    form.write(writer, sending, InstanceBackups::place, wish.spool());
                }
                return;
            }
            for (SnapshotRecord snapshot : kept) {
                VolumeRef ref = Instances.volume(instance).snapshot(snapshot.name());
                put(writer, BackupPart.snapshot(snapshot.name()), yaml.backup(), pool, ref);
            }
            put(writer, BackupPart.INSTANCE, yaml.backup(), pool, files);
        }
    }

    private static BackupPart place(String snapshot) {
        return snapshot.isEmpty() ? BackupPart.INSTANCE : BackupPart.snapshot(snapshot);
    }

    private static void put(
            BackupWriter writer, BackupPart part, String yaml, StorageDriver pool, VolumeRef ref)
            throws IOException {
        try (Fd root = pool.openRoot(ref)) {
            writer.putInstance(part, pool.directory(ref), yaml, root);
        }
    }

    private StorageDriver pool(InstanceRecord instance) {
        return ports.pools().get(rootPool(instance));
    }

    private String rootPool(InstanceRecord instance) {
        return Devices.root(Devices.of(table.expand(instance))).pool();
    }

    /// Makes an instance from the archive that a request brings, while it comes.
    Response restore(Request request) throws IOException {
        ProjectName project = request.project();
        BackupReader reader = new BackupReader(request.stream());
        InstanceIndex index = InstanceIndex.parse(reader.readIndex());
        InstanceName name =
                new InstanceName(
                        request.header("X-LXD-name")
                                .filter(n -> !n.isEmpty())
                                .orElse(index.instance().name()));
        if (table.find(RecordKey.of(project, name.value())).isPresent()) {
            throw new AlreadyExistsException(
                    "Instance \"" + name + "\" already exists in project \"" + project + "\"");
        }
        InstanceRecord draft =
                placed(
                        index,
                        withOwnAddresses(index.instance().withKey(project, name.value())),
                        request.header("X-LXD-pool").filter(p -> !p.isEmpty()));
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Restoring backup", project), project, name.value());
        return Upload.consume(
                request,
                operations,
                spec,
                _ ->
                        creator.make(
                                draft,
                                snapshots(index, draft),
                                (pool, volume) -> fill(reader, index, pool, volume)));
    }

    /// It may be a second one beside the instance that was saved, which keeps what it has.
    private InstanceRecord withOwnAddresses(InstanceRecord draft) {
        NicConflicts conflicts = new NicConflicts(table);
        return draft.withConfig(config -> {
            config.entrySet()
                    .removeIf(entry ->
                            Volatile.isHwaddr(entry.getKey())
                                    && conflicts.isTaken(draft.key(), entry.getValue()));
            return config;
        });
    }

    private static void fill(
            BackupReader reader, InstanceIndex index, StorageDriver pool, VolumeName volume) {
        if (index.form().isOptimized()) {
            List<String> names = index.snapshots().stream().map(SnapshotRecord::name).toList();
            index.form()
                    .read(
                            reader,
                            new BackupForm.Target(pool, volume, false, names, index.shifted()),
                            InstanceBackups::place);
            return;
        }
        List<SnapshotFiller> fillers =
                index.snapshots().stream()
                        .map(s ->
                                new SnapshotFiller(
                                        s.name(),
                                        filler(reader, index, BackupPart.snapshot(s.name()))))
                        .toList();
        pool.createFilled(volume, fillers, filler(reader, index, BackupPart.INSTANCE));
    }

    private static Filler filler(BackupReader reader, InstanceIndex index, BackupPart part) {
        return (directory, rootfs) -> reader.unpack(part, directory, rootfs, index.shifted());
    }

    /// Puts the instance into the pool that was asked for, else the one it was in, else the one
    /// that its root disk names now.
    private InstanceRecord placed(
            InstanceIndex index, InstanceRecord draft, Optional<String> wanted) {
        wanted.ifPresent(pool -> ports.pools().get(pool));
        Map<String, Map<String, String>> devices = table.expand(draft).devices();
        String pool = wanted.orElseGet(() -> isPool(index.pool()) ? index.pool() : "");
        Optional<Map.Entry<String, Map<String, String>>> root = root(devices);
        if (pool.isEmpty()) {
            String named = root.map(r -> r.getValue().getOrDefault("pool", "")).orElse("");
            if (isPool(named)) {
                return draft;
            }
            pool = poolOfDefaultProfile(draft.project(), index.pool());
        }
        String device = root.map(Map.Entry::getKey).orElse("root");
        Map<String, String> disk = new HashMap<>(root.map(Map.Entry::getValue).orElse(Map.of()));
        if (pool.equals(disk.get("pool"))) {
            return draft;
        }
        disk.putAll(Map.of("type", "disk", "path", "/", "pool", pool));
        return draft.withDevice(device, disk);
    }

    /// Whoever goes back to one of them stays in the pool.
    private List<SnapshotRecord> snapshots(InstanceIndex index, InstanceRecord draft) {
        Optional<String> pool =
                root(table.expand(draft).devices())
                        .map(root -> root.getValue().getOrDefault("pool", ""))
                        .filter(this::isPool);
        return index.snapshots().stream()
                .map(snapshot -> snapshot.withInstance(draft))
                .map(snapshot ->
                        pool.isEmpty()
                                ? snapshot
                                : snapshot.placed(placed(index, snapshot.instance(), pool)))
                .toList();
    }

    private static Optional<Map.Entry<String, Map<String, String>>> root(
            Map<String, Map<String, String>> devices) {
        return devices.entrySet().stream()
                .filter(d -> d.getValue().getOrDefault("type", "").equals("disk"))
                .filter(d -> d.getValue().getOrDefault("path", "").equals("/"))
                .findFirst();
    }

    private boolean isPool(String name) {
        try {
            ports.pools().get(name);
            return true;
        } catch (NotFoundException e) {
            return false;
        }
    }

    private String poolOfDefaultProfile(ProjectName project, String lost) {
        Expansion.Source profile = ports.profiles().get(project, "default");
        for (DeviceConfig device : Devices.parseAll(profile.devices())) {
            if (device instanceof DeviceConfig.RootDisk root) {
                return root.pool();
            }
        }
        throw new InvalidConfigException(
                "There is no storage pool \""
                        + lost
                        + "\", and the default profile names no other");
    }
}
