package io.atoll.daemon.project;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.Map;
import java.util.Optional;

/// A project: a name space for instances and, by its features, for profiles, images and volumes.
public record Project(String name, String description, Map<String, String> config) {
    public static final RecordKind<Project> KIND =
            RecordKind.of(
                    "project",
                    p ->
                            Json.object()
                                    .put("name", p.name)
                                    .put("description", p.description)
                                    .put("config", Wire.json(p.config)),
                    j ->
                            new Project(
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config"))));

    public Project {
        config = Wire.sorted(config);
    }

    public boolean has(Feature feature) {
        return config.getOrDefault(feature.key(), "").equalsIgnoreCase("true");
    }

    boolean isOn(ProjectKey key) {
        return ProjectKey.isTrue(config.getOrDefault(key.key(), ""));
    }

    /// The text of a key that is set.
    Optional<String> text(ProjectKey key) {
        return Optional.ofNullable(config.get(key.key())).filter(t -> !t.isEmpty());
    }

    /// True if there is a limit or a restriction.
    boolean hasRules() {
        return isOn(ProjectKey.RESTRICTED)
                || config.keySet().stream().anyMatch(k -> k.startsWith("limits."));
    }
}
