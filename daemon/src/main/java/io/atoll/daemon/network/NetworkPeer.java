package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import java.util.Map;

/// The wish of a bridge to be joined with another, as recorded. It holds when the other wishes it
/// too.
///
/// @param name unique in its network
/// @param target name of the other network
record NetworkPeer(String name, String description, Map<String, String> config, String target) {
    NetworkPeer {
        config = Wire.sorted(config);
    }

    static NetworkPeer of(Json json) {
        return new NetworkPeer(
                json.get("name").asString(),
                json.get("description").asString(),
                Wire.settings(json.get("config")),
                json.get("target_network").asString());
    }

    Json.Obj json() {
        return Json.object()
                .put("config", Wire.json(config))
                .put("description", description)
                .put("name", name)
                .put("target_project", "default")
                .put("target_network", target);
    }

    /// With another text and keys; the target stays.
    NetworkPeer changed(Json body) {
        return new NetworkPeer(
                name,
                body.get("description").asString(),
                Wire.settings(body.get("config")),
                target);
    }

    /// @throws InvalidConfigException naming what is wrong
    void check() {
        if (!name.matches("[a-zA-Z0-9][-_.a-zA-Z0-9]{0,62}")) {
            throw new InvalidConfigException("Invalid network peer name \"" + name + "\"");
        }
        if (target.isEmpty()) {
            throw new InvalidConfigException("Target network is required");
        }
        for (String key : config.keySet()) {
            if (!key.startsWith("user.")) {
                throw new InvalidConfigException("Invalid option \"" + key + "\"");
            }
        }
    }
}
