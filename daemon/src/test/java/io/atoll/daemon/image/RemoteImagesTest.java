package io.atoll.daemon.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Pem;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.Architecture;
import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import io.atoll.image.ImageFile;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Images of other servers by the API of a daemon in this process.
final class RemoteImagesTest {
    private Path state;
    private LocalDaemon daemon;
    private TestClient client;
    private ImageSite site;

    @BeforeEach
    void start() throws Exception {
        state = Files.createTempDirectory("atoll-remote-images-");
        daemon = LocalDaemon.at(state.resolve("a"));
        client = daemon.client();
        site = new ImageSite(state.resolve("site"));
    }

    @AfterEach
    void stop() throws Exception {
        site.gate.countDown();
        daemon.close();
        site.close();
        try (var files = Files.walk(state)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Json begin(String path, String body) throws IOException {
        TestClient.Answer answer = client.send("POST", path, body.replace('\'', '"'));
        assertEquals(202, answer.status(), answer.text());
        return answer.json();
    }

    private Json end(Json begun) throws IOException {
        return client.get(begun.get("operation").asString() + "/wait").metadata();
    }

    private String copyRequest(String more) {
        return "{'source':{'type':'image','mode':'pull','protocol':'simplestreams','server':'"
                + site.url()
                + "','alias':'test/1'}"
                + more
                + "}";
    }

    private Json copy(String more) throws IOException {
        return end(begin("/1.0/images", copyRequest(more)));
    }

    private Json image(ImageFile file) throws IOException {
        return client.get("/1.0/images/" + file.fingerprint()).metadata();
    }

    private Set<String> kept() throws IOException {
        try (var files = Files.list(state.resolve("a/images"))) {
            return files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "in time");
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void copiesAnImage() throws Exception {
        ImageFile file = site.offer("20260101");
        Json done = copy(",'aliases':[{'name':'mine'}],'auto_update':true");
        assertEquals("", done.get("err").asString());
        String fingerprint = file.fingerprint().value();
        assertEquals(fingerprint, done.get("metadata").get("fingerprint").asString());
        assertTrue(
                done.get("metadata")
                        .get("download_progress")
                        .asString()
                        .matches("rootfs: 100% \\(\\d+\\.\\d\\dMB/s\\)"),
                done.toString());
        Json image = image(file);
        assertEquals("20260101", image.get("properties").get("serial").asString());
        assertEquals("20260101", image.get("properties").get("own").asString());
        assertEquals("mine", image.get("aliases").asList().getFirst().get("name").asString());
        assertFalse(image.get("cached").asBoolean());
        assertEquals(site.url(), image.get("update_source").get("server").asString());
        assertEquals("test/1", image.get("update_source").get("alias").asString());
        assertEquals(Set.of(fingerprint, fingerprint + ".rootfs"), kept());
    }

    @Test
    void copyingAgainAddsTheAlias() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals("", copy(",'aliases':[{'name':'one'}]").get("err").asString());
        assertEquals("", copy(",'aliases':[{'name':'two'}]").get("err").asString());
        assertEquals(2, image(file).get("aliases").asList().size());
        assertEquals(1, site.count(".squashfs"));
    }

    @Test
    void projectsSayWhichArchitectureAndWhetherToUpdate() throws Exception {
        ImageFile file = site.offer("20260101");
        String other = Architecture.host() == Architecture.AARCH64 ? "x86_64" : "aarch64";
        daemon.ok(
                "POST",
                "/1.0/projects",
                "{'name':'p','config':{'images.default_architecture':'" + other + "'}}");
        daemon.ok(
                "POST",
                "/1.0/projects",
                "{'name':'q','config':{'images.auto_update_cached':'false'}}");
        Json failed = end(begin("/1.0/images?project=p", copyRequest("")));
        assertEquals("Failure", failed.get("status").asString(), failed.toString());
        assertEquals(0, site.count(".squashfs"));
        for (String project : List.of("default", "q")) {
            // There is no pool to make it in, but its image comes.
            Json unused =
                    end(
                            begin(
                                    "/1.0/instances?project=" + project,
                                    copyRequest("").replace("{'source'", "{'name':'c','source'")));
            Json image =
                    client.get("/1.0/images/" + file.fingerprint() + "?project=" + project)
                            .metadata();
            assertTrue(image.get("cached").asBoolean(), image.toString());
            assertEquals(project.equals("default"), image.get("auto_update").asBoolean());
        }
    }

    @Test
    void sharesADownloadBetweenRequestsAndProjects() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals(201, client.send("POST", "/1.0/projects", "{\"name\":\"p\"}").status());
        site.gate = new CountDownLatch(1);
        List<Json> begun = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String project = i % 2 == 0 ? "" : "?project=p";
            begun.add(begin("/1.0/images" + project, copyRequest("")));
        }
        await(() -> site.count(".squashfs") > 0);
        site.gate.countDown();
        for (Json operation : begun) {
            assertEquals("", end(operation).get("err").asString());
        }
        assertEquals(1, site.count(".squashfs"));
        String fingerprint = file.fingerprint().value();
        assertEquals(Set.of(fingerprint, fingerprint + ".rootfs"), kept());
        assertEquals(200, client.get("/1.0/images/" + fingerprint + "?project=p").status());
        // What another project has is not downloaded again.
        assertEquals(201, client.send("POST", "/1.0/projects", "{\"name\":\"late\"}").status());
        Json late = end(begin("/1.0/images?project=late", copyRequest("")));
        assertEquals("", late.get("err").asString());
        assertEquals(1, site.count(".squashfs"));
        assertEquals(200, client.get("/1.0/images/" + fingerprint + "?project=late").status());
        assertEquals(Set.of(fingerprint, fingerprint + ".rootfs"), kept());
    }

