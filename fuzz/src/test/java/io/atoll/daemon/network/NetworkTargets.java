package io.atoll.daemon.network;

import io.atoll.base.DomainException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.network.BridgeConfig;
import java.util.List;
import java.util.function.Consumer;

/// What says how networks, lists of rules, zones and forwards are to be.
public final class NetworkTargets {
    private NetworkTargets() {}

    /// Each reader is given each body.
    public static void bodies(String text) {
        Json body;
        try {
            body = Json.parse(text);
        } catch (JsonException _) {
            return;
        }
        List<Consumer<Json>> readers =
                List.of(
                        json -> BridgeConfig.parse("br0", json.get("config").asStringMap()),
                        json ->
                                ParentConfig.parse(
                                        Network.of(
                                                "n1",
                                                NetworkType.parse("macvlan"),
                                                "",
                                                json.get("config").asStringMap())),
                        NetworkTargets::acl,
                        json ->
                                NetworkZone.of(ProjectName.DEFAULT, "example.net", json, List.of())
                                        .check(),
                        NetworkForward::of,
                        json -> NetworkPeer.of(json).check());
        for (Consumer<Json> reader : readers) {
            try {
                reader.accept(body);
            } catch (DomainException | JsonException _) {
                // Refused.
            }
        }
    }

    private static void acl(Json json) {
        NetworkAcl acl = NetworkAcl.of("a", json).requireDistinct();
        acl.mentioned();
        acl.compile(name -> List.of());
    }
}
