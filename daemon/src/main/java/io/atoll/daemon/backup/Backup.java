package io.atoll.daemon.backup;

import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Optional;

/// A backup that is kept on this server, as recorded.
///
/// @param owner what it is of: the key of the owner's own record, within its project
/// @param expiresAt empty for never
/// @param isAlone the snapshots stayed behind
/// @param isOptimized volumes are in a form of their driver
/// @param file its name in the folder of backups
public record Backup(
        String owner,
        String name,
        Instant createdAt,
        Optional<Instant> expiresAt,
        boolean isAlone,
        boolean isOptimized,
        String file) {
    /// Backups of instances, by `INSTANCE/BACKUP`.
    public static final RecordKind<Backup> OF_INSTANCE =
            RecordKind.of("instance-backup", Backup::encode, Backup::decode);

    /// Backups of custom volumes, by `POOL/VOLUME/BACKUP`.
    public static final RecordKind<Backup> OF_VOLUME =
            RecordKind.of("custom-volume-backup", Backup::encode, Backup::decode);

    /// Name of its record.
    String recordName() {
        return recordName(owner, name);
    }

    static String recordName(String owner, String name) {
        return owner + "/" + name;
    }

    Backup named(String fresh) {
        return new Backup(owner, fresh, createdAt, expiresAt, isAlone, isOptimized, file);
    }

    Backup of(String newOwner) {
        return new Backup(newOwner, name, createdAt, expiresAt, isAlone, isOptimized, file);
    }

    private Json encode() {
        return Json.object()
                .put("owner", owner)
                .put("name", name)
                .put("created_at", createdAt.toString())
                .put("expires_at", expiresAt.map(Instant::toString).orElse(""))
                .put("alone", isAlone)
                .put("optimized", isOptimized)
                .put("file", file);
    }

    private static Backup decode(Json j) {
        return new Backup(
                j.get("owner").asString(),
                j.get("name").asString(),
                Instant.parse(j.get("created_at").asString()),
                Optional.of(j.get("expires_at").asString())
                        .filter(t -> !t.isEmpty())
                        .map(Instant::parse),
                j.get("alone").asBoolean(),
                j.get("optimized").asBoolean(),
                j.get("file").asString());
    }
}
