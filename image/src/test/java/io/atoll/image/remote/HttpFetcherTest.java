package io.atoll.image.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpFetcherTest {
    private static final byte[] CONTENT = new byte[300_000];

    static {
        new Random(7).nextBytes(CONTENT);
    }

    private final HttpFetcher http =
            new HttpFetcher("test", Optional.empty(), HttpProxies.of(Map.of()));
    private FaultyServer server;
    @TempDir private Path directory;

    @BeforeEach
    void serve() throws Exception {
        server = new FaultyServer().put("a b/file", CONTENT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private URI file() {
        return server.base().resolve(HttpFetcher.encode("a b/file"));
    }

    private byte[] fetch(List<URI> places, String hash) throws Exception {
        Path target = Files.createFile(directory.resolve("target"));
        new ImageDownload(http, _ -> places)
                .fetch(
                        new RemoteFile(places.getFirst(), Optional.of(hash), OptionalLong.empty()),
                        target,
                        TransferProgress.NONE);
        return Files.readAllBytes(target);
    }

    private static String hash() throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(CONTENT));
    }

    @Test
    void goesOnWhereATransferBroke() throws Exception {
        server.cuts.addAll(List.of(100_000, 50_000));
        assertArrayEquals(CONTENT, fetch(List.of(file()), hash()));
        assertEquals(3, server.requests.size());
        assertEquals("/a b/file", server.requests.getFirst());
        // What was sent right before the break may be lost.
        for (String again : server.requests.subList(1, 3)) {
            assertTrue(again.matches("/a b/file bytes=[1-9]\\d*-"), again);
        }
    }

    @Test
    void beginsAnewWhereTheServerKnowsNoRanges() throws Exception {
        server.knowsRanges = false;
        server.cuts.add(100_000);
        assertArrayEquals(CONTENT, fetch(List.of(file()), hash()));
    }

    @Test
    void beginsAnewWhenTheFileChangedMeanwhile() throws Exception {
        byte[] old = CONTENT.clone();
        old[0] ^= 1;
        server.put("a b/file", old);
        server.cuts.add(100_000);
        Thread change =
                Thread.ofVirtual()
                        .start(() -> {
                            while (server.requests.isEmpty()) {
                                Thread.onSpinWait();
                            }
                            server.put("a b/file", CONTENT);
                            server.etag = "\"two\"";
                        });
        assertArrayEquals(CONTENT, fetch(List.of(file()), hash()));
        change.join();
    }

    @Test
    void triesAgainWhatABusyServerRefuses() throws Exception {
        server.statuses.addAll(List.of(503, 429));
        assertArrayEquals(CONTENT, fetch(List.of(file()), hash()));
    }

    @Test
    void doesNotAskAgainForWhatIsForbidden() {
        server.statuses.addAll(List.of(403, 403));
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> fetch(List.of(file()), hash()));
        assertEquals("127.0.0.1 answered status 403 for /a b/file", failure.getMessage());
        assertEquals(1, server.requests.size());
    }

    @Test
    void givesUpOnAServerThatKeepsFailing() {
        server.statuses.addAll(List.of(500, 500, 500, 500, 500, 500));
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> fetch(List.of(file()), hash()));
        assertEquals(
                "Failed to download /a b/file from 127.0.0.1: status 500", failure.getMessage());
        assertEquals(4, server.requests.size());
    }

    @Test
    void takesTheNextMirrorFromWhereTheFirstBroke() throws Exception {
        try (FaultyServer other = new FaultyServer().put("file", CONTENT)) {
            server.cuts.addAll(List.of(100_000, 0, 0, 0, 0, 0, 0));
            URI second = other.base().resolve("file");
            assertArrayEquals(CONTENT, fetch(List.of(file(), second), hash()));
            assertEquals(1, other.requests.size());
            String asked = other.requests.getFirst();
            assertTrue(asked.matches("/file bytes=[1-9]\\d*-"), asked);
        }
    }

    @Test
    void takesTheNextMirrorWhenOneDoesNotHaveTheFile() throws Exception {
        URI missing = server.base().resolve("missing");
        assertArrayEquals(CONTENT, fetch(List.of(missing, file()), hash()));
        assertThrows(NotFoundException.class, () -> http.read(missing, 10));
    }

    @Test
    void d4_17_doesNotWaitForEverForAServerThatGoesSilent() {
        server.goesSilent = true;
        server.cuts.addAll(List.of(1000, 1000, 0, 0, 0, 0));
        Duration moment = Duration.ofMillis(200);
        HttpFetcher hasty =
                new HttpFetcher(
                        "test",
                        Optional.empty(),
                        HttpProxies.of(Map.of()),
                        new HttpFetcher.Patience(moment, moment, moment));
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> hasty.read(file(), CONTENT.length));
        assertEquals(
                "Failed to download /a b/file from 127.0.0.1: no answer in time",
                failure.getMessage());
    }

    /// As a far end that crashed, or a middle box that forgot the connection.
    @Test
    void d4_22_asksAgainWhenTheConnectionIsReset() throws Exception {
        AtomicInteger taken = new AtomicInteger();
        try (ServerSocket resetting = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> reset(resetting, taken));
            URI uri = URI.create("http://127.0.0.1:" + resetting.getLocalPort() + "/file");
            UnavailableException failure =
                    assertThrows(
                            UnavailableException.class,
                            () ->
                                    http.fetch(
                                            List.of(uri),
                                            -1,
                                            new Nowhere(),
                                            TransferProgress.NONE));
            assertTrue(
                    failure.getMessage().startsWith("Failed to download /file from 127.0.0.1: "),
                    failure.getMessage());
            assertTrue(taken.get() >= 4, "tried " + taken + " times");
            URI other = server.base().resolve(HttpFetcher.encode("a b/file"));
            assertArrayEquals(CONTENT, fetch(List.of(uri, other), hash()));
        }
    }

    private static final class Nowhere implements HttpFetcher.Sink {
        @Override
        public void write(byte[] bytes, int length) {}

        @Override
        public void restart() {}
    }

    /// Sends a part of an answer and then a reset, for as long as somebody connects.
    private static void reset(ServerSocket from, AtomicInteger taken) {
        while (!from.isClosed()) {
            try (Socket peer = from.accept()) {
                taken.incrementAndGet();
                // Without the request read, and with no time to linger, closing resets.
                peer.setSoLinger(true, 0);
                peer.getOutputStream()
                        .write(
                                "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"
                                        .getBytes(StandardCharsets.US_ASCII));
            } catch (IOException _) {
                // The next one, unless this is the end of the test.
            }
        }
    }

    @Test
    void refusesWhatIsNotWhatWasPromised() {
        UnavailableException failure =
                assertThrows(
                        UnavailableException.class, () -> fetch(List.of(file()), "00".repeat(32)));
        assertTrue(failure.getMessage().startsWith("Hash mismatch for /a b/file from 127.0.0.1"));
    }

    @Test
    void readsNoMoreThanItWasTold() {
        assertThrows(UnavailableException.class, () -> http.read(file(), 1000));
    }

    @Test
    void namesTheHostThatCannotBeReached() {
        int port = server.base().getPort();
        server.close();
        UnavailableException failure =
                assertThrows(
                        UnavailableException.class,
                        () -> http.read(URI.create("http://127.0.0.1:" + port + "/x"), 10));
        assertEquals("Failed to download /x from 127.0.0.1: cannot connect", failure.getMessage());
    }

    @Test
    void namesTheHostThatDoesNotExist() {
        UnavailableException failure =
                assertThrows(
                        UnavailableException.class,
                        () -> http.read(HttpFetcher.uri("https://nowhere.invalid/x"), 10));
        assertEquals(
                "Failed to download /x from nowhere.invalid: the name cannot be resolved",
                failure.getMessage());
    }

    @Test
    void takesPlainHttpFromThisHostOnly() {
        assertThrows(
                InvalidConfigException.class, () -> HttpFetcher.uri("http://example.org/images"));
        assertThrows(InvalidConfigException.class, () -> HttpFetcher.uri("file:///etc/passwd"));
        assertThrows(InvalidConfigException.class, () -> HttpFetcher.uri("https:///nohost"));
        assertEquals("localhost", HttpFetcher.uri("http://localhost:80/").getHost());
    }
}
