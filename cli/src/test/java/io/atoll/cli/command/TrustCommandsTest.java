package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.base.json.Json;
import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class TrustCommandsTest {
    private static final Identity FRIEND =
            Identity.selfSigned(Identity.Purpose.CLIENT, "friend@host", List.of());
    private static final String OPEN_TOKEN =
            """
            {"id":"u1","class":"token","metadata":{"request":{"name":"friend"},
            "fingerprint":"ab12","addresses":["192.0.2.1:8443"],"secret":"s3",
            "expiresAt":"2030-01-02T03:04:05Z"}}\
            """;

    @TempDir Path directory;

    private FakeServer server;
    private CliRun cli;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        cli = new CliRun(server).with("LXD_CONF", directory.toString());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void addingWithoutACertificateMakesATokenThatNamesTheServer() {
        server.on(
                "POST /1.0/certificates",
                peer -> peer.send(FakeServer.http(202, "", "{\"metadata\":" + OPEN_TOKEN + "}")));
        assertEquals(
                0,
                cli.run(
                        "config",
                        "trust",
                        "add",
                        "--name=friend",
                        "--restricted",
                        "--projects=a,b"),
                cli.err());
        Json asked = server.request("POST /1.0/certificates").json();
        assertTrue(asked.get("token").asBoolean());
        assertTrue(asked.get("restricted").asBoolean());
        assertEquals(List.of("a", "b"), asked.get("projects").asStrings());
        List<String> lines = cli.out().lines().toList();
        assertEquals("Client friend certificate add token:", lines.getFirst());
        Json token = decode(lines.getLast());
        assertEquals("friend", token.get("client_name").asString());
        assertEquals("s3", token.get("secret").asString());
        assertEquals(List.of("192.0.2.1:8443"), token.get("addresses").asStrings());
        JoinCommand.Token read = JoinCommand.Token.parse(lines.getLast()).orElseThrow();
        assertEquals("ab12", read.fingerprint());
    }

    private static Json decode(String token) {
        return Json.parse(new String(Base64.getDecoder().decode(token), StandardCharsets.UTF_8));
    }

    @Test
    void whatIsNoTokenIsNotTakenForOne() {
        for (String text :
                List.of(
                        "",
                        "127.0.0.1",
                        "example.org",
                        Base64.getEncoder().encodeToString("[]".getBytes(StandardCharsets.UTF_8)),
                        Base64.getEncoder().encodeToString("{}".getBytes(StandardCharsets.UTF_8)),
                        Base64.getEncoder()
                                .encodeToString(
                                        "{\"secret\":\"x\"}".getBytes(StandardCharsets.UTF_8)))) {
            assertTrue(JoinCommand.Token.parse(text).isEmpty(), text);
        }
    }

    @Test
    void aCertificateFileIsSentByItsName() throws IOException {
        Path file = directory.resolve("friend.crt");
        Files.writeString(file, Pem.render(FRIEND.certificate()));
        server.onSync("POST /1.0/certificates", "null");
        assertEquals(0, cli.run("config", "trust", "add", file.toString()), cli.err());
        Json asked = server.request("POST /1.0/certificates").json();
        assertEquals("friend.crt", asked.get("name").asString());
        assertEquals(
                CertificateFingerprint.of(FRIEND.certificate()),
                CertificateFingerprint.of(Pem.certificate(asked.get("certificate").asString())));
    }

    @Test
    void aFileThatIsNoCertificateIsNotSent() throws IOException {
        Path file = directory.resolve("notes.txt");
        Files.writeString(file, "no certificate");
        assertEquals(1, cli.run("config", "trust", "add", file.toString()));
        assertFalse(cli.err().isEmpty());
        assertEquals(1, cli.run("config", "trust", "add", directory.resolve("no").toString()));
        assertTrue(cli.err().contains("there is no certificate"), cli.err());
        assertEquals(List.of(), server.requests());
    }

    @Test
    void certificatesAreListedByWhatTheySay() {
        String text = Json.string(Pem.render(FRIEND.certificate())).render();
        server.onSync(
                "GET /1.0/certificates?recursion=1",
                "[{\"type\":\"client\",\"name\":\"f\",\"fingerprint\":\"0123456789abcdef\","
                        + "\"certificate\":"
                        + text
                        + "}]");
        assertEquals(0, cli.run("config", "trust", "list", "--format=csv"), cli.err());
        assertTrue(cli.out().startsWith("client,f,friend@host,0123456789ab,"), cli.out());
    }

    @Test
    void openTokensAreListedAndTakenBack() {
        server.onSync(
                "GET /1.0/operations?recursion=1",
                "{\"running\":[" + OPEN_TOKEN + ",{\"id\":\"u2\",\"class\":\"task\"}]}");
        server.onSync("DELETE /1.0/operations/u1", "null");
        assertEquals(0, cli.run("config", "trust", "list-tokens", "--format=csv"), cli.err());
        assertEquals(1, cli.out().lines().count(), cli.out());
        assertTrue(cli.out().startsWith("friend,"), cli.out());
        assertEquals(1, cli.run("config", "trust", "revoke-token", "stranger"));
        assertTrue(
                cli.err().contains("No certificate add token for member stranger on remote: local"),
                cli.err());
        assertEquals(0, cli.run("config", "trust", "revoke-token", "friend"), cli.err());
        assertEquals("DELETE", server.request("DELETE /1.0/operations/u1").method());
    }
}
