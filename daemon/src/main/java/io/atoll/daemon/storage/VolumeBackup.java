package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Optional;

/// A backup of a custom volume that is kept on this server, as recorded. The key's name is
/// `POOL/VOLUME/NAME`.
///
/// @param expiresAt empty for never
/// @param file its name in the folder of backups
record VolumeBackup(
        String pool,
        String volume,
        String name,
        Instant createdAt,
        Optional<Instant> expiresAt,
        boolean volumeOnly,
        String file) {
    static final RecordKind<VolumeBackup> KIND =
            RecordKind.of(
                    "custom-volume-backup",
                    b ->
                            Json.object()
                                    .put("pool", b.pool)
                                    .put("volume", b.volume)
                                    .put("name", b.name)
                                    .put("created_at", b.createdAt.toString())
                                    .put(
                                            "expires_at",
                                            b.expiresAt.map(Instant::toString).orElse(""))
                                    .put("volume_only", b.volumeOnly)
                                    .put("file", b.file),
                    j ->
                            new VolumeBackup(
                                    j.get("pool").asString(),
                                    j.get("volume").asString(),
                                    j.get("name").asString(),
                                    Instant.parse(j.get("created_at").asString()),
                                    Optional.of(j.get("expires_at").asString())
                                            .filter(t -> !t.isEmpty())
                                            .map(Instant::parse),
                                    j.get("volume_only").asBoolean(),
                                    j.get("file").asString()));

    static RecordKey key(CustomVolumes.Place place, String name) {
        return RecordKey.of(place.project(), place.pool() + "/" + place.name() + "/" + name);
    }

    CustomVolumes.Place place(ProjectName project) {
        return new CustomVolumes.Place(project, pool, volume);
    }

    VolumeBackup named(String fresh) {
        return new VolumeBackup(pool, volume, fresh, createdAt, expiresAt, volumeOnly, file);
    }

    String url() {
        return ApiPath.of("storage-pools", pool, "volumes", "custom", volume, "backups", name);
    }

    Json json() {
        return Json.object()
                .put("name", name)
                .put("created_at", createdAt.toString())
                .put(
                        "expires_at",
                        expiresAt.map(Instant::toString).orElse(VolumeSnapshotRoutes.NO_TIME))
                .put("volume_only", volumeOnly)
                .put("optimized_storage", false);
    }
}
