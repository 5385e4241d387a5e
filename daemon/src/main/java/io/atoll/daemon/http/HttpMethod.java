package io.atoll.daemon.http;

/// The methods the API uses.
public enum HttpMethod {
    GET,
    HEAD,
    POST,
    PUT,
    PATCH,
    DELETE
}
