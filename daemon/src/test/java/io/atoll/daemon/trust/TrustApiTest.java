package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// A whole daemon, reached over TLS on loopback by strangers, guests and administrators, who speak
/// either version of HTTP and see the same.
@ParameterizedClass
@EnumSource(HttpClient.Version.class)
final class TrustApiTest {
    private static final Identity ALICE = client("alice");
    private static final Identity MALLORY = client("mallory");

    @Parameter private HttpClient.Version version;

    private NetworkedDaemon daemon;
    private int port;

    private static Identity client(String name) {
        return Identity.selfSigned(Identity.Purpose.CLIENT, name, List.of());
    }

    @BeforeEach
    void start() throws Exception {
        daemon = NetworkedDaemon.open();
        port = daemon.port();
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    /// Somebody on the network.
    private final class Remote implements AutoCloseable {
        private final HttpClient http;
        private final int port;

        private Remote(Identity identity) {
            this(Optional.of(identity));
        }

        private Remote(Optional<Identity> identity) {
            this(identity, TrustApiTest.this.port);
        }

        private Remote(Optional<Identity> identity, int port) {
            this.port = port;
            http =
                    HttpClient.newBuilder()
                            .sslContext(TlsContexts.of(identity, NetworkedDaemon.ANY_SERVER))
                            .version(version)
                            .build();
        }

        private HttpResponse<String> send(String method, String path, String body)
                throws Exception {
            URI uri = URI.create("https://127.0.0.1:" + port + path);
            HttpResponse<String> answer =
                    http.send(
                            HttpRequest.newBuilder(uri)
                                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                                    .header("Origin", "https://pages.example")
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(version, answer.version());
            return answer;
        }

        private Json get(String path) throws Exception {
            HttpResponse<String> answer = send("GET", path, "");
            assertEquals(200, answer.statusCode(), answer.body());
            return Json.parse(answer.body()).get("metadata");
        }

        private int status(String method, String path, String body) throws Exception {
            return send(method, path, body).statusCode();
        }

        private String error(int status, String method, String path, String body) throws Exception {
            HttpResponse<String> answer = send(method, path, body);
            assertEquals(status, answer.statusCode(), answer.body());
            return Json.parse(answer.body()).get("error").asString();
        }

        @Override
        public void close() {
            http.close();
        }
    }

    private void trust(Identity identity, boolean restricted, String... projects)
            throws IOException {
        Json body =
                Json.object()
                        .put("type", "client")
                        .put("name", "x")
                        .put("restricted", restricted)
                        .put("projects", List.of(projects))
                        .put("certificate", Pem.base64(identity.certificate()));
        TestClient.Answer answer = daemon.local().send("POST", "/1.0/certificates", body.render());
        assertEquals(201, answer.status(), answer.text());
    }

    private Json makeToken(boolean restricted, String... projects) throws IOException {
        Json body =
                Json.object()
                        .put("type", "client")
                        .put("name", "guest")
                        .put("token", true)
                        .put("restricted", restricted)
                        .put("projects", List.of(projects));
        TestClient.Answer answer = daemon.local().send("POST", "/1.0/certificates", body.render());
        assertEquals(202, answer.status(), answer.text());
        return answer.metadata().get("metadata");
    }

    private static String admission(Json token) {
        String text =
                Json.object()
                        .put("client_name", "guest")
                        .put("secret", token.get("secret").asString())
                        .render();
        return password(Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String password(String password) {
        return Json.object().put("type", "client").put("password", password).render();
    }

    @Test
    void strangersSeeThatTheServerIsThereAndNothingElse() throws Exception {
        try (Remote stranger = new Remote(Optional.empty())) {
            Json server = stranger.get("/1.0");
            assertEquals(
                    Set.of(
                            "api_extensions",
                            "api_status",
                            "api_version",
                            "auth",
                            "public",
                            "auth_methods"),
                    server.asMap().keySet());
            assertEquals("untrusted", server.get("auth").asString());
            assertEquals(List.of(), stranger.get("/1.0/images").asList());
            for (String path :
                    List.of(
                            "/1.0/instances",
                            "/1.0/certificates",
                            "/1.0/projects",
                            "/1.0/operations",
                            "/1.0/events",
                            "/1.0/resources",
                            "/1.0/storage-pools",
                            "/1.0/warnings",
                            "/internal/ready")) {
                assertEquals("not authorized", stranger.error(403, "GET", path, ""), path);
            }
            assertEquals(403, stranger.status("PATCH", "/1.0", "{}"));
            assertEquals(400, stranger.status("POST", "/1.0/certificates", password("x")));
        }
    }

    @Test
    void theTrustPasswordLetsIn() throws Exception {
        daemon.configure("core.trust_password", "open sesame");
        Json shown = daemon.local().get("/1.0").metadata().get("config");
        assertTrue(shown.get("core.trust_password").asBoolean());
        try (Remote alice = new Remote(ALICE)) {
            String wrong = password("open says me");
            assertEquals("not authorized", alice.error(403, "POST", "/1.0/certificates", wrong));
            String right = password("open sesame");
            assertEquals(201, alice.status("POST", "/1.0/certificates", right));
            assertEquals("trusted", alice.get("/1.0").get("auth").asString());
            assertEquals(
                    CertificateFingerprint.of(ALICE.certificate()),
                    alice.get("/1.0/certificates?recursion=1")
                            .asList()
                            .getFirst()
                            .get("fingerprint")
                            .asString());
            assertEquals(
                    "not authorized",
                    alice.error(403, "GET", "/internal/ready", ""),
                    "what is for the host's root stays so");
        }
    }

    @Test
    void aPasswordIsKeptWhenTheConfigurationIsSentBackAsShown() throws Exception {
        daemon.configure("core.trust_password", "open sesame");
        String shown = daemon.local().get("/1.0").metadata().get("config").render();
        assertEquals(
                200, daemon.local().send("PUT", "/1.0", "{\"config\":" + shown + "}").status());
        try (Remote alice = new Remote(ALICE)) {
            assertEquals(201, alice.status("POST", "/1.0/certificates", password("open sesame")));
        }
    }

    @Test
    void guessingThePasswordIsSlowedDown() throws Exception {
        daemon.configure("core.trust_password", "open sesame");
        try (Remote mallory = new Remote(MALLORY)) {
            for (int i = 0; i < FailedAttempts.FREE; i++) {
                assertEquals(
                        "not authorized",
                        mallory.error(403, "POST", "/1.0/certificates", password("guess" + i)));
            }
            String late = mallory.error(403, "POST", "/1.0/certificates", password("open sesame"));
            assertTrue(late.startsWith("Too many failed attempts"), late);
        }
    }

    @Test
    void aTokenLetsOneClientInOnce() throws Exception {
        Json token = makeToken(false);
        assertEquals(
                daemon.local()
                        .get("/1.0")
                        .metadata()
                        .get("environment")
                        .get("certificate_fingerprint")
                        .asString(),
                token.get("fingerprint").asString());
        assertEquals("127.0.0.1:" + port, token.get("addresses").asList().getFirst().asString());
        try (Remote alice = new Remote(ALICE);
                Remote mallory = new Remote(MALLORY)) {
            assertEquals(201, alice.status("POST", "/1.0/certificates", admission(token)));
            assertEquals(
                    "guest",
                    alice.get("/1.0/certificates?recursion=1")
                            .asList()
                            .getFirst()
                            .get("name")
                            .asString());
            assertEquals(403, mallory.status("POST", "/1.0/certificates", admission(token)));
        }
    }

    @Test
    void anExpiredTokenLetsNobodyIn() throws Exception {
        daemon.configure("core.remote_token_expiry", "1S");
        Json token = makeToken(false);
        Instant end = OffsetDateTime.parse(token.get("expiresAt").asString()).toInstant();
        Await.until(
                "the token to expire", Duration.ofSeconds(10), () -> Instant.now().isAfter(end));
        try (Remote alice = new Remote(ALICE)) {
            assertEquals(403, alice.status("POST", "/1.0/certificates", admission(token)));
        }
    }

    @Test
    void aRestrictedCertificateIsKeptToItsProjects() throws Exception {
        String own = "{\"name\":\"own\",\"config\":{\"features.profiles\":\"false\"}}";
        assertEquals(201, daemon.local().send("POST", "/1.0/projects", own).status());
        assertEquals(
                201, daemon.local().send("POST", "/1.0/projects", "{\"name\":\"other\"}").status());
        trust(ALICE, true, "own");
        Json token = makeToken(false);
        assertFalse(token.get("secret").asString().isEmpty());
        try (Remote alice = new Remote(ALICE)) {
            Json server = alice.get("/1.0");
            assertEquals("trusted", server.get("auth").asString());
            assertTrue(server.get("config").isNull());
            assertEquals(
                    Set.of("/1.0/projects/own"),
                    alice.get("/1.0/projects").asList().stream()
                            .map(Json::asString)
                            .collect(Collectors.toSet()));
            assertEquals(List.of(), alice.get("/1.0/instances?project=own").asList());
            assertEquals(404, alice.status("GET", "/1.0/projects/other", ""));
            for (String path :
                    List.of(
                            "/1.0/instances",
                            "/1.0/instances?project=other",
                            "/1.0/instances?project=own&all-projects=true",
                            "/1.0/profiles?project=other",
                            "/1.0/events?project=other")) {
                assertEquals(403, alice.status("GET", path, ""), path);
            }
            assertTrue(alice.get("/1.0/operations?all-projects=true").asMap().isEmpty());
            // The project has no profiles of its own: it shows the default project's.
            assertEquals(1, alice.get("/1.0/profiles?project=own").asList().size());
            String change = "{\"config\":{\"security.privileged\":\"true\"}}";
            assertEquals(403, alice.status("PATCH", "/1.0/profiles/default?project=own", change));
            assertEquals(403, alice.status("POST", "/1.0/projects", "{\"name\":\"mine\"}"));
            assertEquals(
                    403,
                    alice.status("PATCH", "/1.0/projects/own", "{\"config\":{\"user.x\":\"1\"}}"));
            String copy =
                    "{\"name\":\"c\",\"source\":{\"type\":\"copy\",\"source\":\"web\","
                            + "\"project\":\"other\"}}";
            assertEquals(
                    "not authorized", alice.error(403, "POST", "/1.0/instances?project=own", copy));
            String self = "/1.0/certificates/" + CertificateFingerprint.of(ALICE.certificate());
            assertEquals(403, alice.status("PATCH", self, "{\"restricted\":false}"));
            assertEquals(403, alice.status("PATCH", self, "{\"projects\":[\"other\"]}"));
        }
    }

    @Test
    void aRestrictedCertificateCanRenewItself() throws Exception {
        assertEquals(
                201, daemon.local().send("POST", "/1.0/projects", "{\"name\":\"own\"}").status());
        trust(ALICE, true, "own");
        Identity fresh = client("alice");
        String self = "/1.0/certificates/" + CertificateFingerprint.of(ALICE.certificate());
        String body = Json.object().put("certificate", Pem.base64(fresh.certificate())).render();
        try (Remote alice = new Remote(ALICE);
                Remote renewed = new Remote(fresh)) {
            assertEquals(200, alice.status("PATCH", self, body));
            assertEquals(403, alice.status("GET", "/1.0/projects", ""));
            assertEquals(1, renewed.get("/1.0/projects").asList().size());
        }
    }

    @Test
    void aRemovedCertificateIsWorthNothingOnOpenConnectionsEither() throws Exception {
        trust(ALICE, false);
        try (Remote alice = new Remote(ALICE)) {
            alice.get("/1.0/instances");
            String self = "/1.0/certificates/" + CertificateFingerprint.of(ALICE.certificate());
            assertEquals(200, daemon.local().send("DELETE", self, "").status());
            assertEquals(403, alice.status("GET", "/1.0/instances", ""));
        }
    }

    @Test
    void aCertificateIsAddedOnceAndFreedOfItsProjects() throws Exception {
        daemon.local().send("POST", "/1.0/projects", "{\"name\":\"own\"}");
        trust(ALICE, true, "own");
        Json again =
                Json.object()
                        .put("type", "client")
                        .put("certificate", Pem.base64(ALICE.certificate()));
        TestClient.Answer answer = daemon.local().send("POST", "/1.0/certificates", again.render());
        assertEquals(409, answer.status(), answer.text());
        assertEquals("Certificate already in trust store", answer.json().get("error").asString());
        String self = "/1.0/certificates/" + CertificateFingerprint.of(ALICE.certificate());
        // As a client's editor sends it back.
        String freed =
                "{\"name\":\"x\",\"type\":\"client\",\"restricted\":false,\"projects\":[\"own\"]}";
        assertEquals(200, daemon.local().send("PUT", self, freed).status());
        try (Remote alice = new Remote(ALICE)) {
            assertEquals(200, alice.status("GET", "/1.0/profiles?project=default", ""));
        }
    }

    @Test
    void withAnAuthorityOnlyWhatItSignedConnects() throws Exception {
        trust(ALICE, false);
        try (Remote alice = new Remote(ALICE)) {
            alice.get("/1.0/instances");
            Files.writeString(
                    daemon.state().resolve("server.ca"), Pem.render(MALLORY.certificate()));
            assertEquals(403, alice.status("GET", "/1.0/instances", ""));
        }
        try (Remote signed = new Remote(MALLORY)) {
            assertEquals(403, signed.status("GET", "/1.0/instances", ""), "not on the list");
            daemon.configure("core.trust_ca_certificates", "true");
            assertEquals(200, signed.status("GET", "/1.0/instances", ""));
        }
    }

    /// A list of the authority `signer` on which the certificate stands.
    private static byte[] revocation(Identity signer, X509Certificate revoked) throws Exception {
        Date now = new Date();
        var list =
                new JcaX509v2CRLBuilder(signer.certificate().getSubjectX500Principal(), now)
                        .addCRLEntry(revoked.getSerialNumber(), now, CRLReason.keyCompromise);
        return list.build(new JcaContentSignerBuilder("SHA384withECDSA").build(signer.key()))
                .getEncoded();
    }

    @Test
    void whatTheAuthorityRevokedDoesNotConnect() throws Exception {
        Files.writeString(daemon.state().resolve("server.ca"), Pem.render(MALLORY.certificate()));
        daemon.configure("core.trust_ca_certificates", "true");
        Path list = daemon.state().resolve("ca.crl");
        try (Remote signed = new Remote(MALLORY)) {
            assertEquals(200, signed.status("GET", "/1.0/instances", ""));
            Files.write(list, revocation(MALLORY, ALICE.certificate()));
            assertEquals(200, signed.status("GET", "/1.0/instances", ""), "somebody else");
            Files.write(list, revocation(MALLORY, MALLORY.certificate()));
            assertEquals(403, signed.status("GET", "/1.0/instances", ""));
            // A list that cannot be believed lets nobody in.
            Files.write(list, revocation(ALICE, ALICE.certificate()));
            assertEquals(403, signed.status("GET", "/1.0/instances", ""), "of another authority");
            Files.writeString(list, "no list");
            assertEquals(403, signed.status("GET", "/1.0/instances", ""));
        }
    }

    @Test
    void anAddressThatCannotBeHadChangesNothing() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            TestClient.Answer answer =
                    daemon.local()
                            .send(
                                    "PATCH",
                                    "/1.0",
                                    "{\"config\":{\"core.https_address\":\"" + address + "\"}}");
            assertEquals(503, answer.status(), answer.text());
            assertTrue(answer.text().contains(address), answer.text());
        }
        try (Remote stranger = new Remote(Optional.empty())) {
            assertEquals("untrusted", stranger.get("/1.0").get("auth").asString());
        }
        assertEquals(
                "127.0.0.1:" + port,
                daemon.local()
                        .get("/1.0")
                        .metadata()
                        .get("config")
                        .get("core.https_address")
                        .asString());
    }

    @Test
    void badAddressesAreRefusedWithTheReason() throws Exception {
        for (String bad : List.of("127.0.0.1:99999", "no.such.host:1", "1.2.3.4:x", "999.1.1.1")) {
            Json body = Json.object().put("config", Json.object().put("core.https_address", bad));
            TestClient.Answer answer = daemon.local().send("PATCH", "/1.0", body.render());
            assertEquals(400, answer.status(), bad);
            assertTrue(
                    answer.json()
                            .get("error")
                            .asString()
                            .startsWith("cannot set 'core.https_address' to '" + bad + "': "),
                    answer.text());
        }
    }

    @Test
    void anAddressThatIsUnsetIsLeft() throws Exception {
        daemon.configure("core.https_address", "");
        try (Remote stranger = new Remote(Optional.empty())) {
            assertThrows(IOException.class, () -> stranger.get("/1.0"));
        }
    }

    @Test
    void olderTlsIsRefused() throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        context.init(null, new javax.net.ssl.TrustManager[] {NetworkedDaemon.ANY_SERVER}, null);
        try (SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThrows(SSLHandshakeException.class, socket::startHandshake);
        }
    }

    @Test
    void theServersCertificateOutlivesTheDaemon() throws Exception {
        String before = Files.readString(daemon.state().resolve("server.crt"));
        daemon.restart();
        assertEquals(before, Files.readString(daemon.state().resolve("server.crt")));
        try (Remote stranger = new Remote(Optional.empty())) {
            assertEquals("untrusted", stranger.get("/1.0").get("auth").asString());
        }
    }

    @Test
    void browsersAreAllowedWhatTheKeysSay() throws Exception {
        try (Remote stranger = new Remote(Optional.empty())) {
            HttpResponse<String> closed = stranger.send("GET", "/1.0", "");
            assertTrue(closed.headers().firstValue("Access-Control-Allow-Origin").isEmpty());
            daemon.configure("core.https_allowed_origin", "https://pages.example");
            daemon.configure("core.https_allowed_methods", "GET, POST");
            HttpResponse<String> open = stranger.send("OPTIONS", "/1.0", "");
            assertEquals(200, open.statusCode());
            assertEquals(
                    "https://pages.example",
                    open.headers().firstValue("Access-Control-Allow-Origin").orElse(""));
            assertEquals(
                    "GET, POST",
                    open.headers().firstValue("Access-Control-Allow-Methods").orElse(""));
        }
    }

    private void trustForMetrics(Identity identity) throws IOException {
        Json body =
                Json.object()
                        .put("type", "metrics")
                        .put("name", "prometheus")
                        .put("certificate", Pem.base64(identity.certificate()));
        assertEquals(201, daemon.local().send("POST", "/1.0/certificates", body.render()).status());
    }

    @Test
    void theMetricsAddressGivesMetricsAndNothingElse() throws Exception {
        int metrics = NetworkedDaemon.freePort();
        daemon.configure("core.metrics_address", "127.0.0.1:" + metrics);
        Identity admin = client("admin");
        trustForMetrics(ALICE);
        trust(admin, false);
        try (Remote alice = new Remote(Optional.of(ALICE), metrics);
                Remote full = new Remote(Optional.of(admin), metrics);
                Remote stranger = new Remote(Optional.empty(), metrics)) {
            assertEquals(200, alice.status("GET", "/1.0/metrics", ""));
            assertEquals(200, full.status("GET", "/1.0/metrics", ""));
            assertEquals(403, stranger.status("GET", "/1.0/metrics", ""));
            for (String path : List.of("/1.0/instances", "/1.0/certificates", "/internal/ready")) {
                for (Remote anyone : List.of(alice, full, stranger)) {
                    assertEquals(403, anyone.status("GET", path, ""), path);
                }
            }
            daemon.configure("core.metrics_authentication", "false");
            assertEquals(200, stranger.status("GET", "/1.0/metrics", ""));
            assertEquals(403, stranger.status("GET", "/1.0/instances", ""));
        }
    }

    @Test
    void aMetricsCertificateReadsNothingElse() throws Exception {
        trustForMetrics(ALICE);
        try (Remote alice = new Remote(ALICE)) {
            assertEquals("untrusted", alice.get("/1.0").get("auth").asString());
            assertEquals(403, alice.status("GET", "/1.0/instances", ""));
            assertEquals(403, alice.status("GET", "/1.0/certificates", ""));
        }
    }
}
