package io.atoll.daemon.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.atoll.base.Architecture;
import io.atoll.image.Compression;
import io.atoll.image.ImageFile;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageWriter;
import io.atoll.image.remote.StreamsDirectory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A server of images on the loopback interface, for tests.
final class ImageSite implements AutoCloseable {
    private final Path directory;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, String> published = new java.util.concurrent.ConcurrentHashMap<>();

    /// The paths that were asked for.
    final List<String> requests = new CopyOnWriteArrayList<>();

    /// Root file systems wait for it.
    volatile CountDownLatch gate = new CountDownLatch(0);

    ImageSite(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /// Makes a small image.
    ImageFile image(String content) throws IOException {
        Path scratch = Files.createDirectories(directory.resolve(".scratch"));
        Path metadata = scratch.resolve(content + ".tar");
        ImageWriter.writeMetadata(
                Files.newOutputStream(metadata),
                Compression.NONE,
                new ImageMetadata("x86_64", 1_700_000_000, 0, Map.of("own", content), Map.of()),
                scratch.resolve("none"));
        Path rootfs = scratch.resolve(content + ".squashfs");
        Files.write(rootfs, ("hsqs" + content + "x".repeat(300_000)).getBytes());
        return ImageFile.split(metadata, rootfs);
    }

    /// Offers a build of `test/1`.
    ImageFile offer(String serial) throws IOException {
        ImageFile image = image(serial);
        new StreamsDirectory(directory)
                .add(
                        new StreamsDirectory.Description(
                                "Test",
                                "1",
                                "default",
                                Architecture.host(),
                                serial,
                                List.of("test/1")),
                        image,
                        3);
        return image;
    }

    /// Lets a path say where an image is.
    void publish(String path, String hash, String url) {
        published.put("/" + path, hash + " " + url);
    }

    Path file(String path) {
        return directory.resolve(path);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            requests.add(exchange.getRequestMethod() + " " + path);
            String where = published.get(path);
            if (where != null) {
                exchange.getResponseHeaders().set("LXD-Image-Hash", where.split(" ")[0]);
                exchange.getResponseHeaders().set("LXD-Image-URL", where.split(" ")[1]);
                exchange.sendResponseHeaders(200, -1);
                return;
            }
            Path file = directory.resolve(path.substring(1));
            if (!Files.isRegularFile(file)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            byte[] content = Files.readAllBytes(file);
            exchange.sendResponseHeaders(200, content.length);
            if (path.endsWith(".squashfs")) {
                exchange.getResponseBody().write(content, 0, 1000);
                exchange.getResponseBody().flush();
                gate.await();
                exchange.getResponseBody().write(content, 1000, content.length - 1000);
            } else {
                exchange.getResponseBody().write(content);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    long count(String end) {
        return requests.stream().filter(r -> r.endsWith(end)).count();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
