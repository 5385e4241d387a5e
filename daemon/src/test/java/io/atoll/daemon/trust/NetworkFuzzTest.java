package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.client.Connection;
import io.atoll.client.Connector;
import io.atoll.client.HttpRequest;
import io.atoll.client.RestClient;
import io.atoll.client.WebSocket;
import io.atoll.daemon.dns.DnsServer;
import io.atoll.daemon.dns.ServedZone;
import io.atoll.daemon.dns.ZoneEntry;
import io.atoll.daemon.http.Http2Wire;
import io.atoll.testkit.Await;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;

/// Every byte that crosses the network before anyone is trusted, in both directions: almost right
/// ones are sent until the time is over. All targets run at once, each a stranger with addresses of
/// its own, so that together they take as long as one.
///
/// `-Datoll.fuzz.seconds=600` makes them run that long; `-Datoll.seed=N` begins elsewhere. A
/// failure names its seed and holds the bytes.
final class NetworkFuzzTest {
    private static final Duration LENGTH =
            Duration.ofSeconds(Integer.getInteger("atoll.fuzz.seconds", 2));

    private static final long SEED = Long.getLong("atoll.seed", 0);

    /// Random numbers of seeds that are neighbours are much alike.
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /// Between rounds that wait for nothing: the others are to have their turn.
    private static final long PAUSE_NANOS = 1_000_000;

    /// However slow the machine is.
    private static final int ROUNDS_MIN = 10;

    /// Who gets no answer in so many is heard by nobody. In a few, on a busy machine, that says
    /// nothing: answers come late.
    private static final int ROUNDS_ENOUGH = 1000;

    /// Addresses that a target comes from; none of them asks often enough to be made to wait.
    private static final int ADDRESSES = 60_000;

    private static final int ATTACKERS = 6;
    private static final int BYTES_MAX = 1 << 16;

    /// Descriptors that a server of this process may have more than before it was attacked.
    private static final int DESCRIPTORS = 40;

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final System.Logger LOG = System.getLogger("NetworkFuzzTest");
    private static final Logger OURS = Logger.getLogger("io.atoll");

    private final Queue<String> complaints = new ConcurrentLinkedQueue<>();
    private final Map<String, Attack> targets = new LinkedHashMap<>();
    private final ExecutorService threads =
            Executors.newCachedThreadPool(
                    Thread.ofPlatform().daemon().name("stranger-", 0).factory());
    private NetworkedDaemon daemon;
    private DnsServer zones;

