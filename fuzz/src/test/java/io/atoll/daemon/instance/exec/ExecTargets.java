package io.atoll.daemon.instance.exec;

import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;

/// Wishes to run something.
public final class ExecTargets {
    private ExecTargets() {}

    public static void body(String text) {
        try {
            ExecRequest _ = ExecRequest.parse(Json.parse(text));
        } catch (JsonException _) {
            // Refused.
        }
    }
}
