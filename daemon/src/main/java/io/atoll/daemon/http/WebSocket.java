package io.atoll.daemon.http;

import java.io.IOException;
import java.nio.ByteBuffer;

/// One websocket (RFC 6455), server side, with blocking calls: meant for virtual threads. One
/// thread may send while another receives. The server pings it every 10 s until it is closed.
///
/// LXD's streams carry payload in binary frames and mark the end of a stream by an empty text
/// frame, the *barrier*.
public interface WebSocket extends AutoCloseable {
    /// The longest text message taken, in bytes; control messages and barriers are small.
    int TEXT_MAX = 64 << 10;

    /// What came in.
    sealed interface Message {}

    /// Payload bytes: a binary message or a part of one, at most 128 KiB. To streams borders mean
    /// nothing.
    ///
    /// @param isLast whether the message ends with it
    record Binary(ByteBuffer bytes, boolean isLast) implements Message {}

    /// A whole text message.
    record Text(String text) implements Message {
        public boolean isBarrier() {
            return text.isEmpty();
        }
    }

    /// The peer closed, or the connection broke; nothing follows. `clean` when a close frame came.
    record Closed(boolean clean) implements Message {}

    /// Blocks until the next message; [Closed] again and again after the end.
    Message receive() throws InterruptedException;

    /// Blocks until the frame is written.
    ///
    /// @throws IOException if the connection is gone
    void sendText(String text) throws IOException;

    /// Blocks until the frame is written; the buffer is free again afterwards.
    ///
    /// @throws IOException if the connection is gone
    void sendBinary(ByteBuffer bytes) throws IOException;

    /// Marks the end of a stream: an empty text frame.
    default void sendBarrier() throws IOException {
        sendText("");
    }

    /// A normal close with a close frame (code 1000); never throws, idempotent.
    @Override
    void close();

    /// Ends the TCP connection without a close frame, as LXD does after a barrier. Idempotent.
    void abort();

    boolean isOpen();
}
