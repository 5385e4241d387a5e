package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.json.Json;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A network address where HTTP/2 is spoken too, with clients that are decent and such that are
/// not.
final class Http2Test {
    private static final Duration SILENCE = Duration.ofSeconds(1);
    private static final int LONG = 24 << 20;
    private static final SSLContext SERVER =
            TlsContexts.of(
                    Optional.of(Identity.selfSigned(Identity.Purpose.SERVER, "server", List.of())),
                    new AnyPeer());
    private static final SSLContext CLIENT = TlsContexts.of(Optional.empty(), new AnyPeer());

    private final CountDownLatch go = new CountDownLatch(1);
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger cutBodies = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private volatile boolean isStranger;
    private TestServer server;
    private int port;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(this::routes);
        listen(SILENCE.multipliedBy(20));
    }

    private void listen(Duration silence) {
        port =
                server.server()
                        .listen(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                                SERVER,
                                (_, address) ->
                                        isStranger
                                                ? Caller.stranger(address)
                                                : Caller.trusted("x", address),
                                _ -> false,
                                silence)
                        .port();
    }

    @AfterEach
    void stop() throws Exception {
        go.countDown();
        server.close();
    }

    /// As Python's requests do, and with them pylxd.
    @Test
    void whoOffersTheOldProtocolAloneIsServed() throws Exception {
        try (SSLSocket socket =
                (SSLSocket) CLIENT.getSocketFactory().createSocket("127.0.0.1", port)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"http/1.1"});
            socket.setSSLParameters(parameters);
            socket.getOutputStream()
                    .write(
                            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
            assertEquals("http/1.1", socket.getApplicationProtocol());
        }
    }

    private List<Route> routes() {
        return List.of(
                Route.get("/").needs(Right.PUBLIC).run(_ -> thread()),
                Route.get("/1.0/wait").needs(Right.PUBLIC).run(_ -> waitForIt()),
                Route.get("/1.0/long")
                        .needs(Right.PUBLIC)
                        .run(_ ->
                                Response.stream(
                                        "application/octet-stream",
                                        LONG,
                                        o -> {
                                            byte[] block = new byte[1 << 16];
                                            for (int i = 0; i < LONG; i += block.length) {
                                                o.write(block);
                                            }
                                        })),
                Route.post("/1.0/length")
                        .needs(Right.PUBLIC)
                        .run(r -> {
                            try {
                                return Response.sync(Json.number(r.stream().readAllBytes().length));
                            } catch (IOException e) {
                                cutBodies.incrementAndGet();
                                throw new java.io.UncheckedIOException(e);
                            }
                        }),
                Route.post("/1.0/unread").needs(Right.PUBLIC).run(_ -> waitForIt()),
                Route.get("/1.0/echo")
                        .needs(Right.PUBLIC)
                        .run(_ -> Response.websocket(WebSocket::close)),
                Route.get("/1.0/stream")
                        .needs(Right.PUBLIC)
                        .run(_ ->
                                Response.takeover("sftp", (_, _, _) -> requests.addAndGet(1000))));
    }

    private Response thread() {
        requests.incrementAndGet();
        Thread thread = Thread.currentThread();
        return Response.sync(Json.string(thread.isVirtual() ? "may block" : thread.toString()));
    }

    private Response waitForIt() {
        waiting.incrementAndGet();
        try {
            assertTrue(go.await(1, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiting.decrementAndGet();
        }
        return Response.sync(Json.string("done"));
    }

    private URI uri(String path) {
        return URI.create("https://127.0.0.1:" + port + path);
    }

    private static HttpClient client(HttpClient.Version version) {
        return HttpClient.newBuilder().sslContext(CLIENT).version(version).build();
    }

    private Http2Wire wire() throws IOException {
        return new Http2Wire(CLIENT, port).greet();
    }

    private static byte[] stream(int type, int flags, int stream, byte[] payload) {
        return Http2Wire.frame(type, flags, stream, payload);
    }

    private static byte[] stream(int type, int flags, int stream, int... payload) {
        byte[] bytes = new byte[payload.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) payload[i];
        }
        return Http2Wire.frame(type, flags, stream, bytes);
    }

    @Test
    void theClientChoosesTheVersion() throws Exception {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            try (HttpClient client = client(version)) {
                HttpResponse<String> answer =
                        client.send(
                                HttpRequest.newBuilder(uri("/")).build(),
                                HttpResponse.BodyHandlers.ofString());
                assertEquals(version, answer.version());
                assertEquals(200, answer.statusCode());
                assertTrue(answer.body().contains("may block"), answer.body());
            }
        }
        try (SSLSocket silent =
                (SSLSocket) CLIENT.getSocketFactory().createSocket("127.0.0.1", port)) {
            silent.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(silent.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
            assertEquals("HTTP/1.1 200", answer, "who negotiates nothing");
        }
    }

    @Test
    void longBodiesComeWholeBothWays() throws Exception {
        try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
            HttpResponse<byte[]> down =
                    client.send(
                            HttpRequest.newBuilder(uri("/1.0/long")).build(),
                            HttpResponse.BodyHandlers.ofByteArray());
            assertEquals(LONG, down.body().length);
            HttpResponse<String> up =
                    client.send(
                            HttpRequest.newBuilder(uri("/1.0/length"))
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[LONG]))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertTrue(up.body().contains("\"metadata\":" + LONG), up.body());
        }
    }

    @Test
    void waitingForAnAnswerIsNoSilence() throws Exception {
        listen(SILENCE);
        try (HttpClient client = client(HttpClient.Version.HTTP_2)) {
            var answer =
                    client.sendAsync(
                            HttpRequest.newBuilder(uri("/1.0/wait")).build(),
                            HttpResponse.BodyHandlers.ofString());
            CountDownLatch never = new CountDownLatch(1);
            assertTrue(!never.await(3 * SILENCE.toMillis(), TimeUnit.MILLISECONDS));
            go.countDown();
            assertEquals(200, answer.get(20, TimeUnit.SECONDS).statusCode());
        }
    }

    @Test
    void moreRequestsAtATimeThanAllowedAreRefused() throws Exception {
        try (Http2Wire wire = wire()) {
            int last = 2 * NetworkProtocols.STREAMS_MAX + 1;
            for (int stream = 1; stream <= last; stream += 2) {
                wire.send(Http2Wire.get(stream, "/1.0/wait"));
            }
            Http2Wire.Frame refused = wire.await(f -> f.type() == Http2Wire.RST_STREAM);
            assertEquals(last, refused.stream());
            assertEquals(Http2Wire.REFUSED_STREAM, refused.number(0));
            go.countDown();
            for (int i = 0; i < NetworkProtocols.STREAMS_MAX; i++) {
                Http2Wire.Frame answer = wire.await(f -> f.type() == Http2Wire.HEADERS);
                assertEquals(200, Http2Wire.status(answer.payload()));
            }
        }
    }

    /// CVE-2023-44487: requests that are taken back at once cost the server only.
    @Test
    void cve_2023_44487_rapidResetEndsTheConnection() throws Exception {
        int sent = 0;
        try (Http2Wire wire = wire()) {
            sent =
                    flood(
                            wire,
                            stream ->
                                    join(
                                            Http2Wire.get(stream, "/1.0/wait"),
                                            stream(Http2Wire.RST_STREAM, 0, stream, 0, 0, 0, 8)));
        }
        Await.until(
                "threads to be few, after " + sent,
                Duration.ofSeconds(10),
                () -> waiting.get() <= 2 * NetworkProtocols.IDLE_FRAMES_MAX);
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] out = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, out, a.length, b.length);
        return out;
    }

    /// What is sent for each stream.
    @FunctionalInterface
    private interface Burst {
        byte[] of(int stream);
    }

    /// Sends until the server has had enough; how often that was.
    private static int flood(Http2Wire wire, Burst burst) throws IOException {
        int count = 0;
        try {
            while (count < 100_000) {
                wire.send(burst.of(2 * count + 1));
                count++;
            }
        } catch (IOException e) {
            // Closed.
        }
        assertTrue(count < 100_000, "may go on for ever");
        Optional<Http2Wire.Frame> frame = wire.next();
        while (frame.isPresent()) {
            if (frame.get().type() == Http2Wire.GOAWAY) {
                assertEquals(Http2Wire.ENHANCE_YOUR_CALM, frame.get().number(1));
            }
            frame = wire.next();
        }
        return count;
    }

    @Test
    void framesThatAskForNothingEndTheConnection() throws Exception {
        List<Burst> bursts =
                List.of(
                        _ -> stream(Http2Wire.PING, 0, 0, new byte[8]),
                        _ -> stream(Http2Wire.SETTINGS, 0, 0),
                        s -> stream(Http2Wire.PRIORITY, 0, s, 0, 0, 0, 0, 1),
                        _ -> stream(Http2Wire.DATA, 0, 1),
                        _ -> stream(0x77, 0, 1, 1, 2, 3),
                        // CVE-2025-5115: the server is made to reset streams itself.
                        s ->
                                join(
                                        Http2Wire.get(s, "/1.0/wait"),
                                        stream(Http2Wire.WINDOW_UPDATE, 0, s, 0, 0, 0, 0)));
        for (Burst burst : bursts) {
            try (Http2Wire wire = wire()) {
                byte[] first = Http2Wire.request("POST", "/1.0/unread");
                if (burst != bursts.getLast()) {
                    wire.send(stream(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, first));
                }
                int count = flood(wire, burst);
                assertTrue(count > 0);
            }
        }
        assertEquals(200, answers());
    }

    private int answers() throws IOException {
        try (Http2Wire wire = wire()) {
            wire.send(Http2Wire.get(1, "/"));
            return wire.status(1);
        }
    }

    @Test
    void headersAreBounded() throws Exception {
        String tall = "x".repeat(1000);
        try (Http2Wire wire = wire()) {
            List<String> many = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                many.addAll(List.of("h" + i, tall));
            }
            byte[] block = Http2Wire.request("GET", "/", many.toArray(String[]::new));
            wire.send(
                    stream(
                            Http2Wire.HEADERS,
                            Http2Wire.END_HEADERS | Http2Wire.END_STREAM,
                            1,
                            block));
            refused(wire);
        }
        // A few bytes on the wire stand for much: one long field, named again and again.
        try (Http2Wire wire = wire()) {
            byte[] start = Http2Wire.request("GET", "/");
            byte[] value = "v".repeat(3000).getBytes(StandardCharsets.US_ASCII);
            byte[] field = join(new byte[] {0x40, 1, 'h', 127, (byte) 0xb9, 22}, value);
            byte[] again = new byte[10_000];
            Arrays.fill(again, (byte) (0x80 | 62));
            wire.send(
                    stream(
                            Http2Wire.HEADERS,
                            Http2Wire.END_HEADERS | Http2Wire.END_STREAM,
                            1,
                            join(start, join(field, again))));
            refused(wire);
        }
        // CVE-2024-27316 and its kin: headers without end.
        try (Http2Wire wire = wire()) {
            wire.send(stream(Http2Wire.HEADERS, 0, 1, Http2Wire.request("GET", "/")));
            byte[] more = Arrays.copyOfRange(Http2Wire.request("GET", "/", "h", tall), 8, 1010);
            int count = 0;
            try {
                while (count < 100_000) {
                    wire.send(stream(Http2Wire.CONTINUATION, 0, 1, more));
                    count++;
                }
            } catch (IOException e) {
                // Closed.
            }
            assertTrue(count < 100_000, "headers without end");
        }
        assertEquals(0, requests.get());
        assertEquals(200, answers());
    }

    /// An error for the request or the end of the connection.
    private static void refused(Http2Wire wire) throws IOException {
        Http2Wire.Frame frame =
                wire.await(f ->
                        f.type() == Http2Wire.HEADERS
                                || f.type() == Http2Wire.RST_STREAM
                                || f.type() == Http2Wire.GOAWAY);
        if (frame.type() == Http2Wire.HEADERS) {
            int status = Http2Wire.status(frame.payload());
            assertTrue(status >= 400 && status < 500, "status " + status);
        }
    }

    @Test
    void whatNobodyReadsIsBounded() throws Exception {
        try (Http2Wire wire = wire()) {
            byte[] head = Http2Wire.request("POST", "/1.0/unread");
            wire.send(stream(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, head));
            byte[] block = new byte[16 << 10];
            int sent = 0;
            try {
                while (sent < LONG) {
                    wire.send(stream(Http2Wire.DATA, 0, 1, block));
                    sent += block.length;
                }
            } catch (IOException e) {
                // Closed.
            }
            // What the kernel's buffers hold comes on top.
            assertTrue(sent < LONG, "all of it was taken");
        }
    }

    @Test
    void whoFallsSilentIsLeft() throws Exception {
        listen(SILENCE);
        try (Http2Wire greeted = wire();
                Http2Wire mute = new Http2Wire(CLIENT, port);
                Http2Wire half = wire()) {
            byte[] head = Http2Wire.request("POST", "/1.0/length", "content-length", "9");
            half.send(
                    stream(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, head),
                    stream(Http2Wire.DATA, 0, 1, '{'));
            for (Http2Wire wire : List.of(greeted, mute, half)) {
                Optional<Http2Wire.Frame> frame = wire.next();
                while (frame.isPresent()) {
                    frame = wire.next();
                }
            }
        }
        Await.until(
                "the request with half a body to end",
                Duration.ofSeconds(10),
                () -> cutBodies.get() == 1);
    }

    @Test
    void aConnectionOfManyRequestsIsNotTakenOver() throws Exception {
        try (Http2Wire wire = wire()) {
            byte[] sftp = Http2Wire.request("GET", "/1.0/stream", "upgrade", "sftp");
            byte[] plain = Http2Wire.request("GET", "/1.0/stream");
            byte[] socket =
                    Http2Wire.request(
                            "GET",
                            "/1.0/echo",
                            "sec-websocket-version",
                            "13",
                            "sec-websocket-key",
                            "dGhlIHNhbXBsZSBub25jZQ==");
            int whole = Http2Wire.END_HEADERS | Http2Wire.END_STREAM;
            wire.send(stream(Http2Wire.HEADERS, whole, 1, plain));
            assertEquals(400, wire.status(1));
            wire.send(stream(Http2Wire.HEADERS, whole, 3, socket));
            assertEquals(400, wire.status(3));
            wire.send(Http2Wire.get(5, "/"));
            assertEquals(200, wire.status(5));
            wire.send(stream(Http2Wire.HEADERS, whole, 7, sftp));
            refused(wire);
        }
        try (Http2Wire wire = wire()) {
            byte[] connect = Http2Wire.request("CONNECT", "/1.0/echo", ":protocol", "websocket");
            wire.send(stream(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, connect));
            Http2Wire.Frame frame =
                    wire.await(f ->
                            f.type() == Http2Wire.HEADERS
                                    || f.type() == Http2Wire.RST_STREAM
                                    || f.type() == Http2Wire.GOAWAY);
            if (frame.type() == Http2Wire.HEADERS) {
                assertTrue(Http2Wire.status(frame.payload()) >= 400);
            }
        }
        assertEquals(1, requests.get());
    }

    @Test
    void strangersHoldSoManyRequestsAndNoMore() throws Exception {
        isStranger = true;
        List<Http2Wire> wires = new ArrayList<>();
        try {
            int count = 0;
            while (count < JettyHandler.STRANGERS_MAX) {
                Http2Wire wire = wire();
                wires.add(wire);
                for (int i = 0; i < 25; i++) {
                    wire.send(Http2Wire.get(2 * i + 1, "/1.0/wait"));
                    count++;
                }
            }
            Await.until(
                    "all to wait",
                    Duration.ofSeconds(20),
                    () -> waiting.get() == JettyHandler.STRANGERS_MAX);
            try (Http2Wire late = wire()) {
                late.send(Http2Wire.get(1, "/"));
                assertEquals(503, late.status(1));
                isStranger = false;
                late.send(Http2Wire.get(3, "/"));
                assertEquals(200, late.status(3), "others are served");
            }
            go.countDown();
            assertEquals(200, wires.getFirst().status(1));
        } finally {
            for (Http2Wire wire : wires) {
                wire.close();
            }
        }
    }

    @Test
    void garbageInsteadOfTheGreetingEndsTheConnection() throws Exception {
        for (byte[] bytes :
                List.of(
                        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                        Arrays.copyOf(Http2Wire.PREFACE, 9),
                        join(Http2Wire.PREFACE, Http2Wire.get(1, "/")))) {
            try (Http2Wire wire = new Http2Wire(CLIENT, port)) {
                wire.send(bytes);
                wire.end();
                Optional<Http2Wire.Frame> frame = wire.next();
                while (frame.isPresent()) {
                    assertTrue(frame.get().type() != Http2Wire.HEADERS);
                    frame = wire.next();
                }
            }
        }
        assertEquals(0, requests.get());
    }
}
