package io.atoll.daemon.http;

import java.io.InputStream;
import java.util.Optional;

/// What the HTTP engine knows of a request; keeps the engine's types out of handlers and lets tests
/// make requests by hand.
interface HttpExchange {
    HttpMethod method();

    String path();

    Optional<String> query(String name);

    Optional<String> header(String name);

    InputStream body();
}
