package io.atoll.daemon.project;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.Map;

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
}
