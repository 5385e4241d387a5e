package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Http2Wire;
import io.atoll.daemon.http.TestClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Every byte that crosses the network before anyone is trusted: the PROXY header, the request, the
/// body that asks for trust, tokens. Random ones are made from a seed that failures name;
/// `-Datoll.fuzz.seconds=600` makes each target run that long.
final class HostileNetworkTest {
    private static final Duration FUZZ =
            Duration.ofSeconds(Integer.getInteger("atoll.fuzz.seconds", 2));
    private static final int PATIENCE_MILLIS = 10_000;
    private static final Identity MALLORY =
            Identity.selfSigned(Identity.Purpose.CLIENT, "mallory", List.of());

    private NetworkedDaemon daemon;
    private int port;

    @BeforeEach
    void start() throws Exception {
        daemon = NetworkedDaemon.open();
        port = daemon.port();
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static SSLContext context() {
        return TlsContexts.of(Optional.of(MALLORY), NetworkedDaemon.ANY_SERVER);
    }

    /// TLS over a connection on which something may have been said already.
    private SSLSocket tls(Socket plain) throws IOException {
        SSLSocket socket =
                (SSLSocket)
                        context().getSocketFactory().createSocket(plain, "127.0.0.1", port, true);
        socket.startHandshake();
        return socket;
    }

    private static byte[] request(String method, String path, String body) {
        String head = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        return (head + "Content-Length: " + length + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    /// All that comes back; empty if the server just closes.
    private static String exchange(Socket socket, byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            byte[] buffer = new byte[4096];
            int count = socket.getInputStream().read(buffer);
            while (count >= 0) {
                out.write(buffer, 0, count);
                count = socket.getInputStream().read(buffer);
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // Reset: an answer too.
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private static byte[] guess(String password) {
        return request(
                "POST",
                "/1.0/certificates",
                Json.object().put("type", "client").put("password", password).render());
    }

    private String through(String header, byte[] request) throws IOException {
        try (Socket plain = connect()) {
            plain.getOutputStream().write(header.getBytes(StandardCharsets.US_ASCII));
            try (SSLSocket socket = tls(plain)) {
                return exchange(socket, request);
            }
        }
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
        try (Socket plain = connect()) {
            plain.getOutputStream()
                    .write(speakingFor("203.0.113.1").getBytes(StandardCharsets.US_ASCII));
            try (Http2Wire wire = new Http2Wire(context(), plain).greet()) {
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
        assertTrue(through("", request("GET", "/", "")).startsWith("HTTP/1.1 200"));
    }

    @Test
    void othersCannotClaimAnAddress() throws Exception {
        for (String proxies : List.of("", "192.0.2.7")) {
            daemon.configure("core.https_trusted_proxy", proxies);
            assertThrows(
                    IOException.class,
                    () -> through(speakingFor("203.0.113.1"), request("GET", "/", "")));
            assertTrue(through("", request("GET", "/", "")).startsWith("HTTP/1.1 200"));
        }
        TestClient.Answer wrong = daemon.tryConfigure("core.https_trusted_proxy", "proxy.example");
        assertEquals(400, wrong.status());
        assertTrue(wrong.text().contains("not an IP address"), wrong.text());
    }

    /// Something that a stranger sends, as bytes.
    @FunctionalInterface
    private interface Target {
        void attack(byte[] bytes, String seed) throws IOException;
    }

    private void fuzz(List<byte[]> seeds, Target target) throws IOException {
        Instant end = Instant.now().plus(FUZZ);
        int rounds = 0;
        while (Instant.now().isBefore(end)) {
            Random random = new Random(rounds);
            byte[] bytes = mutate(random, seeds.get(random.nextInt(seeds.size())));
            target.attack(
                    bytes, "seed " + rounds + ": " + Base64.getEncoder().encodeToString(bytes));
            rounds++;
        }
        assertTrue(rounds > 10, "only " + rounds + " rounds");
        assertTrue(through("", request("GET", "/1.0", "")).startsWith("HTTP/1.1 200"));
    }

    private static byte[] mutate(Random random, byte[] seed) {
        List<Byte> out = new ArrayList<>();
        for (byte b : seed) {
            out.add(b);
        }
        int changes = 1 + random.nextInt(8);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(out.size() + 1);
            switch (random.nextInt(4)) {
                case 0 -> out.add(at, (byte) random.nextInt(256));
                case 1 -> out.add(at, (byte) "\r\n\0 /%:{}[]\",\\".charAt(random.nextInt(14)));
                case 2 -> {
                    int from = Math.max(0, at - random.nextInt(9));
                    out.subList(from, at).clear();
                }
                default -> {
                    int to = Math.min(out.size(), at + random.nextInt(64));
                    out.addAll(at, List.copyOf(out.subList(at, to)));
                }
            }
        }
        byte[] bytes = new byte[out.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = out.get(i);
        }
        return bytes;
    }

    /// No answer tells of anything but the request, and none is a fault of ours.
    private static void harmless(String answer, String seed) {
        assertFalse(answer.startsWith("HTTP/1.1 500"), () -> seed + "\n" + answer);
        assertFalse(answer.contains("environment\""), () -> seed + "\n" + answer);
        assertFalse(answer.startsWith("HTTP/1.1 201"), () -> seed + "\n" + answer);
    }

    /// Half of a request must not make the test wait: it ends its side of the connection.
    private String sendAndEnd(byte[] bytes) throws IOException {
        try (SSLSocket socket = tls(connect())) {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
            socket.shutdownOutput();
            return exchange(socket, new byte[0]);
        }
    }

    @Test
    void requestsOfStrangers() throws Exception {
        List<byte[]> seeds =
                List.of(
                        request("GET", "/1.0", ""),
                        request("GET", "/1.0/images?recursion=1&filter=a eq b", ""),
                        request("GET", "/1.0/images/%2e%2e%2fx/export?secret=1", ""),
                        request("PUT", "/1.0/instances/c1/state", "{\"action\":\"start\"}"),
                        request("POST", "/internal/shutdown", ""),
                        request("GET", "/1.0/events?type=logging", ""));
        fuzz(seeds, (bytes, seed) -> harmless(sendAndEnd(bytes), seed));
    }

    /// HTTP/2: the greeting, frames of all kinds, packed headers.
    @Test
    void framesOfStrangers() throws Exception {
        int whole = Http2Wire.END_HEADERS | Http2Wire.END_STREAM;
        byte[] settings = Http2Wire.frame(Http2Wire.SETTINGS, 0, 0, new byte[] {0, 3, 0, 0, 0, 9});
        byte[] post = Http2Wire.request("POST", "/1.0/certificates", "content-length", "2");
        byte[] split =
                Http2Wire.request("GET", "/1.0/instances", "cookie", "a=b", "te", "trailers");
        List<byte[]> seeds =
                List.of(
                        joined(
                                settings,
                                Http2Wire.get(1, "/1.0"),
                                Http2Wire.frame(Http2Wire.PING, 0, 0, new byte[8]),
                                Http2Wire.get(3, "/1.0/images/%2e%2e%2fx/export?secret=1")),
                        joined(
                                settings,
                                Http2Wire.frame(Http2Wire.HEADERS, Http2Wire.END_HEADERS, 1, post),
                                Http2Wire.frame(
                                        Http2Wire.DATA,
                                        Http2Wire.END_STREAM,
                                        1,
                                        "{}".getBytes(StandardCharsets.US_ASCII)),
                                Http2Wire.frame(
                                        Http2Wire.WINDOW_UPDATE, 0, 1, new byte[] {0, 0, 1, 0}),
                                Http2Wire.frame(
                                        Http2Wire.RST_STREAM, 0, 1, new byte[] {0, 0, 0, 8})),
                        joined(
                                settings,
                                Http2Wire.frame(Http2Wire.HEADERS, 1, 1, Arrays.copyOf(split, 20)),
                                Http2Wire.frame(
                                        Http2Wire.CONTINUATION,
                                        Http2Wire.END_HEADERS,
                                        1,
                                        Arrays.copyOfRange(split, 20, split.length)),
                                Http2Wire.frame(Http2Wire.PRIORITY, 0, 3, new byte[5]),
                                Http2Wire.frame(
                                        Http2Wire.HEADERS,
                                        whole | 0x20,
                                        3,
                                        joined(new byte[5], split)),
                                Http2Wire.frame(Http2Wire.GOAWAY, 0, 0, new byte[8])));
        fuzz(
                seeds,
                (bytes, seed) -> {
                    try (Http2Wire wire = new Http2Wire(context(), connect())) {
                        wire.send(Http2Wire.PREFACE, bytes);
                        wire.end();
                        harmless(wire, seed);
                    } catch (SocketException | SSLException e) {
                        // Reset while it was sent: an answer too.
                    }
                });
    }

    /// As [#harmless(String, String)], for answers in frames.
    private static void harmless(Http2Wire wire, String seed) throws IOException {
        Optional<Http2Wire.Frame> frame = wire.next();
        while (frame.isPresent()) {
            byte[] payload = frame.get().payload();
            if (frame.get().type() == Http2Wire.HEADERS) {
                int status = Http2Wire.status(payload);
                assertTrue(status != 500 && status != 201, () -> seed + "\n" + status);
            }
            if (frame.get().type() == Http2Wire.DATA) {
                harmless(new String(payload, StandardCharsets.ISO_8859_1), seed);
            }
            frame = wire.next();
        }
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void whatStrangersAskToBeTrustedWith() throws Exception {
        daemon.configure("core.trust_password", "open sesame");
        String token =
                "{\"client_name\":\"x\",\"fingerprint\":\"ab\",\"addresses\":[],\"secret\":\"0123\"}";
        List<String> seeds =
                List.of(
                        "{\"type\":\"client\",\"name\":\"x\",\"password\":\"x\",\"certificate\":\"\"}",
                        "{\"type\":\"client\",\"token\":true,\"projects\":[\"a\"],\"restricted\":true}",
                        "{\"type\":\"metrics\",\"certificate\":\"MIIB\",\"password\":[1,{}]}",
                        "{\"type\":\"client\",\"password\":\""
                                + Base64.getEncoder()
                                        .encodeToString(token.getBytes(StandardCharsets.UTF_8))
                                + "\"}");
        List<byte[]> bodies = seeds.stream().map(s -> s.getBytes(StandardCharsets.UTF_8)).toList();
        fuzz(
                bodies,
                (bytes, seed) -> {
                    ByteArrayOutputStream whole = new ByteArrayOutputStream();
                    String head =
                            "POST /1.0/certificates HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                                    + bytes.length
                                    + "\r\n\r\n";
                    whole.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
                    whole.writeBytes(bytes);
                    harmless(sendAndEnd(whole.toByteArray()), seed);
                });
    }

    @Test
    void headersOfProxies() throws Exception {
        daemon.configure("core.https_trusted_proxy", "127.0.0.1");
        byte[] second = {
            0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0,
            12, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1
        };
        List<byte[]> seeds =
                List.of(
                        speakingFor("203.0.113.1").getBytes(StandardCharsets.US_ASCII),
                        "PROXY TCP6 ::1 ::2 1 2\r\n".getBytes(StandardCharsets.US_ASCII),
                        "PROXY UNKNOWN\r\n".getBytes(StandardCharsets.US_ASCII),
                        second);
        fuzz(
                seeds,
                (bytes, seed) -> {
                    try (Socket plain = connect()) {
                        plain.getOutputStream().write(bytes);
                        plain.shutdownOutput();
                        // Without TLS there is never an answer in HTTP.
                        assertFalse(exchange(plain, new byte[0]).contains("HTTP/"), seed);
                    }
                });
    }

    @Test
    void thoseWhoSendSlowlyDoNotKeepOthersFromAnswers() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 64; i++) {
                Socket plain = connect();
                slow.add(plain);
                if (i % 4 == 0) {
                    plain.getOutputStream().write(0x16); // the first byte of a handshake
                } else if (i % 4 == 1) {
                    OutputStream out = tls(plain).getOutputStream();
                    out.write("GET /1.0 HTTP/1.1\r\nHos".getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                } else if (i % 4 == 2) {
                    OutputStream out = tls(plain).getOutputStream();
                    out.write(
                            "POST /1.0/certificates HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
                                    .getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                } else {
                    plain.setSoLinger(true, 0); // reset at close
                }
            }
            for (int i = 0; i < 16; i++) {
                assertTrue(through("", request("GET", "/", "")).startsWith("HTTP/1.1 200"));
            }
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        assertTrue(through("", request("GET", "/", "")).startsWith("HTTP/1.1 200"));
    }
}
