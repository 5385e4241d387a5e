package io.atoll.daemon.instance;

import io.atoll.api.Wire;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// An instance as it is recorded. Whether it runs is not here: the kernel knows.
///
/// @param config the instance's own keys, `volatile.*` included, sorted
/// @param devices the instance's own devices, sorted
/// @param profiles names, applied in this order
/// @param lastUsedAt when it was started last; the epoch if never
/// @param isStateful whether its processes are saved beside its root, by [InstanceMemory]
public record InstanceRecord(
        ProjectName project,
        String name,
        String architecture,
        String description,
        Map<String, String> config,
        Map<String, Map<String, String>> devices,
        List<String> profiles,
        boolean isEphemeral,
        Instant createdAt,
        Instant lastUsedAt,
        Pending pending,
        boolean isStateful) {
    /// The kind under which instances are stored, by name.
    public static final RecordKind<InstanceRecord> KIND =
            RecordKind.of("instance", InstanceRecord::encode, InstanceRecord::decode);

    public InstanceRecord {
        config = Collections.unmodifiableSortedMap(new TreeMap<>(config));
        devices = sorted(devices);
        profiles = List.copyOf(profiles);
    }

    static Map<String, Map<String, String>> sorted(Map<String, Map<String, String>> devices) {
        Map<String, Map<String, String>> out = new TreeMap<>();
        devices.forEach((name, device) ->
                out.put(name, Collections.unmodifiableSortedMap(new TreeMap<>(device))));
        return Collections.unmodifiableMap(out);
    }

    public RecordKey key() {
        return RecordKey.of(project, name);
    }

    /// The name in directories, cgroups and process titles.
    public String hostWideName() {
        return project.prefix(name);
    }

    public InstanceRecord withConfig(Map<String, String> value) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                value,
                devices,
                profiles,
                isEphemeral,
                createdAt,
                lastUsedAt,
                pending,
                isStateful);
    }

    /// A copy whose own keys were changed by `change`, which gets a sorted copy.
    public InstanceRecord withConfig(UnaryOperator<Map<String, String>> change) {
        return withConfig(change.apply(new TreeMap<>(config)));
    }

    /// A copy in which a profile has another name.
    InstanceRecord withProfileNamed(String old, String fresh) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                config,
                devices,
                profiles.stream().map(p -> p.equals(old) ? fresh : p).toList(),
                isEphemeral,
                createdAt,
                lastUsedAt,
                pending,
                isStateful);
    }

    public InstanceRecord withPending(Pending value) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                config,
                devices,
                profiles,
                isEphemeral,
                createdAt,
                lastUsedAt,
                value,
                isStateful);
    }

    /// A copy with one more device, or another one in place of that of this name.
    InstanceRecord withDevice(String device, Map<String, String> keys) {
        Map<String, Map<String, String>> all = new TreeMap<>(devices);
        all.put(device, keys);
        return with(config, all, profiles);
    }

    InstanceRecord with(
            Map<String, String> newConfig,
            Map<String, Map<String, String>> newDevices,
            List<String> newProfiles) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                newConfig,
                newDevices,
                newProfiles,
                isEphemeral,
                createdAt,
                lastUsedAt,
                pending,
                isStateful);
    }

    InstanceRecord withName(String value) {
        return withKey(project, value);
    }

    InstanceRecord withKey(ProjectName owner, String value) {
        return new InstanceRecord(
                owner,
                value,
                architecture,
                description,
                config,
                devices,
                profiles,
                isEphemeral,
                createdAt,
                lastUsedAt,
                pending,
                isStateful);
    }

    InstanceRecord withLastUsedAt(Instant value) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                config,
                devices,
                profiles,
                isEphemeral,
                createdAt,
                value,
                pending,
                isStateful);
    }

    public InstanceRecord withStateful(boolean value) {
        return new InstanceRecord(
                project,
                name,
                architecture,
                description,
                config,
                devices,
                profiles,
                isEphemeral,
                createdAt,
                lastUsedAt,
                pending,
                value);
    }

    /// The value of one of its own keys, empty if it is not set.
    public String config(String key) {
        return config.getOrDefault(key, "");
    }

    private static Json encode(InstanceRecord r) {
        return Json.object()
                .put("project", r.project.value())
                .put("name", r.name)
                .put("architecture", r.architecture)
                .put("description", r.description)
                .put("config", r.config)
                .put("devices", devicesJson(r.devices))
                .put("profiles", r.profiles)
                .put("ephemeral", r.isEphemeral)
                .put("created_at", r.createdAt.toString())
                .put("last_used_at", r.lastUsedAt.toString())
                .put("pending", r.pending.kind().name())
                .put("pending_detail", r.pending.detail())
                .put("stateful", r.isStateful);
    }

    private static InstanceRecord decode(Json j) {
        return new InstanceRecord(
                new ProjectName(j.get("project").asString()),
                j.get("name").asString(),
                j.get("architecture").asString(),
                j.get("description").asString(),
                j.get("config").asStringMap(),
                devices(j.get("devices")),
                j.get("profiles").asStrings(),
                j.get("ephemeral").asBoolean(),
                Instant.parse(j.get("created_at").asString()),
                Instant.parse(j.get("last_used_at").asString()),
                new Pending(
                        Pending.Kind.valueOf(j.get("pending").asString()),
                        j.get("pending_detail").asString()),
                j.get("stateful").asBoolean());
    }

    /// Devices as the API shows them.
    static Json.Obj devicesJson(Map<String, Map<String, String>> devices) {
        Json.Obj out = Json.object();
        devices.forEach((name, device) -> out.put(name, Json.strings(device)));
        return out;
    }

    /// Devices as the API sends them.
    static Map<String, Map<String, String>> devices(Json json) {
        return new TreeMap<>(Wire.devices(json));
    }
}
