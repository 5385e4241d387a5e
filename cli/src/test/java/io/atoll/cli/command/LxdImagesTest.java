package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.atoll.base.Architecture;
import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.Signer;
import io.atoll.image.remote.StreamsDirectory;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `lxd-images` with a server of images, a server of keys and a server of instances.
class LxdImagesTest {
    private static final String OWNER = "images@example.org";
    private static final String STRANGER = "stranger@example.org";

    @TempDir private static Path keys;
    @TempDir private Path directory;
    private FakeServer fake;
    private HttpServer web;
    private CliRun cli;
    private Path site;
    private ImageFile image;
    private String url;
    private final List<String> fetched = new ArrayList<>();

    @BeforeAll
    static void makeKeys() {
        Assumptions.assumeTrue(Commands.find("gpg").isPresent(), "needs gnupg");
        for (String owner : List.of(OWNER, STRANGER)) {
            gpg("--passphrase", "", "--quick-generate-key", owner, "ed25519", "sign");
        }
    }

    @AfterAll
    static void endAgent() {
        Commands.Result _ =
                Commands.run(Command.of("gpgconf", "--homedir", keys.toString(), "--kill", "all"));
    }

    private static byte[] gpg(String... words) {
        List<String> argv =
                new ArrayList<>(
                        List.of("gpg", "--batch", "--no-tty", "--homedir", keys.toString()));
        argv.addAll(List.of("--pinentry-mode", "loopback"));
        argv.addAll(List.of(words));
        return Commands.run(Command.of(argv)).output();
    }

    @BeforeEach
    void serve() throws IOException {
        fake = FakeServer.start();
        fake.onSync("GET /1.0", "{}").onSync("GET /1.0/images?recursion=1", "[]");
        site = directory.resolve("site");
        image = ImageFile.unified(Files.writeString(directory.resolve("image"), "an image"));
        publish(OWNER, "20150619_19:15");
        web = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        web.createContext("/", this::answer);
        web.start();
        url = "http://127.0.0.1:" + web.getAddress().getPort();
        cli = new CliRun(fake).as("lxd-images");
    }

