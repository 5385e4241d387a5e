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
/// @param peers other bridges that this one wants to be joined with
public record Network(
        String name,
        NetworkType type,
        String description,
        Map<String, String> config,
        List<NetworkForward> forwards,
        List<NetworkPeer> peers) {
    public static final RecordKind<Network> KIND =
            RecordKind.of("network", Network::encode, Network::decode);

    public Network {
        config = Wire.sorted(config);
        forwards = List.copyOf(forwards);
        peers = List.copyOf(peers);
    }

    /// Without forwards and peers.
    public static Network of(
            String name, NetworkType type, String description, Map<String, String> config) {
        return new Network(name, type, description, config, List.of(), List.of());
    }

    /// A copy with another configuration.
    Network with(String newDescription, Map<String, String> newConfig) {
        return new Network(name, type, newDescription, newConfig, forwards, peers);
    }

    /// A copy with another name.
    Network named(String newName) {
        return new Network(newName, type, description, config, forwards, peers);
    }

    /// A copy with other forwards.
    Network forwarding(List<NetworkForward> newForwards) {
        return new Network(name, type, description, config, newForwards, peers);
    }

    /// A copy with other peers.
    Network joining(List<NetworkPeer> newPeers) {
        return new Network(name, type, description, config, forwards, newPeers);
    }

    private Json encode() {
        return Json.object()
                .put("name", name)
                .put("type", type.word())
                .put("description", description)
                .put("config", Wire.json(config))
                .put("forwards", Json.array(forwards.stream().map(NetworkForward::json).toList()))
                .put("peers", Json.array(peers.stream().map(NetworkPeer::json).toList()));
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
                forwards,
                json.get("peers").asList().stream().map(NetworkPeer::of).toList());
    }
}
