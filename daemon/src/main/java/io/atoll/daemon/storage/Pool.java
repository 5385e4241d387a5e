package io.atoll.daemon.storage;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.Map;

/// A storage pool as recorded.
public record Pool(String name, String driver, String description, Map<String, String> config) {
    public static final RecordKind<Pool> KIND =
            RecordKind.of(
                    "storage-pool",
                    p ->
                            Json.object()
                                    .put("name", p.name)
                                    .put("driver", p.driver)
                                    .put("description", p.description)
                                    .put("config", Wire.json(p.config)),
                    j ->
                            new Pool(
                                    j.get("name").asString(),
                                    j.get("driver").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config"))));

    public Pool {
        config = Wire.sorted(config);
    }
}
