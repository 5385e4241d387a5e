package io.atoll.client;

import io.atoll.base.json.Json;

/// A thing as the server described it, with the tag that says which state of it that was.
public record Entity(Json value, String etag) {}