    @Test
    void stopsADownloadThatIsCancelled() throws Exception {
        site.offer("20260101");
        site.gate = new CountDownLatch(1);
        Json begun = begin("/1.0/images", copyRequest(""));
        await(() -> site.count(".squashfs") > 0);
        String url = begun.get("operation").asString();
        assertEquals(200, client.send("DELETE", url, "").status());
        assertEquals("Cancelled", end(begun).get("status").asString());
        await(() -> {
            try {
                return kept().isEmpty();
            } catch (IOException e) {
                return false;
            }
        });
        assertEquals(0, client.get("/1.0/images").metadata().asList().size());
    }

    @Test
    void d4_17_anInstanceWhoseImageIsStillComingIsCancelled() throws Exception {
        site.offer("20260101");
        site.gate = new CountDownLatch(1);
        String body = copyRequest("").replace("{'source'", "{'name':'c1','source'");
        Json begun = begin("/1.0/instances", body);
        await(() -> site.count(".squashfs") > 0);
        String url = begun.get("operation").asString();
        assertTrue(client.get(url).metadata().get("may_cancel").asBoolean());
        assertEquals(200, client.send("DELETE", url, "").status());
        assertEquals("Cancelled", end(begun).get("status").asString());
        assertEquals(Set.of(), kept());
        assertEquals(0, client.get("/1.0/instances").metadata().asList().size());
        // Asked for again it is fetched again.
        site.gate.countDown();
        assertEquals("", copy("").get("err").asString());
    }

    @Test
    void leavesNothingOfAnImageThatIsDamaged() throws Exception {
        site.offer("20260101");
        Path rootfs = site.file("images/test/1/amd64/default/20260101").resolve("rootfs.squashfs");
        byte[] bytes = Files.readAllBytes(rootfs);
        bytes[1000] ^= 1;
        Files.delete(rootfs);
        Files.write(rootfs, bytes);
        String error = copy("").get("err").asString();
        assertTrue(error.startsWith("Hash mismatch for /images/test/1/"), error);
        assertEquals(Set.of(), kept());
    }

    @Test
    void namesTheHostThatDoesNotAnswer() throws Exception {
        String url = site.url();
        site.close();
        String error =
                end(begin(
                                "/1.0/images",
                                "{'source':{'type':'image','protocol':'simplestreams','server':'"
                                        + url
                                        + "','alias':'x'}}"))
                        .get("err")
                        .asString();
        assertEquals(
                "Failed to download /streams/v1/index.json from 127.0.0.1: cannot connect", error);
    }

    @Test
    void saysThatThereIsNoSuchImage() throws Exception {
        site.offer("20260101");
        String error =
                end(begin("/1.0/images", copyRequest("").replace("test/1", "test/2")))
                        .get("err")
                        .asString();
        assertEquals("The requested image couldn't be found", error);
    }