    private void publish(String signer, String build) throws IOException {
        new StreamsDirectory(
                        site,
                        Optional.of(new Signer(signer, Map.of("GNUPGHOME", keys.toString()))),
                        true)
                .add(
                        new StreamsDirectory.Description(
                                "Ubuntu",
                                "trusty",
                                "default",
                                Architecture.X86_64,
                                build,
                                List.of("trusty")),
                        image,
                        2);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            fetched.add(path);
            Path file = site.resolve(path.replaceFirst("^/(releases/)?", ""));
            byte[] body =
                    path.equals("/pks/lookup")
                            ? gpg("--armor", "--export", OWNER)
                            : Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
            if (body == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @AfterEach
    void stop() throws IOException {
        web.stop(0);
        fake.close();
    }

    private int importLxc(String release, String... more) {
        List<String> words = new ArrayList<>(List.of("import", "lxc", "ubuntu", release, "amd64"));
        words.addAll(signed());
        words.addAll(List.of(more));
        return cli.run(words.toArray(String[]::new));
    }

    private List<String> signed() {
        String id =
                new String(
                                gpg("--with-colons", "--list-keys", OWNER),
                                java.nio.charset.StandardCharsets.UTF_8)
                        .lines()
                        .filter(line -> line.startsWith("fpr:"))
                        .map(line -> line.split(":")[9])
                        .findFirst()
                        .orElseThrow();
        return List.of("--server", url, "--keyserver", url.replace("http:", "hkp:"), "--keyid", id);
    }

    private boolean isUploaded() {
        return fake.requests().stream().anyMatch(r -> r.method().equals("POST"));
    }

    @Test
    void importsWhatIsSignedAndSaysWhatItDoes() {
        String fingerprint = "ab".repeat(32);
        fake.onOperation(
                        "POST /1.0/images",
                        "o1",
                        "null",
                        "{\"fingerprint\":\"" + fingerprint + "\"}",
                        "")
                .onSync("POST /1.0/images/aliases", "{}");
        int status = importLxc("trusty", "--alias", "ubuntu", "--alias", "u2", "--alias", "u2");
        assertEquals(0, status, cli.err());
        List<String> said = cli.out().lines().toList();
        Path scratch = Path.of(said.get(2).replaceFirst(".* ", "")).getParent();
        assertTrue(scratch.toString().matches("/tmp/tmp\\w+"), scratch.toString());
        assertEquals(
                List.of(
                        "Downloading the GPG key for " + url,
                        "Downloading the image list for " + url,
                        "Validating the GPG signature of " + scratch + "/index.json.asc",
                        "Downloading the image: "
                                + url
                                + "/images/ubuntu/trusty/amd64/default/20150619_19:15/lxd.tar.xz",
                        "Validating the GPG signature of "
                                + scratch
                                + "/ubuntu-trusty-amd64-default-20150619_19:15.tar.xz.asc",
                        "Image imported as: " + fingerprint,
                        "Setup alias: ubuntu",
                        "Setup alias: u2"),
                said);
        assertEquals("an image", fake.request("POST /1.0/images").body());
        assertEquals("false", fake.request("POST /1.0/images").header("x-lxd-public"));
        assertFalse(Files.exists(scratch), "nothing of it stays");
    }

    @Test
    void takesTheNewestBuildOrTheOneNamed() throws IOException {
        image = ImageFile.unified(Files.writeString(directory.resolve("new"), "a newer image"));
        publish(OWNER, "20150620_19:15");
        fake.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"ab\"}", "");
        assertEquals(0, importLxc("trusty", "--public"), cli.err());
        assertEquals("a newer image", fake.request("POST /1.0/images").body());
        assertEquals("true", fake.request("POST /1.0/images").header("x-lxd-public"));
        // The list has the newest builds only.
        assertEquals(1, importLxc("trusty", "20150619_19:15"));
    }

    @Test
    void refusesAListWithAWrongSignature() throws IOException {
        Path list = site.resolve("meta/1.0/index-user");
        Files.writeString(list, Files.readString(list).replace("trusty", "utopic"));
        assertEquals(1, importLxc("utopic"));
        assertTrue(cli.err().contains("The signature of index.json is wrong"), cli.err());
        Files.delete(site.resolve("meta/1.0/index-user.asc"));
        assertEquals(1, importLxc("utopic"));
        assertTrue(cli.err().contains("/meta/1.0/index-user is not signed"), cli.err());
        assertFalse(isUploaded());
        assertFalse(fetched.stream().anyMatch(path -> path.endsWith(".xz")), fetched.toString());
    }

    @Test
    void refusesAnImageWithAWrongSignature() throws IOException {
        Path file = site.resolve("images/ubuntu/trusty/amd64/default/20150619_19:15/lxd.tar.xz");
        Files.writeString(file, "another image");
        assertEquals(1, importLxc("trusty", "--alias", "ubuntu"));
        assertTrue(cli.err().contains("The signature of ubuntu-trusty-amd64-default"), cli.err());
        Files.delete(file.resolveSibling("lxd.tar.xz.asc"));
        assertEquals(1, importLxc("trusty"));
        assertTrue(cli.err().contains("lxd.tar.xz is not signed"), cli.err());
        assertFalse(isUploaded());
    }

    @Test
    void refusesWhatAStrangerSigned() throws IOException {
        publish(STRANGER, "20150620_19:15");
        assertEquals(1, importLxc("trusty"));
        assertTrue(cli.err().contains("The signature of index.json is wrong"), cli.err());
        assertFalse(isUploaded());
    }

    @Test
    void saysThatThereIsNoSuchImageOrKey() {
        assertEquals(1, importLxc("warty"));
        assertTrue(cli.err().contains("Requested image doesn't exist."), cli.err());
        assertEquals(1, importLxc("trusty", "--variant", "cloud"));
        assertEquals(1, importLxc("trusty", "--keyring", directory.resolve("none").toString()));
        assertTrue(cli.err().contains("Cannot get the keys"), cli.err());
        assertFalse(isUploaded());
    }

    @Test
    void asksTheServerBeforeItDownloads() {
        CliRun nobody = new CliRun(fake).as("lxd-images").with("LXD_SOCKET", "/nonexistent");
        assertEquals(1, nobody.run("import", "lxc", "ubuntu", "trusty", "amd64", "--server", url));
        assertTrue(nobody.err().contains("is the daemon running?"), nobody.err());
        assertEquals(List.of(), fetched);
    }

    @Test
    void anImageThatIsThereAndAnAliasThatIsTaken() throws IOException {
        FakeServer known = FakeServer.start();
        try (known) {
            known.onSync("GET /1.0", "{}")
                    .onSync(
                            "GET /1.0/images?recursion=1",
                            "[{\"fingerprint\":\"" + image.fingerprint() + "\"}]")
                    .onError("POST /1.0/images/aliases", 409, "already exists")
                    .onSync("PUT /1.0/images/aliases/ubuntu", "{}");
            cli = new CliRun(known).as("lxd-images");
            assertEquals(0, importLxc("trusty", "--alias", "ubuntu"), cli.err());
            assertTrue(
                    cli.out()
                            .endsWith(
                                    "Image already in the store, only setting up aliases.\nSetup alias: ubuntu\n"),
                    cli.out());
            assertEquals(
                    "{\"target\":\"" + image.fingerprint() + "\"}",
                    known.request("PUT /1.0/images/aliases/ubuntu").body());
        }
    }

    @Test
    void letsTheServerFetchWhatUbuntusSignedListNames() throws IOException {
        fake.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"ab\"}", "");
        List<String> words =
                new ArrayList<>(
                        List.of("import", "ubuntu", "trusty", "amd64", "--stream=releases"));
        words.addAll(signed());
        assertEquals(0, cli.run(words.toArray(String[]::new)), cli.err());
        assertEquals(
                "{\"type\":\"image\",\"mode\":\"pull\",\"server\":\""
                        + url
                        + "/releases\",\"protocol\":\"simplestreams\",\"fingerprint\":\""
                        + image.fingerprint()
                        + "\"}",
                fake.request("POST /1.0/images").json().get("source").render());
        Path list = site.resolve("streams/v1/images.json");
        Files.writeString(list, Files.readString(list).replace("trusty", "utopic"));
        words.set(2, "utopic");
        assertEquals(1, cli.run(words.toArray(String[]::new)));
        assertTrue(cli.err().contains("images.json is wrong"), cli.err());
    }

