package io.atoll.daemon.http;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.UnixSockets;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.HostPort;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.server.WebSocketMappings;
import org.eclipse.jetty.websocket.core.server.WebSocketNegotiator;
import org.jspecify.annotations.Nullable;

/// Between Jetty and [Dispatcher]: reads the caller off the connection, sends the answer.
final class JettyHandler extends Handler.Abstract {
    private static final HttpField JSON =
            new HttpField(HttpHeader.CONTENT_TYPE, "application/json");

    /// Bytes of an unread body that are read of strangers; who sends more is cut off.
    private static final long DRAIN_MAX = 4 << 20;

    private static final int DRAIN_STEP = 64 << 10;

    /// Requests of strangers at a time, on all network addresses together. HTTP/2 would let them
    /// hold one for each stream of each connection.
    static final int STRANGERS_MAX = 1000;

    private static final String CALLER = JettyHandler.class.getName() + ".caller";

    private final Dispatcher dispatcher;
    private final Pings pings;
    private final WebSocketMappings webSockets;
    private final CrossOrigin crossOrigin;
    private final PeerNames names = new PeerNames();
    private final Executor requestThreads;
    private final Semaphore strangers = new Semaphore(STRANGERS_MAX);

    JettyHandler(
            Dispatcher dispatcher,
            Pings pings,
            WebSocketComponents webSockets,
            CrossOrigin crossOrigin,
            Executor requestThreads) {
        this.dispatcher = dispatcher;
        this.pings = pings;
        this.webSockets = new WebSocketMappings(webSockets);
        this.crossOrigin = crossOrigin;
        this.requestThreads = requestThreads;
    }

    /// Jetty handles the first request of a connection whose protocol was negotiated on the thread
    /// that did that, of which there are few.
    @Override
    public boolean handle(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Callback callback) {
        if (Thread.currentThread().isVirtual()) {
            answer(request, response, callback);
        } else {
            requestThreads.execute(() -> answerOrFail(request, response, callback));
        }
        return true;
    }

    private void answerOrFail(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Callback callback) {
        try {
            answer(request, response, callback);
        } catch (RuntimeException e) {
            // The edge of the request's thread, as Jetty is for its own.
            org.eclipse.jetty.server.Response.writeError(request, response, callback, e);
        }
    }

    private void answer(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Callback callback) {
        if (request.isSecure()) {
            put(response, crossOrigin.headers(request.getHeaders().get("Origin")));
            if (request.getMethod().equals("OPTIONS")) {
                callback.succeeded();
                return;
            }
        }
        HttpMethod method;
        try {
            method = HttpMethod.valueOf(request.getMethod());
        } catch (IllegalArgumentException e) {
            sendError(
                    response,
                    new ErrorMapper.Mapped(501, "Unsupported", "not implemented"),
                    callback);
            return;
        }
        JettyExchange exchange = new JettyExchange(request, method);
        Caller caller;
        try {
            caller = caller(request, exchange);
        } catch (RuntimeException e) {
            drain(exchange, DRAIN_MAX);
            sendError(response, ErrorMapper.map(e), callback);
            return;
        }
        boolean isStranger = caller.protocol().isEmpty();
        if (isStranger && !strangers.tryAcquire()) {
            sendError(
                    response,
                    ErrorMapper.map(
                            new UnavailableException(
                                    "Too many requests of clients that are not trusted, try again later")),
                    callback);
            return;
        }
        try {
            dispatch(request, response, callback, exchange, caller);
        } finally {
            if (isStranger) {
                strangers.release();
            }
        }
    }

    private void dispatch(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Callback callback,
            JettyExchange exchange,
            Caller caller) {
        RequestScope scope = dispatcher.scope(exchange, caller);
        PeerPatience patience = PeerPatience.of(request);
        long unread = caller.protocol().isEmpty() ? DRAIN_MAX : Long.MAX_VALUE;
        scope.run(() -> {
            patience.pause();
            Dispatcher.Outcome outcome = dispatcher.dispatch(exchange, caller);
            switch (outcome) {
                case Dispatcher.Answer(Response answer) -> {
                    if (!(answer instanceof Response.Upgrade
                            || answer instanceof Response.Takeover)) {
                        drain(exchange, unread);
                    }
                    patience.resume();
                    send(request, response, answer, scope, callback);
                }
                case Dispatcher.Failure(ErrorMapper.Mapped error) -> {
                    drain(exchange, unread);
                    patience.resume();
                    sendError(response, error, callback);
                }
            }
        });
    }

