package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// The smallest HTTP/1.1 and websocket client over a unix socket: one connection, shows everything
/// as it came.
public final class TestClient implements AutoCloseable {
    /// Header names are in lower case.
    public record Answer(int status, Map<String, String> headers, byte[] body) {
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        public Json json() {
            return Json.parse(text());
        }

        public Json metadata() {
            return json().get("metadata");
        }
    }

    /// A websocket frame; opcode 1 text, 2 binary, 8 close, 9 ping, 10 pong; -1 the end of the
    /// connection.
    public record Frame(int opcode, byte[] payload) {
        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }
    }

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;

    public TestClient(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        in = Channels.newInputStream(channel);
        out = Channels.newOutputStream(channel);
    }

    public Answer get(String path) throws IOException {
        return send("GET", path, Map.of(), new byte[0]);
    }

    /// The rows that a query of the records finds, as JSON.
    public String rows(String query) throws IOException {
        Json body = Json.object().put("database", "global").put("query", query);
        Answer answer = send("POST", "/internal/sql", body.render());
        assertEquals(200, answer.status(), answer.text());
        return answer.metadata().get("Results").asList().getFirst().get("rows").render();
    }

    public Answer send(String method, String path, String body) throws IOException {
        return send(method, path, Map.of(), body.getBytes(StandardCharsets.UTF_8));
    }

    public Answer send(String method, String path, Map<String, String> headers, byte[] body)
            throws IOException {
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
        if (!headers.containsKey("Host")) {
            head.append("Host: x\r\n");
        }
        headers.forEach((k, v) -> head.append(k).append(": ").append(v).append("\r\n"));
        if (body.length > 0) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        out.write((head + "\r\n").getBytes(StandardCharsets.UTF_8));
        try {
            out.write(body);
        } catch (IOException e) {
            // Who refuses may answer before the end of a long body, and close.
            return read(method.equals("HEAD"));
        }
        return read(method.equals("HEAD"));
    }

    private Answer read(boolean isHead) throws IOException {
        int status = Integer.parseInt(line().split(" ")[1]);
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        if (status == 101 || status == 304 || isHead) {
            return new Answer(status, headers, new byte[0]);
        }
        if (headers.containsKey("content-length")) {
            return new Answer(
                    status,
                    headers,
                    in.readNBytes(Integer.parseInt(headers.get("content-length"))));
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(line(), 16);
                size > 0;
                size = Integer.parseInt(line(), 16)) {
            body.write(in.readNBytes(size));
            line();
        }
        line();
        return new Answer(status, headers, body.toByteArray());
    }

    private String line() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int b = in.read();
        while (b >= 0 && b != '\n') {
            if (b != '\r') {
                bytes.write(b);
            }
            b = in.read();
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /// Becomes a websocket, or returns the refusal.
    public Answer upgrade(String path) throws IOException {
        return send(
                "GET",
                path,
                Map.of(
                        "Upgrade", "websocket",
                        "Connection", "Upgrade",
                        "Sec-WebSocket-Version", "13",
                        "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                new byte[0]);
    }

    public void sendFrame(int opcode, byte[] payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(payload.length + 14);
        frame.put((byte) (0x80 | opcode));
        if (payload.length < 126) {
            frame.put((byte) (0x80 | payload.length));
        } else if (payload.length < 65536) {
            frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
        } else {
            frame.put((byte) (0x80 | 127)).putLong(payload.length);
        }
        // A mask of zeros is a mask.
        frame.putInt(0).put(payload).flip();
        out.write(frame.array(), 0, frame.limit());
    }

    public Frame readFrame() throws IOException {
        int first = in.read();
        if (first < 0) {
            return new Frame(-1, new byte[0]);
        }
        int length = in.read() & 0x7f;
        long real = length;
        if (length == 126) {
            real = ByteBuffer.wrap(in.readNBytes(2)).getShort() & 0xffff;
        } else if (length == 127) {
            real = ByteBuffer.wrap(in.readNBytes(8)).getLong();
        }
        return new Frame(first & 0x0f, in.readNBytes((int) real));
    }

    /// The next frame that is no ping or pong.
    public Frame readDataFrame() throws IOException {
        Frame frame = readFrame();
        while (frame.opcode() == 9 || frame.opcode() == 10) {
            frame = readFrame();
        }
        return frame;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
