package io.atoll.daemon.instance;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Optional;

/// A snapshot of an instance as it is recorded: the instance as it was, and when to forget it.
///
/// @param name of the snapshot alone
/// @param instance the instance's record at that time
/// @param expiresAt empty for never
/// @param pending as of instances: a snapshot that was not finished is taken back
public record SnapshotRecord(
        String name,
        InstanceRecord instance,
        Instant createdAt,
        Optional<Instant> expiresAt,
        Pending pending) {
    /// The kind under which snapshots are stored, by `INSTANCE/SNAPSHOT`.
    public static final RecordKind<SnapshotRecord> KIND =
            RecordKind.of("snapshot", SnapshotRecord::encode, SnapshotRecord::decode);

    public RecordKey key() {
        return key(instance.project(), instance.name(), name);
    }

    static RecordKey key(ProjectName project, String instance, String snapshot) {
        return RecordKey.of(project, instance + "/" + snapshot);
    }

    SnapshotRecord withPending(Pending value) {
        return new SnapshotRecord(name, instance, createdAt, expiresAt, value);
    }

    SnapshotRecord withExpiresAt(Optional<Instant> value) {
        return new SnapshotRecord(name, instance, createdAt, value, pending);
    }

    SnapshotRecord withProfileNamed(String old, String fresh) {
        return new SnapshotRecord(
                name, instance.withProfileNamed(old, fresh), createdAt, expiresAt, pending);
    }

    SnapshotRecord withName(String value) {
        return new SnapshotRecord(value, instance, createdAt, expiresAt, pending);
    }

    /// The same snapshot, of another instance: what was recorded stays, the name is that of
    /// `owner`.
    SnapshotRecord withInstance(InstanceRecord owner) {
        InstanceRecord moved = instance.withKey(owner.project(), owner.name());
        return new SnapshotRecord(name, moved, createdAt, expiresAt, pending);
    }

    /// The same snapshot of an instance that is elsewhere.
    SnapshotRecord placed(InstanceRecord there) {
        return new SnapshotRecord(name, there, createdAt, expiresAt, pending);
    }

    private static Json encode(SnapshotRecord r) {
        return Json.object()
                .put("name", r.name)
                .put("instance", InstanceRecord.KIND.codec().encode(r.instance))
                .put("created_at", r.createdAt.toString())
                .put("expires_at", r.expiresAt.map(Instant::toString).orElse(""))
                .put("pending", r.pending.kind().name())
                .put("pending_detail", r.pending.detail());
    }

    private static SnapshotRecord decode(Json j) {
        String expires = j.get("expires_at").asString();
        return new SnapshotRecord(
                j.get("name").asString(),
                InstanceRecord.KIND.codec().decode(j.get("instance")),
                Instant.parse(j.get("created_at").asString()),
                expires.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(expires)),
                new Pending(
                        Pending.Kind.valueOf(j.get("pending").asString()),
                        j.get("pending_detail").asString()));
    }
}
