package io.atoll.daemon.image;

import io.atoll.api.Version;
import io.atoll.api.tls.Pem;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.ImageFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Sends images to servers that wait for them: the other way round for where only this side can
/// reach the other one. The client that wants the copy gets a token there and hands it to us.
final class ImagePushes {
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(15);
    private static final String AGENT = "Atoll/" + Version.ATOLL + " (Linux)";

    /// Bytes of an answer that are read.
    private static final int ANSWER_MAX = 1 << 20;

    private ImagePushes() {}

    /// Where an image goes.
    ///
    /// @param certificate the server's, PEM; empty if the host's authorities vouch for it
    /// @param secret of the token that the server gave out
    /// @param project there; empty for its default one
    record Target(
            URI server, String certificate, String secret, String project, List<String> profiles) {
        Target {
            profiles = List.copyOf(profiles);
        }

        /// Reads the body of a request.
        ///
        /// @throws InvalidConfigException if it names no server or no secret
        static Target parse(Json body) {
            String address = body.get("target").asString();
            String secret = body.get("secret").asString();
            if (!address.startsWith("https://")) {
                throw new InvalidConfigException(
                        "Images are pushed to https:// addresses only, not \"" + address + "\"");
            }
            if (secret.isEmpty()) {
                throw new InvalidConfigException("Missing secret for the target server");
            }
            try {
                return new Target(
                        URI.create(address.replaceFirst("/+$", "")),
                        body.get("certificate").asString(),
                        secret,
                        body.get("project").asString(),
                        body.get("profiles").asStrings());
            } catch (IllegalArgumentException e) {
                throw new InvalidConfigException("Invalid URL \"" + address + "\"", e);
            }
        }

        private HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(URI.create(server + path)).header("User-Agent", AGENT);
        }

        private HttpClient client() {
            HttpClient.Builder builder =
                    HttpClient.newBuilder()
                            .connectTimeout(CONNECT_PATIENCE)
                            .version(HttpClient.Version.HTTP_1_1);
            if (!certificate.isEmpty()) {
                builder.sslContext(
                        TlsContexts.of(
                                Optional.empty(), new PinnedServer(Pem.certificate(certificate))));
            }
            return builder.build();
        }
    }

    /// Sends an image and waits until the server has taken it. Blocks; an interrupt ends it.
    ///
    /// @throws UnavailableException naming the host, with what it said, if it does not take it
    static void push(Image image, ImageFile file, Target target)
            throws IOException, InterruptedException {
        try (HttpClient client = target.client()) {
            Json begun = ask(client, upload(image, file, target)).get("metadata");
            String wait =
                    "/1.0/operations/"
                            + encode(begun.get("id").asString())
                            + "/wait?timeout=-1&secret="
                            + encode(
                                    begun.get("metadata")
                                            .get("secret")
                                            .asOptionalString()
                                            .orElse(target.secret()));
            Json done = ask(client, target.request(wait).build()).get("metadata");
            String error = done.get("err").asString();
            if (!error.isEmpty()) {
                throw new UnavailableException(target.server().getHost() + ": " + error);
            }
        }
    }

    private static HttpRequest upload(Image image, ImageFile file, Target target)
            throws IOException {
        String project = target.project().isEmpty() ? "" : "?project=" + encode(target.project());
        HttpRequest.Builder request =
                target.request("/1.0/images" + project)
                        .header("X-LXD-fingerprint", image.fingerprint().value())
                        .header("X-LXD-secret", target.secret());
        if (!image.filename().isEmpty()) {
            request.header("X-LXD-filename", image.filename());
        }
        if (!target.profiles().isEmpty()) {
            request.header(
                    "X-LXD-profiles",
                    target.profiles().stream()
                            .map(p -> "profile=" + encode(p))
                            .collect(Collectors.joining("&")));
        }
        if (file.rootfs().isEmpty()) {
            return request.header("Content-Type", "application/octet-stream")
                    .POST(HttpRequest.BodyPublishers.ofFile(file.metadata()))
                    .build();
        }
        MultipartWriter parts = MultipartWriter.of(image, file);
        return request.header("Content-Type", parts.contentType()).POST(parts.publisher()).build();
    }

    private static Json ask(HttpClient client, HttpRequest request) throws InterruptedException {
        String host = request.uri().getHost();
        try {
            HttpResponse<InputStream> answer =
                    client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            Json body;
            try (InputStream in = answer.body()) {
                body = Json.parse(new String(in.readNBytes(ANSWER_MAX), StandardCharsets.UTF_8));
            }
            String error = body.get("error").asString();
            if (!error.isEmpty()) {
                throw new UnavailableException(host + " refused the image: " + error);
            }
            return body;
        } catch (JsonException e) {
            throw new UnavailableException(host + " does not answer like a server of images", e);
        } catch (IOException e) {
            throw new UnavailableException(
                    "Cannot send the image to " + host + ": " + e.getMessage(), e);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
