package io.atoll.daemon.http;

import io.atoll.base.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// What a handler answers. Errors are thrown, not returned.
public sealed interface Response {
    /// 200 in the envelope.
    record Sync(Json metadata, Optional<Etag> etag, Map<String, String> headers)
            implements Response {}

    /// 201 in the envelope, with `Location`.
    record Created(String location) implements Response {}

    /// 202 in the envelope: an operation was started.
    record Async(String operationUrl, Json operation) implements Response {}

    /// Bytes outside the envelope.
    record Raw(int status, String contentType, Map<String, String> headers, long length, Body body)
            implements Response {}

    /// A file outside the envelope; a `Range` header is honoured.
    record File(Source source, String contentType, Map<String, String> headers)
            implements Response {}

    /// The connection becomes a websocket and belongs to the acceptor.
    record Upgrade(WebSocketAcceptor acceptor) implements Response {}

    /// The connection stops speaking HTTP and belongs to the acceptor.
    ///
    /// @param protocol what it speaks from now on, as in the request's `Upgrade`
    record Takeover(String protocol, StreamAcceptor acceptor) implements Response {}

    /// What a file holds. It may be asked for its size alone.
    interface Source {
        /// In bytes.
        long size() throws IOException;

        /// Where it begins; the caller closes it.
        InputStream open() throws IOException;

        /// The file at a path of the host.
        static Source of(Path path) {
            return new Source() {
                @Override
                public long size() throws IOException {
                    return Files.size(path);
                }

                @Override
                public InputStream open() throws IOException {
                    return Files.newInputStream(path);
                }
            };
        }
    }

    /// Writes a raw body; may block.
    @FunctionalInterface
    interface Body {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Success with nothing to say: metadata `{}`.
    static Response empty() {
        return sync(Json.object());
    }

    static Response sync(Json metadata) {
        return new Sync(metadata, Optional.empty(), Map.of());
    }

    static Response sync(Json metadata, Etag etag) {
        return new Sync(metadata, Optional.of(etag), Map.of());
    }

    static Response created(String location) {
        return new Created(location);
    }

    static Response raw(String contentType, byte[] bytes) {
        return new Raw(200, contentType, Map.of(), bytes.length, out -> out.write(bytes));
    }

    /// A stream; `length` is -1 when unknown.
    static Response stream(String contentType, long length, Body body) {
        return new Raw(200, contentType, Map.of(), length, body);
    }

    static Response file(Path path, String contentType) {
        return new File(Source.of(path), contentType, Map.of());
    }

    /// A file offered under a name.
    static Response download(Path path, String name) {
        return new File(
                Source.of(path),
                "application/octet-stream",
                Map.of("Content-Disposition", "inline;filename=" + name));
    }

    static Response websocket(WebSocketAcceptor acceptor) {
        return new Upgrade(acceptor);
    }

    static Response takeover(String protocol, StreamAcceptor acceptor) {
        return new Takeover(protocol, acceptor);
    }

    /// The same answer with one more header; only for the kinds that have headers.
    default Response header(String name, String value) {
        return switch (this) {
            case Sync(Json metadata, Optional<Etag> etag, Map<String, String> headers) ->
                    new Sync(metadata, etag, with(headers, name, value));
            case Raw(
                            int status,
                            String type,
                            Map<String, String> headers,
                            long length,
                            Body body) ->
                    new Raw(status, type, with(headers, name, value), length, body);
            case File(Source source, String type, Map<String, String> headers) ->
                    new File(source, type, with(headers, name, value));
            case Created _, Async _, Upgrade _, Takeover _ ->
                    throw new IllegalArgumentException("this answer has no headers of its own");
        };
    }

    private static Map<String, String> with(
            Map<String, String> headers, String name, String value) {
        Map<String, String> all = new LinkedHashMap<>(headers);
        all.put(name, value);
        return all;
    }
}
