package io.atoll.client;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnauthenticatedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The REST API's envelope over [HttpConnection]: JSON in, JSON out, errors as the same
/// [DomainException] classes the server threw. Keeps one idle connection; everything that happens
/// at the same time gets a connection of its own.
///
/// Blocks. Thread-safe: the idle slot is the only shared state.
public final class RestClient implements AutoCloseable {
    /// How often a request that only reads is sent before a broken connection is told of.
    private static final int ATTEMPTS_MAX = 3;

    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Connector connector;
    private final String userAgent;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable HttpConnection idle;

    /// @param userAgent sent with each request; LXD shows it in its log
    public RestClient(Connector connector, String userAgent) {
        this.connector = connector;
        this.userAgent = userAgent;
    }

    /// A decoded answer.
    ///
    /// @param operation path of the background operation; empty for a synchronous answer
    /// @param metadata the payload
    /// @param etag the `ETag` header, empty if there was none
    /// @param envelope the answer as it came
    public record Answer(String operation, Json metadata, String etag, Json envelope) {}

    /// `GET`, only the payload.
    ///
    /// @throws DomainException by the status the server answers
    public Json get(String target) {
        return call("GET", target, null, "").metadata();
    }

    /// Sends a request whose answer is an envelope.
    ///
    /// @param body the JSON to send, or null for none
    /// @param etag sent as `If-Match` unless empty: the server refuses with 412 if the thing
    ///   changed meanwhile
    public Answer call(String method, String target, @Nullable Json body, String etag) {
        HttpRequest request = new HttpRequest(method, target);
        if (!etag.isEmpty()) {
            request.header("If-Match", etag);
        }
        if (body != null) {
            byte[] bytes = body.render().getBytes(StandardCharsets.UTF_8);
            request.header("Content-Type", "application/json")
                    .body(new ByteArrayInputStream(bytes), bytes.length);
        }
        return call(request);
    }

    /// Sends any request whose answer is an envelope.
    public Answer call(HttpRequest request) {
        for (int attempt = 1; ; attempt++) {
            try (HttpReply reply = send(request)) {
                return decode(reply);
            } catch (NotFoundException e) {
                throw explained(request, e);
            } catch (IOException e) {
                if (attempt == ATTEMPTS_MAX || !mayTryAgain(request, e)) {
                    throw broken(request, e);
                }
                LockSupport.parkNanos(PAUSE.toNanos() * attempt);
            }
        }
    }

    /// Networks break connections that a second try may get through; a daemon on this host that
    /// does is gone.
    private boolean mayTryAgain(HttpRequest request, IOException failure) {
        boolean isRefused = failure instanceof ConnectFailedException e && !e.isCut();
        return connector.isRemote() && request.isRead() && !isRefused;
    }

    private DomainException explained(HttpRequest request, NotFoundException failure) {
        return OlderServer.explain(failure, request.target(), this, userAgent);
    }

    /// `GET`, only the payload, and failures as the server tells them.
    Json plain(String target) {
        HttpRequest request = new HttpRequest("GET", target);
        try (HttpReply reply = send(request)) {
            return decode(reply).metadata();
        } catch (IOException e) {
            throw broken(request, e);
        }
    }

    /// Sends a request whose successful answer is no envelope. An error is thrown as by [#call];
    /// the caller closes the reply.
    public HttpReply raw(HttpRequest request) {
        try {
            HttpReply reply = send(request);
            if (reply.status() >= 400) {
                try (reply) {
                    decode(reply);
                }
                throw failure(reply.status(), "");
            }
            return reply;
        } catch (NotFoundException e) {
            throw explained(request, e);
        } catch (IOException e) {
            throw broken(request, e);
        }
    }

    /// Opens a websocket on a connection of its own.
    public WebSocket websocket(String target) {
        // The nonce only tells a server from a cache that knows no websockets; nothing caches on
        // this transport, so a
        // clock will do, and the digest in the answer is not worth loading the security providers
        // for.
        byte[] nonce = new byte[16];
        long now = System.nanoTime();
        for (int i = 0; i < nonce.length; i++) {
            nonce[i] = (byte) (now >>> (i & 7) * 8);
        }
        HttpRequest request =
                new HttpRequest("GET", target)
                        .header("Upgrade", "websocket")
                        .header("Connection", "Upgrade")
                        .header("Sec-WebSocket-Version", "13")
                        .header("Sec-WebSocket-Key", Base64.getEncoder().encodeToString(nonce))
                        .header("User-Agent", userAgent);
        return new WebSocket(upgrade(request));
    }

