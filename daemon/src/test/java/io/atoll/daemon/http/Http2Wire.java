package io.atoll.daemon.http;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// HTTP/2 by hand, frame by frame (RFC 9113), as no decent client would send it.
public final class Http2Wire implements AutoCloseable {
    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int PRIORITY = 2;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int CONTINUATION = 9;

    public static final int END_STREAM = 1;
    public static final int ACK = 1;
    public static final int END_HEADERS = 4;

    public static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /// Of RST_STREAM and GOAWAY.
    public static final int REFUSED_STREAM = 7;

    public static final int ENHANCE_YOUR_CALM = 11;

    private static final int PATIENCE_MILLIS = 120_000;

    public record Frame(int type, int flags, int stream, byte[] payload) {
        /// Of a RST_STREAM; of a GOAWAY it is the second number.
        public int number(int index) {
            return ByteBuffer.wrap(payload).getInt(4 * index);
        }
    }

    private final SSLSocket socket;
    private final PushbackInputStream ahead;
    private final DataInputStream in;

    /// @throws IOException unless the server agrees to speak HTTP/2
    public Http2Wire(SSLContext tls, int port) throws IOException {
        this(tls, new Socket("127.0.0.1", port));
    }

    /// @param plain on which something may have been said already; closed with this
    public Http2Wire(SSLContext tls, Socket plain) throws IOException {
        plain.setSoTimeout(PATIENCE_MILLIS);
        socket =
                (SSLSocket)
                        tls.getSocketFactory()
                                .createSocket(plain, "127.0.0.1", plain.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        if (!socket.getApplicationProtocol().equals("h2")) {
            throw new IOException("not HTTP/2 but " + socket.getApplicationProtocol());
        }
        ahead = new PushbackInputStream(socket.getInputStream());
        in = new DataInputStream(ahead);
    }

    /// Says what a client says first.
    public Http2Wire greet() throws IOException {
        send(PREFACE);
        send(frame(SETTINGS, 0, 0));
        return this;
    }

    public void send(byte[]... parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        socket.getOutputStream().write(out.toByteArray());
        socket.getOutputStream().flush();
    }

    /// Nothing more will be sent.
    public void end() throws IOException {
        socket.shutdownOutput();
    }

    public static byte[] frame(int type, int flags, int stream, byte... payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .put((byte) (payload.length >> 16))
                .putShort((short) payload.length)
                .put((byte) type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    /// The header block of a request; `more` are names and values in turn.
    public static byte[] request(String method, String path, String... more) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x87); // :scheme https
        out.write(0x02); // :method
        text(out, method);
        out.write(0x04); // :path
        text(out, path);
        out.write(0x01); // :authority
        text(out, "x");
        for (int i = 0; i < more.length; i += 2) {
            out.write(0);
            text(out, more[i]);
            text(out, more[i + 1]);
        }
        return out.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        int rest = bytes.length - 127;
        out.write(Math.min(bytes.length, 127));
        if (rest >= 0) {
            while (rest >= 128) {
                out.write(rest & 127 | 128);
                rest >>= 7;
            }
            out.write(rest);
        }
        out.writeBytes(bytes);
    }

    /// A whole request without a body.
    public static byte[] get(int stream, String path) {
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, request("GET", path));
    }

    /// Waits until the server says something or closes, but not for ever.
    ///
    /// @return whether it did neither
    public boolean isSilentFor(int millis) throws IOException {
        socket.setSoTimeout(millis);
        try {
            int first = ahead.read();
            if (first >= 0) {
                ahead.unread(first);
            }
            return false;
        } catch (java.net.SocketTimeoutException e) {
            return true;
        } catch (java.net.SocketException | javax.net.ssl.SSLException e) {
            return false;
        } finally {
            socket.setSoTimeout(PATIENCE_MILLIS);
        }
    }

    /// The next frame; empty at the end of the connection, however it came.
    public Optional<Frame> next() throws IOException {
        try {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = in.readNBytes(length);
            if (payload.length < length) {
                throw new EOFException("half of a frame");
            }
            return Optional.of(new Frame(type, flags, stream, payload));
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError("the server says nothing", e);
        } catch (EOFException | java.net.SocketException | javax.net.ssl.SSLException e) {
            return Optional.empty();
        }
    }

    /// The next such frame.
    public Frame await(Predicate<Frame> wanted) throws IOException {
        Optional<Frame> frame = next();
        while (frame.isPresent() && !wanted.test(frame.get())) {
            frame = next();
        }
        return frame.orElseThrow(() -> new AssertionError("the connection ended"));
    }

    /// The status of the answer on a stream, which may be anywhere between other frames.
    public int status(int stream) throws IOException {
        return status(await(f -> f.stream() == stream && f.type() == HEADERS).payload());
    }

    /// As HPACK has it: a number of its table, or three digits.
    public static int status(byte[] headers) {
        byte[] block = withoutTableSizes(headers);
        int[] known = {200, 204, 206, 304, 400, 404, 500};
        int first = block[0] & 0xff;
        if (first >= 0x88 && first <= 0x8e) {
            return known[first - 0x88];
        }
        byte[] value = Arrays.copyOfRange(block, 2, 2 + (block[1] & 0x7f));
        if ((block[1] & 0x80) == 0) {
            return Integer.parseInt(new String(value, StandardCharsets.US_ASCII));
        }
        return huffmanDigits(value);
    }

    private static byte[] withoutTableSizes(byte[] block) {
        int at = 0;
        while ((block[at] & 0xe0) == 0x20) {
            boolean isLong = (block[at++] & 0x1f) == 0x1f;
            while (isLong) {
                isLong = (block[at++] & 0x80) != 0;
            }
        }
        return Arrays.copyOfRange(block, at, block.length);
    }

    /// Digits in HPACK's Huffman code: 0 to 2 take five bits, 3 to 9 six.
    private static int huffmanDigits(byte[] value) {
        int bits = 0;
        int count = 0;
        int out = 0;
        int at = 0;
        for (int digits = 0; digits < 3; digits++) {
            while (count < 6 && at < value.length) {
                bits = bits << 8 | value[at++] & 0xff;
                count += 8;
            }
            int five = bits >> count - 5 & 0x1f;
            int digit = five;
            count -= 5;
            if (five > 2) {
                count--;
                digit = (five << 1 | bits >> count & 1) - 0x19 + 3;
            }
            out = out * 10 + digit;
        }
        return out;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
