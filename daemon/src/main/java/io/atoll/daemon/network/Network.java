package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.Map;

/// A managed bridge as recorded; addresses are chosen already.
public record Network(String name, String description, Map<String, String> config) {
    public static final RecordKind<Network> KIND =
            RecordKind.of(
                    "network",
                    n ->
                            Json.object()
                                    .put("name", n.name)
                                    .put("description", n.description)
                                    .put("config", Wire.json(n.config)),
                    j ->
                            new Network(
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config"))));

    public Network {
        config = Wire.sorted(config);
    }
}