    @Test
    void followsUbuntuUnlessItSendsAnother() {
        fake.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"ab\"}", "");
        fake.onOperation("DELETE /1.0/images/ab", "o2", "null", "null", "");
        List<String> words = new ArrayList<>(List.of("import", "ubuntu", "trusty", "amd64"));
        words.addAll(List.of("--sync", "--alias=ubuntu"));
        words.addAll(signed());
        assertEquals(1, cli.run(words.toArray(String[]::new)));
        assertTrue(cli.err().contains("sent ab where its signed list has"), cli.err());
        FakeServer.Request asked = fake.request("POST /1.0/images");
        assertEquals("trusty/amd64", asked.json().get("source").get("alias").asString());
        assertTrue(asked.json().get("auto_update").asBoolean());
        assertTrue(fake.requests().stream().anyMatch(r -> r.method().equals("DELETE")));
    }

    @Test
    void updatesWhatFollowsItsServer() {
        String source = "{\"server\":\"https://s\",\"alias\":\"trusty\"}";
        fake.on(
                "GET /1.0/images?recursion=1",
                peer ->
                        peer.send(
                                FakeServer.http(
                                        200,
                                        "",
                                        FakeServer.envelope(
                                                "sync",
                                                "",
                                                0,
                                                "",
                                                "[{\"fingerprint\":\"aa\"},{\"fingerprint\":\"bb\",\"auto_update\":true,\"update_source\":"
                                                        + source
                                                        + "}]"))));
        assertEquals(0, cli.run("sync"), cli.err());
        fake.onOperation("POST /1.0/images/bb/refresh", "o1", "null", "{\"refreshed\":true}", "");
        assertEquals(0, cli.run("sync"), cli.err());
        assertEquals("Updated trusty of https://s\n", cli.out());
    }

    @Test
    void buildsBusyboxOnTheServer() {
        fake.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"ab\"}", "")
                .onSync("POST /1.0/images/aliases", "{}");
        assertEquals(0, cli.run("import", "busybox", "--alias", "busybox"), cli.err());
        assertEquals("Image imported as: ab\nSetup alias: busybox\n", cli.out());
        assertEquals(
                "{\"type\":\"build\",\"alias\":\"busybox\"}",
                fake.request("POST /1.0/images").json().get("source").render());
    }
}
