package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Architecture;
import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import io.atoll.image.Compression;
import io.atoll.image.ImageFile;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageWriter;
import io.atoll.image.remote.StreamsDirectory;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Directories of images: filled by `image mirror`, served by `image serve`, read as a remote.
class ImageServersTest {
    @TempDir private Path directory;
    private FakeServer fake;
    private CliRun cli;
    private ImageFile image;
    private String url;
    private Thread serving;

    @BeforeEach
    void serve() throws Exception {
        fake = FakeServer.start();
        Path site = directory.resolve("site");
        Path metadata = directory.resolve("m");
        ImageWriter.writeMetadata(
                Files.newOutputStream(metadata),
                Compression.NONE,
                new ImageMetadata("x86_64", 1_700_000_000, 0, Map.of(), Map.of()),
                directory.resolve("none"));
        Path rootfs = Files.writeString(directory.resolve("r"), "hsqs0123456789");
        image = ImageFile.split(metadata, rootfs);
        new StreamsDirectory(site)
                .add(
                        new StreamsDirectory.Description(
                                "Test",
                                "1",
                                "default",
                                Architecture.host(),
                                "20260101_0000",
                                List.of("test/1")),
                        image,
                        2);
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        url = "http://127.0.0.1:" + port;
        CliRun server = new CliRun(fake);
        serving =
                Thread.ofPlatform()
                        .start(() ->
                                server.run(
                                        "image",
                                        "serve",
                                        site.toString(),
                                        "--address",
                                        "127.0.0.1:" + port));
        await();
        Path conf = Files.createDirectories(directory.resolve("conf"));
        Files.writeString(
                conf.resolve("config.yml"),
                "default-remote: local\nremotes:\n  site:\n    addr: "
                        + url
                        + "\n    protocol: simplestreams\n    public: true\naliases: {}\n");
        cli = new CliRun(fake).with("LXD_CONF", conf.toString());
    }

    private void await() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try {
                assertEquals(200, get("/streams/v1/index.json", "").getResponseCode());
                return;
            } catch (IOException e) {
                assertTrue(System.nanoTime() < deadline, e.toString());
                LockSupport.parkNanos(10_000_000);
            }
        }
    }

    private HttpURLConnection get(String path, String range) throws IOException {
        HttpURLConnection http =
                (HttpURLConnection) URI.create(url + path).toURL().openConnection();
        if (!range.isEmpty()) {
            http.setRequestProperty("Range", range);
        }
        return http;
    }

    @AfterEach
    void stop() throws Exception {
        serving.interrupt();
        serving.join();
        fake.close();
    }

    @Test
    void listsAndShowsWhatItServes() throws Exception {
        assertEquals(0, cli.run("image", "list", "site:", "-c", "lfpd", "--format", "csv"));
        assertEquals(
                "test/1,"
                        + image.fingerprint().abbreviated()
                        + ",yes,Test 1 amd64 (20260101_0000)\n",
                cli.out());
        assertEquals(0, cli.run("image", "info", "site:test/1"));
        assertTrue(cli.out().contains("Fingerprint: " + image.fingerprint()), cli.out());
        assertEquals(1, cli.run("image", "info", "site:test/2"));
        assertTrue(cli.err().contains("couldn't be found"), cli.err());
    }

    @Test
    void mirrorsAServer() throws Exception {
        Path copy = directory.resolve("copy");
        assertEquals(0, cli.run("image", "mirror", "site:", copy.toString()), cli.err());
        assertEquals(List.of(image.fingerprint()), new StreamsDirectory(copy).fingerprints());
        assertEquals(0, cli.run("image", "mirror", "site:test/1", copy.toString()));
        assertTrue(cli.out().contains(image.fingerprint().abbreviated() + " is there"), cli.out());
        try (var files = Files.list(copy)) {
            assertEquals(2, files.count());
        }
        assertEquals(1, cli.run("image", "mirror", "site:", copy.toString(), "--keep", "0"));
    }

    @Test
    void exportsFromAServer() throws Exception {
        Path target = Files.createDirectories(directory.resolve("out"));
        assertEquals(0, cli.run("image", "export", "site:test/1", target.toString()), cli.err());
        assertEquals(
                "hsqs0123456789",
                Files.readString(target.resolve(image.fingerprint() + ".squashfs")));
        assertTrue(Files.exists(target.resolve("meta-" + image.fingerprint() + ".tar.xz")));
    }

    @Test
    void servesRangesAndNothingElse() throws Exception {
        String path = "/images/test/1/amd64/default/20260101_0000/rootfs.squashfs";
        HttpURLConnection part = get(path, "bytes=4-");
        assertEquals(206, part.getResponseCode());
        assertEquals("bytes 4-13/14", part.getHeaderField("Content-Range"));
        assertEquals("0123456789", new String(part.getInputStream().readAllBytes()));
        assertEquals(416, get(path, "bytes=99-").getResponseCode());
        Files.writeString(directory.resolve("site/.hidden"), "x");
        for (String bad :
                List.of(
                        "/../m",
                        "/%2e%2e/m",
                        "/..%2fm",
                        "/streams/../../m",
                        "/.hidden",
                        "/",
                        "/x")) {
            assertEquals(404, get(bad, "").getResponseCode(), bad);
        }
    }

    @Test
    void asksTheServerItselfForImagesOfOthers() {
        fake.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"ab\"}", "");
        assertEquals(0, cli.run("image", "copy", "site:/test/1", "local:", "--alias", "a"));
        assertEquals(
                "{\"type\":\"image\",\"mode\":\"pull\",\"server\":\""
                        + url
                        + "\",\"protocol\":\"simplestreams\",\"alias\":\"test/1\"}",
                fake.request("POST /1.0/images").json().get("source").render());
    }

    @Test
    void refusesADirectoryWithoutImages() {
        assertEquals(1, cli.run("image", "serve", directory.toString()));
        assertTrue(cli.err().contains("has no images"), cli.err());
        assertEquals(1, cli.run("image", "import", directory.toString()));
        assertTrue(cli.err().contains("is no image: it needs metadata.yaml"), cli.err());
    }
}