    /// Reads what nobody read of a request. Closing with bytes unread resets the connection, and
    /// the client would see a broken pipe instead of the reason.
    ///
    /// @param max whoever sends more does not hear it
    private static void drain(JettyExchange exchange, long max) {
        try {
            InputStream body = exchange.body();
            byte[] buffer = new byte[DRAIN_STEP];
            long left = max;
            int count = 0;
            while (left > 0 && count >= 0) {
                count = body.read(buffer);
                left -= count;
            }
        } catch (IOException e) {
            // The client has gone: nothing more to read.
        }
    }

    private Caller caller(org.eclipse.jetty.server.Request request, JettyExchange exchange) {
        ConnectionMetaData connection = request.getConnectionMetaData();
        Callers callers = callersOf(connection);
        return callers == null
                ? localCaller(connection)
                : callers.of(exchange.certificate(), address(connection));
    }

    /// What [ApiServer#listen] gave to the connection's listener; null for the unix socket.
    private static @Nullable Callers callersOf(ConnectionMetaData connection) {
        return connection.getConnector() instanceof ServerConnector network
                ? network.getBean(Callers.class)
                : null;
    }

    /// `HOST:PORT` of the peer.
    ///
    /// @throws InvalidConfigException if a proxy says that it speaks for what is no address
    private static String address(ConnectionMetaData connection) {
        if (!(connection.getRemoteSocketAddress() instanceof InetSocketAddress peer)) {
            return "";
        }
        if (peer.isUnresolved()) {
            throw new InvalidConfigException(
                    "\"" + peer.getHostString() + "\" is not the address of a client");
        }
        return new HostPort(peer.getAddress().getHostAddress(), peer.getPort()).toString();
    }

    private Caller localCaller(ConnectionMetaData connection) {
        if (connection.getAttribute(CALLER) instanceof Caller known) {
            return known;
        }
        LocalPeers peers =
                connection.getConnector() instanceof UnixDomainServerConnector local
                        ? local.getBean(LocalPeers.class)
                        : null;
        Caller caller = localCaller(connection, peers);
        connection.setAttribute(CALLER, caller);
        return caller;
    }

    /// @param peers who callers of the socket are; null if all are root's own
    private Caller localCaller(ConnectionMetaData connection, @Nullable LocalPeers peers) {
        Object transport = connection.getConnection().getEndPoint().getTransport();
        if (!(transport instanceof SocketChannel channel)) {
            if (peers != null) {
                throw new ForbiddenException("not authorized");
            }
            return Caller.local("");
        }
        // As the kernel noted it when the connection was made.
        long uid = UnixSockets.peerCredentials(channel).uid();
        String name = names.of(uid, channel);
        return peers == null ? Caller.local(name) : peers.of(uid, name);
    }

    private void send(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Response answer,
            RequestScope scope,
            Callback callback) {
        try {
            switch (answer) {
                case Response.Sync sync -> {
                    sync.etag()
                            .ifPresent(t ->
                                    response.getHeaders()
                                            .put(HttpHeader.ETAG, "\"" + t.hash() + "\""));
                    put(response, sync.headers());
                    sendJson(response, 200, Envelope.sync(sync.metadata()), callback);
                }
                case Response.Created(String location) -> {
                    response.getHeaders().put(HttpHeader.LOCATION, location);
                    sendJson(
                            response,
                            201,
                            Envelope.sync(io.atoll.base.json.Json.Null.NULL),
                            callback);
                }
                case Response.Async(String url, io.atoll.base.json.Json operation) -> {
                    response.getHeaders().put(HttpHeader.LOCATION, url);
                    sendJson(response, 202, Envelope.async(url, operation), callback);
                }
                case Response.Raw raw -> sendRaw(request, response, raw, callback);
                case Response.File file -> sendFile(request, response, file, callback);
                case Response.Upgrade(WebSocketAcceptor acceptor) ->
                        upgrade(request, response, acceptor, scope, callback);
                case Response.Takeover(String protocol, StreamAcceptor acceptor) -> {
                    requireOneConnectionARequest(request);
                    request.setAttribute(
                            HttpStream.UPGRADE_CONNECTION_ATTRIBUTE,
                            stream(request, acceptor, scope));
                    response.setStatus(HttpStatus.SWITCHING_PROTOCOLS_101);
                    response.getHeaders().put(HttpHeader.UPGRADE, protocol);
                    response.getHeaders().put(HttpHeader.CONNECTION, "Upgrade");
                    response.write(true, BufferUtil.EMPTY_BUFFER, callback);
                }
            }
        } catch (IOException | RuntimeException e) {
            if (response.isCommitted()) {
                callback.failed(e);
            } else {
                response.reset();
                sendError(response, ErrorMapper.map(e), callback);
            }
        }
    }

