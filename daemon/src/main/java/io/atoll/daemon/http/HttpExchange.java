package io.atoll.daemon.http;

import java.io.InputStream;
import java.security.cert.X509Certificate;
import java.util.Optional;

/// What the HTTP engine knows of a request; keeps the engine's types out of handlers and lets tests
/// make requests by hand.
interface HttpExchange {
    HttpMethod method();

    String path();

    Optional<String> query(String name);

    Optional<String> header(String name);

    InputStream body();

    /// What a peer on the network has proved to own.
    default Optional<X509Certificate> certificate() {
        return Optional.empty();
    }
}
