package io.atoll.daemon.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.backup.BackupForm;
import io.atoll.daemon.backup.BackupYaml;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What `backup/index.yaml` says of a custom volume, in LXD's layout.
///
/// @param snapshots oldest first
/// @param shifted what the owner ids in the archive went through
/// @param form how volumes are written in the archive
record VolumeIndex(
        CustomVolume volume, List<VolumeSnapshot> snapshots, Idmap shifted, BackupForm form) {
    private static final String TYPE = "custom";

    /// The zero time of Go, which LXD reads for "never".
    private static final String NEVER = "0001-01-01T00:00:00Z";

    String render() {
        Json config =
                Json.object()
                        .put("volume", json(volume))
                        .put(
                                "volume_snapshots",
                                Json.array(snapshots.stream().map(this::json).toList()));
        Json.Obj head =
                Json.object()
                        .put("name", volume.name())
                        .put("backend", form.driver())
                        .put("pool", volume.pool())
                        .put("snapshots", snapshots.stream().map(VolumeSnapshot::name).toList());
        return BackupYaml.render(form.describe(head).put("type", TYPE).put("config", config));
    }

    private static Json json(CustomVolume volume) {
        return Json.object()
                .put("config", volume.config())
                .put("description", volume.description())
                .put("name", volume.name())
                .put("type", TYPE)
                .put("used_by", Json.array())
                .put("location", "none")
                .put("content_type", volume.contentType())
                .put("created_at", volume.createdAt().toString());
    }

    private Json json(VolumeSnapshot snapshot) {
        return Json.object()
                .put("config", snapshot.config())
                .put("description", snapshot.description())
                .put("expires_at", snapshot.expiresAt().map(Instant::toString).orElse(NEVER))
                .put("name", snapshot.name())
                .put("content_type", volume.contentType())
                .put("created_at", snapshot.createdAt().toString());
    }

    /// @throws InvalidConfigException if it is not the index of a custom volume that can be used
    ///   here
    static VolumeIndex parse(String text) {
        Json root = BackupYaml.parse(text);
        if (!root.get("type").asString().equals(TYPE)) {
            throw new InvalidConfigException("Backup is not of a custom storage volume");
        }
        Json config = root.get("config");
        Json volume = config.get("volume");
        Instant now = Instant.now();
        CustomVolume parsed =
                new CustomVolume(
                        root.get("pool").asString(),
                        root.get("name").asString(),
                        volume.get("description").asString(),
                        config(volume),
                        BackupYaml.time(volume, "created_at").orElse(now),
                        volume.get("content_type").asString().equals(CustomVolume.BLOCK),
                        "");
        Map<String, VolumeSnapshot> known = new LinkedHashMap<>();
        for (Json item : config.get("volume_snapshots").asList()) {
            VolumeSnapshot snapshot = snapshot(parsed, item, now);
            known.put(snapshot.name(), snapshot);
        }
        List<VolumeSnapshot> snapshots = new ArrayList<>();
        for (String name : root.get("snapshots").asStrings()) {
            String checked = SnapshotNames.check(name);
            snapshots.add(
                    known.getOrDefault(
                            checked, snapshot(parsed, Json.object().put("name", checked), now)));
        }
        return new VolumeIndex(
                parsed,
                snapshots,
                CustomVolume.shifted(BackupYaml.texts(volume.get("config"))),
                BackupForm.parse(root));
    }

    /// What LXD notes of a volume says nothing here.
    private static Map<String, String> config(Json tree) {
        Map<String, String> config = BackupYaml.texts(tree.get("config"));
        config.keySet().removeIf(key -> key.startsWith("volatile."));
        return config;
    }

    private static VolumeSnapshot snapshot(CustomVolume volume, Json item, Instant now) {
        return new VolumeSnapshot(
                volume.pool(),
                volume.name(),
                SnapshotNames.check(item.get("name").asString()),
                item.get("description").asString(),
                config(item),
                BackupYaml.time(item, "created_at").orElse(now),
                BackupYaml.time(item, "expires_at"),
                "");
    }
}
