package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/// The pages over the network: strangers' browsers get them, with or without a certificate, and get
/// no more of the API by them; the address for metrics has none.
@ParameterizedClass
@EnumSource(HttpClient.Version.class)
final class PagesTest {
    @Parameter private HttpClient.Version version;

    @TempDir Path pages;
    private NetworkedDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(pages.resolve("index.html"), "<title>pages</title>");
        daemon = NetworkedDaemon.open("--ui", pages.toString());
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private HttpResponse<String> get(HttpClient http, int port, String path) throws Exception {
        URI uri = URI.create("https://127.0.0.1:" + port + path);
        HttpResponse<String> answer =
                http.send(
                        HttpRequest.newBuilder(uri).header("Accept", "text/html").build(),
                        HttpResponse.BodyHandlers.ofString());
        assertEquals(version, answer.version());
        return answer;
    }

    private HttpClient client(Optional<Identity> identity) {
        return HttpClient.newBuilder()
                .sslContext(TlsContexts.of(identity, NetworkedDaemon.ANY_SERVER))
                .version(version)
                .build();
    }

    @Test
    void strangersSeePagesAndNoMore() throws Exception {
        Identity mallory = Identity.selfSigned(Identity.Purpose.CLIENT, "mallory", List.of());
        for (Optional<Identity> who : List.of(Optional.<Identity>empty(), Optional.of(mallory))) {
            try (HttpClient http = client(who)) {
                HttpResponse<String> page = get(http, daemon.port(), "/ui/instances");
                assertEquals(200, page.statusCode());
                assertEquals("<title>pages</title>", page.body());
                HttpResponse<String> root = get(http, daemon.port(), "/");
                assertEquals(302, root.statusCode());
                assertEquals("/ui/", root.headers().firstValue("Location").orElseThrow());
                assertEquals(403, get(http, daemon.port(), "/1.0/instances").statusCode());
                for (String path :
                        List.of("/ui/../1.0/instances", "/ui/%2e%2e/1.0", "/ui/../etc/hostname")) {
                    assertEquals(404, get(http, daemon.port(), path).statusCode(), path);
                }
            }
        }
    }

    @Test
    void theAddressForMetricsHasNone() throws Exception {
        int metrics = NetworkedDaemon.freePort();
        daemon.configure("core.metrics_address", "127.0.0.1:" + metrics);
        daemon.configure("core.metrics_authentication", "false");
        try (HttpClient http = client(Optional.empty())) {
            assertEquals(200, get(http, metrics, "/1.0/metrics").statusCode());
            HttpResponse<String> root = get(http, metrics, "/");
            assertEquals(200, root.statusCode());
            assertTrue(root.body().contains("/1.0"), root.body());
            for (String path : List.of("/ui", "/ui/", "/ui/index.html")) {
                assertEquals(404, get(http, metrics, path).statusCode(), path);
            }
        }
    }
}
