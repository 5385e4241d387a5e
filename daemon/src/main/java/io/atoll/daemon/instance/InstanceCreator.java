package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Architecture;
import io.atoll.base.DomainException;
import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.device.attach.NicNetworks;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.image.RemoteSource;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.NameGenerator;
import io.atoll.daemon.instance.config.TemplateTriggers;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/// Makes instances. A record marked as pending is written first, then the volume is made, then the
/// mark is removed: a crash at any point leaves something that the next start of the daemon takes
/// back.
final class InstanceCreator {
    private static final int NAME_ATTEMPTS = 100;

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceIds ids;
    private final InstanceRunner runner;
    private final InstanceVolumes volumes;
    private final Ports ports;
    private final AttachedDevices attached;
    private final Events events;

    InstanceCreator(
            InstanceTable table,
            InstanceLocks locks,
            InstanceIds ids,
            InstanceRunner runner,
            InstanceVolumes volumes,
            Ports ports,
            AttachedDevices attached,
            Events events) {
        this.table = table;
        this.locks = locks;
        this.ids = ids;
        this.runner = runner;
        this.volumes = volumes;
        this.ports = ports;
        this.attached = attached;
        this.events = events;
    }

    /// A creation whose name and source are known to be good.
    ///
    /// @param image what it is made from, unless it is empty or a copy
    /// @param original what it is copied from, else empty
    record Ready(
            CreateRequest request,
            InstanceName name,
            Optional<SourceImage> image,
            Optional<InstanceVolumes.Original> original) {}

    /// Looks up what the request refers to; fast and without a trace.
    ///
    /// @throws NotFoundException if image, source or a profile do not exist
    Ready check(CreateRequest request) {
        Ready ready = resolve(request);
        checkAdmission(ready);
        return ready;
    }

    /// Refuses at once what the project would refuse later.
    private void checkAdmission(Ready ready) {
        InstanceRecord draft = draft(ready);
        boolean isThere = table.find(draft.key()).isPresent();
        try {
            Expansion expansion = table.expand(draft);
            if (!isThere) {
                table.checkAdmission(draft, expansion);
            }
        } catch (InvalidConfigException | NotFoundException _) {
            // The operation tells what is wrong with it.
        }
    }

    private Ready resolve(CreateRequest request) {
        InstanceName name = request.name().orElseGet(() -> freeName(request));
        for (String profile : request.profiles().orElse(List.of())) {
            checkProfile(request, profile);
        }
        return switch (request.source()) {
            case CreateRequest.Source.FromImage(ImageQuery query) ->
                    new Ready(
                            request,
                            name,
                            Optional.of(ports.images().find(request.project(), query)),
                            Optional.empty());
            case CreateRequest.Source.FromServer _ ->
                    new Ready(request, name, Optional.empty(), Optional.empty());
            case CreateRequest.Source.Empty _ ->
                    new Ready(request, name, Optional.empty(), Optional.empty());
            case CreateRequest.Source.Migration _ ->
                    new Ready(request, name, Optional.empty(), Optional.empty());
            case CreateRequest.Source.Copy copy ->
                    new Ready(request, name, Optional.empty(), Optional.of(original(copy)));
        };
    }

    /// The image that a source names, brought from another server if that is where it is; empty for
    /// an empty root.
    ///
    /// @throws InvalidConfigException if it is another kind of source
    Optional<SourceImage> image(
            ProjectName project, CreateRequest.Source source, Operation operation) {
        return switch (source) {
            case CreateRequest.Source.FromServer(RemoteSource elsewhere) ->
                    Optional.of(fetch(project, elsewhere, operation));
            case CreateRequest.Source.FromImage(ImageQuery query) ->
                    Optional.of(ports.images().find(project, query));
            case CreateRequest.Source.Empty _ -> Optional.empty();
            case CreateRequest.Source.Copy _ ->
                    throw new InvalidConfigException("Unknown source type copy");
            case CreateRequest.Source.Migration _ ->
                    throw new InvalidConfigException("Unknown source type migration");
        };
    }

    private InstanceName freeName(CreateRequest request) {
        for (int i = 0; i < NAME_ATTEMPTS; i++) {
            InstanceName name = NameGenerator.generate(ThreadLocalRandom.current());
            if (table.find(RecordKey.of(request.project(), name.value())).isEmpty()) {
                return name;
            }
        }
        return new InstanceName(
                "instance-" + Integer.toHexString(ThreadLocalRandom.current().nextInt()));
    }

