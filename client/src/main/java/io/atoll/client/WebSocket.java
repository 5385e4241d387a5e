package io.atoll.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;

/// The client's end of a websocket (RFC 6455) after its handshake.
///
/// Frames are masked, as a client's must be, with the key zero: masks guard proxies between
/// browsers and servers against poisoned caches, there is no such proxy on a unix socket or inside
/// our TLS, and with zero the payload is sent as it is. One thread may receive while others send.
public final class WebSocket implements AutoCloseable {
    /// A message may not be longer than this.
    public static final int MESSAGE_MAX = 64 << 20;

    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;

    private final Connection connection;

    /// Guards the outgoing half; never held while receiving.
    private final ReentrantLock sending = new ReentrantLock();

    WebSocket(Connection connection) {
        this.connection = connection;
    }

    /// What [#receive] may find.
    public enum Kind {
        TEXT,
        BINARY,
        /// The peer closed, politely or not.
        END
    }

    /// One message. No record: its payload is handed over, not compared.
    public static final class Message {
        private final Kind kind;
        private final byte[] payload;

        Message(Kind kind, byte[] payload) {
            this.kind = kind;
            this.payload = payload;
        }

        public Kind kind() {
            return kind;
        }

        /// The bytes as they came; the receiver owns them.
        public byte[] payload() {
            return payload;
        }

        /// The payload read as UTF-8.
        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }
    }

    public void sendText(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        send(TEXT, bytes, 0, bytes.length);
    }

    public void sendBinary(byte[] bytes, int offset, int length) throws IOException {
        send(BINARY, bytes, offset, length);
    }

    /// Says goodbye with status 1000; errors are ignored because the peer may be gone.
    public void sendClose() {
        try {
            send(CLOSE, new byte[] {0x03, (byte) 0xe8}, 0, 2);
        } catch (IOException _) {
            // Nobody is left to say goodbye to.
        }
    }

    private void send(int opcode, byte[] bytes, int offset, int length) throws IOException {
        int head = length < 126 ? 6 : length < 65536 ? 8 : 14;
        byte[] frame = new byte[head + length];
        frame[0] = (byte) (0x80 | opcode);
        if (length < 126) {
            frame[1] = (byte) (0x80 | length);
        } else if (length < 65536) {
            frame[1] = (byte) (0x80 | 126);
            frame[2] = (byte) (length >> 8);
            frame[3] = (byte) length;
        } else {
            frame[1] = (byte) (0x80 | 127);
            for (int i = 0; i < 4; i++) {
                frame[6 + i] = (byte) (length >> 24 - 8 * i);
            }
        }
        System.arraycopy(bytes, offset, frame, head, length);
        OutputStream out = connection.out();
        sending.lock();
        try {
            out.write(frame);
            out.flush();
        } finally {
            sending.unlock();
        }
    }

    /// Waits for the next text or binary message; answers pings on the way.
    ///
    /// A connection that ends without a close frame is [Kind#END] like one with: LXD's server ends
    /// exec streams that way.
    ///
    /// @throws IOException if the peer breaks the protocol
    public Message receive() throws IOException {
        ByteArrayOutputStream parts = new ByteArrayOutputStream(0);
        int kind = CONTINUATION;
        while (true) {
            int first = readByte();
            if (first < 0) {
                return new Message(Kind.END, new byte[0]);
            }
            int opcode = first & 15;
            byte[] payload = readPayload();
            if (opcode == CLOSE) {
                sendClose();
                return new Message(Kind.END, payload);
            }
            if (opcode == PING) {
                answer(payload);
            } else if (opcode == TEXT || opcode == BINARY || opcode == CONTINUATION) {
                boolean last = (first & 0x80) != 0;
                kind = opcode == CONTINUATION ? kind : opcode;
                if (last && parts.size() == 0) {
                    return new Message(kind == TEXT ? Kind.TEXT : Kind.BINARY, payload);
                }
                if (parts.size() + payload.length > MESSAGE_MAX) {
                    throw new IOException(
                            "websocket message is longer than " + MESSAGE_MAX + " bytes");
                }
                parts.write(payload, 0, payload.length);
                if (last) {
                    return new Message(kind == TEXT ? Kind.TEXT : Kind.BINARY, parts.toByteArray());
                }
            } else if (opcode != PONG) {
                throw new IOException("unknown websocket frame " + opcode);
            }
        }
    }

    /// Errors are ignored: a peer that has sent its last may be gone, and what it sent is still to
    /// be read.
    private void answer(byte[] ping) {
        try {
            send(PONG, ping, 0, ping.length);
        } catch (IOException _) {
            // The end is seen by reading.
        }
    }

    private byte[] readPayload() throws IOException {
        int second = readByte();
        long length = second & 127;
        if (length == 126) {
            length = readNumber(2);
        } else if (length == 127) {
            length = readNumber(8);
        }
        if (second < 0 || (second & 128) != 0 || length < 0 || length > MESSAGE_MAX) {
            throw new IOException("malformed websocket frame");
        }
        byte[] payload = new byte[(int) length];
        InputStream in = connection.in();
        int at = 0;
        while (at < payload.length) {
            int n = in.read(payload, at, payload.length - at);
            if (n < 0) {
                throw new IOException("the connection broke in the middle of a websocket frame");
            }
            at += n;
        }
        return payload;
    }

    private long readNumber(int bytes) throws IOException {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | (readByte() & 0xff);
        }
        return value;
    }

    /// The next byte; -1 at the end or when the peer reset the connection after its last frame.
    private int readByte() {
        try {
            return connection.in().read();
        } catch (IOException _) {
            return -1;
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
