package io.atoll.daemon.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;

/// Pings all open websockets together, every ten seconds: proxies in between and peers that count
/// on it keep the connection. One that lives for less costs nothing.
final class Pings implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final byte[] PAYLOAD = "keepalive".getBytes(StandardCharsets.US_ASCII);

    private final Set<CoreSession> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("websocket-pinger").factory());

    Pings() {
        var unused =
                thread.scheduleWithFixedDelay(
                        this::pingAll, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    void add(CoreSession session) {
        open.add(session);
    }

    void remove(CoreSession session) {
        open.remove(session);
    }

    private void pingAll() {
        for (CoreSession session : open) {
            if (session.isOutputOpen()) {
                session.sendFrame(
                        new Frame(OpCode.PING, ByteBuffer.wrap(PAYLOAD)), Callback.NOOP, false);
            }
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
