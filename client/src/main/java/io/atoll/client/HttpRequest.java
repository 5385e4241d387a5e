package io.atoll.client;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One HTTP/1.1 request. Mutable while it is built, used once.
public final class HttpRequest {
    private final String method;
    private final String target;
    private final List<String> headers = new ArrayList<>();
    private @Nullable InputStream body;
    private long bodyBytes;

    /// @param target path and query, already percent-encoded
    public HttpRequest(String method, String target) {
        this.method = method;
        this.target = target;
    }

    public String method() {
        return method;
    }

    public String target() {
        return target;
    }

    /// Adds a header; the value must not hold line breaks.
    ///
    /// @throws IllegalArgumentException if it does: somebody tries to smuggle a second header
    public HttpRequest header(String name, String value) {
        if (value.indexOf('\n') >= 0 || value.indexOf('\r') >= 0) {
            throw new IllegalArgumentException("line break in header " + name);
        }
        headers.add(name);
        headers.add(value);
        return this;
    }

    /// The body, read once while sending.
    ///
    /// @param bytes its length, or -1 if unknown: then it goes out in chunks
    public HttpRequest body(InputStream content, long bytes) {
        this.body = content;
        this.bodyBytes = bytes;
        return this;
    }

    /// Whether nothing is lost by sending it twice: it only reads.
    boolean isRead() {
        return method.equals("GET") && body == null;
    }

    List<String> headers() {
        return headers;
    }

    @Nullable InputStream body() {
        return body;
    }

    long bodyBytes() {
        return bodyBytes;
    }

    /// Whether sending it again on a fresh connection does no harm.
    boolean isRepeatable() throws IOException {
        return body == null || body.markSupported();
    }
}
