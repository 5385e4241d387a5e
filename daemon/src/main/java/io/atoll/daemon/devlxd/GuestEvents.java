package io.atoll.daemon.devlxd;

import io.atoll.base.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// One stream of events to an instance: frames of a websocket, or lines.
///
/// A reader that does not keep up loses its stream, not the daemon its memory.
final class GuestEvents {
    private static final int WAITING_MAX = 256;
    private static final int SHORT = 125;
    private static final int MEDIUM = 0xFFFF;

    private final Set<String> types;
    private final boolean isWebSocket;
    private final BlockingQueue<Json> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
    private volatile boolean isOver;

    /// @param types which kinds are wanted; empty for all
    GuestEvents(Set<String> types, boolean isWebSocket) {
        this.types = types;
        this.isWebSocket = isWebSocket;
    }

    void offer(String type, Json event) {
        if (types.isEmpty() || types.contains(type)) {
            isOver |= !waiting.offer(event);
        }
    }

    /// The reader is gone.
    void end() {
        isOver = true;
        boolean unused = waiting.offer(Json.object());
    }

    /// Writes events until the reader is gone or too slow.
    void write(OutputStream out) throws IOException, InterruptedException {
        while (true) {
            Json event = waiting.take();
            if (isOver) {
                return;
            }
            byte[] text = (event.render() + "\n").getBytes(StandardCharsets.UTF_8);
            if (isWebSocket) {
                out.write(head(text.length));
            }
            out.write(text);
            out.flush();
        }
    }

    /// The head of one whole text frame, RFC 6455 section 5.2.
    private static byte[] head(int length) {
        byte fin = (byte) 0x81;
        if (length <= SHORT) {
            return new byte[] {fin, (byte) length};
        }
        if (length <= MEDIUM) {
            return new byte[] {fin, 126, (byte) (length >> 8), (byte) length};
        }
        return new byte[] {
            fin,
            127,
            0,
            0,
            0,
            0,
            (byte) (length >> 24),
            (byte) (length >> 16),
            (byte) (length >> 8),
            (byte) length
        };
    }

    /// What a websocket's client checks, RFC 6455 section 4.2.2.
    static String accept(String key) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-1")
                            .digest(
                                    (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                                            .getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }
}