    private void checkProfile(CreateRequest request, String profile) {
        try {
            Expansion.Source unused = ports.profiles().get(request.project(), profile);
        } catch (NotFoundException e) {
            throw new NotFoundException("Requested profile \"" + profile + "\" doesn't exist", e);
        }
    }

    private InstanceVolumes.Original original(CreateRequest.Source.Copy copy) {
        InstanceRecord source =
                table.find(RecordKey.of(copy.project(), copy.instance()))
                        .orElseThrow(() ->
                                new NotFoundException(
                                        "Failed to fetch instance \""
                                                + copy.instance()
                                                + "\" in project \""
                                                + copy.project()
                                                + "\": Instance not found"));
        VolumeName volume = InstanceVolumes.volume(source);
        StorageDriver pool = volumes.pool(source);
        if (!copy.snapshot().isEmpty()) {
            SnapshotRecord snapshot = table.snapshot(source, copy.snapshot());
            return new InstanceVolumes.Original(
                    snapshot.instance(),
                    source.key(),
                    pool,
                    volume.snapshot(snapshot.name()),
                    List.of());
        }
        return new InstanceVolumes.Original(
                source,
                source.key(),
                pool,
                volume.current(),
                copy.isInstanceOnly() ? List.of() : table.snapshots(source));
    }

    /// Brings an instance that exists up to date with the source of a copy: files and snapshots,
    /// not what it is configured to be.
    private void refresh(Ready ready, InstanceVolumes.Original original, boolean isInstanceOnly) {
        RecordKey key = RecordKey.of(ready.request().project(), ready.name().value());
        try (InstanceLocks.Held _ = locks.holdAlone(key, "refresh")) {
            InstanceRecord instance = table.get(ready.request().project(), key.name());
            if (runner.isRunning(key)) {
                throw new InvalidConfigException("Cannot refresh a running instance");
            }
            List<SnapshotRecord> kept =
                    isInstanceOnly ? table.snapshots(instance) : original.snapshots();
            volumes.replace(
                    instance,
                    (pool, volume) -> {
                        if (isInstanceOnly) {
                            copyWithOwnSnapshots(instance, original, pool, volume);
                        } else {
                            volumes.copy(original, pool, volume);
                        }
                    },
                    kept,
                    now -> now);
        }
        events.publishLifecycle(
                Lifecycle.of(
                        "instance-updated",
                        InstanceView.url(ready.request().project(), ready.name().value()),
                        ready.request().project()));
    }

    /// The files of another instance, with the snapshots that this one has.
    private void copyWithOwnSnapshots(
            InstanceRecord instance,
            InstanceVolumes.Original original,
            StorageDriver pool,
            VolumeName volume) {
        VolumeName own = InstanceVolumes.volume(instance);
        List<SnapshotFiller> fillers =
                table.snapshots(instance).stream()
                        .map(s ->
                                new SnapshotFiller(
                                        s.name(), VolumeContent.of(pool, own.snapshot(s.name()))))
                        .toList();
        pool.createFilled(volume, fillers, VolumeContent.of(original.pool(), original.volume()));
    }

    /// Makes it. Blocks for as long as the files take.
    ///
    /// @param operation shows the progress of a download
    void create(Ready checked, Operation operation) {
        Ready ready = withImage(checked, operation);
        if (ready.request().source() instanceof CreateRequest.Source.Copy copy
                && copy.isRefresh()
                && table.find(RecordKey.of(ready.request().project(), ready.name().value()))
                        .isPresent()) {
            refresh(ready, ready.original().orElseThrow(), copy.isInstanceOnly());
            return;
        }
        make(
                draft(ready),
                ready.original().map(InstanceVolumes.Original::snapshots).orElse(List.of()),
                (pool, volume) -> fill(ready, pool, volume));
    }

    /// Makes the volume of a new instance.
    interface Fill {
        void fill(StorageDriver pool, VolumeName volume);
    }

