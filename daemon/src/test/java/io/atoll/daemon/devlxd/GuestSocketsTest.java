package io.atoll.daemon.devlxd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.Response;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What an instance may ask, and what it may not do to the daemon by asking.
final class GuestSocketsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /// An instance whose root is whoever runs this test, unless the test says otherwise.
    private static final class TestGuest implements Guest {
        private volatile long rootUid = uid();
        private volatile boolean isReady;
        private volatile boolean mayFetch;

        private static long uid() {
            try {
                return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public long rootUid() {
            return rootUid;
        }

        @Override
        public Map<String, String> config() {
            return Map.of("user.a", "one\ntwo", "cloud-init.user-data", "x", "limits.cpu", "1");
        }

        @Override
        public Map<String, Map<String, String>> devices() {
            return Map.of("eth0", Map.of("type", "nic"));
        }

        @Override
        public String metaData() {
            return "#cloud-config\n";
        }

        @Override
        public Optional<Response> image(String fingerprint) {
            return "abc".startsWith(fingerprint)
                    ? Optional.of(Response.raw("application/octet-stream", new byte[] {1, 2}))
                    : Optional.empty();
        }

        @Override
        public boolean mayFetchImages() {
            return mayFetch;
        }

        @Override
        public String state() {
            return isReady ? "Ready" : "Started";
        }

        @Override
        public void setReady(boolean value) {
            isReady = value;
        }
    }

    private final TestGuest guest = new TestGuest();
    private GuestSockets sockets;
    private Path directory;

    @BeforeEach
    void open() throws IOException {
        directory = Files.createTempDirectory("atoll-devlxd-");
        sockets = new GuestSockets();
        sockets.open(directory, guest);
    }

    @AfterEach
    void close() throws IOException {
        sockets.close(directory);
        sockets.close();
        Files.delete(directory);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(directory.resolve("sock")));
        return channel;
    }

    /// Sends and reads until the server closes.
    private String ask(String text) throws IOException {
        try (SocketChannel channel = connect()) {
            int unused = channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            return new String(
                    Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String get(String path) throws IOException {
        return ask("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }

    @Test
    void onlyRootInsideMayAsk() throws IOException {
        guest.rootUid = 4_000_000;
        String answer = get("/1.0");
        assertTrue(answer.startsWith("HTTP/1.1 401 "), answer);
        assertTrue(answer.endsWith("Access denied for non-root user"), answer);
    }

    @Test
    void imagesAreForThoseWhoMayFetchThem() throws IOException {
        guest.mayFetch = true;
        String answer = get("/1.0/images/ab/export");
        assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
        assertTrue(answer.endsWith("Content-Length: 2\r\n\r\n\1\2"), answer);
        assertTrue(get("/1.0/images/ff/export").startsWith("HTTP/1.1 404 "));
        assertTrue(get("/1.0/images/../export").startsWith("HTTP/1.1 404 "));
        assertTrue(get("/1.0/images/ab/secret").startsWith("HTTP/1.1 404 "));
    }

    @Test
    void keysOfTheHostStayOutside() throws IOException {
        assertTrue(get("/1.0/config/limits.cpu").startsWith("HTTP/1.1 403 "));
        assertTrue(get("/1.0/config/volatile.uuid").startsWith("HTTP/1.1 403 "));
        assertTrue(get("/1.0/config/user.none").startsWith("HTTP/1.1 404 "));
        assertTrue(get("/1.0/images/ab/export").startsWith("HTTP/1.1 403 "));
        assertTrue(get("/1.0/instances").startsWith("HTTP/1.1 404 "));
    }

    @Test
    void tellsWhatIsMeantForIt() throws IOException {
        assertTrue(get("/").endsWith("\r\n\r\n[\"/1.0\"]\n"));
        assertTrue(
                get("/1.0/config")
                        .endsWith(
                                "[\"/1.0/config/cloud-init.user-data\",\"/1.0/config/user.a\"]\n"));
        assertTrue(get("/1.0/config/user.a").endsWith("\r\n\r\none\ntwo"));
        assertTrue(get("/1.0/devices").endsWith("{\"eth0\":{\"type\":\"nic\"}}\n"));
        assertTrue(get("/1.0/meta-data").endsWith("#cloud-config\n"));
        assertTrue(get("/1.0").contains("\"instance_type\":\"container\""));
    }

    @Test
    void garbageEndsTheConnectionAndNothingElse() throws IOException {
        assertEquals("", ask("\0\1\2\n\n"));
        assertEquals("", ask("GET / HTTP/1.1\r\n" + "a".repeat(9000) + ": b\r\n\r\n"));
        assertEquals("", ask("GET /%zz HTTP/1.1\r\n\r\n"));
        assertEquals("", ask("PATCH /1.0 HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"));
        assertTrue(get("/").contains("/1.0"));
    }

    @Test
    void oneInstanceCannotHoldEveryConnection() throws IOException {
        SocketChannel[] held = new SocketChannel[32];
        for (int i = 0; i < held.length; i++) {
            held[i] = connect();
            int unused = held[i].write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes()));
            unused = held[i].read(ByteBuffer.allocate(10));
        }
        try (SocketChannel more = connect()) {
            assertEquals(-1, more.read(ByteBuffer.allocate(1)));
        }
        for (SocketChannel channel : held) {
            channel.close();
        }
        Await.until(
                "connections to be given back",
                LIMIT,
                () -> {
                    try {
                        return get("/").contains("/1.0");
                    } catch (IOException _) {
                        return false;
                    }
                });
    }

    @Test
    void canTellThatItIsReady() throws IOException {
        String body = "{\"state\":\"Ready\"}";
        String answer =
                ask(
                        "PATCH /1.0 HTTP/1.1\r\nConnection: close\r\nContent-Length: "
                                + body.length()
                                + "\r\n\r\n"
                                + body);
        assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
        assertTrue(guest.isReady);
        assertTrue(get("/1.0").contains("\"state\":\"Ready\""));
    }

    @Test
    void streamsTheEventsThatAreWanted() throws IOException {
        try (SocketChannel channel = connect()) {
            int unused =
                    channel.write(
                            ByteBuffer.wrap(
                                    "GET /1.0/events?type=device HTTP/1.1\r\n\r\n".getBytes()));
            ByteBuffer head = ByteBuffer.allocate(4096);
            unused = channel.read(head);
            sockets.publish(directory, "config", Json.object().put("key", "user.a"));
            sockets.publish(directory, "device", Json.object().put("name", "eth0"));
            ByteBuffer event = ByteBuffer.allocate(4096);
            unused = channel.read(event);
            String text = new String(event.array(), 0, event.position(), StandardCharsets.UTF_8);
            assertTrue(text.contains("\"name\":\"eth0\""), text);
            assertFalse(text.contains("user.a"), text);
        }
    }

    @Test
    void webSocketsOfEventsFollowTheRules() throws IOException {
        try (SocketChannel channel = connect()) {
            String request =
                    "GET /1.0/events HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
            int unused = channel.write(ByteBuffer.wrap(request.getBytes()));
            ByteBuffer head = ByteBuffer.allocate(4096);
            unused = channel.read(head);
            String text = new String(head.array(), 0, head.position(), StandardCharsets.UTF_8);
            // The example of RFC 6455, section 1.3.
            assertTrue(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), text);
            sockets.publish(directory, "config", Json.object().put("value", "y".repeat(200)));
            ByteBuffer frame = ByteBuffer.allocate(4096);
            unused = channel.read(frame);
            assertEquals((byte) 0x81, frame.get(0));
            assertEquals(126, frame.get(1));
            assertEquals(frame.position() - 4, frame.getShort(2));
        }
    }

    @Test
    void aClosedSocketIsGone() throws IOException {
        sockets.close(directory);
        assertFalse(Files.exists(directory.resolve("sock")));
        assertThrows(IOException.class, this::connect);
        sockets.open(directory, guest);
        assertTrue(get("/").contains("/1.0"));
    }
}
