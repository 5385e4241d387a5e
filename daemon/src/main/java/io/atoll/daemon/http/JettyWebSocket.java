package io.atoll.daemon.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.FutureCallback;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.OpCode;
import org.jspecify.annotations.Nullable;

/// A Jetty websocket behind our blocking interface. Jetty calls the handler methods on its own
/// threads and hands over one frame for each demand; `receive` demands, so a slow reader slows the
/// peer down.
///
/// On the frames themselves, not on Jetty's API for annotated classes: that binds a method handle
/// for every method of every socket, which took a third of a command's time.
final class JettyWebSocket implements WebSocket, FrameHandler {
    /// What one read takes; a frame longer than it comes in parts.
    private static final int INPUT_BUFFER_BYTES = 16 << 10;

    private final WebSocketAcceptor acceptor;
    private final Pings pings;
    private final RequestScope scope;

    /// At most one frame per demand, and the end.
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();

    /// Of a message that comes in several frames. Only Jetty's thread that has the frame uses it,
    /// as with `isText`.
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();

    private boolean isText;

    private volatile @Nullable CoreSession session;
    private volatile @Nullable Closed end;

    JettyWebSocket(WebSocketAcceptor acceptor, Pings pings, RequestScope scope) {
        this.acceptor = acceptor;
        this.pings = pings;
        this.scope = scope;
    }

    @Override
    public void onOpen(CoreSession opened, Callback callback) {
        opened.setIdleTimeout(Duration.ZERO);
        opened.setInputBufferSize(INPUT_BUFFER_BYTES);
        session = opened;
        pings.add(opened);
        callback.succeeded();
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

    @Override
    public void onFrame(Frame frame, Callback callback) {
        switch (frame.getOpCode()) {
            case OpCode.TEXT, OpCode.BINARY -> {
                isText = frame.getOpCode() == OpCode.TEXT;
                onData(frame);
            }
            case OpCode.CONTINUATION -> onData(frame);
            case OpCode.PING -> {
                send(new Frame(OpCode.PONG, copy(frame)), Callback.NOOP);
                demand();
            }
            case OpCode.PONG -> demand();
            // Jetty answers it when the callback succeeds.
            case OpCode.CLOSE -> ended(true);
            default -> abort();
        }
        callback.succeeded();
    }

    private void onData(Frame frame) {
        if (!isText) {
            inbox.add(new Binary(copy(frame), frame.isFin()));
            return;
        }
        text.writeBytes(copy(frame).array());
        if (text.size() > TEXT_MAX) {
            ended(false);
            abort();
        } else if (frame.isFin()) {
            onText();
        } else {
            demand();
        }
    }

    private void onText() {
        try {
            String message =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(text.toByteArray()))
                            .toString();
            text.reset();
            inbox.add(new Text(message));
        } catch (CharacterCodingException e) {
            ended(false);
            abort();
        }
    }

    /// The payload is Jetty's until the callback only.
    private static ByteBuffer copy(Frame frame) {
        ByteBuffer payload = frame.getPayload();
        return ByteBuffer.allocate(payload.remaining()).put(payload).flip();
    }

    private void demand() {
        CoreSession open = session;
        if (open != null) {
            open.demand();
        }
    }

    @Override
    public void onError(Throwable cause, Callback callback) {
        ended(false);
        callback.succeeded();
    }

    @Override
    public void onClosed(CloseStatus status, Callback callback) {
        ended(status.getCode() != CloseStatus.NO_CLOSE);
        callback.succeeded();
    }

    private void ended(boolean clean) {
        CoreSession open = session;
        if (open != null) {
            pings.remove(open);
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
            demand();
            message = inbox.take();
        }
        if (message instanceof Closed closed) {
            end = closed;
        }
        return message;
    }

    @Override
    public void sendText(String message) throws IOException {
        sendAndWait(new Frame(OpCode.TEXT, message));
    }

    @Override
    public void sendBinary(ByteBuffer bytes) throws IOException {
        sendAndWait(new Frame(OpCode.BINARY, bytes));
    }

    private void sendAndWait(Frame frame) throws IOException {
        FutureCallback sent = new FutureCallback();
        send(frame, sent);
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw new IOException("cannot send to the websocket: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while sending to the websocket", e);
        }
    }

    private void send(Frame frame, Callback callback) {
        CoreSession open = session;
        if (open == null || !open.isOutputOpen()) {
            callback.failed(new IOException("the websocket is closed"));
        } else {
            open.sendFrame(frame, callback, false);
        }
    }

    @Override
    public void close() {
        CoreSession open = session;
        if (open != null && open.isOutputOpen()) {
            open.close(CloseStatus.NORMAL, "", Callback.NOOP);
        }
    }

    @Override
    public void abort() {
        CoreSession open = session;
        if (open != null) {
            open.abort();
        }
    }

    @Override
    public boolean isOpen() {
        CoreSession open = session;
        return open != null && open.isOutputOpen() && end == null;
    }
}
