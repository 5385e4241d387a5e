package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.RecordKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Takes stopped instances to other pools and projects, with their snapshots.
final class InstanceMover {
    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceVolumes volumes;
    private final InstanceRemover remover;
    private final InstanceSnapshots snapshots;

    InstanceMover(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceVolumes volumes,
            InstanceRemover remover,
            InstanceSnapshots snapshots) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.volumes = volumes;
        this.remover = remover;
        this.snapshots = snapshots;
    }

    /// Where to, and what it is to be there.
    ///
    /// @param project empty to stay
    /// @param pool empty to stay
    /// @param isInstanceOnly whether its snapshots are deleted
    record Move(
            InstanceName name,
            Optional<ProjectName> project,
            Optional<String> pool,
            Map<String, String> config,
            Map<String, Map<String, String>> devices,
            Optional<List<String>> profiles,
            boolean isInstanceOnly) {
        static Move parse(Json body) {
            String project = body.get("project").asString();
            String pool = body.get("pool").asString();
            return new Move(
                    new InstanceName(body.get("name").asString()),
                    Optional.of(project).filter(p -> !p.isEmpty()).map(ProjectName::new),
                    Optional.of(pool).filter(p -> !p.isEmpty()),
                    body.get("config").asStringMap(),
                    InstanceRecord.devices(body.get("devices")),
                    body.get("profiles").isNull()
                            ? Optional.empty()
                            : Optional.of(body.get("profiles").asStrings()),
                    body.get("instance_only").asBoolean()
                            || body.get("container_only").asBoolean());
        }
    }

    /// @throws InvalidConfigException if it runs, or cannot be so there
    void move(RecordKey key, Move move) {
        ProjectName target = move.project.orElse(new ProjectName(key.project()));
        RecordKey newKey = RecordKey.of(target, move.name.value());
        boolean isFirst = key.compareTo(newKey) < 0;
        try (InstanceLocks.Held _ = locks.holdAlone(isFirst ? key : newKey, "move");
                InstanceLocks.Held _ = locks.holdAlone(isFirst ? newKey : key, "move")) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            if (runner.isRunning(key)) {
                throw new InvalidConfigException(
                        "Instance must be stopped to be moved to another pool or project");
            }
            if (!key.equals(newKey) && table.find(newKey).isPresent()) {
                throw new AlreadyExistsException("Name \"" + newKey.name() + "\" already in use");
            }
            InstanceRecord wanted = changed(instance, move).withKey(target, move.name.value());
            Map.Entry<String, Map<String, String>> root = root(instance);
            Map<String, String> newRoot = new TreeMap<>(root.getValue());
            move.pool.ifPresent(pool -> newRoot.put("pool", pool));
            wanted = withRoot(wanted, root.getKey(), newRoot);
            check(wanted);
            table.checkAdmission(wanted, table.expand(wanted));
            if (move.isInstanceOnly) {
                List<SnapshotRecord> all = table.snapshots(instance);
                all.forEach(s -> snapshots.delete(key, s.name()));
            }
            if (!newRoot.equals(root.getValue())) {
                instance = volumes.move(instance, root.getKey(), newRoot);
            }
            InstanceRecord then = wanted;
            if (key.equals(newKey)) {
                InstanceRecord unused =
                        table.update(
                                key,
                                now -> now.with(then.config(), then.devices(), then.profiles()));
            } else {
                remover.rename(key, target, newKey.name(), _ -> then);
            }
        }
    }

    private static InstanceRecord changed(InstanceRecord instance, Move move) {
        Map<String, String> config = new TreeMap<>(instance.config());
        config.putAll(move.config);
        config = Volatile.withNotes(config, instance.config());
        Map<String, Map<String, String>> devices = new TreeMap<>(instance.devices());
        devices.putAll(move.devices);
        return instance.with(config, devices, move.profiles.orElse(instance.profiles()));
    }

    /// The root device that is in force, by name.
    private Map.Entry<String, Map<String, String>> root(InstanceRecord instance) {
        Map<String, Map<String, String>> devices = table.expand(instance).devices();
        String name = Devices.root(Devices.parseAll(devices)).name();
        return Map.entry(name, devices.get(name));
    }

    /// What the profiles there say of the root disk may be another pool, or nothing: then the
    /// instance says it itself.
    private InstanceRecord withRoot(
            InstanceRecord instance, String device, Map<String, String> root) {
        try {
            if (root(instance).getValue().getOrDefault("pool", "").equals(root.get("pool"))) {
                return instance;
            }
        } catch (InvalidConfigException _) {
            return instance.withDevice(device, root);
        }
        return instance.withDevice(root(instance).getKey(), root);
    }

    /// @throws InvalidConfigException if it could not be so
    private void check(InstanceRecord wanted) {
        try {
            Expansion expansion = table.expand(wanted);
            ConfigKeys.checkContainer(wanted.config());
            ConfigKeys.checkContainer(expansion.config());
            Devices.of(expansion);
        } catch (NotFoundException e) {
            throw new InvalidConfigException(
                    "A profile of the instance is missing in project \""
                            + wanted.project()
                            + "\": "
                            + e.getMessage(),
                    e);
        }
    }
}