    /// Refuses a request that shares its connection with others, which cannot be taken over.
    private static void requireOneConnectionARequest(org.eclipse.jetty.server.Request request) {
        HttpVersion version = request.getConnectionMetaData().getHttpVersion();
        if (version != HttpVersion.HTTP_1_1) {
            throw new InvalidConfigException(
                    "Taking a connection over needs HTTP/1.1, not " + version.asString());
        }
    }

    private static JettyStream stream(
            org.eclipse.jetty.server.Request request, StreamAcceptor acceptor, RequestScope scope) {
        ConnectionMetaData connection = request.getConnectionMetaData();
        return new JettyStream(
                connection.getConnection().getEndPoint(),
                connection.getConnector().getExecutor(),
                acceptor,
                scope);
    }

    private static void put(
            org.eclipse.jetty.server.Response response, Map<String, String> headers) {
        headers.forEach((name, value) -> response.getHeaders().put(name, value));
    }

    private static void sendJson(
            org.eclipse.jetty.server.Response response,
            int status,
            byte[] body,
            Callback callback) {
        HttpFields.Mutable headers = response.getHeaders();
        response.setStatus(status);
        headers.put(JSON);
        headers.put(HttpHeader.CONTENT_LENGTH, body.length);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    private static void sendError(
            org.eclipse.jetty.server.Response response,
            ErrorMapper.Mapped error,
            Callback callback) {
        response.getHeaders().put("X-Content-Type-Options", "nosniff");
        response.getHeaders().put("X-Atoll-Error", error.kind());
        sendJson(
                response,
                error.status(),
                Envelope.error(error.status(), error.message()),
                callback);
    }

    private static void sendRaw(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Response.Raw raw,
            Callback callback)
            throws IOException {
        response.setStatus(raw.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, raw.contentType());
        put(response, raw.headers());
        if (raw.length() >= 0) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, raw.length());
        }
        if (!request.getMethod().equals("HEAD")) {
            PeerPatience patience = PeerPatience.of(request);
            patience.pause();
            try (OutputStream out = patience.writing(Content.Sink.asOutputStream(response))) {
                raw.body().writeTo(out);
            }
        }
        callback.succeeded();
    }

    private static void sendFile(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            Response.File file,
            Callback callback)
            throws IOException {
        long size = file.source().size();
        ByteRange range = ByteRange.parse(range(request, file), size);
        response.getHeaders().put(HttpHeader.ACCEPT_RANGES, "bytes");
        put(response, file.headers());
        if (range.isPartial()) {
            response.getHeaders().put(HttpHeader.CONTENT_RANGE, range.header());
        }
        Response.Body body =
                out -> {
                    try (InputStream in = file.source().open()) {
                        in.skipNBytes(range.from());
                        copy(in, out, range.length());
                    }
                };
        sendRaw(
                request,
                response,
                new Response.Raw(
                        range.isPartial() ? 206 : 200,
                        file.contentType(),
                        Map.of(),
                        range.length(),
                        body),
                callback);
    }

    /// The part that is asked for; none if it is a part of another content than the file has now.
    private static @Nullable String range(
            org.eclipse.jetty.server.Request request, Response.File file) {
        String condition = request.getHeaders().get(HttpHeader.IF_RANGE);
        return condition == null || condition.equals(file.headers().get("ETag"))
                ? request.getHeaders().get(HttpHeader.RANGE)
                : null;
    }

    private static void copy(InputStream in, OutputStream out, long length) throws IOException {
        byte[] buffer = new byte[128 << 10];
        long left = length;
        while (left > 0) {
            int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) {
                throw new IOException("the file became shorter while it was sent");
            }
            out.write(buffer, 0, n);
            left -= n;
        }
    }

    private void upgrade(
            org.eclipse.jetty.server.Request request,
            org.eclipse.jetty.server.Response response,
            WebSocketAcceptor acceptor,
            RequestScope scope,
            Callback callback)
            throws IOException {
        WebSocketNegotiator negotiator = (_, _, _) -> new JettyWebSocket(acceptor, pings, scope);
        boolean upgraded = false;
        try {
            upgraded = webSockets.upgrade(negotiator, request, response, callback, null);
        } finally {
            if (!upgraded) {
                acceptor.failed();
            }
        }
        if (!upgraded) {
            ErrorMapper.Mapped error =
                    new ErrorMapper.Mapped(400, "InvalidConfig", "Not a websocket handshake");
            sendError(response, error, callback);
        }
    }
}
