package io.atoll.daemon.storage;

import io.atoll.api.Wire;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import io.atoll.storage.VolumeName;
import java.time.Instant;
import java.util.Map;

/// A volume that a user made, as recorded. The key's name is `POOL/NAME`.
public record CustomVolume(
        String pool,
        String name,
        String description,
        Map<String, String> config,
        Instant createdAt) {
    public static final RecordKind<CustomVolume> KIND =
            RecordKind.of(
                    "custom-volume",
                    v ->
                            Json.object()
                                    .put("pool", v.pool)
                                    .put("name", v.name)
                                    .put("description", v.description)
                                    .put("config", Wire.json(v.config))
                                    .put("created_at", v.createdAt.toString()),
                    j ->
                            new CustomVolume(
                                    j.get("pool").asString(),
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config")),
                                    Instant.parse(j.get("created_at").asString())));

    public CustomVolume {
        config = Wire.sorted(config);
    }

    public static RecordKey key(ProjectName project, String pool, String name) {
        return RecordKey.of(project, pool + "/" + name);
    }

    /// What the storage driver calls it: always with the project, even the default one.
    public static VolumeName volume(ProjectName project, String name) {
        return VolumeName.custom(project + "_" + name);
    }
}
