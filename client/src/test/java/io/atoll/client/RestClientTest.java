package io.atoll.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnauthenticatedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class RestClientTest {
    private FakeServer server;
    private RestClient rest;
    private AtollClient client;
    private final AtomicInteger opened = new AtomicInteger();

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        rest = new RestClient(new UnixConnector(server.socket()), "test");
        client = new AtollClient(rest, "");
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
    }

    @Test
    void turnsStatusesBackIntoTheServersExceptions() {
        Map<Integer, Class<? extends DomainException>> table =
                Map.of(
                        400, InvalidConfigException.class,
                        401, UnauthenticatedException.class,
                        403, ForbiddenException.class,
                        404, NotFoundException.class,
                        409, BusyException.class,
                        412, PreconditionFailedException.class,
                        500, InternalException.class,
                        501, UnsupportedException.class,
                        503, UnavailableException.class);
        table.forEach((status, type) -> {
            server.onError("GET /1.0/x" + status, status, "because " + status);
            DomainException thrown =
                    assertThrows(DomainException.class, () -> rest.get("/1.0/x" + status));
            assertInstanceOf(type, thrown);
            assertEquals("because " + status, thrown.getMessage());
        });
    }

    /// Found by fuzzing.
    @Test
    void anAnswerOfSomethingElseIsToldInWords() {
        for (String answer :
                List.of(
                        "{\"type\":{}}",
                        "{\"type\":\"error\",\"error\":{}}",
                        "{\"type\":\"error\",\"error_code\":\"x\"}",
                        "{\"type\":\"async\",\"operation\":[]}")) {
            server.on("GET /1.0/odd", peer -> peer.send(FakeServer.http(200, "", answer)));
            assertThrows(DomainException.class, () -> rest.get("/1.0/odd").asString(), answer);
        }
    }

    /// The server that says so is in this row of the old instructions: "lxd and lxd-client must
    /// match".
    @Test
    void d4_01_saysThatTheServerIsTooOld() {
        server.onSync(
                "GET /1.0",
                "{\"api_extensions\":[\"etag\"],\"environment\":{\"server\":\"lxd\",\"server_version\":\"2.0.11\"}}");
        server.onSync("GET /1.0/containers/c1", "{\"name\":\"c1\"}");
        server.onSync("GET /1.0/containers/c1/snapshots", "[]");
        server.onSync("GET /1.0/containers", "[]");
        for (String unknown :
                List.of(
                        "/1.0/instances",
                        "/1.0/instances/c1",
                        "/1.0/containers/c1/sftp",
                        "/1.0/containers/c1/rebuild")) {
            server.onError("GET " + unknown, 404, "not found");
            DomainException thrown =
                    assertThrows(UnsupportedException.class, () -> rest.get(unknown));
            assertTrue(
                    thrown.getMessage()
                            .startsWith(
                                    "The server (lxd 2.0.11) does not know this request of the"
                                            + " client (test)"),
                    thrown.getMessage());
        }
        for (String missing : List.of("/1.0/containers/c2", "/1.0/containers/c1/snapshots/s0")) {
            server.onError("GET " + missing, 404, "not found");
            NotFoundException thrown =
                    assertThrows(NotFoundException.class, () -> rest.get(missing));
            assertEquals("not found", thrown.getMessage());
        }
    }

    @Test
    void saysWhereNobodyAnswers() {
        RestClient lonely =
                new RestClient(new UnixConnector(Path.of("/nonexistent/socket")), "test");
        DomainException thrown = assertThrows(UnavailableException.class, () -> lonely.get("/1.0"));
        assertTrue(
                thrown.getMessage().startsWith("cannot reach the daemon at /nonexistent/socket: "),
                thrown.getMessage());
        assertInstanceOf(ConnectFailedException.class, thrown.getCause());
    }

    /// A way to the server on which connections break, as those of networks do.
    private Connector breaking(int times) {
        AtomicInteger left = new AtomicInteger(times);
        UnixConnector way = new UnixConnector(server.socket());
        return new Connector() {
            @Override
            public Connection open() throws IOException {
                opened.incrementAndGet();
                Connection real = way.open();
                return left.getAndDecrement() > 0
                        ? new Connection(
                                new InputStream() {
                                    @Override
                                    public int read() throws IOException {
                                        throw new SocketException("Connection reset");
                                    }
                                },
                                real.out())
                        : real;
            }

            @Override
            public String target() {
                return "https://192.0.2.1:8443 (remote r)";
            }

            @Override
            public boolean isRemote() {
                return true;
            }
        };
    }

    @Test
    void d4_22_readsAgainWhatANetworkBroke() {
        server.onSync("GET /1.0/a", "1").onSync("PUT /1.0/a", "1");
        assertEquals(1, new RestClient(breaking(2), "test").get("/1.0/a").asInt());
        assertEquals(3, opened.get());
        DomainException thrown =
                assertThrows(
                        UnavailableException.class,
                        () -> new RestClient(breaking(99), "test").get("/1.0/a"));
        assertEquals(
                "GET /1.0/a at https://192.0.2.1:8443 (remote r): Connection reset",
                thrown.getMessage());
        assertEquals(6, opened.get());
        // Nobody knows whether this was done.
        assertThrows(
                UnavailableException.class,
                () -> new RestClient(breaking(1), "test").call("PUT", "/1.0/a", Json.object(), ""));
        assertEquals(7, opened.get());
    }

    @Test
    void asksAgainWhenAnIdleConnectionWasClosed() {
        server.on(
                "GET /1.0/a",
                peer -> {
                    peer.send(
                            FakeServer.http(200, "", FakeServer.envelope("sync", "", 0, "", "1")));
                    peer.out().close();
                });
        server.onSync("PUT /1.0/b", "2");
        assertEquals(1, rest.get("/1.0/a").asLong());
        assertEquals(
                2,
                rest.call("PUT", "/1.0/b", Json.object().put("x", "y"), "\"e\"")
                        .metadata()
                        .asLong());
        FakeServer.Request put = server.request("PUT /1.0/b");
        assertEquals("{\"x\":\"y\"}", put.body());
        assertEquals("\"e\"", put.header("if-match"));
    }

    @Test
    void followsAnOperationAndItsProgress() {
        String path = "/1.0/operations/u1";
        server.on(
                "POST /1.0/images",
                peer ->
                        peer.send(
                                FakeServer.http(
                                        202,
                                        "",
                                        FakeServer.envelope(
                                                "async",
                                                path,
                                                0,
                                                "",
                                                FakeServer.operation(
                                                        "u1", 103, "Running", "null", "")))));
        server.onSync(
                "GET " + path + "/wait?timeout=1",
                FakeServer.operation("u1", 103, "Running", "{\"download_progress\":\"50%\"}", ""));
        server.onSync(
                "GET " + path + "/wait?timeout=1",
                FakeServer.operation("u1", 200, "Success", "{\"fingerprint\":\"abc\"}", ""));
        List<String> seen = new ArrayList<>();
        Operation done =
                client.images().create(Json.object()).awaitSuccess(now -> seen.add(now.progress()));
        assertEquals(List.of("50%"), seen);
        assertEquals("abc", done.metadata().get("fingerprint").asString());
    }

    @Test
    void throwsAnOperationsOwnWords() {
        server.onOperation(
                "PUT /1.0/instances/c1/state",
                "u2",
                "null",
                "null",
                "The instance is already running");
        var handle = client.instances().start("c1");
        var thrown = assertThrows(InternalException.class, handle::awaitSuccess);
        assertEquals("The instance is already running", thrown.getMessage());
    }

    @Test
    void namesTheProjectUnlessItIsTheDefault() {
        AtollClient other = new AtollClient(rest, "p 1");
        server.onSync("GET /1.0/profiles?project=p%201&recursion=1", "[]");
        server.onSync("GET /1.0/profiles?recursion=1", "[]");
        assertEquals(List.of(), other.profiles().list());
        assertEquals(List.of(), new AtollClient(rest, "default").profiles().list());
    }

    @Test
    void encodesNames() {
        server.onSync("GET /1.0/images/aliases/debian%2F12%20%3F", "{\"target\":\"f\"}");
        assertEquals(
                "f", client.imageAliases().get("debian/12 ?").value().get("target").asString());
    }

    @Test
    void speaksWebsocketInBothDirections() throws IOException {
        byte[] big = "x".repeat(70_000).getBytes(StandardCharsets.UTF_8);
        List<byte[]> received = new ArrayList<>();
        server.on(
                "GET /1.0/events?*",
                peer -> {
                    peer.upgrade();
                    peer.frame(9, "keepalive".getBytes(StandardCharsets.UTF_8));
                    peer.frame(1, "hello".getBytes(StandardCharsets.UTF_8));
                    peer.out().write(new byte[] {0x02, 1, 'a', (byte) 0x80, 1, 'b'});
                    for (int i = 0; i < 3; i++) {
                        received.add(peer.readFrame());
                    }
                    peer.frame(8, new byte[] {3, (byte) 0xe8});
                });
        try (WebSocket socket = client.events("lifecycle", false)) {
            socket.sendBinary(big, 0, big.length);
            assertEquals("hello", socket.receive().text());
            assertEquals("ab", socket.receive().text());
            socket.sendText("");
            assertEquals(WebSocket.Kind.END, socket.receive().kind());
        }
        assertEquals(2, received.get(0)[0]);
        assertEquals(big.length + 1, received.get(0).length);
        assertArrayEquals("\nkeepalive".getBytes(StandardCharsets.UTF_8), received.get(1));
        assertArrayEquals(new byte[] {1}, received.get(2));
    }

    @Test
    void reportsAHandshakeTheServerRefused() {
        server.onError("GET /1.0/events?*", 500, "\"zzz\" isn't a supported event type");
        var thrown = assertThrows(InternalException.class, () -> client.events("zzz", false));
        assertEquals("\"zzz\" isn't a supported event type", thrown.getMessage());
    }
}
