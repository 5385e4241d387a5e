package io.atoll.image.remote;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/// A web server on the loopback interface that does what it is told, also wrong.
final class FaultyServer implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Map<String, Map<String, String>> headers = new ConcurrentHashMap<>();

    /// Every request: path, and the range it asked for.
    final List<String> requests = new CopyOnWriteArrayList<>();

    /// How many bytes of a file are sent before the connection breaks; taken once per request.
    final List<Integer> cuts = new CopyOnWriteArrayList<>();

    /// Statuses to answer with, one per request, before anything is served.
    final List<Integer> statuses = new CopyOnWriteArrayList<>();

    /// Whether it goes silent where a transfer is cut, instead of ending it.
    volatile boolean goesSilent;

    volatile boolean knowsRanges = true;
    volatile String etag = "\"one\"";

    FaultyServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    URI base() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    FaultyServer put(String path, byte[] content) {
        files.put("/" + path, content);
        return this;
    }

    FaultyServer put(String path, String content) {
        return put(path, content.getBytes(StandardCharsets.UTF_8));
    }

    void header(String path, String name, String value) {
        headers.computeIfAbsent("/" + path, _ -> new ConcurrentHashMap<>()).put(name, value);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            Optional<String> range =
                    Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"));
            requests.add(path + range.map(r -> " " + r).orElse(""));
            if (!statuses.isEmpty()) {
                exchange.sendResponseHeaders(statuses.removeFirst(), -1);
                return;
            }
            byte[] content = files.get(path);
            headers.getOrDefault(path, Map.of()).forEach(exchange.getResponseHeaders()::set);
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(200, -1);
                return;
            }
            if (content == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            exchange.getResponseHeaders().set("ETag", etag);
            send(exchange, content, from(exchange, range));
        }
    }

    private int from(HttpExchange exchange, Optional<String> range) {
        String same = exchange.getRequestHeaders().getFirst("If-Range");
        boolean isSame = same == null || same.equals(etag);
        return range.filter(_ -> knowsRanges && isSame)
                .map(r -> Integer.parseInt(r.replaceAll("bytes=(\\d+)-", "$1")))
                .orElse(0);
    }

    private void send(HttpExchange exchange, byte[] content, int from) throws IOException {
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        int end =
                cuts.isEmpty()
                        ? content.length
                        : Math.min(content.length, from + cuts.removeFirst());
        OutputStream out = exchange.getResponseBody();
        out.write(content, from, end - from);
        out.flush();
        if (end < content.length) {
            while (goesSilent && !Thread.currentThread().isInterrupted()) {
                LockSupport.park();
            }
            // Ends the exchange with bytes missing: the connection is closed.
            throw new IOException("cut");
        }
        out.close();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
