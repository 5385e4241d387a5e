package io.atoll.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.atoll.base.Architecture;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.StreamsDirectory;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// A simplestreams server with one image, which stops half-way until it is let go on.
final class SlowSite implements AutoCloseable {
    private final Path directory;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger downloads = new AtomicInteger();
    private volatile CountDownLatch gate = new CountDownLatch(1);

    SlowSite(Path directory, Path image, List<String> aliases) throws IOException {
        this.directory = directory;
        new StreamsDirectory(directory)
                .add(
                        new StreamsDirectory.Description(
                                "Ubuntu",
                                "yakkety",
                                "default",
                                Architecture.host(),
                                "20261122_0742",
                                aliases),
                        ImageFile.unified(image),
                        1);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /// How often the image was asked for.
    int downloads() {
        return downloads.get();
    }

    /// Lets downloads go on, those to come too.
    void open() {
        gate.countDown();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            Path file = directory.resolve(path.substring(1)).normalize();
            if (!file.startsWith(directory) || !Files.isRegularFile(file)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            byte[] content = Files.readAllBytes(file);
            exchange.sendResponseHeaders(200, content.length);
            OutputStream out = exchange.getResponseBody();
            int half = path.startsWith("/images/") ? content.length / 2 : 0;
            out.write(content, 0, half);
            out.flush();
            if (half > 0) {
                downloads.incrementAndGet();
                gate.await();
            }
            out.write(content, half, content.length - half);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
