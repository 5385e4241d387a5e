package io.atoll.daemon.instance;

import io.atoll.base.json.Json;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What a client wants an instance to be. Read from the body of PUT, which replaces, or PATCH,
/// which merges.
///
/// @param architecture empty to leave it
/// @param restore name of the snapshot to go back to; then nothing else counts
record InstanceChange(
        String architecture,
        String description,
        Map<String, String> config,
        Map<String, Map<String, String>> devices,
        List<String> profiles,
        boolean isEphemeral,
        Optional<String> restore) {

    static InstanceChange put(Json body) {
        return new InstanceChange(
                body.get("architecture").asString(),
                body.get("description").asString(),
                body.get("config").asStringMap(),
                InstanceRecord.devices(body.get("devices")),
                body.get("profiles").asStrings(),
                body.get("ephemeral").asBoolean(),
                restore(body));
    }

    /// The snapshot to go back to; clients write its name alone or `INSTANCE/NAME`.
    private static Optional<String> restore(Json body) {
        String text = body.get("restore").asString();
        return Optional.of(text.substring(text.indexOf('/') + 1)).filter(s -> !s.isEmpty());
    }

    /// Keys and devices are merged; what is absent stays, except the description, which LXD resets.
    /// An empty value takes a key away: kept, it would hide what the profiles say.
    static InstanceChange patch(Json body, InstanceRecord now) {
        Map<String, String> config = new TreeMap<>(now.config());
        config.putAll(body.get("config").asStringMap());
        config.values().removeIf(String::isEmpty);
        Map<String, Map<String, String>> devices = new TreeMap<>(now.devices());
        devices.putAll(InstanceRecord.devices(body.get("devices")));
        return new InstanceChange(
                body.get("architecture").asString(),
                body.get("description").asString(),
                config,
                devices,
                body.get("profiles").isNull() ? now.profiles() : body.get("profiles").asStrings(),
                body.get("ephemeral").isNull()
                        ? now.isEphemeral()
                        : body.get("ephemeral").asBoolean(),
                Optional.empty());
    }

    /// The record with this change.
    InstanceRecord applyTo(InstanceRecord now) {
        return new InstanceRecord(
                now.project(),
                now.name(),
                architecture.isEmpty() ? now.architecture() : architecture,
                description,
                config,
                devices,
                profiles,
                isEphemeral,
                now.createdAt(),
                now.lastUsedAt(),
                now.pending(),
                now.isStateful());
    }
}
