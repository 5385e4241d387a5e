package io.atoll.daemon.image;

import io.atoll.base.json.Json;
import java.util.Optional;

/// Where an image came from and can be had anew.
///
/// @param protocol `simplestreams`, `lxd` or `oci`
/// @param certificate of the server, if it is not known to the host's authorities; PEM or empty
public record UpdateSource(String server, String protocol, String alias, String certificate) {
    Json encode() {
        return Json.object()
                .put("alias", alias)
                .put("certificate", certificate)
                .put("protocol", protocol)
                .put("server", server)
                .put("image_type", "container");
    }

    static Optional<UpdateSource> decode(Json json) {
        return json.isNull()
                ? Optional.empty()
                : Optional.of(
                        new UpdateSource(
                                json.get("server").asString(),
                                json.get("protocol").asString(),
                                json.get("alias").asString(),
                                json.get("certificate").asString()));
    }
}
