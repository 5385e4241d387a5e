package io.atoll.image.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.image.ImageFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimpleStreamsTest {
    private final HttpFetcher http =
            new HttpFetcher("test", Optional.empty(), HttpProxies.of(Map.of()));
    private FaultyServer server;
    @TempDir private Path directory;

    @BeforeEach
    void serve() throws Exception {
        server = new FaultyServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static StreamsDirectory.Description debian(String serial, String... aliases) {
        return new StreamsDirectory.Description(
                "Debian", "12", "default", Architecture.X86_64, serial, List.of(aliases));
    }

    /// A pair of files that looks like an image from outside.
    private ImageFile image(String content) throws Exception {
        Path metadata = Files.writeString(directory.resolve("meta-" + content), "meta" + content);
        Path rootfs = Files.writeString(directory.resolve("root-" + content), "hsqs" + content);
        return ImageFile.split(metadata, rootfs);
    }

    private void publish(Path site) throws Exception {
        try (var files = Files.walk(site)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                server.put(site.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
    }

    private SimpleStreams streams() {
        return new SimpleStreams(http, server.base().toString(), Optional.empty());
    }

    @Test
    void offersWhatTheExporterWrote() throws Exception {
        Path site = directory.resolve("site");
        StreamsDirectory exporter = new StreamsDirectory(site);
        exporter.add(debian("20260101_0000", "debian/12", "debian/bookworm"), image("old"), 2);
        ImageFile fresh = image("new");
        exporter.add(debian("20260201_0000"), fresh, 2);
        publish(site);
        List<RemoteImage> images = streams().list();
        assertEquals(2, images.size());
        RemoteImage newest = images.getFirst();
        assertEquals(fresh.fingerprint(), newest.fingerprint());
        assertEquals(List.of("debian/12", "debian/bookworm"), newest.aliases());
        assertEquals(List.of(), images.getLast().aliases());
        assertEquals("x86_64", newest.architecture());
        assertEquals("Debian 12 amd64 (20260201_0000)", newest.properties().get("description"));
        assertEquals(fresh.size(), newest.size());
        Path metadata = Files.createFile(directory.resolve("m"));
        Path rootfs = Files.createFile(directory.resolve("r"));
        new ImageDownload(http, streams()::alternatives)
                .fetch(newest, List.of(metadata, rootfs), TransferProgress.NONE);
        assertEquals("hsqsnew", Files.readString(rootfs));
    }

    @Test
    void theExporterForgetsOldBuilds() throws Exception {
        Path site = directory.resolve("site");
        StreamsDirectory exporter = new StreamsDirectory(site);
        for (String serial : List.of("20260101", "20260102", "20260103")) {
            exporter.add(debian(serial, "debian/12"), image(serial), 2);
        }
        publish(site);
        assertEquals(
                List.of("20260103", "20260102"),
                streams().list().stream().map(i -> i.properties().get("serial")).toList());
        assertTrue(Files.notExists(site.resolve("images/debian/12/amd64/default/20260101")));
        assertEquals(2, exporter.fingerprints().size());
    }

    @Test
    void anAliasMovesToTheProductThatAskedLast() throws Exception {
        Path site = directory.resolve("site");
        StreamsDirectory exporter = new StreamsDirectory(site);
        exporter.add(debian("1", "stable", "debian/12"), image("a"), 1);
        exporter.add(
                new StreamsDirectory.Description(
                        "Debian", "13", "default", Architecture.X86_64, "1", List.of("stable")),
                image("b"),
                1);
        publish(site);
        RemoteImage stable = StreamsImages.find(streams().list(), "stable", Architecture.X86_64);
        assertEquals("13", stable.properties().get("release"));
    }

    @Test
    void findsByAliasArchitectureAndFingerprint() throws Exception {
        Path site = directory.resolve("site");
        ImageFile file = image("x");
        new StreamsDirectory(site).add(debian("1", "debian/12"), file, 1);
        publish(site);
        List<RemoteImage> images = streams().list();
        Fingerprint fingerprint = file.fingerprint();
        for (String name :
                List.of("debian/12", "debian/12/amd64", fingerprint.value().substring(0, 12))) {
            assertEquals(
                    fingerprint,
                    StreamsImages.find(images, name, Architecture.X86_64).fingerprint());
        }
        assertThrows(
                NotFoundException.class,
                () -> StreamsImages.find(images, "debian/12", Architecture.AARCH64));
        assertThrows(
                NotFoundException.class,
                () -> StreamsImages.find(images, "debian/12/arm64", Architecture.X86_64));
    }

    private void list(String items) {
        server.put(
                "streams/v1/index.json",
                """
                {"index": {"images": {"datatype": "image-downloads",
                "path": "streams/v1/images.json", "products": ["p"]}}}\
                """);
        server.put(
                "streams/v1/images.json",
                """
                {"products": {"p": {"arch": "amd64", "aliases": "p", "versions": {"1": {"items":
                """
                        + items
                        + "}}}}}");
    }

    @Test
    void refusesFilesOutsideOfTheServer() {
        for (String path :
                List.of(
                        "../../etc/passwd",
                        "/etc/passwd",
                        "https://elsewhere/x",
                        "//elsewhere/x",
                        "a/../../x",
                        "")) {
            list(
                    "{\"a\": {\"ftype\": \"lxd_combined.tar.gz\", \"sha256\": \""
                            + "a".repeat(64)
                            + "\", \"path\": \""
                            + path
                            + "\"}}");
            assertThrows(UnavailableException.class, () -> streams().list(), path);
        }
    }

    @Test
    void leavesOutFilesWithoutASum() {
        list("{\"a\": {\"ftype\": \"lxd_combined.tar.gz\", \"path\": \"x\", \"sha256\": \"\"}}");
        assertEquals(List.of(), streams().list());
    }

    @Test
    void namesTheServerWhoseListIsDamaged() {
        list("[]");
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> streams().list());
        assertTrue(
                failure.getMessage().startsWith("127.0.0.1 sent a list that cannot be read"),
                failure.getMessage());
        server.put("streams/v1/index.json", "<html>");
        assertThrows(UnavailableException.class, () -> streams().list());
    }

    @Test
    void asksTheNextMirrorForTheIndex() throws Exception {
        Path site = directory.resolve("site");
        new StreamsDirectory(site).add(debian("1", "debian/12"), image("x"), 1);
        publish(site);
        try (FaultyServer dead = new FaultyServer()) {
            SimpleStreams both =
                    new SimpleStreams(http, dead.base() + ", " + server.base(), Optional.empty());
            RemoteImage image = both.list().getFirst();
            assertEquals(
                    List.of(server.base().getPort(), dead.base().getPort()),
                    both.alternatives(image.files().getFirst().uri()).stream()
                            .map(u -> u.getPort())
                            .toList());
        }
    }

    @Test
    void theExporterTakesNoPathsApart() {
        assertThrows(
                io.atoll.base.InvalidConfigException.class,
                () ->
                        new StreamsDirectory.Description(
                                "../x", "1", "default", Architecture.X86_64, "1", List.of()));
    }
}
