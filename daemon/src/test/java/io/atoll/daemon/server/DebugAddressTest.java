package io.atoll.daemon.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `core.debug_address` of a whole daemon.
class DebugAddressTest {
    private static final int PORT = 8444;

    /// Loopback has sixteen million addresses: one of our own needs no free port.
    private final String ours =
            "127.84."
                    + ThreadLocalRandom.current().nextInt(256)
                    + "."
                    + ThreadLocalRandom.current().nextInt(1, 254);

    private LocalDaemon daemon;

    @BeforeEach
    void open() throws Exception {
        daemon = LocalDaemon.open("atoll-debug-");
    }

    @AfterEach
    void close() throws Exception {
        daemon.close();
    }

    private TestClient.Answer set(String value) throws IOException {
        return daemon.send("PATCH", "/1.0", "{'config':{'core.debug_address':'" + value + "'}}");
    }

    private void expectError(String value, int status, String part) throws IOException {
        TestClient.Answer answer = set(value);
        assertEquals(status, answer.status(), answer.text());
        assertTrue(answer.json().get("error").asString().contains(part), answer.text());
    }

    private String ask(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(ours, port));
            socket.getOutputStream()
                    .write(
                            "GET /debug/memory HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String value() throws IOException {
        Json config = daemon.client().get("/1.0").metadata().get("config");
        return config.get("core.debug_address").asString();
    }

    @Test
    void listensWhileItIsSet() throws Exception {
        assertFalse(Files.exists(daemon.state().resolve("debug")));
        assertThrows(ConnectException.class, () -> ask(PORT));
        assertEquals(200, set(ours).status());
        assertTrue(ask(PORT).startsWith("HTTP/1.1 200"));
        assertEquals(200, set(ours + ":8445").status());
        assertTrue(ask(8445).contains("VmRSS"));
        assertThrows(ConnectException.class, () -> ask(PORT));
        daemon.shut();
        assertThrows(ConnectException.class, () -> ask(8445));
        Files.createDirectories(daemon.state().resolve("debug"));
        Files.createFile(daemon.state().resolve("debug/of-a-killed-one.jfr"));
        daemon.reopen();
        assertTrue(ask(8445).contains("VmRSS"));
        assertFalse(Files.exists(daemon.state().resolve("debug/of-a-killed-one.jfr")));
        assertEquals(200, set("").status());
        assertThrows(ConnectException.class, () -> ask(8445));
        assertEquals("", value());
    }

    @Test
    void whatCannotBeHadLeavesTheOldOne() throws Exception {
        String before = ours + ":8445";
        assertEquals(200, set(before).status());
        for (String wrong :
                List.of("nowhere.example:1", ours + ":0", ours + ":x", "[::1", "::1]")) {
            expectError(wrong, 400, "cannot set 'core.debug_address' to '" + wrong + "'");
        }
        try (ServerSocket taken = new ServerSocket(PORT, 1, InetAddress.getByName(ours))) {
            assertTrue(taken.isBound());
            expectError(ours, 503, "in use");
        }
        // An address of nobody's, also with the port that the old one has.
        expectError("192.0.2.1:8446", 503, "192.0.2.1");
        expectError("192.0.2.1:8445", 503, "192.0.2.1");
        assertEquals(before, value());
        assertTrue(ask(8445).contains("VmRSS"));
    }

    @Test
    void anotherKeyThatIsRefusedTakesItBack() throws Exception {
        TestClient.Answer answer =
                daemon.send(
                        "PATCH",
                        "/1.0",
                        "{'config':{'core.debug_address':'"
                                + ours
                                + "','storage.images_volume':'nosuch/volume'}}");
        assertTrue(answer.status() >= 400, answer.text());
        assertThrows(ConnectException.class, () -> ask(PORT));
        assertEquals("", value());
    }

    @Test
    void anAddressThatIsLostIsWarnedOf() throws Exception {
        assertEquals(200, set(ours).status());
        daemon.shut();
        try (ServerSocket taken = new ServerSocket(PORT, 1, InetAddress.getByName(ours))) {
            assertTrue(taken.isBound());
            daemon.reopen();
            String warnings = daemon.client().get("/1.0/warnings?recursion=1").text();
            assertTrue(warnings.contains("Cannot listen for debugging"), warnings);
        }
    }
}
