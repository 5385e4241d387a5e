package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Architecture;
import io.atoll.base.DomainException;
import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
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
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
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
    private final Ports ports;
    private final Events events;

    InstanceCreator(
            InstanceTable table, InstanceLocks locks, InstanceIds ids, Ports ports, Events events) {
        this.table = table;
        this.locks = locks;
        this.ids = ids;
        this.ports = ports;
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
            Optional<Original> original) {}

    /// What a copy is made from.
    ///
    /// @param instance the source, or what a snapshot recorded of it
    /// @param snapshots to take along, oldest first
    record Original(InstanceRecord instance, VolumeRef volume, List<SnapshotRecord> snapshots) {}

    /// Looks up what the request refers to; fast and without a trace.
    ///
    /// @throws NotFoundException if image, source or a profile do not exist
    Ready check(CreateRequest request) {
        InstanceName name = request.name().orElseGet(() -> freeName(request));
        for (String profile : request.profiles().orElse(List.of())) {
            ports.profiles().get(request.project(), profile);
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
            case CreateRequest.Source.Copy copy ->
                    new Ready(request, name, Optional.empty(), Optional.of(original(copy)));
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

    private Original original(CreateRequest.Source.Copy copy) {
        if (copy.isRefresh()) {
            throw new UnsupportedException(
                    "Refreshing an existing instance by a copy is not supported yet");
        }
        InstanceRecord source = table.get(copy.project(), copy.instance());
        VolumeName volume = VolumeName.container(source.hostWideName());
        if (!copy.snapshot().isEmpty()) {
            SnapshotRecord snapshot = table.snapshot(source, copy.snapshot());
            return new Original(snapshot.instance(), volume.snapshot(snapshot.name()), List.of());
        }
        return new Original(
                source,
                volume.current(),
                copy.isInstanceOnly() ? List.of() : table.snapshots(source));
    }

    /// Makes it. Blocks for as long as the files take.
    ///
    /// @param operation shows the progress of a download
    void create(Ready checked, Operation operation) {
        Ready ready = withImage(checked, operation);
        make(
                draft(ready),
                ready.original().map(Original::snapshots).orElse(List.of()),
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
                root = Devices.root(Devices.parseAll(expansion.devices()));
                pool = ports.pools().get(root.pool());
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
            table.update(key, now -> now.withPending(Pending.NOTHING));
            undo.keep();
        }
        events.publishLifecycle(
                Lifecycle.of(
                        "instance-created",
                        InstanceView.url(draft.project(), draft.name()),
                        draft.project()));
    }

    /// An image of another server is only known when it was asked, which takes its time.
    private Ready withImage(Ready ready, Operation operation) {
        if (!(ready.request().source()
                instanceof CreateRequest.Source.FromServer(RemoteSource source))) {
            return ready;
        }
        SourceImage image = ports.images().fetch(ready.request().project(), source, operation);
        return new Ready(ready.request(), ready.name(), Optional.of(image), Optional.empty());
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
                            table.store()
                                    .create(
                                            InstanceRecord.KIND,
                                            key,
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
        for (DeviceConfig device : Devices.parseAll(expansion.devices())) {
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
        Original original = ready.original().get();
        if (!pool.exists(original.volume())) {
            throw new UnsupportedException("Copying between storage pools is not supported yet");
        }
        pool.createCopy(
                volume,
                original.volume(),
                original.snapshots().stream().map(SnapshotRecord::name).toList());
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

    private static InstanceRecord draft(Ready ready) {
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
            devices.putAll(source.devices());
            profiles = source.profiles();
            architecture = source.architecture();
            origin = TemplateTriggers.Origin.COPY;
        }
        config.putAll(
                ready.original().isPresent()
                        ? Volatile.keptByCopy(request.config())
                        : request.config());
        config.putAll(Volatile.ofNewInstance(origin));
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
                Pending.CREATE);
    }
}