    /// Opens a connection that speaks another protocol after its handshake.
    ///
    /// @param protocol as in the header `Upgrade`
    /// @return closed by the caller
    public Connection upgrade(String target, String protocol) {
        return upgrade(
                new HttpRequest("GET", target)
                        .header("Upgrade", protocol)
                        .header("Connection", "Upgrade")
                        .header("User-Agent", userAgent));
    }

    private Connection upgrade(HttpRequest request) {
        try {
            HttpConnection http = new HttpConnection(connector.open(), connector.host());
            HttpReply reply = http.send(request);
            if (reply.status() != 101) {
                try (http) {
                    decode(reply);
                }
                throw new InternalException(
                        "the server does not change the protocol for " + request.target());
            }
            return http.detach();
        } catch (NotFoundException e) {
            throw explained(request, e);
        } catch (IOException e) {
            throw broken(request, e);
        }
    }

    private HttpReply send(HttpRequest request) throws IOException {
        if (!request.headers().contains("User-Agent")) {
            request.header("User-Agent", userAgent);
        }
        @Nullable HttpConnection kept = takeIdle();
        if (kept != null && request.isRepeatable()) {
            try {
                return keeping(kept, kept.send(request));
            } catch (IOException _) {
                // The server closed the idle connection, or is a new one: a fresh connection tells.
                kept.close();
                rewind(request);
            }
        }
        HttpConnection fresh = new HttpConnection(connector.open(), connector.host());
        try {
            return keeping(fresh, fresh.send(request));
        } catch (IOException e) {
            fresh.close();
            throw e;
        }
    }

    private static void rewind(HttpRequest request) throws IOException {
        if (request.body() != null) {
            request.body().reset();
        }
    }

    /// Keeps the connection for the next request; if the body is not read by then, it is replaced.
    private HttpReply keeping(HttpConnection http, HttpReply reply) {
        lock.lock();
        try {
            idle = http;
        } finally {
            lock.unlock();
        }
        return reply;
    }

    private @Nullable HttpConnection takeIdle() {
        lock.lock();
        try {
            HttpConnection taken = idle;
            idle = null;
            return taken != null && taken.isReusable() ? taken : null;
        } finally {
            lock.unlock();
        }
    }

    private static Answer decode(HttpReply reply) throws IOException {
        String text = new String(reply.readAll(), StandardCharsets.UTF_8);
        Json envelope;
        try {
            envelope = Json.parse(text);
        } catch (JsonException e) {
            if (reply.status() >= 400) {
                throw failure(reply.status(), text.strip());
            }
            throw new IOException("the answer is no JSON: " + e.getMessage(), e);
        }
        try {
            return decode(reply, envelope);
        } catch (JsonException e) {
            throw new IOException("the answer is not LXD's: " + e.getMessage(), e);
        }
    }

    private static Answer decode(HttpReply reply, Json envelope) {
        String type = envelope.get("type").asString();
        if (type.equals("error") || reply.status() >= 400) {
            long code = envelope.get("error_code").asLong();
            throw failure(
                    code == 0 ? reply.status() : (int) code, envelope.get("error").asString());
        }
        return new Answer(
                type.equals("async") ? envelope.get("operation").asString() : "",
                envelope.get("metadata"),
                reply.header("etag").orElse(""),
                envelope);
    }

    /// The reverse of the server's table from exception to status.
    static DomainException failure(int status, String message) {
        String text = message.isEmpty() ? "the server answered with status " + status : message;
        return switch (status) {
            case 400 -> new InvalidConfigException(text);
            case 401 -> new UnauthenticatedException(text);
            case 403 -> new ForbiddenException(text);
            case 404 -> new NotFoundException(text);
            case 409 -> new BusyException(text);
            case 412 -> new PreconditionFailedException(text);
            case 501 -> new UnsupportedException(text);
            case 503 -> new UnavailableException(text);
            default -> new InternalException(text);
        };
    }

    private DomainException broken(HttpRequest request, IOException e) {
        if (e instanceof ConnectFailedException) {
            return new UnavailableException(
                    e.getMessage() == null ? "cannot connect" : e.getMessage(), e);
        }
        return new UnavailableException(
                request.method()
                        + " "
                        + path(request.target())
                        + " at "
                        + connector.target()
                        + ": "
                        + e.getMessage(),
                e);
    }

    /// Without the query: it may hold secrets.
    private static String path(String target) {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    @Override
    public void close() {
        HttpConnection taken = takeIdle();
        if (taken != null) {
            taken.close();
        }
    }
}
