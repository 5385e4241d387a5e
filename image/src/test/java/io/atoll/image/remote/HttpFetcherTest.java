package io.atoll.image.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
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
