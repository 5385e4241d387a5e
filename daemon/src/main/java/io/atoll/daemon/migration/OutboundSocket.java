package io.atoll.daemon.migration;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.WebSocket;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A websocket that this server opened to another one, behind the same blocking interface as those
/// that clients open to it. One message is asked for at a time, so a slow reader slows the peer
/// down.
final class OutboundSocket implements WebSocket {
    /// How long this server and the other one may take until they talk, both busy and with TLS not
    /// yet used.
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();

    /// One frame is sent at a time; held while the network takes it.
    private final ReentrantLock sending = new ReentrantLock();

    private final java.net.http.WebSocket socket;
    private volatile @Nullable Closed end;

    private OutboundSocket(java.net.http.WebSocket socket, Listener listener) {
        this.socket = socket;
        listener.owner = this;
    }

    /// Opens it. Blocks.
    ///
    /// @throws UnavailableException if there is no such server or it refuses
    static OutboundSocket open(HttpClient client, URI uri) {
        Listener listener = new Listener();
        try {
            return new OutboundSocket(
                    client.newWebSocketBuilder()
                            .connectTimeout(PATIENCE)
                            .buildAsync(uri, listener)
                            .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS),
                    listener);
        } catch (ExecutionException e) {
            throw new UnavailableException(
                    "Failed connecting to " + uri.getAuthority() + ": " + why(e.getCause()), e);
        } catch (TimeoutException e) {
            throw new UnavailableException(
                    "Failed connecting to " + uri.getAuthority() + ": no answer in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("Interrupted", e);
        }
    }

    /// As [#open] for one that was open before.
    ///
    /// @return empty if the server refuses it
    static Optional<WebSocket> reopen(HttpClient client, URI uri) {
        try {
            return Optional.of(open(client, uri));
        } catch (UnavailableException e) {
            boolean isRefused =
                    e.getCause() instanceof ExecutionException tried
                            && tried.getCause() instanceof WebSocketHandshakeException;
            if (isRefused) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static String why(@Nullable Throwable cause) {
        if (cause instanceof WebSocketHandshakeException refused && refused.getResponse() != null) {
            return "it refused the websocket with status " + refused.getResponse().statusCode();
        }
        return cause == null ? "unknown" : String.valueOf(cause.getMessage());
    }

    /// Exists before its socket does; nothing comes before the first demand.
    private static final class Listener implements java.net.http.WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();
        private volatile @Nullable OutboundSocket owner;

        private void put(Message message) {
            OutboundSocket known = owner;
            if (known != null) {
                known.inbox.add(message);
            }
        }

        @Override
        public void onOpen(java.net.http.WebSocket opened) {
            // Nothing is asked for yet.
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(
                java.net.http.WebSocket from, ByteBuffer data, boolean isLast) {
            put(new Binary(ByteBuffer.allocate(data.remaining()).put(data).flip(), isLast));
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onText(
                java.net.http.WebSocket from, CharSequence data, boolean isLast) {
            text.append(data);
            if (text.length() > TEXT_MAX) {
                put(new Closed(false));
                from.abort();
            } else if (isLast) {
                put(new Text(text.toString()));
                text.setLength(0);
            } else {
                from.request(1);
            }
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPing(
                java.net.http.WebSocket from, ByteBuffer message) {
            from.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(
                java.net.http.WebSocket from, ByteBuffer message) {
            from.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(
                java.net.http.WebSocket from, int status, String reason) {
            put(new Closed(true));
            return null;
        }

        @Override
        public void onError(java.net.http.WebSocket from, Throwable error) {
            put(new Closed(false));
        }
    }

    @Override
    public Message receive() throws InterruptedException {
        Closed over = end;
        if (over != null) {
            return over;
        }
        Message message = inbox.poll();
        if (message == null) {
            socket.request(1);
            message = inbox.take();
        }
        if (message instanceof Closed closed) {
            end = closed;
        }
        return message;
    }

    @Override
    public void sendText(String text) throws IOException {
        sending.lock();
        try {
            await(socket.sendText(text, true));
        } finally {
            sending.unlock();
        }
    }

    @Override
    public void sendBinary(ByteBuffer bytes) throws IOException {
        sending.lock();
        try {
            await(socket.sendBinary(bytes, true));
        } finally {
            sending.unlock();
        }
    }

    private static void await(Future<?> sent) throws IOException {
        try {
            Object unused = sent.get();
        } catch (ExecutionException e) {
            throw new IOException("cannot send to the other server: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while sending to the other server");
        }
    }

    @Override
    public void close() {
        if (!socket.isOutputClosed()) {
            Object unused = socket.sendClose(java.net.http.WebSocket.NORMAL_CLOSURE, "");
        }
        inbox.add(new Closed(true));
    }

    @Override
    public void abort() {
        socket.abort();
        inbox.add(new Closed(false));
    }

    @Override
    public boolean isOpen() {
        return end == null && !socket.isOutputClosed();
    }
}