    /// Makes an instance of which everything is known, but its ids and what its interfaces lack.
    ///
    /// @param draft pending
    /// @param snapshots that `fill` makes too, recorded with their own names and of any instance
    void make(InstanceRecord draft, List<SnapshotRecord> snapshots, Fill fill) {
        make(draft, snapshots, fill, Pending.NOTHING);
    }

    /// As above.
    ///
    /// @param after what is still to be done then
    void make(InstanceRecord draft, List<SnapshotRecord> snapshots, Fill fill, Pending after) {
        RecordKey key = draft.key();
        try (InstanceLocks.Held _ = locks.hold(key, "create");
                Undo undo = new Undo()) {
            Expansion expansion;
            DeviceConfig.RootDisk root;
            StorageDriver pool;
            try {
                expansion = table.expand(draft);
                ConfigKeys.checkContainer(draft.config());
                ConfigKeys.checkContainer(expansion.config());
                List<DeviceConfig> devices = Devices.of(expansion);
                root = Devices.root(devices);
                Devices.requireApart(devices);
                pool = pool(root.pool());
                table.checkAdmission(draft, expansion);
                checkDevices(draft, devices);
            } catch (InvalidConfigException e) {
                throw new InvalidConfigException(failed(e), e);
            }
            record(key, draft, expansion);
            undo.add(() -> table.store().delete(InstanceRecord.KIND, key));
            VolumeName volume = VolumeName.container(draft.hostWideName());
            undo.add(() -> pool.delete(volume));
            fill.fill(pool, volume);
            if (root.size().isPresent()) {
                pool.setQuota(volume, OptionalLong.of(root.size().get().bytes()));
            }
            recordSnapshots(snapshots, draft);
            table.update(key, now -> now.withPending(after));
            undo.keep();
        }
        events.publishLifecycle(
                Lifecycle.of(
                        "instance-created",
                        InstanceView.url(draft.project(), draft.name()),
                        draft.project()));
    }

    private StorageDriver pool(String name) {
        try {
            return ports.pools().get(name);
        } catch (NotFoundException e) {
            throw new InvalidConfigException(
                    "Failed initialising instance: Failed loading storage pool: " + e.getMessage(),
                    e);
        }
    }

    /// @throws InvalidConfigException if what the devices refer to is not there or does not fit
    private void checkDevices(InstanceRecord draft, List<DeviceConfig> devices) {
        try {
            NicNetworks.check(ports.networks(), draft.project(), devices);
        } catch (NotFoundException | InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Failed initialising instance: Invalid devices: " + e.getMessage(), e);
        }
        DiskVolumes.check(ports.pools(), draft.project(), devices);
        try {
            DiskVolumes.requirePresent(ports.pools(), draft.project(), devices);
            attached.requirePresent(Sites.of(draft), List.of(), devices);
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException("Failed initialising instance: " + e.getMessage(), e);
        }
    }

    /// An image of another server is only known when it was asked, which takes its time.
    private Ready withImage(Ready ready, Operation operation) {
        if (!(ready.request().source()
                instanceof CreateRequest.Source.FromServer(RemoteSource source))) {
            return ready;
        }
        SourceImage image = fetch(ready.request().project(), source, operation);
        return new Ready(ready.request(), ready.name(), Optional.of(image), Optional.empty());
    }

    /// Brings an image of another server; until it is here the operation can be cancelled.
    private SourceImage fetch(ProjectName project, RemoteSource source, Operation operation) {
        SourceImage image;
        try {
            image = ports.images().fetch(project, source, operation);
        } catch (RuntimeException e) {
            boolean _ = operation.commit();
            throw e;
        }
        if (!operation.commit()) {
            throw new UnavailableException("The download was stopped");
        }
        return image;
    }

    private static String failed(DomainException e) {
        String why = e.getMessage();
        boolean isRoot = why.startsWith("Failed getting root disk");
        return "Failed creating instance record: "
                + (isRoot ? "Failed initialising instance: " : "")
                + why;
    }

    private void record(RecordKey key, InstanceRecord draft, Expansion expansion) {
        try {
            ids.allocate(
                    key,
                    expansion.typed(),
                    allocation ->
                            table.create(
                                    draft.withConfig(config -> {
                                        config.putAll(Volatile.ofIds(allocation));
                                        putAddresses(config, expansion);
                                        return config;
                                    })));
        } catch (AlreadyExistsException e) {
            throw new AlreadyExistsException(InstanceMessages.ALREADY_EXISTS, e);
        }
    }