    /// Of the daemon's: what a stranger sends is no reason to warn anybody.
    private final Handler ear =
            new Handler() {
                @Override
                public void publish(LogRecord said) {
                    if (said.getLevel().intValue() >= Level.WARNING.intValue()) {
                        complaints.add(said.getMessage() + "\n" + trace(said.getThrown()));
                    }
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    private static String trace(Throwable thrown) {
        StringWriter out = new StringWriter();
        if (thrown != null) {
            thrown.printStackTrace(new PrintWriter(out));
        }
        return out.toString();
    }

    @BeforeEach
    void start() throws Exception {
        daemon = NetworkedDaemon.open();
        zones = DnsServer.listen(new InetSocketAddress("127.0.0.1", 0), NetworkFuzzTest::zone);
        OURS.addHandler(ear);
    }

    @AfterEach
    void stop() throws Exception {
        OURS.removeHandler(ear);
        threads.shutdownNow();
        zones.close();
        daemon.close();
    }

    /// Something that takes bytes of strangers.
    @FunctionalInterface
    private interface Target {
        /// @return whether it answered
        boolean attack(byte[] bytes, String seed) throws Exception;
    }

    /// Lets a target run beside the others. Most of a round is waiting, so it is attacked several
    /// times at once.
    private void aim(String name, List<byte[]> seeds, Target target) {
        aim(name, ATTACKERS, seeds, target);
    }

    private void aim(String name, int attackers, List<byte[]> seeds, Target target) {
        Run run = new Run(name, seeds, target);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < attackers; i++) {
            all.add(threads.submit(run));
        }
        targets.put(name, new Attack(run, all));
    }

    private record Attack(Run run, List<Future<?>> attackers) {
        void join() throws InterruptedException {
            AssertionError all = new AssertionError(run.name);
            for (Future<?> attacker : attackers) {
                try {
                    Object unused = attacker.get();
                } catch (ExecutionException e) {
                    all.addSuppressed(e.getCause());
                }
            }
            String result = run.name + ": " + run.rounds + " rounds, " + run.answered + " answered";
            LOG.log(System.Logger.Level.INFO, result);
            if (all.getSuppressed().length > 0) {
                throw all;
            }
            assertTrue(run.answered.get() > 0 || run.rounds.get() < ROUNDS_ENOUGH, result);
        }
    }

    private static final class Run implements Callable<Void> {
        private final String name;
        private final List<byte[]> seeds;
        private final Target target;
        private final Instant end = Instant.now().plus(LENGTH);
        private final AtomicInteger rounds = new AtomicInteger();
        private final AtomicInteger answered = new AtomicInteger();

        Run(String name, List<byte[]> seeds, Target target) {
            this.name = name;
            this.seeds = seeds;
            this.target = target;
        }

        @Override
        public Void call() {
            while (rounds.get() < ROUNDS_MIN || Instant.now().isBefore(end)) {
                int round = rounds.getAndIncrement();
                Random random = new Random((SEED + round) * SPREAD);
                byte[] bytes = round < seeds.size() ? seeds.get(round) : mutate(random, seeds);
                String text = Base64.getEncoder().encodeToString(bytes);
                String seed = name + ", seed " + (SEED + round) + ": " + text;
                try {
                    if (target.attack(bytes, seed)) {
                        answered.incrementAndGet();
                    }
                } catch (Exception e) {
                    throw new AssertionError(seed, e);
                }
            }
            return null;
        }
    }

    private static byte[] mutate(Random random, List<byte[]> seeds) {
        List<Byte> out = listed(seeds.get(random.nextInt(seeds.size())));
        int changes = 1 + random.nextInt(8);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(out.size() + 1);
            int to = Math.min(out.size(), at + random.nextInt(64));
            switch (random.nextInt(7)) {
                case 0 -> out.add(at, (byte) random.nextInt(256));
                case 1 -> out.add(at, (byte) "\r\n\0 /%:{}[]\",\\".charAt(random.nextInt(14)));
                case 2 -> out.subList(Math.max(0, at - random.nextInt(9)), at).clear();
                case 3 -> {
                    if (to > at) {
                        out.set(at, (byte) (out.get(at) ^ 1 << random.nextInt(8)));
                    }
                }
                case 4 -> {
                    List<Byte> other = listed(seeds.get(random.nextInt(seeds.size())));
                    out.subList(at, out.size()).clear();
                    out.addAll(other.subList(random.nextInt(other.size() + 1), other.size()));
                }
                case 5 -> {
                    // What is repeated often is long or deep, which parsers forget to bound.
                    List<Byte> part = List.copyOf(out.subList(at, to));
                    int times = random.nextInt(8) == 0 ? random.nextInt(2000) : 1;
                    for (int n = 0; n < times && out.size() < BYTES_MAX; n++) {
                        out.addAll(at, part);
                    }
                }
                default -> out.subList(at, to).clear();
            }
        }
        byte[] bytes = new byte[out.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = out.get(i);
        }
        return bytes;
    }

