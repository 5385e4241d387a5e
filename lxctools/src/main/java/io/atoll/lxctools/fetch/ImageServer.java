package io.atoll.lxctools.fetch;

import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.LongConsumer;

/// A web server with images. Blocks; a download that breaks is tried again a few times.
final class ImageServer implements AutoCloseable {
    private static final int TRIES = 3;
    private static final Duration CONNECTING = Duration.ofSeconds(20);
    private static final Duration ANSWERING = Duration.ofSeconds(60);
    private static final int TEXT_MAX = 64 << 20;
    private static final int NOT_FOUND = 404;
    private static final int OK = 200;

    private final URI base;
    private final HttpClient client =
            HttpClient.newBuilder()
                    .connectTimeout(CONNECTING)
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .build();

    /// @param address host name or URL
    ImageServer(String address) {
        String url = address.contains("://") ? address : "https://" + address;
        base = URI.create(url.endsWith("/") ? url : url + "/");
    }

    /// True if the way to it is authenticated.
    boolean isTrusted() {
        return "https".equals(base.getScheme());
    }

    String name() {
        return base.toString();
    }

    /// A text; empty if the server does not have it.
    Optional<String> text(String path) {
        return attempt(
                path,
                response ->
                        new String(response.body().readNBytes(TEXT_MAX), StandardCharsets.UTF_8));
    }

    @FunctionalInterface
    private interface Reader<T> {
        T read(HttpResponse<InputStream> response) throws IOException;
    }

    private <T> Optional<T> attempt(String path, Reader<T> reader) {
        URI uri = base.resolve(path.replace(" ", "%20"));
        IOException last = new IOException("not tried");
        for (int i = 0; i < TRIES; i++) {
            try {
                HttpRequest request = HttpRequest.newBuilder(uri).timeout(ANSWERING).build();
                HttpResponse<InputStream> response =
                        client.send(request, HttpResponse.BodyHandlers.ofInputStream());
                try (InputStream body = response.body()) {
                    if (response.statusCode() == NOT_FOUND) {
                        return Optional.empty();
                    }
                    if (response.statusCode() != OK) {
                        throw new UnavailableException(
                                uri + " answers with status " + response.statusCode());
                    }
                    T value = reader.read(response);
                    if (body.read() >= 0) {
                        throw new UnavailableException(uri + " is larger than it may be");
                    }
                    return Optional.of(value);
                }
            } catch (IOException e) {
                last = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UnavailableException("interrupted", e);
            }
        }
        throw new UnavailableException(
                "cannot fetch "
                        + uri
                        + ": "
                        + (last.getMessage() == null ? last : last.getMessage()),
                last);
    }

    /// Fetches a file whole, or throws.
    ///
    /// @param sha256 what its content must have; empty if nobody told
    /// @throws NotFoundException if the server does not have it
    void download(String path, Optional<String> sha256, Path target, LongConsumer progress) {
        String sum =
                attempt(path, response -> save(response.body(), target, progress))
                        .orElseThrow(
                                () -> new NotFoundException(base.resolve(path) + " is not there"));
        if (sha256.isPresent() && !sum.equalsIgnoreCase(sha256.get())) {
            throw new UnavailableException(
                    base.resolve(path)
                            + " is damaged: its SHA-256 is "
                            + sum
                            + " instead of "
                            + sha256.get());
        }
    }

    private static String save(InputStream body, Path target, LongConsumer progress)
            throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        byte[] chunk = new byte[1 << 16];
        long total = 0;
        try (OutputStream out = Files.newOutputStream(target)) {
            for (int count = body.read(chunk); count >= 0; count = body.read(chunk)) {
                out.write(chunk, 0, count);
                digest.update(chunk, 0, count);
                total += count;
                progress.accept(total);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @Override
    public void close() {
        client.close();
    }
}
