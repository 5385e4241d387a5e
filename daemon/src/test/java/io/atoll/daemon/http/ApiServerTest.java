package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The envelope and the rules around it, as recorded from LXD.
final class ApiServerTest {
    @TempDir Path folder;
    private final AtomicReference<WebSocket> socket = new AtomicReference<>();
    private TestServer server;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        server = new TestServer(this::routes);
        client = server.client();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        server.close();
    }

    private List<Route> routes() {
        return List.of(
                Route.get("/")
                        .needs(Right.PUBLIC)
                        .run(_ -> Response.sync(Json.strings(List.of("/1.0")))),
                Route.put("/1.0/things/{name}")
                        .needs(Right.EDIT)
                        .run(r -> {
                            Etag.of(Json.string("x")).check(r);
                            return Response.sync(r.json(), Etag.of(Json.string("x")));
                        }),
                Route.post("/1.0/things")
                        .needs(Right.EDIT)
                        .run(_ -> Response.created("/1.0/things/a")),
                Route.get("/1.0/things/{name}")
                        .needs(Right.VIEW)
                        .run(r -> {
                            throw new NotFoundException(
                                    "Thing " + r.variable("name") + " not found");
                        }),
                Route.get("/1.0/things/{name}/boom")
                        .needs(Right.VIEW)
                        .run(_ -> {
                            throw new IllegalStateException("broken");
                        }),
                Route.get("/1.0/aliases/{name...}")
                        .needs(Right.VIEW)
                        .run(r -> Response.sync(Json.string(r.variable("name")))),
                Route.get("/1.0/caller")
                        .needs(Right.VIEW)
                        .run(r -> Response.sync(Json.string(r.caller().username()))),
                Route.get("/1.0/file")
                        .needs(Right.VIEW)
                        .run(_ -> Response.download(folder.resolve("f"), "name.tar")),
                Route.get("/1.0/echo").needs(Right.VIEW).run(_ -> Response.websocket(this::echo)));
    }

    private void echo(WebSocket opened) {
        socket.set(opened);
        try {
            while (true) {
                switch (opened.receive()) {
                    case WebSocket.Binary(var bytes, boolean _) -> opened.sendBinary(bytes);
                    case WebSocket.Text(String text) -> {
                        opened.sendText(text);
                        if (text.isEmpty()) {
                            opened.abort();
                            return;
                        }
                    }
                    case WebSocket.Closed _ -> {
                        return;
                    }
                }
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anyHostWillDo() throws Exception {
        Map<String, String> headers = Map.of("Host", "localhost:None");
        assertEquals(200, client.send("GET", "/", headers, new byte[0]).status());
    }

    @Test
    void answersInTheEnvelope() throws Exception {
        TestClient.Answer answer = client.get("/");
        assertEquals(200, answer.status());
        assertEquals("application/json", answer.headers().get("content-type"));
        assertEquals(
                "{\"type\":\"sync\",\"status\":\"Success\",\"status_code\":200,\"operation\":\"\","
                        + "\"error_code\":0,\"error\":\"\",\"metadata\":[\"/1.0\"]}\n",
                answer.text());
    }

    @Test
    void answersErrorsWithTwoNewlines() throws Exception {
        TestClient.Answer answer = client.get("/1.0/nosuch");
        assertEquals(404, answer.status());
        assertEquals("nosniff", answer.headers().get("x-content-type-options"));
        assertEquals(
                "{\"type\":\"error\",\"status\":\"\",\"status_code\":0,\"operation\":\"\","
                        + "\"error_code\":404,\"error\":\"not found\",\"metadata\":null}\n\n",
                answer.text());
    }

    @Test
    void answersCreatedWithLocation() throws Exception {
        TestClient.Answer answer = client.send("POST", "/1.0/things", "{}");
        assertEquals(201, answer.status());
        assertEquals("/1.0/things/a", answer.headers().get("location"));
        assertTrue(answer.text().endsWith("\"metadata\":null}\n"), answer.text());
    }

    @Test
    void tellsWrongMethodFromUnknownPath() throws Exception {
        assertEquals(501, client.send("DELETE", "/1.0/things/a", "").status());
        assertEquals(
                "not implemented",
                client.send("BREW", "/1.0/things/a", "").json().get("error").asString());
        assertEquals(404, client.get("/1.0/things/a/b/c").status());
    }

    @Test
    void mapsFailures() throws Exception {
        TestClient.Answer missing = client.get("/1.0/things/a");
        assertEquals(404, missing.status());
        assertEquals("Thing a not found", missing.json().get("error").asString());
        TestClient.Answer broken = client.get("/1.0/things/a/boom");
        assertEquals(500, broken.status());
        assertTrue(broken.json().get("error").asString().contains("incident"), broken.text());
    }

    @Test
    void refusesBodiesThatAreNoObject() throws Exception {
        for (String body : List.of("{bad", "[]", "{} x", "1")) {
            assertEquals(400, client.send("PUT", "/1.0/things/a", body).status(), body);
        }
        assertEquals(200, client.send("PUT", "/1.0/things/a", "").status());
    }

    @Test
    void refusesAJsonBodyOverTheLimit() throws Exception {
        byte[] large = new byte[Request.JSON_BODY_MAX + 2];
        java.util.Arrays.fill(large, (byte) ' ');
        assertEquals(400, client.send("PUT", "/1.0/things/a", Map.of(), large).status());
    }

    /// Whoever still sends would hear of a broken pipe, not of the reason.
    @Test
    void d4_20_whoSendsALongBodyHearsWhyItIsRefused() throws Exception {
        byte[] large = new byte[20 << 20];
        java.util.Arrays.fill(large, (byte) ' ');
        for (String path : List.of("/1.0/things/a", "/1.0/nosuch", "/1.0/things/a/boom")) {
            TestClient.Answer answer = client.send("PUT", path, Map.of(), large);
            assertTrue(answer.status() >= 400, path);
            assertEquals("error", answer.json().get("type").asString(), path);
        }
        // The connection is as good as before.
        assertEquals(200, client.get("/").status());
    }

    @Test
    void d4_20_brokenRequestsAreAnsweredInTheEnvelope() throws Exception {
        for (String request :
                List.of(
                        "PUT /1.0/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"a\":",
                        "PUT /1.0/things/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                        "PUT /1.0/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
                        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                        "GET / HTTP/7.1\r\nHost: x\r\n\r\n",
                        "nonsense\r\n\r\n")) {
            String answer = lastWordsTo(request);
            assertTrue(answer.matches("(?s)HTTP/1.1 [45]\\d\\d .*"), request + ": " + answer);
            String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
            assertEquals("error", Json.parse(body).get("type").asString(), request + ": " + answer);
        }
    }

    /// What the server answers to somebody who sends this and no more.
    private String lastWordsTo(String request) throws Exception {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(server.socket()));
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.ISO_8859_1)));
            channel.shutdownOutput();
            return new String(
                    Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void comparesEtags() throws Exception {
        String tag = client.send("PUT", "/1.0/things/a", "{}").headers().get("etag");
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        assertEquals(
                200, client.send("PUT", "/1.0/things/a", Map.of("If-Match", tag), body).status());
        String bare = tag.replace("\"", "");
        assertEquals(
                200, client.send("PUT", "/1.0/things/a", Map.of("If-Match", bare), body).status());
        TestClient.Answer stale =
                client.send("PUT", "/1.0/things/a", Map.of("If-Match", "abc"), body);
        assertEquals(412, stale.status());
        assertEquals(
                "ETag doesn't match: " + bare + " vs abc", stale.json().get("error").asString());
    }

    @Test
    void decodesPathVariables() throws Exception {
        assertEquals("a/b c+d%", client.get("/1.0/aliases/a%2Fb%20c+d%25").metadata().asString());
        assertEquals("a/b", client.get("/1.0/aliases/a/b").metadata().asString());
    }

    @Test
    void knowsTheCallerBySocket() throws Exception {
        assertEquals(
                System.getProperty("user.name"), client.get("/1.0/caller").metadata().asString());
    }

    @Test
    void sendsFilesAndRanges() throws Exception {
        Files.writeString(folder.resolve("f"), "0123456789");
        TestClient.Answer all = client.get("/1.0/file");
        assertEquals("0123456789", all.text());
        assertEquals("inline;filename=name.tar", all.headers().get("content-disposition"));
        assertEquals("bytes", all.headers().get("accept-ranges"));
        TestClient.Answer part =
                client.send("GET", "/1.0/file", Map.of("Range", "bytes=2-4"), new byte[0]);
        assertEquals(206, part.status());
        assertEquals("234", part.text());
        assertEquals("bytes 2-4/10", part.headers().get("content-range"));
    }

    @Test
    void waitsUntilReady() throws Exception {
        server.availability().enter(Availability.Phase.STARTING);
        assertEquals(503, client.get("/").status());
        server.availability().enter(Availability.Phase.STOPPING);
        assertEquals(200, client.get("/").status());
        assertEquals(503, client.send("POST", "/1.0/things", "{}").status());
    }

    @Test
    void carriesLargeAndEmptyFramesOverAWebSocket() throws Exception {
        assertEquals(101, client.upgrade("/1.0/echo").status());
        TestClient.Frame ping = client.readFrame();
        assertEquals(9, ping.opcode());
        assertEquals("keepalive", ping.text());
        byte[] large = new byte[300_000];
        new java.util.Random(7).nextBytes(large);
        client.sendFrame(2, large);
        byte[] back = new byte[0];
        while (back.length < large.length) {
            byte[] more = client.readDataFrame().payload();
            byte[] both = java.util.Arrays.copyOf(back, back.length + more.length);
            System.arraycopy(more, 0, both, back.length, more.length);
            back = both;
        }
        assertArrayEquals(large, back);
        client.sendFrame(9, "x".getBytes(StandardCharsets.UTF_8));
        client.sendFrame(1, "hello".getBytes(StandardCharsets.UTF_8));
        assertEquals("hello", client.readDataFrame().text());
        client.sendFrame(1, new byte[0]);
        assertEquals(1, client.readDataFrame().opcode());
        assertEquals(-1, client.readDataFrame().opcode(), "no close frame after the barrier");
    }

    @Test
    void refusesAPlainGetOfAWebSocket() throws Exception {
        assertEquals(400, client.get("/1.0/echo").status());
    }
}
