package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// A snapshot of a custom volume, as recorded. The key's name is `POOL/VOLUME/NAME`.
///
/// @param config of the volume at that time
/// @param expiresAt empty for never
/// @param pending as of volumes, without renames
record VolumeSnapshot(
        String pool,
        String volume,
        String name,
        String description,
        Map<String, String> config,
        Instant createdAt,
        Optional<Instant> expiresAt,
        String pending) {
    static final RecordKind<VolumeSnapshot> KIND =
            RecordKind.of(
                    "custom-volume-snapshot",
                    s ->
                            Json.object()
                                    .put("pool", s.pool)
                                    .put("volume", s.volume)
                                    .put("name", s.name)
                                    .put("description", s.description)
                                    .put("config", Wire.json(s.config))
                                    .put("created_at", s.createdAt.toString())
                                    .put(
                                            "expires_at",
                                            s.expiresAt.map(Instant::toString).orElse(""))
                                    .put("pending", s.pending),
                    j ->
                            new VolumeSnapshot(
                                    j.get("pool").asString(),
                                    j.get("volume").asString(),
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config")),
                                    Instant.parse(j.get("created_at").asString()),
                                    Optional.of(j.get("expires_at").asString())
                                            .filter(t -> !t.isEmpty())
                                            .map(Instant::parse),
                                    j.get("pending").asString()));

    VolumeSnapshot {
        config = Wire.sorted(config);
    }

    static RecordKey key(ProjectName project, String pool, String volume, String name) {
        return RecordKey.of(project, pool + "/" + volume + "/" + name);
    }

    RecordKey key(ProjectName project) {
        return key(project, pool, volume, name);
    }

    String url() {
        return ApiPath.of("storage-pools", pool, "volumes", "custom", volume, "snapshots", name);
    }

    /// Whether both are the same snapshot, as far as servers can tell.
    boolean isSame(VolumeSnapshot other) {
        return name.equals(other.name)
                && createdAt.getEpochSecond() == other.createdAt.getEpochSecond();
    }

    VolumeSnapshot named(String fresh) {
        return new VolumeSnapshot(
                pool, volume, fresh, description, config, createdAt, expiresAt, pending);
    }

    VolumeSnapshot of(String toPool, String toVolume) {
        return new VolumeSnapshot(
                toPool, toVolume, name, description, config, createdAt, expiresAt, pending);
    }

    VolumeSnapshot withPending(String what) {
        return new VolumeSnapshot(
                pool, volume, name, description, config, createdAt, expiresAt, what);
    }

    VolumeSnapshot edited(String text, Optional<Instant> expires) {
        return new VolumeSnapshot(pool, volume, name, text, config, createdAt, expires, pending);
    }
}