    private static List<Byte> listed(byte[] bytes) {
        List<Byte> out = new ArrayList<>(bytes.length);
        for (byte b : bytes) {
            out.add(b);
        }
        return out;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /// LXD answers 500 to what it cannot read of a filter, and so do we.
    private static final String EXCUSE = "\"error\":\"Invalid filter: ";

    /// No answer tells of anything but the request, and none is a fault of ours or lets in.
    private static boolean harmless(String answer, String seed) {
        for (String status : List.of("500", "201", "101")) {
            boolean isOurs = answer.startsWith("HTTP/1.1 " + status) && !answer.contains(EXCUSE);
            assertFalse(isOurs, () -> seed + "\n" + answer);
        }
        assertFalse(answer.contains("environment\""), () -> seed + "\n" + answer);
        return !answer.isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> everyTargetAtOnce() throws Exception {
        String metrics = "127.0.0.1:" + NetworkedDaemon.freePort();
        Stranger proxy = new Stranger(1, 4, daemon.port());
        daemon.configure("core.trust_password", "open sesame");
        daemon.configure("core.metrics_address", metrics);
        daemon.configure("core.https_trusted_proxy", String.join(", ", proxy.addresses()));
        assertTrue(isAlive(), "before anything is sent");
        long descriptors = descriptors();
        handshakes(new Stranger(2, ADDRESSES, daemon.port()));
        certificates(new Stranger(3, ADDRESSES, daemon.port()));
        requests(new Stranger(4, ADDRESSES, daemon.port()));
        frames(new Stranger(5, ADDRESSES, daemon.port()));
        packedHeaders(new Stranger(9, ADDRESSES, daemon.port()));
        wishes(new Stranger(6, ADDRESSES, daemon.port()));
        proxies(proxy);
        int port = Integer.parseInt(metrics.substring(metrics.lastIndexOf(':') + 1));
        metrics(new Stranger(7, ADDRESSES, port));
        zonesByTcp(new Stranger(8, ADDRESSES, zones.port()));
        zonesByUdp();
        answersOfServers();
        List<DynamicTest> out = new ArrayList<>();
        targets.forEach((name, it) -> out.add(DynamicTest.dynamicTest(name, it::join)));
        out.add(DynamicTest.dynamicTest("afterwards", () -> afterwards(descriptors)));
        return out.stream();
    }

    private boolean isAlive() throws IOException {
        return new Stranger(daemon.port())
                .send(Stranger.request("GET", "/1.0", ""))
                .startsWith("HTTP/1.1 200");
    }

    private static long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// The server lives, warns of nothing and keeps nothing.
    private void afterwards(long before) throws IOException {
        assertTrue(isAlive());
        assertEquals(List.of(), List.copyOf(complaints));
        Await.until(
                "connections of strangers to be closed",
                LIMIT,
                () -> descriptors() <= before + DESCRIPTORS);
    }

    /// TLS itself: greetings, and records behind them.
    private void handshakes(Stranger stranger) throws SSLException {
        byte[] record = {
            0x17, 3, 3, 0, 19, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0
        };
        byte[] change = {0x14, 3, 3, 0, 1, 1};
        byte[] alert = {0x15, 3, 3, 0, 2, 2, 40};
        List<byte[]> seeds =
                List.of(
                        greeting(),
                        joined(greeting("h2", "http/1.1"), change, record),
                        joined(greeting("h2"), alert),
                        joined(change, record, alert));
        aim("handshakes", seeds, (bytes, seed) -> withoutTls(stranger, bytes, seed));
    }

    /// Outside of TLS there is never an answer in HTTP.
    private static boolean withoutTls(Stranger stranger, byte[] bytes, String seed)
            throws IOException {
        try (Socket plain = stranger.connect()) {
            String answer = Stranger.converse(plain, bytes);
            assertFalse(answer.contains("HTTP/1"), seed);
            return !answer.isEmpty();
        }
    }

    /// What a client says first.
    private static byte[] greeting(String... protocols) throws SSLException {
        SSLEngine engine = Stranger.context().createSSLEngine("localhost", 8443);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        engine.setSSLParameters(parameters);
        engine.beginHandshake();
        ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        Object unused = engine.wrap(ByteBuffer.allocate(0), out);
        return Arrays.copyOf(out.array(), out.position());
    }

    /// What clients show in the handshake.
    private void certificates(Stranger stranger) throws GeneralSecurityException {
        Identity one = Identity.selfSigned(Identity.Purpose.CLIENT, "mallory", List.of());
        Identity two =
                Identity.selfSigned(Identity.Purpose.CLIENT, "m\u00e4llory \"'$(id)\n", List.of());
        byte[] wish = Stranger.request("POST", "/1.0/certificates", "{\"password\":\"x\"}");
        aim(
                "certificates",
                List.of(one.certificate().getEncoded(), two.certificate().getEncoded()),
                (bytes, seed) -> {
                    BentCertificate bent = new BentCertificate(one.certificate(), bytes);
                    SSLContext context = SSLContext.getInstance("TLSv1.3");
                    context.init(
                            new KeyManager[] {bent.shownWith(one.key())},
                            new TrustManager[] {NetworkedDaemon.ANY_SERVER},
                            null);
                    try (SSLSocket socket = stranger.tls(context, stranger.connect())) {
                        return harmless(Stranger.converse(socket, wish), seed);
                    } catch (SSLException | SocketException e) {
                        return false;
                    }
                });
    }

    private static final String UPGRADE =
            " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                    + "\u0001\u0005hello";

    private void requests(Stranger stranger) {
        String operation = "/1.0/operations/00000000-0000-4000-8000-000000000001";
        List<byte[]> seeds =
                List.of(
                        Stranger.request("GET", "/1.0", ""),
                        Stranger.request("GET", "/1.0/images?recursion=1&filter=a eq b", ""),
                        Stranger.request("GET", "/1.0/images/%2e%2e%2fx/export?secret=1", ""),
                        Stranger.request(
                                "PUT", "/1.0/instances/c1/state", "{\"action\":\"start\"}"),
                        Stranger.request("POST", "/internal/shutdown", ""),
                        Stranger.request("GET", operation + "/wait?secret=0&timeout=0", ""),
                        ascii("GET /1.0/events?type=logging" + UPGRADE),
                        ascii("GET " + operation + "/websocket?secret=abc" + UPGRADE),
                        ascii(
                                "POST /1.0/images HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                        + "Transfer-Encoding: chunked\r\n\r\n4;a=b\r\n{}{}\r\n0\r\n"
                                        + "A: b\r\n\r\nGET /1.0 HTTP/1.0\r\n\r\n"),
                        ascii("OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n"));
        aim("requests", seeds, (bytes, seed) -> harmless(stranger.send(bytes), seed));
    }

    /// HTTP/2: the greeting, frames of all kinds, packed headers.
    private void frames(Stranger stranger) {
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
                                        Http2Wire.DATA, Http2Wire.END_STREAM, 1, ascii("{}")),
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
        aim("frames", seeds, (bytes, seed) -> packed(stranger, bytes, seed));
    }

    /// Headers as HPACK packs them, in frames that are right.
    private void packedHeaders(Stranger stranger) {
        byte[] indexed = {0x3f, (byte) 0xe1, 0x1f, (byte) 0x82, (byte) 0x87, (byte) 0x84, 0x41, 1};
        List<byte[]> seeds =
                List.of(
                        Http2Wire.request("GET", "/1.0", "cookie", "a=b"),
                        Http2Wire.request("GET", "/1.0/images?filter=a eq b", "host", "y"),
                        Http2Wire.request("POST", "/1.0/certificates", "content-length", "2"),
                        joined(
                                indexed,
                                ascii("x"),
                                new byte[] {0x40, 1, 'a', 1, 'b', (byte) 0xbe}));
        aim(
                "packed headers",
                seeds,
                (bytes, seed) -> {
                    byte[] block = Arrays.copyOf(bytes, Math.min(bytes.length, 16_384));
                    byte[] ping = Http2Wire.frame(Http2Wire.PING, 0, 0, new byte[8]);
                    byte[] headers =
                            Http2Wire.frame(
                                    Http2Wire.HEADERS,
                                    Http2Wire.END_HEADERS | Http2Wire.END_STREAM,
                                    1,
                                    block);
                    byte[] settings = Http2Wire.frame(Http2Wire.SETTINGS, 0, 0);
                    return packed(stranger, joined(settings, headers, ping), seed);
                });
    }

    private static boolean packed(Stranger stranger, byte[] frames, String seed)
            throws IOException {
        try (Http2Wire wire = new Http2Wire(Stranger.context(), stranger.connect())) {
            wire.send(Http2Wire.PREFACE, frames);
            return harmless(wire, seed);
        } catch (SocketException | SSLException e) {
            // Reset while it was sent.
            return false;
        }
    }

    /// As [#harmless(String, String)], for answers in frames.
    private static boolean harmless(Http2Wire wire, String seed) throws IOException {
        boolean isAnswered = false;
        boolean isEnded = false;
        int failures = 0;
        while (true) {
            if (!isEnded && wire.isSilentFor(Stranger.SILENCE_MILLIS)) {
                isEnded = true;
                wire.end();
            }
            Optional<Http2Wire.Frame> frame = wire.next();
            if (frame.isEmpty()) {
                assertTrue(failures <= 0, seed + "\n500");
                return isAnswered;
            }
            byte[] payload = frame.get().payload();
            if (frame.get().type() == Http2Wire.HEADERS) {
                int status = Http2Wire.status(payload);
                assertTrue(status != 201, () -> seed + "\n" + status);
                failures += status == 500 ? 1 : 0;
                isAnswered = true;
            }
            if (frame.get().type() == Http2Wire.DATA) {
                String text = new String(payload, StandardCharsets.ISO_8859_1);
                harmless(text, seed);
                failures -= text.contains(EXCUSE) ? 1 : 0;
            }
        }
    }

    /// Bodies that ask for trust, with passwords and tokens.
    private void wishes(Stranger stranger) {
        String token =
                "{\"client_name\":\"x\",\"fingerprint\":\"ab\",\"addresses\":[],\"secret\":\"0123\"}";
        String own =
                Pem.render(
                        Identity.selfSigned(Identity.Purpose.CLIENT, "x", List.of()).certificate());
        List<byte[]> seeds =
                List.of(
                        ascii("{\"type\":\"client\",\"name\":\"x\",\"password\":\"x\"}"),
                        ascii("{\"type\":\"client\",\"token\":true,\"projects\":[\"a\"]}"),
                        ascii("{\"type\":\"metrics\",\"certificate\":\"\",\"password\":[1,{}]}"),
                        ascii(
                                Json.object()
                                        .put("password", "x")
                                        .put("certificate", own)
                                        .put("restricted", true)
                                        .render()),
                        ascii(
                                "{\"password\":\""
                                        + Base64.getEncoder().encodeToString(ascii(token))
                                        + "\"}"));
        aim(
                "wishes",
                seeds,
                (bytes, seed) -> {
                    String head =
                            "POST /1.0/certificates HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                    + "Content-Length: "
                                    + bytes.length
                                    + "\r\n\r\n";
                    return harmless(stranger.send(joined(ascii(head), bytes)), seed);
                });
    }

    /// What load balancers that are known say first.
    private void proxies(Stranger stranger) {
        byte[] second = {
            0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0,
            20, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1, 3, 0, 5, 'a', 'b', 'c', 'd', 'e'
        };
        List<byte[]> seeds =
                List.of(
                        ascii("PROXY TCP4 203.0.113.1 127.0.0.1 4711 8443\r\n"),
                        ascii("PROXY TCP6 ::1 ::2 1 2\r\n"),
                        ascii("PROXY UNKNOWN\r\n"),
                        second);
        byte[] request = Stranger.request("GET", "/1.0", "");
        aim(
                "proxies",
                seeds,
                (bytes, seed) -> {
                    boolean isAnswered = withoutTls(stranger, bytes, seed);
                    try {
                        return harmless(stranger.through(bytes, request), seed);
                    } catch (SSLException | SocketException e) {
                        return isAnswered;
                    }
                });
    }

    /// The listener for those who measure.
    private void metrics(Stranger stranger) {
        List<byte[]> seeds =
                List.of(
                        Stranger.request("GET", "/1.0/metrics", ""),
                        Stranger.request("GET", "/1.0/metrics?project=a&x=%00", ""),
                        Stranger.request("HEAD", "/1.0/metrics", ""),
                        Stranger.request("POST", "/1.0/certificates", "{\"password\":\"x\"}"));
        aim(
                "metrics",
                seeds,
                (bytes, seed) -> {
                    String answer = stranger.send(bytes);
                    assertFalse(answer.contains("# HELP"), () -> seed + "\n" + answer);
                    return harmless(answer, seed);
                });
    }

    private static final String ZONE = "example.net";

    /// Friends have a key, or an address at which none of us is.
    private static Optional<ServedZone> zone(String name) {
        return name.equals(ZONE)
                ? Optional.of(
                        new ServedZone(
                                ZONE,
                                List.of("ns1.example.org"),
                                List.of(
                                        new ServedZone.Peer(
                                                "ns", Optional.empty(), Optional.of("c2VjcmV0")),
                                        new ServedZone.Peer(
                                                "a",
                                                Optional.of(InetAddress.ofLiteral("192.0.2.7")),
                                                Optional.empty())),
                                List.of(new ZoneEntry("c1", "A", 300, "10.0.0.5"))))
                : Optional.empty();
    }

    private static byte[] question(String name, int type, boolean isSigned) throws IOException {
        Message query = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
        if (isSigned) {
            query.setTSIG(new TSIG(TSIG.HMAC_SHA256, ZONE + "_ns.", "b3RoZXI="));
        }
        return query.toWire(Message.MAXLENGTH);
    }

    private static List<byte[]> questions() throws IOException {
        return List.of(
                question("example.net.", Type.AXFR, false),
                question("example.net.", Type.IXFR, true),
                question("example.net.", Type.SOA, true),
                question("EXAMPLE.net.", Type.SOA, false),
                question("c1.example.net.", Type.A, false),
                question("other.example.", Type.AXFR, true));
    }

    private static void refused(byte[] answer, String seed) throws IOException {
        int code = new Message(answer).getRcode();
        assertTrue(code != Rcode.NOERROR && code != Rcode.SERVFAIL, () -> seed + "\n" + code);
        assertTrue(answer.length <= 512, () -> seed + "\n" + answer.length + " bytes");
    }

    /// Several questions on a connection, as other name servers ask for zones.
    private void zonesByTcp(Stranger stranger) throws IOException {
        List<byte[]> seeds = new ArrayList<>();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] question : questions()) {
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            new DataOutputStream(one).writeShort(question.length);
            one.writeBytes(question);
            seeds.add(one.toByteArray());
            all.writeBytes(one.toByteArray());
        }
        seeds.add(all.toByteArray());
        aim(
                "zones by TCP",
                seeds,
                (bytes, seed) -> {
                    boolean isAnswered = false;
                    try (Socket socket = stranger.connect()) {
                        socket.getOutputStream().write(bytes);
                        socket.shutdownOutput();
                        DataInputStream in = new DataInputStream(socket.getInputStream());
                        while (true) {
                            refused(in.readNBytes(in.readUnsignedShort()), seed);
                            isAnswered = true;
                        }
                    } catch (EOFException | SocketException e) {
                        return isAnswered;
                    }
                });
    }

    private void zonesByUdp() throws Exception {
        byte[] last = question("last.example.", Type.SOA, false);
        DatagramSocket socket =
                new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), zones.port()));
        socket.setSoTimeout((int) LIMIT.toMillis());
        aim(
                "zones by UDP",
                1,
                questions(),
                (bytes, seed) -> {
                    LockSupport.parkNanos(PAUSE_NANOS);
                    socket.send(new DatagramPacket(bytes, Math.min(bytes.length, 4096)));
                    // Not everything has an answer; this one has, and comes after.
                    socket.send(new DatagramPacket(last, last.length));
                    String name = "";
                    int answers = 0;
                    while (!name.equals("last.example.")) {
                        answers++;
                        DatagramPacket answer = new DatagramPacket(new byte[4096], 4096);
                        socket.receive(answer);
                        byte[] got = Arrays.copyOf(answer.getData(), answer.getLength());
                        refused(got, seed);
                        Record question = new Message(got).getQuestion();
                        name = question == null ? "" : question.getName().toString();
                    }
                    return answers > 1;
                });
    }

    /// A server that says the same whatever is asked.
    private record Prepared(byte[] bytes) implements Connector {
        @Override
        public Connection open() {
            return new Connection(new ByteArrayInputStream(bytes), OutputStream.nullOutputStream());
        }

        @Override
        public String target() {
            return "a stranger's server";
        }
    }

    /// What a server says whose certificate nobody has looked at yet: clients must not break, hang
    /// or take memory without end.
    private void answersOfServers() {
        String accept = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        List<byte[]> seeds =
                List.of(
                        ascii(
                                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 62"
                                        + "\r\n\r\n{\"type\":\"sync\",\"status\":\"Success\",\"metadata\":{\"auth\":\"no\"}}    "),
                        ascii(
                                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding:"
                                        + " chunked\r\n\r\n7;x=y\r\n{\"error\r\n9\r\n\":\"gone\"}\r\n0\r\nA: b\r\n\r\n"),
                        ascii(accept + "\u0001\u0003one\u0000\u0002wo"),
                        joined(
                                ascii(accept),
                                new byte[] {(byte) 0x82, 126, 0, 3, 1, 2, 3},
                                new byte[] {(byte) 0x89, 2, 1, 2},
                                new byte[] {(byte) 0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7},
                                new byte[] {(byte) 0x88, 2, 3, (byte) 0xe8}));
        aim(
                "answers of servers",
                1,
                seeds,
                (bytes, _) -> {
                    LockSupport.parkNanos(PAUSE_NANOS);
                    boolean isRead = false;
                    try (RestClient client = new RestClient(new Prepared(bytes), "test")) {
                        RestClient.Answer answer = client.call(new HttpRequest("GET", "/1.0"));
                        String unused = answer.metadata().get("auth").asString();
                        isRead = true;
                    } catch (DomainException e) {
                        // Told in words.
                    }
                    try (RestClient client = new RestClient(new Prepared(bytes), "test");
                            WebSocket socket = client.websocket("/1.0/events")) {
                        while (socket.receive().kind() != WebSocket.Kind.END) {
                            isRead = true;
                        }
                    } catch (DomainException | IOException e) {
                        // Told in words.
                    }
                    return isRead;
                });
    }
}
