package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.instance.config.ConfigKeys;
import java.util.List;
import java.util.function.Consumer;

/// What says how an instance is to be.
public final class InstanceTargets {
    private InstanceTargets() {}

    /// Bodies of requests. Each reader is given each body.
    public static void bodies(String text) {
        Json body;
        try {
            body = Json.parse(text);
        } catch (JsonException _) {
            return;
        }
        List<Consumer<Json>> readers =
                List.of(
                        json -> check(CreateRequest.parse(ProjectName.DEFAULT, json)),
                        StateRequest::parse,
                        json -> ImageQuery.parse(json.get("source")));
        for (Consumer<Json> reader : readers) {
            try {
                reader.accept(body);
            } catch (DomainException | JsonException _) {
                // Refused.
            }
        }
    }

    private static void check(CreateRequest request) {
        ConfigKeys.checkContainer(request.config());
        Devices.requireApart(Devices.parseAll(request.devices()));
    }

    /// The index of a backup, and the document that is kept beside an instance's root.
    public static void index(String text) {
        try {
            InstanceIndex _ = InstanceIndex.parse(text);
        } catch (DomainException | JsonException _) {
            // Refused.
        }
        try {
            InstanceIndex _ = InstanceIndex.parseDocument(text);
        } catch (DomainException | JsonException _) {
            // Refused.
        }
    }
}
