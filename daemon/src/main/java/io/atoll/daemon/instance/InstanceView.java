package io.atoll.daemon.instance;

import io.atoll.api.ApiPath;
import io.atoll.api.StatusCode;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.instance.config.Expansion;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;

/// How instances and snapshots look on the wire: LXD's members in LXD's order.
final class InstanceView {
    /// Go's zero time, which LXD shows for "never".
    static final String NEVER = "0001-01-01T00:00:00Z";

    private InstanceView() {}

    static String url(ProjectName project, String name) {
        return ApiPath.inProject(ApiPath.of("instances", name), project.value());
    }

    static String containerUrl(ProjectName project, String name) {
        return ApiPath.inProject(ApiPath.of("containers", name), project.value());
    }

    static String snapshotUrl(SnapshotRecord snapshot) {
        InstanceRecord instance = snapshot.instance();
        return ApiPath.inProject(
                ApiPath.of("instances", instance.name(), "snapshots", snapshot.name()),
                instance.project().value());
    }

    /// The tag covers what a client may change, `volatile.*` included.
    static Etag etag(InstanceRecord instance) {
        return Etag.of(
                Json.string(instance.architecture()),
                Json.strings(instance.config()),
                InstanceRecord.devicesJson(instance.devices()),
                Json.bool(instance.isEphemeral()),
                Json.strings(instance.profiles()),
                Json.string(instance.description()));
    }

    static Etag etag(SnapshotRecord snapshot) {
        return Etag.of(Json.string(snapshot.expiresAt().map(Instant::toString).orElse(NEVER)));
    }

    static Json.Obj instance(InstanceRecord r, Expansion expanded, StatusCode status) {
        return Json.object()
                .put("architecture", r.architecture())
                .put("config", r.config())
                .put("devices", InstanceRecord.devicesJson(r.devices()))
                .put("ephemeral", r.isEphemeral())
                .put("profiles", r.profiles())
                .put("stateful", r.isStateful())
                .put("description", r.description())
                .put("created_at", r.createdAt().toString())
                .put("expanded_config", expanded.config())
                .put("expanded_devices", InstanceRecord.devicesJson(expanded.devices()))
                .put("name", r.name())
                .put("status", status.text())
                .put("status_code", status.code())
                .put("last_used_at", r.lastUsedAt().toString())
                .put("location", "none")
                .put("type", "container")
                .put("project", r.project().value());
    }

    /// With the members of recursion 2.
    static Json.Obj full(
            Json.Obj instance,
            Json state,
            List<SnapshotRecord> snapshots,
            Function<SnapshotRecord, Json> view,
            List<Json> backups) {
        Json all =
                snapshots.isEmpty()
                        ? Json.Null.NULL
                        : Json.array(snapshots.stream().map(view).toList());
        return instance.put("backups", backups.isEmpty() ? Json.Null.NULL : Json.array(backups))
                .put("state", state)
                .put("snapshots", all);
    }

    static Json.Obj snapshot(SnapshotRecord s, Expansion expanded) {
        InstanceRecord r = s.instance();
        return Json.object()
                .put("expires_at", s.expiresAt().map(Instant::toString).orElse(NEVER))
                .put("architecture", r.architecture())
                .put("config", r.config())
                .put("created_at", s.createdAt().toString())
                .put("devices", InstanceRecord.devicesJson(r.devices()))
                .put("ephemeral", r.isEphemeral())
                .put("expanded_config", expanded.config())
                .put("expanded_devices", InstanceRecord.devicesJson(expanded.devices()))
                .put("last_used_at", NEVER)
                .put("name", s.name())
                .put("profiles", r.profiles())
                .put("stateful", r.isStateful())
                .put("size", -1);
    }
}