    /// Gives every interface without a hardware address one that stays.
    static void putAddresses(Map<String, String> config, Expansion expansion) {
        for (DeviceConfig device : Devices.of(expansion)) {
            if (device instanceof NicConfig nic
                    && nic.hwaddr().isEmpty()
                    && nic.kind() != NicConfig.Kind.IPVLAN
                    && nic.kind() != NicConfig.Kind.PHYSICAL) {
                config.computeIfAbsent(
                        Volatile.hwaddr(nic.name()),
                        _ -> Volatile.randomMac(ThreadLocalRandom.current()).value());
            }
        }
    }

    private void fill(Ready ready, StorageDriver pool, VolumeName volume) {
        if (ready.image().isPresent()) {
            ports.images().importInto(pool, ready.request().project(), ready.image().get());
            pool.createFromImage(volume, ready.image().get().fingerprint());
            return;
        }
        if (ready.original().isEmpty()) {
            pool.createEmpty(volume);
            return;
        }
        volumes.copy(ready.original().get(), pool, volume);
        if (!ready.request().isStateful()) {
            InstanceMemory.forget(pool.directory(volume.current()));
        }
    }

    private void recordSnapshots(List<SnapshotRecord> snapshots, InstanceRecord draft) {
        Batch batch = new Batch();
        for (SnapshotRecord snapshot : snapshots) {
            SnapshotRecord copy = snapshot.withInstance(draft);
            batch.create(SnapshotRecord.KIND, copy.key(), copy);
        }
        if (!snapshots.isEmpty()) {
            table.store().commit(batch);
        }
    }

    /// What is to be recorded first.
    static InstanceRecord draft(Ready ready) {
        CreateRequest request = ready.request();
        Map<String, String> config = new TreeMap<>();
        Map<String, Map<String, String>> devices = new TreeMap<>();
        List<String> profiles = List.of("default");
        String architecture = Architecture.host().kernelName();
        TemplateTriggers.Origin origin = TemplateTriggers.Origin.CREATE;
        if (ready.image().isPresent()) {
            SourceImage image = ready.image().get();
            image.properties().forEach((name, value) -> config.put("image." + name, value));
            config.put(ConfigKeys.BASE_IMAGE.name(), image.fingerprint().value());
            architecture = image.architecture();
            profiles = image.profiles().isEmpty() ? profiles : image.profiles();
        }
        if (ready.original().isPresent()) {
            InstanceRecord source = ready.original().get().instance();
            config.putAll(Volatile.keptByCopy(source.config()));
            config.put(
                    ConfigKeys.LAST_STATE_IDMAP.name(),
                    source.config(ConfigKeys.LAST_STATE_IDMAP.name()));
            devices.putAll(source.devices());
            profiles = source.profiles();
            architecture = source.architecture();
            origin = TemplateTriggers.Origin.COPY;
        }
        boolean isFromElsewhere = request.source() instanceof CreateRequest.Source.Migration;
        Map<String, String> asked = Volatile.withNotes(request.config(), Map.of());
        if (ready.original().isPresent()) {
            asked = Volatile.keptByCopy(request.config());
        } else if (isFromElsewhere) {
            asked = Volatile.keptByMove(asked);
            origin = TemplateTriggers.Origin.COPY;
        }
        config.putAll(asked);
        String stored = config.getOrDefault(ConfigKeys.LAST_STATE_IDMAP.name(), "");
        config.putAll(Volatile.ofNewInstance(origin));
        if (isFromElsewhere) {
            // What moves stays the same one.
            config.putAll(asked);
        }
        if (!stored.isEmpty()) {
            config.put(ConfigKeys.LAST_STATE_IDMAP.name(), stored);
        }
        devices.putAll(request.devices());
        return new InstanceRecord(
                request.project(),
                ready.name().value(),
                request.architecture().isEmpty() ? architecture : request.architecture(),
                request.description(),
                config,
                devices,
                request.profiles().orElse(profiles),
                request.isEphemeral(),
                Instant.now(),
                Instant.EPOCH,
                Pending.CREATE,
                request.isStateful()
                        && ready.original().filter(o -> o.instance().isStateful()).isPresent());
    }
}
