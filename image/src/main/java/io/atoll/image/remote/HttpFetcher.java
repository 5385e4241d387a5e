package io.atoll.image.remote;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Fetches from servers of images: https, or http on this host itself. What breaks off goes on
/// where it was, a few times; what the server refuses is not asked for again. Failures name the
/// host. Blocks; an interrupt ends it.
public final class HttpFetcher {
    private static final Patience USUAL =
            new Patience(Duration.ofSeconds(15), Duration.ofSeconds(60), Duration.ofSeconds(30));

    /// How often in a row a transfer may break without a byte in between.
    private static final int ATTEMPTS_MAX = 4;

    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final long TOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "::1", "[::1]", "localhost");

    private static final int PROXY_REFUSES = 407;

    /// How long a server may be silent.
    ///
    /// @param connect until it takes the connection
    /// @param answer until its answer begins
    /// @param stall between two pieces of it
    record Patience(Duration connect, Duration answer, Duration stall) {}

    private final Optional<SSLContext> tls;
    private final HttpProxies proxies;
    private final String userAgent;
    private final Patience patience;

    /// Guards the one below; nothing else is taken meanwhile.
    private final ReentrantLock making = new ReentrantLock();

    private @Nullable HttpClient made;

    /// @param userAgent servers choose what they offer by it
    /// @param tls trusts the server, if not the host's authorities do
    /// @param proxies which of them a request goes through
    public HttpFetcher(String userAgent, Optional<SSLContext> tls, HttpProxies proxies) {
        this(userAgent, tls, proxies, USUAL);
    }

    HttpFetcher(
            String userAgent, Optional<SSLContext> tls, HttpProxies proxies, Patience patience) {
        this.patience = patience;
        this.tls = tls;
        this.proxies = proxies;
        this.userAgent = userAgent;
    }

    /// Made when first needed, which takes long: it reads the certificates of all authorities.
    private HttpClient client() {
        making.lock();
        try {
            HttpClient client = made;
            if (client == null) {
                HttpClient.Builder builder =
                        HttpClient.newBuilder()
                                .connectTimeout(patience.connect())
                                .proxy(proxies)
                                .followRedirects(HttpClient.Redirect.NORMAL)
                                .version(HttpClient.Version.HTTP_1_1);
                tls.ifPresent(builder::sslContext);
                client = builder.build();
                made = client;
            }
            return client;
        } finally {
            making.unlock();
        }
    }

    /// Reads an address.
    ///
    /// @throws InvalidConfigException if images are not fetched from such
    public static URI uri(String text) {
        URI uri;
        try {
            uri = URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("Invalid URL \"" + text + "\"", e);
        }
        String scheme = String.valueOf(uri.getScheme());
        boolean isLocal = scheme.equals("http") && LOOPBACK.contains(String.valueOf(uri.getHost()));
        if (uri.getHost() == null || !(scheme.equals("https") || isLocal)) {
            throw new InvalidConfigException(
                    "Only https:// is supported for images of other servers, not \"" + text + "\"");
        }
        return uri;
    }

    /// Percent-encodes what a path may not hold, but not its slashes.
    static String encode(String path) {
        StringBuilder out = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean isPlain =
                    c < 128
                            && (Character.isLetterOrDigit(c)
                                    || "-._~/!$&'()*+,;=@:".indexOf(c) >= 0);
            out.append(isPlain ? String.valueOf(c) : "%%%02X".formatted((int) c));
        }
        return out.toString();
    }

    /// Where bytes go, and what to do when a server begins anew.
    public interface Sink {
        void write(byte[] bytes, int length) throws IOException;

        /// The server does not go on in the middle: forget what was written.
        void restart() throws IOException;
    }

    /// Reads a small file.
    ///
    /// @throws NotFoundException if the server does not have it
    /// @throws UnavailableException if it cannot be had or is too large
    public byte[] read(URI uri, int max) {
        Memory sink = new Memory(uri, max);
        fetch(List.of(uri), -1, sink, TransferProgress.NONE);
        return sink.bytes.toByteArray();
    }

    private static final class Memory implements Sink {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final URI uri;
        private final int max;

        Memory(URI uri, int max) {
            this.uri = uri;
            this.max = max;
        }

        @Override
        public void write(byte[] some, int length) {
            if (bytes.size() + length > max) {
                throw new UnavailableException(
                        uri.getHost() + " sent more than " + max + " bytes for " + uri.getPath());
            }
            bytes.write(some, 0, length);
        }

        @Override
        public void restart() {
            bytes.reset();
        }
    }

    /// Reads a small file; empty if the server does not have it.
    public Optional<byte[]> find(URI uri, int max) {
        try {
            return Optional.of(read(uri, max));
        } catch (NotFoundException _) {
            return Optional.empty();
        }
    }

    /// The headers of a file.
    ///
    /// @param more headers to send, name to value
    public HttpHeaders head(URI uri, Map<String, String> more) {
        HttpRequest.Builder request =
                request(uri).method("HEAD", HttpRequest.BodyPublishers.noBody());
        more.forEach(request::header);
        return patiently(
                uri,
                () -> {
                    HttpResponse<Void> answer =
                            client().send(request.build(), HttpResponse.BodyHandlers.discarding());
                    refuse(uri, answer.statusCode());
                    return answer.headers();
                });
    }

    /// Takes an answer as it comes.
    public interface Taker<T> {
        T take(HttpHeaders headers, InputStream body) throws IOException;
    }

    /// Fetches what cannot go on in the middle; a transfer that breaks off begins anew.
    public <T> T stream(URI uri, Taker<T> taker) {
        return patiently(
                uri,
                () -> {
                    HttpResponse<InputStream> answer =
                            client().send(
                                            request(uri).GET().build(),
                                            HttpResponse.BodyHandlers.ofInputStream());
                    try (WatchedStream body = new WatchedStream(answer.body(), patience.stall())) {
                        refuse(uri, answer.statusCode());
                        return taker.take(answer.headers(), body);
                    }
                });
    }

    private interface Attempt<T> {
        T run() throws IOException, InterruptedException;
    }

    private static <T> T patiently(URI uri, Attempt<T> attempt) {
        for (int i = 1; ; i++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                if (i == ATTEMPTS_MAX) {
                    throw failure(uri, e);
                }
                LockSupport.parkNanos(PAUSE.toNanos() * i);
            } catch (InterruptedException e) {
                throw interrupted(uri, e);
            }
        }
    }

    private HttpRequest.Builder request(URI uri) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(patience.answer())
                        .header("User-Agent", userAgent);
        proxies.authorization(uri).ifPresent(value -> request.header("Proxy-Authorization", value));
        return request;
    }

    /// Fetches a file.
    ///
    /// @param places where the same file is; the next is tried when one does not answer or does not
    ///   have it
    /// @param size expected, or -1
    public void fetch(List<URI> places, long size, Sink sink, TransferProgress progress) {
        Transfer transfer = new Transfer(size, sink, progress);
        List<URI> mirrors = new ArrayList<>(places);
        RuntimeException failure = new UnavailableException("No server is named");
        int fruitless = 0;
        int turn = 0;
        while (!mirrors.isEmpty() && fruitless < ATTEMPTS_MAX * mirrors.size()) {
            long before = transfer.received;
            URI uri = mirrors.get(turn % mirrors.size());
            try {
                if (attempt(uri, transfer)) {
                    return;
                }
                failure = new UnavailableException(cut(uri, transfer));
            } catch (IOException e) {
                failure = failure(uri, e);
            } catch (InterruptedException e) {
                throw interrupted(uri, e);
            } catch (UnavailableException | NotFoundException e) {
                failure = e;
                boolean unused = mirrors.remove(uri);
                continue;
            }
            boolean isStuck = transfer.received <= before;
            fruitless = isStuck ? fruitless + 1 : 0;
            turn += isStuck ? 1 : 0;
            LockSupport.parkNanos(PAUSE.toNanos() * Math.max(1, fruitless));
        }
        throw failure;
    }

    private static String cut(URI uri, Transfer transfer) {
        return "Failed to download "
                + uri.getPath()
                + " from "
                + uri.getHost()
                + ": the connection ended after "
                + transfer.received
                + " of "
                + transfer.total
                + " bytes";
    }

    /// State of one file across attempts.
    private static final class Transfer {
        private final Sink sink;
        private final TransferProgress progress;
        private final long begun = System.nanoTime();

        // The first bytes are told of at once.
        private long told = begun - TOLD_NANOS;

        private long received;
        private long total;

        /// Where the bytes came from, and what tells whether the file there is still the same.
        private Optional<URI> origin = Optional.empty();

        private Optional<String> validator = Optional.empty();

        Transfer(long size, Sink sink, TransferProgress progress) {
            this.total = size;
            this.sink = sink;
            this.progress = progress;
        }

        void restart() throws IOException {
            sink.restart();
            received = 0;
        }

        void take(byte[] bytes, int length) throws IOException {
            sink.write(bytes, length);
            received += length;
            long now = System.nanoTime();
            if (now - told > TOLD_NANOS || received == total) {
                told = now;
                double seconds = Math.max(1e-3, (now - begun) / 1e9);
                progress.at(received, total, (long) (received / seconds));
            }
        }
    }

    /// @return whether all of it is here
    private boolean attempt(URI uri, Transfer transfer) throws IOException, InterruptedException {
        HttpRequest.Builder request = request(uri).GET();
        if (transfer.received > 0) {
            request.header("Range", "bytes=" + transfer.received + "-");
            transfer.validator
                    .filter(_ -> transfer.origin.filter(uri::equals).isPresent())
                    .ifPresent(v -> request.header("If-Range", v));
        }
        HttpResponse<InputStream> answer =
                client().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (WatchedStream body = new WatchedStream(answer.body(), patience.stall())) {
            if (answer.statusCode() == 416 && transfer.received > 0) {
                transfer.restart();
                return false;
            }
            refuse(uri, answer.statusCode());
            if (transfer.received > 0 && !goesOn(answer, transfer.received)) {
                transfer.restart();
            }
            transfer.origin = Optional.of(uri);
            transfer.validator = validator(answer.headers());
            copy(uri, answer.headers(), body, transfer);
        }
        return transfer.total < 0 || transfer.received == transfer.total;
    }

    private static void copy(URI uri, HttpHeaders headers, InputStream body, Transfer transfer)
            throws IOException {
        long length = headers.firstValueAsLong("Content-Length").orElse(-1);
        if (length >= 0 && transfer.total < 0) {
            transfer.total = transfer.received + length;
        }
        byte[] chunk = new byte[1 << 17];
        for (int n = body.read(chunk); n >= 0; n = body.read(chunk)) {
            if (transfer.total >= 0 && transfer.received + n > transfer.total) {
                throw new UnavailableException(
                        uri.getHost() + " sent more for " + uri.getPath() + " than it promised");
            }
            transfer.take(chunk, n);
        }
    }

    private static boolean goesOn(HttpResponse<?> answer, long from) {
        return answer.statusCode() == 206
                && answer.headers()
                        .firstValue("Content-Range")
                        .filter(range -> range.startsWith("bytes " + from + "-"))
                        .isPresent();
    }

    /// Weak tags are no good for ranges.
    private static Optional<String> validator(HttpHeaders headers) {
        return headers.firstValue("ETag")
                .filter(tag -> !tag.startsWith("W/"))
                .or(() -> headers.firstValue("Last-Modified"));
    }

    /// Throws unless the server gives what was asked for. Busy servers are asked again, hence the
    /// two kinds.
    private static void refuse(URI uri, int status) throws IOException {
        if (status == 404 || status == 410) {
            throw new NotFoundException(
                    uri.getHost() + " has no " + uri.getPath() + " (status " + status + ")");
        }
        if (status == PROXY_REFUSES) {
            throw new UnavailableException(
                    "The proxy on the way to "
                            + uri.getHost()
                            + " wants another name and password (status 407)");
        }
        if (status >= 500 || status == 429) {
            throw new IOException("status " + status);
        }
        if (status != 200 && status != 206) {
            throw new UnavailableException(
                    uri.getHost() + " answered status " + status + " for " + uri.getPath());
        }
    }

    private static UnavailableException failure(URI uri, IOException e) {
        String why =
                switch (e) {
                    case IOException _ when isUnresolved(e) -> "the name cannot be resolved";
                    case HttpTimeoutException _ -> "no answer in time";
                    case ConnectException _ -> "cannot connect";
                    case SSLException _ -> "no secure connection: " + e.getMessage();
                    default -> String.valueOf(e.getMessage());
                };
        return new UnavailableException(
                "Failed to download " + uri.getPath() + " from " + uri.getHost() + ": " + why, e);
    }

    /// The JDK's client hides it below others.
    private static boolean isUnresolved(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof UnknownHostException || t instanceof UnresolvedAddressException) {
                return true;
            }
        }
        return false;
    }

    private static UnavailableException interrupted(URI uri, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new UnavailableException("The download from " + uri.getHost() + " was stopped", e);
    }
}
