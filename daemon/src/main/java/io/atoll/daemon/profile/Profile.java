package io.atoll.daemon.profile;

import io.atoll.api.Wire;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.Map;

/// A profile: configuration and devices that instances take over. The project is in the record's
/// key.
///
/// @param devices device name to its keys
public record Profile(
        String name,
        String description,
        Map<String, String> config,
        Map<String, Map<String, String>> devices) {
    public static final RecordKind<Profile> KIND =
            RecordKind.of(
                    "profile",
                    p ->
                            Json.object()
                                    .put("name", p.name)
                                    .put("description", p.description)
                                    .put("config", Wire.json(p.config))
                                    .put("devices", Wire.devicesJson(p.devices)),
                    j ->
                            new Profile(
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    Wire.config(j.get("config")),
                                    Wire.devices(j.get("devices"))));

    public Profile {
        config = Wire.sorted(config);
        devices = Wire.sortedDevices(devices);
    }
}
