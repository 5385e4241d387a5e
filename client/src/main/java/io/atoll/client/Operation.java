package io.atoll.client;

import io.atoll.base.json.Json;

/// A background operation as the server last described it.
public record Operation(Json value) {
    public String id() {
        return value.get("id").asString();
    }

    public int statusCode() {
        return value.get("status_code").asInt();
    }

    /// Whether it will not change any more.
    public boolean isFinal() {
        return statusCode() >= 200;
    }

    public boolean isSuccess() {
        return statusCode() == 200;
    }

    /// Why it failed; empty if it did not.
    public String error() {
        String error = value.get("err").asString();
        return error.isEmpty() && isFinal() && !isSuccess()
                ? value.get("status").asString()
                : error;
    }

    public boolean isCancelable() {
        return value.get("may_cancel").asBoolean();
    }

    public Json metadata() {
        return value.get("metadata");
    }

    /// How far it is, in the server's words; empty if it does not say.
    public String progress() {
        for (var entry : metadata().asMap().entrySet()) {
            if (entry.getKey().endsWith("_progress") && entry.getValue() instanceof Json.Str text) {
                return text.value();
            }
        }
        return "";
    }
}
