package io.atoll.daemon.http;

import io.atoll.base.json.Json;
import java.nio.charset.StandardCharsets;

/// The body of every answer that is not raw: seven members, always all of them, always in this
/// order.
final class Envelope {
    private Envelope() {}

    static byte[] sync(Json metadata) {
        return render("sync", "Success", 200, "", 0, "", metadata, "\n");
    }

    static byte[] async(String operationUrl, Json operation) {
        return render("async", "Operation created", 100, operationUrl, 0, "", operation, "\n");
    }

    static byte[] error(int status, String message) {
        return render("error", "", 0, "", status, message, Json.Null.NULL, "\n\n");
    }

    private static byte[] render(
            String type,
            String status,
            int statusCode,
            String operation,
            int errorCode,
            String error,
            Json metadata,
            String end) {
        String text =
                Json.object()
                        .put("type", type)
                        .put("status", status)
                        .put("status_code", statusCode)
                        .put("operation", operation)
                        .put("error_code", errorCode)
                        .put("error", error)
                        .put("metadata", metadata)
                        .render();
        return (text + end).getBytes(StandardCharsets.UTF_8);
    }
}
