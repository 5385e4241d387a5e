package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.Http2Wire;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What strangers on the network try: to speak for others, to be slow. [NetworkFuzzTest] has what
/// else they send.
final class HostileNetworkTest {
    private NetworkedDaemon daemon;
    private Stranger stranger;

    @BeforeEach
    void start() throws Exception {
        daemon = NetworkedDaemon.open();
        stranger = new Stranger(daemon.port());
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private static byte[] guess(String password) {
        return Stranger.request(
                "POST",
                "/1.0/certificates",
                Json.object().put("type", "client").put("password", password).render());
    }

    private String through(String header, byte[] request) throws IOException {
        return stranger.through(header, request);
    }

    private static String speakingFor(String client) {
        return "PROXY TCP4 " + client + " 127.0.0.1 4711 8443\r\n";
    }

    @Test
    void knownProxiesSayWhomTheySpeakFor() throws Exception {
        daemon.configure("core.trust_password", "open sesame");
        daemon.configure("core.https_trusted_proxy", "192.0.2.7, 127.0.0.1");
        for (int i = 0; i < FailedAttempts.FREE; i++) {
            String answer = through(speakingFor("203.0.113.1"), guess("x" + i));
            assertTrue(answer.contains("not authorized"), answer);
        }
        String late = through(speakingFor("203.0.113.1"), guess("open sesame"));
        assertTrue(late.contains("Too many failed attempts"), late);
        // HTTP/2 is below the same header.
        try (Socket plain = stranger.connect()) {
            plain.getOutputStream()
                    .write(speakingFor("203.0.113.1").getBytes(StandardCharsets.US_ASCII));
            try (Http2Wire wire = new Http2Wire(Stranger.context(), plain).greet()) {
                byte[] body =
                        "{\"type\":\"client\",\"password\":\"open sesame\"}"
                                .getBytes(StandardCharsets.US_ASCII);
                byte[] head = Http2Wire.request("POST", "/1.0/certificates");
                wire.send(
                        Http2Wire.frame(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, head),
                        Http2Wire.frame(Http2Wire.DATA, Http2Wire.END_STREAM, 1, body));
                byte[] answer = wire.await(f -> f.type() == Http2Wire.DATA).payload();
                String text = new String(answer, StandardCharsets.UTF_8);
                assertTrue(text.contains("Too many failed attempts"), text);
            }
        }
        // Somebody else behind the same proxy does not wait for that.
        String other = through(speakingFor("203.0.113.2"), guess("open sesame"));
        assertTrue(other.startsWith("HTTP/1.1 201"), other);
        // The proxy itself says nothing of others when it looks whether the server lives.
        assertTrue(through("", Stranger.request("GET", "/", "")).startsWith("HTTP/1.1 200"));
    }

    @Test
    void othersCannotClaimAnAddress() throws Exception {
        for (String proxies : List.of("", "192.0.2.7")) {
            daemon.configure("core.https_trusted_proxy", proxies);
            assertThrows(
                    IOException.class,
                    () -> through(speakingFor("203.0.113.1"), Stranger.request("GET", "/", "")));
            assertTrue(through("", Stranger.request("GET", "/", "")).startsWith("HTTP/1.1 200"));
        }
        TestClient.Answer wrong = daemon.tryConfigure("core.https_trusted_proxy", "proxy.example");
        assertEquals(400, wrong.status());
        assertTrue(wrong.text().contains("not an IP address"), wrong.text());
    }

    private static void malformed(String text) {
        assertTrue(text.startsWith("HTTP/1.1 400"), text);
        assertFalse(text.contains("java") || text.contains("incident"), text);
    }

    /// Found by fuzzing: all of these were errors of ours, with a page that told about the inside.
    @Test
    void whatIsMalformedIsItsSendersFault() throws Exception {
        String text = "GET /1.0 HTTP/1.1\r\nHost: \"x\r\nConnection: close\r\n\r\n";
        malformed(stranger.send(text.getBytes(StandardCharsets.US_ASCII)));
        for (String body :
                List.of(
                        "Content-Length: 16\r\n\r\n{\"pass",
                        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
                        "Transfer-Encoding: chunked\r\n\r\n2\r\n{")) {
            String post = "POST /1.0/certificates HTTP/1.1\r\nHost: x\r\n" + body;
            malformed(stranger.send(post.getBytes(StandardCharsets.US_ASCII)));
        }
        daemon.configure("core.https_trusted_proxy", "127.0.0.1");
        String header = "PROXY TCP6 6%:1 ::2 1 2\r\n";
        malformed(through(header, Stranger.request("GET", "/1.0", "")));
        malformed(through(header, guess("x")));
    }

    @Test
    void thoseWhoSendSlowlyDoNotKeepOthersFromAnswers() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 64; i++) {
                Socket plain = stranger.connect();
                slow.add(plain);
                if (i % 4 == 0) {
                    plain.getOutputStream().write(0x16); // the first byte of a handshake
                } else if (i % 4 == 1) {
                    OutputStream out = stranger.tls(plain).getOutputStream();
                    out.write("GET /1.0 HTTP/1.1\r\nHos".getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                } else if (i % 4 == 2) {
                    OutputStream out = stranger.tls(plain).getOutputStream();
                    out.write(
                            "POST /1.0/certificates HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
                                    .getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                } else {
                    plain.setSoLinger(true, 0); // reset at close
                }
            }
            for (int i = 0; i < 16; i++) {
                assertTrue(
                        through("", Stranger.request("GET", "/", "")).startsWith("HTTP/1.1 200"));
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        assertTrue(through("", Stranger.request("GET", "/", "")).startsWith("HTTP/1.1 200"));
    }
}
