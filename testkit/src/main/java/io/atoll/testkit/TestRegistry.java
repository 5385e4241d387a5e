package io.atoll.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.atoll.base.json.Json;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// An OCI registry on the loopback interface. It gives tokens to everybody and answers nobody
/// without one, as public registries do.
public final class TestRegistry implements AutoCloseable {
    private static final String TOKEN = "for-everybody";

    private final HttpServer server;
    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final Map<String, byte[]> manifests = new ConcurrentHashMap<>();
    private volatile String elsewhere = "";

    public TestRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    /// `127.0.0.1:PORT`.
    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /// Keeps a layer: everything in a directory, packed by the host's tar.
    ///
    /// @return its descriptor
    public Json layer(Path tree) {
        Command tar =
                Command.of("tar", "-C", tree.toString(), "--sort=name", "-cz", ".")
                        .outputMax(1 << 26);
        return blob("application/vnd.oci.image.layer.v1.tar+gzip", Commands.run(tar).output());
    }

    private Json blob(String type, byte[] bytes) {
        String digest = digest(bytes);
        blobs.put(digest, bytes);
        return descriptor(type, digest, bytes.length);
    }

    private static Json.Obj descriptor(String type, String digest, long size) {
        return Json.object().put("mediaType", type).put("digest", digest).put("size", size);
    }

    private static String digest(byte[] bytes) {
        try {
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes);
            return "sha256:" + HexFormat.of().formatHex(sum);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Publishes an image for the architecture of this host, and a broken one for another.
    ///
    /// @param architecture as registries call it
    /// @param run what is in `config` of the image's configuration
    public void publish(
            String repository, String tag, String architecture, Json run, List<Json> layers) {
        Json config =
                Json.object()
                        .put("architecture", architecture)
                        .put("os", "linux")
                        .put("created", "2025-01-02T03:04:05Z")
                        .put("config", run);
        Json manifest =
                Json.object()
                        .put("schemaVersion", 2)
                        .put(
                                "config",
                                blob("application/vnd.oci.image.config.v1+json", bytes(config)))
                        .put("layers", Json.array(new ArrayList<>(layers)));
        byte[] text = bytes(manifest);
        manifests.put(repository + "/" + digest(text), text);
        Json index =
                Json.object()
                        .put("schemaVersion", 2)
                        .put(
                                "manifests",
                                Json.array(
                                        List.of(
                                                platform("other", "sha256:" + "0".repeat(64), 1),
                                                platform(
                                                        architecture, digest(text), text.length))));
        manifests.put(repository + "/" + tag, bytes(index));
    }

    private static Json platform(String architecture, String digest, long size) {
        return descriptor("application/vnd.oci.image.manifest.v1+json", digest, size)
                .put(
                        "platform",
                        Json.object().put("architecture", architecture).put("os", "linux"));
    }

    private static byte[] bytes(Json json) {
        return json.render().getBytes(StandardCharsets.UTF_8);
    }

    /// Lets a layer be another than its digest says.
    public void damage(Json layer) {
        byte[] bytes = blobs.getOrDefault(layer.get("digest").asString(), new byte[1]);
        bytes[bytes.length / 2] ^= 1;
    }

    /// From now on everything is said to be at another place.
    public void leadTo(String location) {
        elsewhere = location;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (path.equals("/token")) {
                send(exchange, 200, bytes(Json.object().put("token", TOKEN)));
                return;
            }
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            if (!("Bearer " + TOKEN).equals(given)) {
                exchange.getResponseHeaders()
                        .add(
                                "WWW-Authenticate",
                                "Bearer realm=\"http://" + host() + "/token\",service=\"test\"");
                send(exchange, 401, new byte[0]);
                return;
            }
            if (!elsewhere.isEmpty()) {
                exchange.getResponseHeaders().add("Location", elsewhere);
                send(exchange, 302, new byte[0]);
                return;
            }
            byte[] found = find(path);
            send(exchange, found == null ? 404 : 200, found == null ? new byte[0] : found);
        }
    }

    private byte @org.jspecify.annotations.Nullable [] find(String path) {
        int manifest = path.indexOf("/manifests/");
        if (manifest > 0) {
            return manifests.get(
                    path.substring("/v2/".length(), manifest)
                            + path.substring(manifest + "/manifests".length()));
        }
        return blobs.get(path.substring(path.lastIndexOf('/') + 1));
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