    @Test
    void importsWhatAnAddressPublishes() throws Exception {
        ImageFile split = site.image("a");
        Path unified = site.file("u.tar");
        Path empty = Files.createDirectories(site.file(".empty"));
        try (io.atoll.linux.Fd root =
                io.atoll.linux.Opens.open(
                        empty.toString(),
                        io.atoll.linux.Fcntl.O_RDONLY | io.atoll.linux.Fcntl.O_DIRECTORY,
                        0)) {
            io.atoll.image.ImageWriter.writeUnified(
                    Files.newOutputStream(unified),
                    io.atoll.image.Compression.NONE,
                    split.readMetadata(),
                    empty,
                    root);
        }
        String hash = ImageFile.unified(unified).fingerprint().value();
        site.publish("web", hash, "/u.tar");
        String request = "{'source':{'type':'url','mode':'pull','url':'" + site.url() + "/web'}}";
        Json done = end(begin("/1.0/images", request));
        assertEquals("", done.get("err").asString());
        assertEquals(hash, done.get("metadata").get("fingerprint").asString());
        String bare = request.replace("/web", "/u.tar");
        assertEquals(
                "Missing LXD-Image-Hash header",
                end(begin("/1.0/images", bare)).get("err").asString());
    }

    @Test
    void refreshesAnImage() throws Exception {
        ImageFile old = site.offer("20260101");
        assertEquals("", copy(",'aliases':[{'name':'mine'}]").get("err").asString());
        String refresh = "/1.0/images/" + old.fingerprint() + "/refresh";
        assertFalse(end(begin(refresh, "{}")).get("metadata").get("refreshed").asBoolean());
        ImageFile fresh = site.offer("20260202");
        // The server's list may be known from before.
        Json done = end(begin(refresh, "{}"));
        assertEquals("", done.get("err").asString());
        assertTrue(done.get("metadata").get("refreshed").asBoolean());
        assertEquals(404, client.get("/1.0/images/" + old.fingerprint()).status());
        assertEquals(
                fresh.fingerprint().value(),
                client.get("/1.0/images/aliases/mine").metadata().get("target").asString());
    }

