package io.atoll.daemon.http;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One request as its handler sees it. Not thread-safe; the body can be read once.
public final class Request {
    /// The largest JSON body, in bytes.
    public static final int JSON_BODY_MAX = 16 << 20;

    private final HttpExchange exchange;
    private final Map<String, String> variables;
    private final Caller caller;
    private @Nullable Json body;

    Request(HttpExchange exchange, Map<String, String> variables, Caller caller) {
        this.exchange = exchange;
        this.variables = variables;
        this.caller = caller;
    }

    public HttpMethod method() {
        return exchange.method();
    }

    /// The path as sent, percent-encoded, without the query.
    public String path() {
        return exchange.path();
    }

    public Caller caller() {
        return caller;
    }

    /// The certificate that the caller has shown and proved to own; whether it is trusted is not
    /// said.
    public Optional<X509Certificate> certificate() {
        return exchange.certificate();
    }

    /// The decoded value of `{name}` in the route's path.
    public String variable(String name) {
        String value = variables.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the route has no variable " + name);
        }
        return value;
    }

    /// The first value of a query parameter; present and empty for `?name=`.
    public Optional<String> query(String name) {
        return exchange.query(name);
    }

    /// True for `1`, `true`, `yes` and `on`.
    public boolean queryFlag(String name) {
        return switch (query(name).orElse("").toLowerCase(java.util.Locale.ROOT)) {
            case "1", "true", "yes", "on" -> true;
            default -> false;
        };
    }

    /// 0, 1 or 2; anything else counts as 0.
    public int recursion() {
        return switch (query("recursion").orElse("0")) {
            case "1" -> 1;
            case "2" -> 2;
            default -> 0;
        };
    }

    /// The project asked for, else the caller's own; whether it exists is not checked here.
    public ProjectName project() {
        String name = query("project").orElse("");
        return name.isEmpty() ? caller.home() : new ProjectName(name);
    }

    /// The first value of a header, names compared without case.
    public Optional<String> header(String name) {
        return exchange.header(name);
    }

    /// The length announced by the client; -1 if none was.
    public long contentLength() {
        return header("Content-Length").map(Request::length).orElse(-1L);
    }

    private static long length(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid Content-Length: " + text, e);
        }
    }

    /// The raw body; reading blocks. The server closes it.
    public InputStream stream() {
        return exchange.body();
    }

    /// The body as a JSON object; an empty body is an empty object. Read once and kept.
    ///
    /// @throws InvalidConfigException if it is no JSON object or longer than [#JSON_BODY_MAX]
    public Json json() throws IOException {
        Json known = body;
        if (known == null) {
            known = parse(readBounded());
            body = known;
        }
        return known;
    }

    private byte[] readBounded() throws IOException {
        byte[] bytes = stream().readNBytes(JSON_BODY_MAX + 1);
        if (bytes.length > JSON_BODY_MAX) {
            throw new InvalidConfigException(
                    "The request body is longer than " + JSON_BODY_MAX + " bytes");
        }
        return bytes;
    }

    /// Reads a JSON object out of body bytes.
    public static Json parse(byte[] bytes) {
        if (bytes.length == 0) {
            return Json.object();
        }
        try {
            Json json = Json.parse(new String(bytes, StandardCharsets.UTF_8));
            if (!(json instanceof Json.Obj)) {
                throw new InvalidConfigException("The request body is no JSON object");
            }
            return json;
        } catch (JsonException e) {
            throw new InvalidConfigException("The request body is no JSON: " + e.getMessage(), e);
        }
    }

    /// The client asks to become a websocket.
    public boolean isWebSocketUpgrade() {
        return header("Upgrade").map(v -> v.equalsIgnoreCase("websocket")).orElse(false);
    }
}
