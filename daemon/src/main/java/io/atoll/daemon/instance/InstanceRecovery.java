package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.recover.LostVolume;
import io.atoll.daemon.recover.LostVolumes;
import io.atoll.daemon.store.Batch;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Instances whose root is in a pool but that have no record, made again from the document that
/// [InstanceDocuments] keeps beside the root.
final class InstanceRecovery implements LostVolumes {
    private final InstanceTable table;
    private final Ports ports;

    InstanceRecovery(InstanceTable table, Ports ports) {
        this.table = table;
        this.ports = ports;
    }

    @Override
    public List<LostVolume> find(StorageDriver pool) {
        Set<String> known = new HashSet<>();
        table.list().forEach(r -> known.add(r.hostWideName()));
        List<LostVolume> out = new ArrayList<>();
        for (String volume : pool.volumes(VolumeType.CONTAINER)) {
            if (!known.contains(volume)) {
                out.add(lost(pool, volume));
            }
        }
        return out;
    }

    private LostVolume lost(StorageDriver pool, String stored) {
        VolumeName volume = VolumeName.container(stored);
        List<String> names = pool.snapshots(volume);
        String in = pool.pool().name();
        try {
            InstanceIndex document = read(pool.directory(volume.current()));
            InstanceRecord instance = document.instance();
            if (!instance.hostWideName().equals(stored)) {
                return broken(in, stored, names, "its document is of another instance");
            }
            List<String> problems = new ArrayList<>();
            check(instance, problems);
            return new LostVolume(
                    "container",
                    instance.project(),
                    in,
                    instance.name(),
                    names.size(),
                    problems,
                    () -> record(in, document, names));
        } catch (IOException | DomainException e) {
            return broken(in, stored, names, String.valueOf(e.getMessage()));
        }
    }

    private static LostVolume broken(
            String pool, String stored, List<String> snapshots, String why) {
        return new LostVolume(
                "container",
                ProjectName.DEFAULT,
                pool,
                stored,
                snapshots.size(),
                List.of("Instance in volume \"" + stored + "\" cannot be told: " + why),
                () -> {});
    }

    private static InstanceIndex read(Path directory) throws IOException {
        Path file = directory.resolve(InstanceDocuments.NAME);
        if (!Files.isRegularFile(file)) {
            throw new InvalidConfigException(
                    "there is no " + InstanceDocuments.NAME + " beside its root");
        }
        return InstanceIndex.parseDocument(Files.readString(file));
    }

    private void check(InstanceRecord instance, List<String> problems) {
        try {
            ports.projects().checkExists(instance.project());
        } catch (DomainException _) {
            problems.add("Project \"" + instance.project() + "\" not found");
            return;
        }
        for (String profile : instance.profiles()) {
            try {
                ports.profiles().get(instance.project(), profile);
            } catch (DomainException _) {
                problems.add(
                        "Profile \""
                                + profile
                                + "\" not found in project \""
                                + instance.project()
                                + "\"");
            }
        }
        if (problems.isEmpty()) {
            checkNetworks(instance, problems);
        }
    }

    private void checkNetworks(InstanceRecord instance, List<String> problems) {
        for (DeviceConfig device : Devices.parseAll(table.expand(instance).devices())) {
            if (device instanceof NicConfig nic && nic.network().isPresent()) {
                try {
                    ports.networks().find(nic.network().get());
                } catch (DomainException _) {
                    problems.add("Network \"" + nic.network().get() + "\" not found");
                }
            }
        }
    }

    /// Snapshots of which the document knows nothing are taken for the instance as it is.
    private void record(String pool, InstanceIndex document, List<String> names) {
        InstanceRecord instance = inPool(document.instance(), pool);
        Map<String, SnapshotRecord> known = new TreeMap<>();
        document.snapshots().forEach(s -> known.put(s.name(), s));
        Batch batch = new Batch().create(InstanceRecord.KIND, instance.key(), instance);
        for (String name : names) {
            SnapshotRecord snapshot =
                    known.getOrDefault(
                            name,
                            new SnapshotRecord(
                                    name,
                                    instance,
                                    Instant.now(),
                                    Optional.empty(),
                                    Pending.NOTHING));
            batch.create(SnapshotRecord.KIND, snapshot.key(), snapshot);
        }
        table.commit(instance, batch);
    }

    /// The profiles of today may put its root elsewhere.
    private InstanceRecord inPool(InstanceRecord instance, String pool) {
        Map<String, Map<String, String>> devices = table.expand(instance).devices();
        String name = "root";
        Map<String, String> root = Map.of();
        for (Map.Entry<String, Map<String, String>> device : devices.entrySet()) {
            Map<String, String> keys = device.getValue();
            if ("disk".equals(keys.get("type")) && "/".equals(keys.get("path"))) {
                name = device.getKey();
                root = keys;
            }
        }
        if (pool.equals(root.get("pool"))) {
            return instance;
        }
        Map<String, String> own = new TreeMap<>(root);
        own.putAll(Map.of("type", "disk", "path", "/", "pool", pool));
        return instance.withDevice(name, own);
    }
}
