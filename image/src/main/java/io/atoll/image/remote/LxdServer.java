package io.atoll.image.remote;

import io.atoll.api.MultipartReader;
import io.atoll.base.Architecture;
import io.atoll.base.BlockInputStream;
import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.FingerprintDigest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Images of a server that speaks LXD's REST API, as a stranger sees them: public ones, and others
/// by a secret. Blocks.
public final class LxdServer {
    private static final int ANSWER_BYTES_MAX = 64 << 20;
    private static final int COPY_BYTES = 128 << 10;
    private static final long TOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int API_PORT = 8443;

    private final HttpFetcher http;
    private final URI base;
    private final String project;
    private final String secret;

    /// @param address `https://HOST[:PORT]`; the port is 8443 if none is given
    /// @param project to look in; empty for the server's default
    /// @param secret lets a stranger see one image that is not public; empty for none
    public LxdServer(HttpFetcher http, String address, String project, String secret) {
        this.http = http;
        URI uri = HttpFetcher.uri(address);
        int port = uri.getPort() < 0 ? API_PORT : uri.getPort();
        this.base = URI.create(uri.getScheme() + "://" + uri.getHost() + ":" + port + "/");
        this.project = project;
        this.secret = secret;
    }

    /// All images that it shows.
    public List<RemoteImage> list() {
        return get("1.0/images?recursion=1").asList().stream()
                .filter(image -> isContainer(image.get("type").asString()))
                .map(this::image)
                .toList();
    }

    private static boolean isContainer(String type) {
        return type.isEmpty() || type.equals("container");
    }

    /// Finds an image by alias, with or without `/ARCHITECTURE` at its end, or by the beginning of
    /// its fingerprint.
    ///
    /// @throws NotFoundException if the server shows none
    public RemoteImage find(String name, Architecture host) {
        for (String alias : List.of(name, name + "/" + host.kernelName())) {
            Optional<Json> target = find("1.0/images/aliases/" + segment(alias));
            if (target.isPresent()) {
                return image(get("1.0/images/" + target.get().get("target").asString()));
            }
        }
        return Optional.of(name)
                .filter(n -> n.matches("[0-9a-f]{1,64}"))
                .flatMap(n -> find("1.0/images/" + n))
                .map(this::image)
                .orElseThrow(() -> new NotFoundException("The requested image couldn't be found"));
    }

    private Optional<Json> find(String path) {
        try {
            return Optional.of(get(path));
        } catch (NotFoundException _) {
            return Optional.empty();
        }
    }

    private Json get(String path) {
        URI uri = uri(path);
        byte[] answer = http.read(uri, ANSWER_BYTES_MAX);
        try {
            return Json.parse(new String(answer, StandardCharsets.UTF_8)).get("metadata");
        } catch (JsonException e) {
            throw new UnavailableException(uri.getHost() + " sent no JSON for " + uri.getPath(), e);
        }
    }

    private URI uri(String path) {
        StringBuilder query = new StringBuilder();
        if (!project.isEmpty()) {
            query.append("project=").append(segment(project));
        }
        if (!secret.isEmpty()) {
            query.append(query.isEmpty() ? "" : "&").append("secret=").append(segment(secret));
        }
        String join = query.isEmpty() ? "" : path.indexOf('?') < 0 ? "?" : "&";
        return base.resolve(path + join + query);
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private RemoteImage image(Json image) {
        try {
            return new RemoteImage(
                    new Fingerprint(image.get("fingerprint").asString()),
                    image.get("aliases").asList().stream()
                            .map(a -> a.get("name").asString())
                            .toList(),
                    image.get("architecture").asString(),
                    image.get("properties").asStringMap(),
                    expiry(image.get("expires_at").asString()),
                    image.get("size").asLong(),
                    List.of());
        } catch (JsonException | InvalidConfigException e) {
            throw new UnavailableException(
                    base.getHost() + " describes an image in a way that cannot be read", e);
        }
    }

    private static Optional<Instant> expiry(String time) {
        try {
            return Optional.of(time)
                    .filter(t -> !t.isEmpty())
                    .map(Instant::parse)
                    .filter(t -> t.isAfter(Instant.EPOCH));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    /// Writes the files of an image, checked.
    ///
    /// @param metadata gets the metadata, or all of a unified image; both files exist and are empty
    /// @return whether there are two files
    /// @throws UnavailableException if what came is not the image
    public boolean download(
            RemoteImage image, Path metadata, Path rootfs, TransferProgress progress) {
        FingerprintDigest digest = new FingerprintDigest();
        boolean isSplit =
                http.stream(
                        uri("1.0/images/" + image.fingerprint() + "/export"),
                        (headers, body) -> {
                            Fingerprint _ = digest.finish();
                            String type = headers.firstValue("Content-Type").orElse("");
                            long total = headers.firstValueAsLong("Content-Length").orElse(-1);
                            InputStream counted = new Counted(body, total, progress);
                            if (type.startsWith("multipart/")) {
                                saveParts(counted, type, digest, List.of(metadata, rootfs));
                                return true;
                            }
                            try (OutputStream out = digest.tee(Files.newOutputStream(metadata))) {
                                long _ = counted.transferTo(out);
                            }
                            return false;
                        });
        Fingerprint got = digest.finish();
        if (!got.equals(image.fingerprint())) {
            throw new UnavailableException(
                    "Image fingerprint doesn't match: "
                            + base.getHost()
                            + " promised "
                            + image.fingerprint()
                            + " and sent "
                            + got);
        }
        return isSplit;
    }

    private void saveParts(
            InputStream in, String type, FingerprintDigest digest, List<Path> targets)
            throws IOException {
        MultipartReader parts = new MultipartReader(in, type);
        for (Path target : targets) {
            if (parts.next().isEmpty()) {
                throw new UnavailableException(
                        base.getHost() + " sent an image without all its parts");
            }
            OutputStream file = digest.tee(Files.newOutputStream(target));
            try (OutputStream out = new BufferedOutputStream(file, COPY_BYTES)) {
                parts.copyTo(out);
            }
        }
    }

    /// Tells how far reading is.
    private static final class Counted extends BlockInputStream {
        private final InputStream in;
        private final long total;
        private final TransferProgress progress;
        private final long begun = System.nanoTime();
        private long told = begun;
        private long count;

        Counted(InputStream in, long total, TransferProgress progress) {
            this.in = in;
            this.total = total;
            this.progress = progress;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = in.read(into, offset, length);
            count += Math.max(n, 0);
            long now = System.nanoTime();
            if (now - told > TOLD_NANOS || n < 0) {
                told = now;
                progress.at(count, total, (long) (count / Math.max(1e-3, (now - begun) / 1e9)));
            }
            return n;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
