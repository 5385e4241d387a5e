package io.atoll.daemon.instance;

import io.atoll.api.StatusCode;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.backup.BackupForm;
import io.atoll.daemon.backup.BackupYaml;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.storage.StorageDriver;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// What the YAML documents in a backup of an instance say, in LXD's layout.
///
/// @param instance as it was; its project and, unless it is to keep it, its name are replaced when
///   it is made again
/// @param snapshots oldest first
/// @param pool where its root file system was
/// @param shifted what the owner ids in the archive went through
/// @param form how volumes are written in the archive
record InstanceIndex(
        InstanceRecord instance,
        List<SnapshotRecord> snapshots,
        String pool,
        Idmap shifted,
        BackupForm form) {
    private static final String TYPE = "container";

    /// Writes the documents of a backup.
    ///
    /// @param expand applies the profiles to a record
    /// @param profile looks up one profile
    record Writer(
            InstanceRecord instance,
            List<SnapshotRecord> snapshots,
            StorageDriver pool,
            Function<InstanceRecord, Expansion> expand,
            Function<String, Expansion.Source> profile) {
        /// `index.yaml`.
        String index(BackupForm form) {
            Json.Obj head =
                    Json.object()
                            .put("name", instance.name())
                            .put("backend", pool.info().name())
                            .put("pool", pool.pool().name())
                            .put(
                                    "snapshots",
                                    snapshots.stream().map(SnapshotRecord::name).toList());
            return BackupYaml.render(
                    form.describe(head).put("type", TYPE).put("config", config(Writer::unshifted)));
        }

        /// `backup.yaml`, of the instance and of each snapshot.
        String backup() {
            return BackupYaml.render(config(Writer::unshifted));
        }

        /// `backup.yaml` as it is kept beside the instance's root, whose files have owner ids as
        /// the record says.
        String document() {
            return BackupYaml.render(config(record -> record));
        }

        private Json config(UnaryOperator<InstanceRecord> shown) {
            InstanceRecord plain = shown.apply(instance);
            return Json.object()
                    .put(
                            TYPE,
                            InstanceView.instance(plain, expand.apply(plain), StatusCode.STOPPED))
                    .put(
                            "snapshots",
                            Json.array(snapshots.stream().map(s -> snapshot(s, shown)).toList()))
                    .put("pool", poolJson())
                    .put(
                            "profiles",
                            Json.array(instance.profiles().stream().map(this::profile).toList()))
                    .put("volume", volume(instance.name(), instance.createdAt()))
                    .put(
                            "volume_snapshots",
                            Json.array(
                                    snapshots.stream()
                                            .map(s -> volume(s.name(), s.createdAt()))
                                            .toList()));
        }

        private Json snapshot(SnapshotRecord snapshot, UnaryOperator<InstanceRecord> shown) {
            InstanceRecord plain = shown.apply(snapshot.instance());
            return InstanceView.snapshot(
                    new SnapshotRecord(
                            snapshot.name(),
                            plain,
                            snapshot.createdAt(),
                            snapshot.expiresAt(),
                            snapshot.pending()),
                    expand.apply(plain));
        }

        private Json poolJson() {
            return Json.object()
                    .put("config", new TreeMap<>(pool.pool().config()))
                    .put("description", "")
                    .put("name", pool.pool().name())
                    .put("driver", pool.info().name())
                    .put("used_by", Json.array())
                    .put("status", "Created")
                    .put("locations", List.of("none"));
        }

        private Json profile(String name) {
            Expansion.Source source = profile.apply(name);
            return Json.object()
                    .put("config", new TreeMap<>(source.config()))
                    .put("description", "")
                    .put("devices", InstanceRecord.devicesJson(source.devices()))
                    .put("name", name)
                    .put("used_by", Json.array());
        }

        private static Json volume(String name, Instant createdAt) {
            return Json.object()
                    .put("config", Json.object())
                    .put("description", "")
                    .put("name", name)
                    .put("type", TYPE)
                    .put("used_by", Json.array())
                    .put("location", "none")
                    .put("content_type", "filesystem")
                    .put("created_at", createdAt.toString());
        }

        /// The archive has owner ids as inside; and a restored instance does not run.
        private static InstanceRecord unshifted(InstanceRecord instance) {
            return InstanceRunner.withoutTraces(instance)
                    .withConfig(config -> {
                        config.put(ConfigKeys.LAST_STATE_IDMAP.name(), "[]");
                        config.put(ConfigKeys.LAST_STATE_POWER.name(), "STOPPED");
                        return config;
                    });
        }
    }

    /// @throws InvalidConfigException if it is not the index of an instance that can be used here
    static InstanceIndex parse(String text) {
        Json root = BackupYaml.parse(text);
        String type = root.get("type").asString();
        if (!type.equals(TYPE)) {
            throw new InvalidConfigException(
                    type.equals("custom")
                            ? "Backup is of a custom storage volume: storage volume import takes it"
                            : "Backup of unsupported type \"" + type + "\"");
        }
        Json container = root.get("config").get(TYPE);
        if (container.isNull()) {
            throw new InvalidConfigException(
                    "Backup has no \"config\" in its index, it was made by a server that is too"
                            + " old");
        }
        InstanceRecord instance = instance(container, root.get("name").asString());
        Map<String, SnapshotRecord> known = new LinkedHashMap<>();
        for (Json item : root.get("config").get("snapshots").asList()) {
            SnapshotRecord snapshot = snapshot(item, instance);
            known.put(snapshot.name(), snapshot);
        }
        List<SnapshotRecord> snapshots = new ArrayList<>();
        for (String name : root.get("snapshots").asStrings()) {
            SnapshotRecord snapshot = known.get(name);
            if (snapshot == null) {
                throw new InvalidConfigException(
                        "Backup has no configuration of snapshot \"" + name + "\"");
            }
            snapshots.add(snapshot);
        }
        return new InstanceIndex(
                instance,
                snapshots,
                root.get("pool").asString(),
                IdmapJson.parse(
                        BackupYaml.texts(container.get("config"))
                                .getOrDefault(ConfigKeys.LAST_STATE_IDMAP.name(), "")),
                BackupForm.parse(root));
    }

    /// Reads what [Writer#document()] wrote. The instance is as it was recorded, but does not run.
    ///
    /// @throws InvalidConfigException if it is none
    static InstanceIndex parseDocument(String text) {
        Json root = BackupYaml.parse(text);
        Json container = root.get(TYPE);
        if (container.isNull()) {
            throw new InvalidConfigException("the document is of no instance");
        }
        InstanceRecord instance = recorded(container, container.get("name").asString());
        List<SnapshotRecord> snapshots = new ArrayList<>();
        for (Json item : root.get("snapshots").asList()) {
            SnapshotRecord read = snapshot(item, instance);
            snapshots.add(
                    new SnapshotRecord(
                            read.name(),
                            recorded(item, instance.name())
                                    .withKey(instance.project(), instance.name()),
                            read.createdAt(),
                            read.expiresAt(),
                            Pending.NOTHING));
        }
        return new InstanceIndex(
                instance,
                snapshots,
                root.get("pool").get("name").asString(),
                IdmapJson.parse(instance.config(ConfigKeys.LAST_STATE_IDMAP.name())),
                BackupForm.parse(Json.object()));
    }

    private static InstanceRecord recorded(Json tree, String name) {
        String project = tree.get("project").asString();
        InstanceRecord read =
                instance(tree, name)
                        .withKey(
                                project.isEmpty() ? ProjectName.DEFAULT : new ProjectName(project),
                                name)
                        .withPending(Pending.NOTHING);
        Map<String, String> kept = BackupYaml.texts(tree.get("config"));
        return read.withConfig(config -> {
            kept.forEach((key, value) -> {
                if (key.startsWith("volatile.idmap.")
                        || key.equals(ConfigKeys.LAST_STATE_IDMAP.name())) {
                    config.put(key, value);
                }
            });
            return config;
        });
    }

    private static InstanceRecord instance(Json tree, String name) {
        Map<String, Map<String, String>> devices = new TreeMap<>();
        tree.get("devices")
                .asMap()
                .forEach((device, keys) -> devices.put(device, BackupYaml.texts(keys)));
        Map<String, String> config = new TreeMap<>(BackupYaml.texts(tree.get("config")));
        config.keySet().removeIf(Volatile::isNote);
        config.put(ConfigKeys.LAST_STATE_IDMAP.name(), "[]");
        config.remove(ConfigKeys.LAST_STATE_POWER.name());
        return InstanceRunner.withoutTraces(
                new InstanceRecord(
                        ProjectName.DEFAULT,
                        name,
                        tree.get("architecture").asString(),
                        tree.get("description").asString(),
                        config,
                        devices,
                        tree.get("profiles").asStrings(),
                        tree.get("ephemeral").asBoolean(),
                        BackupYaml.time(tree, "created_at").orElseGet(Instant::now),
                        BackupYaml.time(tree, "last_used_at").orElse(Instant.EPOCH),
                        Pending.CREATE,
                        false));
    }

    private static SnapshotRecord snapshot(Json tree, InstanceRecord instance) {
        // Long ago the name was that of the instance and the snapshot.
        String name = tree.get("name").asString();
        String bare = InstanceSnapshots.checkName(name.substring(name.indexOf('/') + 1));
        return new SnapshotRecord(
                bare,
                instance(tree, instance.name()).withPending(Pending.NOTHING),
                BackupYaml.time(tree, "created_at").orElse(instance.createdAt()),
                BackupYaml.time(tree, "expires_at"),
                Pending.NOTHING);
    }
}