    @Test
    void copiesBetweenProjects() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals("", copy("").get("err").asString());
        assertEquals(201, client.send("POST", "/1.0/projects", "{\"name\":\"p\"}").status());
        String body =
                "{'source':{'type':'image','mode':'pull','project':'default','fingerprint':'"
                        + file.fingerprint()
                        + "'},'aliases':[{'name':'here'}]}";
        assertEquals("", end(begin("/1.0/images?project=p", body)).get("err").asString());
        assertEquals(200, client.get("/1.0/images/aliases/here?project=p").status());
        assertEquals(1, site.count(".squashfs"));
    }

    @Test
    void refusesAnUnsignedIndexWhereAKeyIsSet() throws Exception {
        site.offer("20260101");
        Path keys = Files.createDirectories(state.resolve("a/image-keys"));
        Files.writeString(keys.resolve("127.0.0.1.asc"), "no key");
        String error = copy("").get("err").asString();
        assertTrue(
                error.contains("is not signed, but a key is set")
                        || error.startsWith("Cannot get the keys"),
                error);
        assertEquals(Set.of(), kept());
    }

    @Test
    void copiesFromAServerLikeItself() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals("", copy("").get("err").asString());
        String address = listen(client);
        String certificate = certificate("a");
        try (LocalDaemon other = LocalDaemon.at(state.resolve("b"))) {
            TestClient second = other.client();
            String url = "/1.0/images/" + file.fingerprint();
            String closed = pullFrom(second, address, certificate, file, "");
            assertEquals("The requested image couldn't be found", closed);
            String secret =
                    client.send("POST", url + "/secret", "{}")
                            .metadata()
                            .get("metadata")
                            .get("secret")
                            .asString();
            assertEquals("", pullFrom(second, address, certificate, file, secret));
            Json copied = second.get(url).metadata();
            assertEquals("20260101", copied.get("properties").get("serial").asString());
            String wrong = pullFrom(second, address, otherCertificate(), file, "");
            assertTrue(wrong.contains("no secure connection"), wrong);
            assertTrue(other.daemon().endpoints().size() > 0);
        }
    }

    @Test
    void pushesToAServerThatWaitsForTheImage() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals("", copy("").get("err").asString());
        String url = "/1.0/images/" + file.fingerprint();
        try (LocalDaemon other = LocalDaemon.at(state.resolve("b"))) {
            TestClient second = other.client();
            String address = listen(second);
            assertTrue(other.daemon().endpoints().size() > 0);
            String secret = expect(second, file);
            String wrong = push(address, otherCertificate(), secret, file);
            assertTrue(wrong.contains("another certificate"), wrong);
            String thief = push(address, certificate("b"), "0".repeat(64), file);
            assertTrue(thief.endsWith("refused the image: not authorized"), thief);
            assertEquals(404, second.get(url).status());
            assertEquals("", push(address, certificate("b"), secret, file));
            Json pushed = second.get(url).metadata();
            assertEquals("told", pushed.get("properties").get("colour").asString());
            assertTrue(pushed.get("public").asBoolean());
            assertEquals(
                    "pushed", pushed.get("aliases").asList().getFirst().get("name").asString());
            assertEquals(202, second.send("DELETE", url, "").status());
            String again = push(address, certificate("b"), secret, file);
            assertTrue(again.endsWith("refused the image: not authorized"), again);
        }
    }

    @Test
    void aTokenForAnUploadIsGoodForNothingElse() throws Exception {
        ImageFile file = site.offer("20260101");
        assertEquals("", copy("").get("err").asString());
        String address = listen(client);
        String download =
                client.send("POST", "/1.0/images/" + file.fingerprint() + "/secret", "{}")
                        .metadata()
                        .get("metadata")
                        .get("secret")
                        .asString();
        String upload = expect(client, file);
        String export = "/1.0/images/" + file.fingerprint() + "/export?secret=";
        String fingerprint = file.fingerprint().value();
        String json = copyRequest("").replace('\'', '"');
        assertEquals(404, strange(HttpRequest.newBuilder(URI.create(address + export + upload))));
        assertEquals(403, strange(uploading(address, fingerprint, download, "bytes")));
        assertEquals(403, strange(uploading(address, "f".repeat(64), upload, "bytes")));
        // It allows bytes, not requests to fetch something; and only once.
        assertEquals(403, strange(uploading(address, fingerprint, upload, json)));
        assertEquals(403, strange(uploading(address, fingerprint, upload, "bytes")));
    }

    private static HttpRequest.Builder uploading(
            String address, String fingerprint, String secret, String body) {
        return HttpRequest.newBuilder(URI.create(address + "/1.0/images"))
                .header("X-LXD-fingerprint", fingerprint)
                .header("X-LXD-secret", secret)
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    /// The status that somebody gets whom nobody vouches for.
    private int strange(HttpRequest.Builder request) throws Exception {
        SSLContext tls =
                TlsContexts.of(
                        Optional.empty(), new PinnedServer(Pem.certificate(certificate("a"))));
        try (HttpClient stranger = HttpClient.newBuilder().sslContext(tls).build()) {
            return stranger.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private String listen(TestClient client) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String config = "{\"config\":{\"core.https_address\":\"127.0.0.1:" + port + "\"}}";
        assertEquals(200, client.send("PATCH", "/1.0", config).status());
        return "https://127.0.0.1:" + port;
    }

    private String certificate(String daemon) throws IOException {
        return Files.readString(state.resolve(daemon).resolve("server.crt"));
    }

    private static String expect(TestClient target, ImageFile file) throws IOException {
        String body =
                ("{'source':{'type':'image','mode':'push','fingerprint':'"
                                + file.fingerprint()
                                + "'},'aliases':[{'name':'pushed'}],'public':true,"
                                + "'properties':{'colour':'told'}}")
                        .replace('\'', '"');
        TestClient.Answer answer = target.send("POST", "/1.0/images", body);
        assertEquals(202, answer.status(), answer.text());
        return answer.metadata().get("metadata").get("secret").asString();
    }

    private String push(String address, String certificate, String secret, ImageFile file)
            throws IOException {
        Json body =
                Json.object()
                        .put("target", address)
                        .put("certificate", certificate)
                        .put("secret", secret);
        return end(begin("/1.0/images/" + file.fingerprint() + "/export", body.render()))
                .get("err")
                .asString();
    }

    private String otherCertificate() throws IOException {
        Path file = state.resolve("other.crt");
        io.atoll.api.tls.Identity.selfSigned(
                        io.atoll.api.tls.Identity.Purpose.SERVER, "x", List.of("127.0.0.1"))
                .save(file, state.resolve("other.key"));
        return Files.readString(file);
    }

    private static String pullFrom(
            TestClient client, String address, String certificate, ImageFile file, String secret)
            throws IOException {
        Json source =
                Json.object()
                        .put("type", "image")
                        .put("mode", "pull")
                        .put("protocol", "lxd")
                        .put("server", address)
                        .put("certificate", certificate)
                        .put("secret", secret)
                        .put("fingerprint", file.fingerprint().value());
        TestClient.Answer answer =
                client.send("POST", "/1.0/images", Json.object().put("source", source).render());
        assertEquals(202, answer.status(), answer.text());
        String operation = answer.json().get("operation").asString();
        return client.get(operation + "/wait").metadata().get("err").asString();
    }
}
