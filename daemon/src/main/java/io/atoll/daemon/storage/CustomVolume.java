package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import io.atoll.daemon.store.Store;
import io.atoll.storage.VolumeName;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A volume that a user made, as recorded. The key's name is `POOL/NAME`.
///
/// @param isBlock one disk for a virtual machine, not files
/// @param pending what was begun and is to be taken back or finished after a crash: empty,
///   `create`, `delete`, `rename NEW`, `replace` and `replaced` ([VolumeReplacement]), `refresh`
///   and `refreshed` ([DiskRefresh])
public record CustomVolume(
        String pool,
        String name,
        String description,
        Map<String, String> config,
        Instant createdAt,
        boolean isBlock,
        String pending) {
    static final String BLOCK = "block";
    static final String FILES = "filesystem";
    static final String CREATE = "create";
    static final String DELETE = "delete";
    static final String RENAME = "rename ";
    static final String REPLACE = "replace";
    static final String REPLACED = "replaced";
    static final String REFRESH = "refresh";
    static final String REFRESHED = "refreshed";

    public static final RecordKind<CustomVolume> KIND =
            RecordKind.of(
                    "custom-volume",
                    v ->
                            Json.object()
                                    .put("pool", v.pool)
                                    .put("name", v.name)
                                    .put("description", v.description)
                                    .put("config", Wire.json(v.config))
                                    .put("created_at", v.createdAt.toString())
                                    .put("content_type", v.contentType())
                                    .put("pending", v.pending),
                    j ->
                            new CustomVolume(
                                    j.get("pool").asString(),
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config")),
                                    Instant.parse(j.get("created_at").asString()),
                                    j.get("content_type").asString().equals(BLOCK),
                                    j.get("pending").asString()));

    /// What the owner ids of a volume of LXD went through on its disk.
    private static final String SHIFTED = "volatile.idmap.last";

    public CustomVolume {
        config = Wire.sorted(config);
    }

    public static RecordKey key(ProjectName project, String pool, String name) {
        return RecordKey.of(project, pool + "/" + name);
    }

    RecordKey key(ProjectName project) {
        return key(project, pool, name);
    }

    /// What the storage driver calls it: always with the project, even the default one.
    public static VolumeName volume(ProjectName project, String name) {
        return VolumeName.custom(project + "_" + name);
    }

    VolumeName volume(ProjectName project) {
        return volume(project, name);
    }

    /// The id map that LXD notes in the keys of a volume whose files went through one.
    ///
    /// @throws InvalidConfigException if it is none
    static Idmap shifted(Map<String, String> config) {
        try {
            return IdmapJson.parse(config.getOrDefault(SHIFTED, ""));
        } catch (DomainException | JsonException e) {
            throw new InvalidConfigException("Invalid value of " + SHIFTED, e);
        }
    }

    /// As in LXD's API.
    String contentType() {
        return contentType(isBlock);
    }

    static String contentType(boolean isBlock) {
        return isBlock ? BLOCK : FILES;
    }

    String url() {
        return ApiPath.of("storage-pools", pool, "volumes", "custom", name);
    }

    /// Notes what was begun, or with an empty text that it ended.
    static void mark(Store store, RecordKey key, String pending) {
        Optional<CustomVolume> _ = store.update(KIND, key, v -> v.withPending(pending));
    }

    CustomVolume withPending(String what) {
        return new CustomVolume(pool, name, description, config, createdAt, isBlock, what);
    }

    CustomVolume named(String fresh) {
        return new CustomVolume(pool, fresh, description, config, createdAt, isBlock, pending);
    }

    /// With this size, if its owner once said how large it is to be.
    CustomVolume withSize(long bytes) {
        if (!config.containsKey(VolumeKeys.SIZE)) {
            return this;
        }
        Map<String, String> settings = new TreeMap<>(config);
        String _ = settings.put(VolumeKeys.SIZE, bytes + "B");
        return edited(description, settings);
    }

    CustomVolume edited(String text, Map<String, String> settings) {
        return new CustomVolume(pool, name, text, settings, createdAt, isBlock, pending);
    }
}
