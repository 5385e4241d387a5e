package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import java.util.Map;

/// How a request names the image to make an instance of: exactly one of the three.
///
/// @param fingerprint whole or the beginning of one; empty if another way is used
/// @param alias empty if another way is used
/// @param properties the newest image with all of these; empty if another way is used
public record ImageQuery(String fingerprint, String alias, Map<String, String> properties) {
    /// Reads the `source` of a request.
    ///
    /// @throws InvalidConfigException in LXD's words if it names none
    static ImageQuery parse(Json source) {
        String fingerprint = source.get("fingerprint").asString();
        String alias = source.get("alias").asString();
        Map<String, String> properties = source.get("properties").asStringMap();
        if (!fingerprint.isEmpty()) {
            return new ImageQuery(fingerprint, "", Map.of());
        }
        if (!alias.isEmpty()) {
            return new ImageQuery("", alias, Map.of());
        }
        if (!properties.isEmpty()) {
            return new ImageQuery("", "", properties);
        }
        throw new InvalidConfigException(
                "Must specify one of alias, fingerprint or properties for init from image");
    }
}
