package io.atoll.daemon.network;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A managed network as recorded; addresses are chosen already.
///
/// @param forwards of a bridge, by address
public record Network(
        String name,
        NetworkType type,
        String description,
        Map<String, String> config,
        List<NetworkForward> forwards) {
    public static final RecordKind<Network> KIND =
            RecordKind.of("network", Network::encode, Network::decode);

    public Network {
        config = Wire.sorted(config);
        forwards = List.copyOf(forwards);
    }

    /// A copy with another configuration.
    Network with(String newDescription, Map<String, String> newConfig) {
        return new Network(name, type, newDescription, newConfig, forwards);
    }

    /// A copy with another name.
    Network named(String newName) {
        return new Network(newName, type, description, config, forwards);
    }

    /// A copy with other forwards.
    Network forwarding(List<NetworkForward> newForwards) {
        return new Network(name, type, description, config, newForwards);
    }

    private Json encode() {
        return Json.object()
                .put("name", name)
                .put("type", type.word())
                .put("description", description)
                .put("config", Wire.json(config))
                .put("forwards", Json.array(forwards.stream().map(NetworkForward::json).toList()));
    }

    private static Network decode(Json json) {
        List<NetworkForward> forwards = new ArrayList<>();
        json.get("forwards").asList().forEach(f -> forwards.add(NetworkForward.of(f)));
        String type = json.get("type").asString();
        return new Network(
                json.get("name").asString(),
                type.isEmpty() ? NetworkType.BRIDGE : NetworkType.parse(type),
                json.get("description").asString(),
                Wire.config(json.get("config")),
                forwards);
    }
}
