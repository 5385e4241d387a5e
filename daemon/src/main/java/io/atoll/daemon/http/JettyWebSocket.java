package io.atoll.daemon.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/// A Jetty websocket behind our blocking interface. Jetty calls the listener methods on its own
/// threads and hands over one frame for each demand; `receive` demands, so a slow reader slows the
/// peer down.
///
/// Public only because Jetty finds the listener methods by reflection.
public final class JettyWebSocket implements WebSocket, Session.Listener {
    private static final Duration PING_PERIOD = Duration.ofSeconds(10);
    private static final byte[] PING = "keepalive".getBytes(StandardCharsets.US_ASCII);

    private final WebSocketAcceptor acceptor;
    private final ScheduledExecutorService pinger;
    private final RequestScope scope;

    /// At most one frame per demand, and the end.
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();

    private final StringBuilder text = new StringBuilder();
    private volatile @Nullable Session session;
    private volatile @Nullable ScheduledFuture<?> pings;
    private volatile @Nullable Closed end;

    JettyWebSocket(
            WebSocketAcceptor acceptor, ScheduledExecutorService pinger, RequestScope scope) {
        this.acceptor = acceptor;
        this.pinger = pinger;
        this.scope = scope;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        opened.setIdleTimeout(Duration.ZERO);
        pings =
                pinger.scheduleWithFixedDelay(
                        this::ping, 0, PING_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        Thread.ofVirtual().name("websocket").start(() -> scope.run(this::open));
    }

    private void open() {
        try {
            acceptor.opened(this);
        } catch (RuntimeException e) {
            // The edge of the websocket's thread.
            Incident.report(e);
            abort();
        }
    }

    private void ping() {
        Session open = session;
        if (open != null && open.isOpen()) {
            open.sendPing(ByteBuffer.wrap(PING), Callback.NOOP);
        }
    }

    @Override
    public void onWebSocketPartialBinary(ByteBuffer payload, boolean last, Callback callback) {
        ByteBuffer copy = ByteBuffer.allocate(payload.remaining()).put(payload).flip();
        inbox.add(new Binary(copy));
        callback.succeed();
    }

    @Override
    public void onWebSocketPartialText(String payload, boolean last) {
        text.append(payload);
        Session open = session;
        if (text.length() > TEXT_MAX) {
            ended(false);
            abort();
        } else if (last) {
            inbox.add(new Text(text.toString()));
            text.setLength(0);
        } else if (open != null) {
            open.demand();
        }
    }

    @Override
    public void onWebSocketClose(int statusCode, @Nullable String reason, Callback callback) {
        // 1006 is what Jetty reports when the connection ended without a close frame.
        ended(statusCode != 1006);
        callback.succeed();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        ended(false);
    }

    private void ended(boolean clean) {
        ScheduledFuture<?> ticking = pings;
        if (ticking != null) {
            ticking.cancel(false);
        }
        inbox.add(new Closed(clean));
    }

    @Override
    public Message receive() throws InterruptedException {
        Closed over = end;
        if (over != null) {
            return over;
        }
        Message message = inbox.poll();
        if (message == null) {
            Session open = session;
            if (open != null) {
                open.demand();
            }
            message = inbox.take();
        }
        if (message instanceof Closed closed) {
            end = closed;
        }
        return message;
    }

    @Override
    public void sendText(String message) throws IOException {
        Callback.Completable sent = new Callback.Completable();
        requireOpen().sendText(message, sent);
        await(sent);
    }

    @Override
    public void sendBinary(ByteBuffer bytes) throws IOException {
        Callback.Completable sent = new Callback.Completable();
        requireOpen().sendBinary(bytes, sent);
        await(sent);
    }

    private Session requireOpen() throws IOException {
        Session open = session;
        if (open == null || !open.isOpen()) {
            throw new IOException("the websocket is closed");
        }
        return open;
    }

    private static void await(Callback.Completable sent) throws IOException {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw new IOException("cannot send to the websocket: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while sending to the websocket", e);
        }
    }

    @Override
    public void close() {
        Session open = session;
        if (open != null && open.isOpen()) {
            open.close(1000, "", Callback.NOOP);
        }
    }

    @Override
    public void abort() {
        Session open = session;
        if (open != null) {
            open.disconnect();
        }
    }

    @Override
    public boolean isOpen() {
        Session open = session;
        return open != null && open.isOpen() && end == null;
    }
}
