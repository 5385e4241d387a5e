package io.atoll.client;

import io.atoll.base.json.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A server on a unix socket that answers as it was told and remembers what it was asked.
public final class FakeServer implements AutoCloseable {
    private final Path directory;
    private final ServerSocketChannel channel;
    private final Map<String, List<Answer>> answers = Collections.synchronizedMap(new HashMap<>());
    private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());

    private FakeServer(Path directory, ServerSocketChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /// A request as it came.
    public record Request(String method, String target, List<String> headers, String body) {
        public String line() {
            return method + " " + target;
        }

        public Json json() {
            return Json.parse(body);
        }

        public String header(String name) {
            for (String header : headers) {
                if (header.toLowerCase(java.util.Locale.ROOT).startsWith(name + ":")) {
                    return header.substring(name.length() + 1).trim();
                }
            }
            return "";
        }
    }

    /// Writes an answer, the head included.
    public interface Answer {
        void write(Peer peer) throws IOException;
    }

    /// The connection of one request.
    public record Peer(Request request, InputStream in, OutputStream out) {
        public void send(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
        }

        /// Answers the handshake of a websocket.
        public void upgrade() throws IOException {
            send(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        }

        /// Sends one websocket frame; short payloads only.
        public void frame(int opcode, byte[] payload) throws IOException {
            out.write(0x80 | opcode);
            if (payload.length < 126) {
                out.write(payload.length);
            } else {
                out.write(126);
                out.write(payload.length >> 8);
                out.write(payload.length);
            }
            out.write(payload);
            out.flush();
        }

        /// Reads one frame of the client; its first byte is the opcode. Empty at the end.
        public byte[] readFrame() throws IOException {
            int first = in.read();
            if (first < 0) {
                return new byte[0];
            }
            long length = in.read() & 127;
            int more = length == 126 ? 2 : length == 127 ? 8 : 0;
            if (more > 0) {
                length = 0;
                for (int i = 0; i < more; i++) {
                    length = length << 8 | in.read();
                }
            }
            byte[] mask = in.readNBytes(4);
            byte[] payload = in.readNBytes((int) length);
            byte[] out = new byte[payload.length + 1];
            out[0] = (byte) (first & 15);
            for (int i = 0; i < payload.length; i++) {
                out[i + 1] = (byte) (payload[i] ^ mask[i & 3]);
            }
            return out;
        }
    }

    public static FakeServer start() throws IOException {
        Path directory = Files.createTempDirectory("atoll-fake-");
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(UnixDomainSocketAddress.of(directory.resolve("s")));
        FakeServer server = new FakeServer(directory, channel);
        Thread.ofVirtual().start(server::accept);
        return server;
    }

    public Path socket() {
        return directory.resolve("s");
    }

    /// Says how to answer `METHOD TARGET`. Told several times, it answers so in turn, the last for
    /// ever.
    public FakeServer on(String line, Answer answer) {
        answers.computeIfAbsent(line, _ -> Collections.synchronizedList(new ArrayList<>()))
                .add(answer);
        return this;
    }

    /// Answers with a synchronous envelope.
    public FakeServer onSync(String line, String metadata) {
        return on(line, peer -> peer.send(http(200, "", envelope("sync", "", 0, "", metadata))));
    }

    /// The same with an ETag.
    public FakeServer onTagged(String line, String etag, String metadata) {
        return on(
                line,
                peer ->
                        peer.send(
                                http(
                                        200,
                                        "ETag: " + etag + "\r\n",
                                        envelope("sync", "", 0, "", metadata))));
    }

    public FakeServer onError(String line, int status, String message) {
        return on(
                line,
                peer ->
                        peer.send(
                                http(status, "", envelope("error", "", status, message, "null"))));
    }

    /// Starts an operation that `GET …/wait` reports with the metadata and error given.
    public FakeServer onOperation(
            String line, String id, String started, String metadata, String error) {
        String path = "/1.0/operations/" + id;
        String running = operation(id, 103, "Running", started, "");
        boolean failed = !error.isEmpty();
        String ended =
                operation(id, failed ? 400 : 200, failed ? "Failure" : "Success", metadata, error);
        on(line, peer -> peer.send(http(202, "", envelope("async", path, 0, "", running))));
        return onSync("GET " + path + "/wait?timeout=1", ended);
    }

    public static String operation(
            String id, int code, String status, String metadata, String error) {
        return "{\"id\":\""
                + id
                + "\",\"class\":\"task\",\"status\":\""
                + status
                + "\",\"status_code\":"
                + code
                + ",\"resources\":{\"instances\":[\"/1.0/instances/made-up\"]},\"metadata\":"
                + metadata
                + ",\"may_cancel\":false,\"err\":"
                + Json.string(error).render()
                + "}";
    }

    public static String http(int status, String headers, String body) {
        return "HTTP/1.1 "
                + status
                + " X\r\nContent-Type: application/json\r\n"
                + headers
                + "Content-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n"
                + body;
    }

    public static String envelope(
            String type, String operation, int errorCode, String error, String metadata) {
        return "{\"type\":\""
                + type
                + "\",\"status\":\"\",\"status_code\":0,\"operation\":\""
                + operation
                + "\",\"error_code\":"
                + errorCode
                + ",\"error\":"
                + Json.string(error).render()
                + ",\"metadata\":"
                + metadata
                + "}\n";
    }

    /// What was asked so far.
    public List<Request> requests() {
        return List.copyOf(requests);
    }

    /// The first request with that method and target.
    public Request request(String line) {
        for (Request request : requests()) {
            if (request.line().equals(line)) {
                return request;
            }
        }
        throw new AssertionError(
                "not asked: " + line + " but " + requests().stream().map(Request::line).toList());
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel peer = channel.accept();
                Thread.ofVirtual().start(() -> serve(peer));
            }
        } catch (IOException _) {
            // Closed at the end of the test.
        }
    }

    private void serve(SocketChannel peer) {
        try (peer) {
            InputStream in = new BufferedInputStream(Channels.newInputStream(peer));
            OutputStream out = Channels.newOutputStream(peer);
            while (true) {
                Request request = read(in);
                if (request == null) {
                    return;
                }
                requests.add(request);
                Peer connection = new Peer(request, in, out);
                answer(request).write(connection);
                if (!request.header("upgrade").isEmpty()) {
                    return;
                }
            }
        } catch (IOException _) {
            // The client went away.
        }
    }

    private Answer answer(Request request) {
        List<Answer> scripted = answers.get(request.line());
        if (scripted == null) {
            int query = request.target().indexOf('?');
            scripted =
                    query < 0
                            ? null
                            : answers.get(
                                    request.method()
                                            + " "
                                            + request.target().substring(0, query)
                                            + "?*");
        }
        if (scripted == null) {
            return peer ->
                    peer.send(
                            http(
                                    404,
                                    "",
                                    envelope("error", "", 404, "nothing like it here", "null")));
        }
        return scripted.size() > 1 ? scripted.removeFirst() : scripted.getFirst();
    }

    private static Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first.isEmpty()) {
            return null;
        }
        String[] words = first.split(" ");
        List<String> headers = new ArrayList<>();
        String header = line(in);
        int length = 0;
        boolean chunked = false;
        while (!header.isEmpty()) {
            headers.add(header);
            String lower = header.toLowerCase(java.util.Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(header.substring(15).trim());
            }
            chunked |= lower.equals("transfer-encoding: chunked");
            header = line(in);
        }
        String body =
                chunked ? chunks(in) : new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return new Request(words[0], words[1], headers, body);
    }

    private static String chunks(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int size = Integer.parseInt(line(in), 16);
        while (size > 0) {
            out.write(in.readNBytes(size));
            line(in);
            size = Integer.parseInt(line(in), 16);
        }
        line(in);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int c = in.read();
        while (c >= 0 && c != '\n') {
            out.write(c);
            c = in.read();
        }
        return out.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(socket());
        Files.deleteIfExists(directory);
    }
}
