package io.atoll.image.oci;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.remote.HttpProxies;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A registry that speaks the OCI distribution protocol, read without an account: `/v2/` with
/// manifests and blobs, and the tokens that public registries give to everybody. Blocks; may be
/// used by several threads.
public final class OciRegistry {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration TELL_EVERY = Duration.ofMillis(300);
    private static final int DOCUMENT_MAX = 4 << 20;
    private static final int REDIRECTS_MAX = 5;
    private static final int LAYERS_MAX = 256;
    private static final long BLOB_MAX = 64L << 30;

    private static final String ACCEPT =
            "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json,"
                    + " application/vnd.docker.distribution.manifest.list.v2+json,"
                    + " application/vnd.docker.distribution.manifest.v2+json";
    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=\"([^\"]*)\"");

    private final HttpClient http;
    private final HttpProxies proxies;
    private final URI base;
    private final String agent;
    private volatile String token = "";

    /// @param address `https://HOST[:PORT]`, or `http://` for a registry on this host
    /// @param proxies which of them a request goes through
    public OciRegistry(String address, String agent, HttpProxies proxies) {
        this.http =
                HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(PATIENCE)
                        .proxy(proxies)
                        .build();
        this.proxies = proxies;
        this.base = URI.create(address.replaceAll("/+$", ""));
        this.agent = agent;
        boolean isPlain = "http".equals(base.getScheme());
        if (base.getHost() == null || !isPlain && !"https".equals(base.getScheme())) {
            throw new InvalidConfigException("\"" + address + "\" is no address of a registry");
        }
        if (isPlain && !isLoopback(base.getHost())) {
            throw new InvalidConfigException(
                    "The registry \"" + address + "\" is read over https only");
        }
    }

    /// The address of a registry by the name that images have in front, `ghcr.io`.
    public static String addressOf(String host) {
        String name = host.replaceAll(":\\d+$", "");
        if (name.equals("docker.io")) {
            return "https://registry-1.docker.io";
        }
        return (isLoopback(name) ? "http://" : "https://") + host;
    }

    private static boolean isLoopback(String host) {
        boolean isNumber = host.matches("127\\.[0-9.]+|\\[::1]");
        try {
            return host.equals("localhost")
                    || isNumber && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException _) {
            return false;
        }
    }

    /// What a registry says of an image for one architecture.
    ///
    /// @param digest of the manifest, 64 digits
    /// @param config what to run, and where it comes from
    /// @param layers the lowest first
    /// @param created seconds since 1970; not 0
    public record Found(OciName name, String digest, Json config, List<Blob> layers, long created) {
        /// The bytes of all layers, as they are sent.
        public long size() {
            return layers.stream().mapToLong(Blob::size).sum();
        }
    }

    /// @param digest with its algorithm
    public record Blob(String digest, long size) {
        static Blob of(Json descriptor) {
            Blob blob =
                    new Blob(descriptor.get("digest").asString(), descriptor.get("size").asLong());
            if (!OciName.DIGEST.matcher(blob.digest).matches()) {
                throw new UnsupportedException("The digest \"" + blob.digest + "\" is not sha256");
            }
            if (blob.size < 0 || blob.size > BLOB_MAX) {
                throw new InvalidConfigException("A layer of " + blob.size + " bytes");
            }
            return blob;
        }
    }

    /// @throws NotFoundException if there is no such image, or none for this architecture
    /// @throws UnavailableException naming the host, if the registry does not answer or refuses
    public Found find(OciName name, Architecture architecture) {
        try {
            byte[] manifest = manifest(name, name.reference());
            Json parsed = parse(manifest);
            if (!parsed.get("manifests").asList().isEmpty()) {
                manifest = manifest(name, choose(name, parsed, architecture));
                parsed = parse(manifest);
            }
            return found(name, digestOf(manifest), parsed, architecture);
        } catch (JsonException e) {
            throw unavailable("sends what is no manifest", e);
        }
    }

    /// @param reference a tag or a digest, which is checked
    private byte[] manifest(OciName name, String reference) {
        byte[] bytes = document(name, "manifests/" + reference, ACCEPT);
        boolean isDigest = reference.startsWith("sha256:");
        if (isDigest && !reference.equals("sha256:" + digestOf(bytes))) {
            throw unavailable("sends another manifest than that of its digest", null);
        }
        return bytes;
    }

    private Found found(OciName name, String digest, Json manifest, Architecture architecture) {
        Blob configuration = Blob.of(manifest.get("config"));
        byte[] text = document(name, "blobs/" + configuration.digest(), "*/*");
        if (!configuration.digest().equals("sha256:" + digestOf(text))) {
            throw unavailable("sends another configuration than that of its digest", null);
        }
        Json config = parse(text);
        String machine = config.get("architecture").asString();
        if (!config.get("os").asString().equals("linux") || !machine.equals(goName(architecture))) {
            throw new NotFoundException(
                    "The image is for " + config.get("os").asString() + "/" + machine + " only");
        }
        List<Blob> layers = manifest.get("layers").asList().stream().map(Blob::of).toList();
        if (layers.size() > LAYERS_MAX) {
            throw new InvalidConfigException("The image has more than " + LAYERS_MAX + " layers");
        }
        return new Found(name, digest, config, layers, created(config));
    }

    private static long created(Json config) {
        try {
            long seconds =
                    java.time.OffsetDateTime.parse(config.get("created").asString())
                            .toEpochSecond();
            return Math.max(1, seconds);
        } catch (java.time.DateTimeException _) {
            return 1;
        }
    }

    private static String goName(Architecture architecture) {
        return switch (architecture.kernelName()) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            case "i686" -> "386";
            case "ppc64le", "riscv64", "s390x" -> architecture.kernelName();
            default -> "arm";
        };
    }

    private String choose(OciName name, Json index, Architecture architecture) {
        for (Json item : index.get("manifests").asList()) {
            Json platform = item.get("platform");
            if (platform.get("os").asString().equals("linux")
                    && platform.get("architecture").asString().equals(goName(architecture))) {
                return Blob.of(item).digest();
            }
        }
        throw new NotFoundException(
                "The image \"" + name.repository() + "\" is not for " + goName(architecture));
    }

    private static Json parse(byte[] text) {
        return Json.parse(new String(text, StandardCharsets.UTF_8));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has it", e);
        }
    }

    private static String digestOf(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private byte[] document(OciName name, String path, String accept) {
        try (InputStream in = open(name, path, accept)) {
            byte[] bytes = in.readNBytes(DOCUMENT_MAX + 1);
            if (bytes.length > DOCUMENT_MAX) {
                throw unavailable("sends a manifest of more than 4 MiB", null);
            }
            return bytes;
        } catch (IOException e) {
            throw unavailable("broke off: " + e.getMessage(), e);
        }
    }

    /// Brings a layer to a file, checked while it comes.
    ///
    /// @param done bytes that came before, of `total`
    public void fetch(
            OciName name, Blob blob, Path target, long done, long total, TransferProgress progress)
            throws IOException {
        MessageDigest digest = sha256();
        long begun = System.nanoTime();
        long told = begun;
        long bytes = 0;
        try (InputStream in =
                        new DigestInputStream(open(name, "blobs/" + blob.digest(), "*/*"), digest);
                OutputStream out = Files.newOutputStream(target)) {
            byte[] chunk = new byte[1 << 16];
            for (int count = in.read(chunk); count > 0; count = in.read(chunk)) {
                bytes += count;
                if (bytes > blob.size()) {
                    throw unavailable("sends more than it said", null);
                }
                out.write(chunk, 0, count);
                long now = System.nanoTime();
                if (now - told > TELL_EVERY.toNanos()) {
                    told = now;
                    long millis = Math.max(1, (now - begun) / 1_000_000);
                    progress.at(done + bytes, total, bytes * 1000 / millis);
                }
            }
        }
        if (!blob.digest().equals("sha256:" + HexFormat.of().formatHex(digest.digest()))) {
            throw unavailable("sends another layer than that of its digest", null);
        }
    }

    private InputStream open(OciName name, String path, String accept) {
        URI uri = URI.create(base + "/v2/" + name.repository() + "/" + path);
        boolean hasAsked = false;
        for (int i = 0; i <= REDIRECTS_MAX; i++) {
            HttpResponse<InputStream> response = send(uri, accept);
            int status = response.statusCode();
            if (status == 200) {
                return response.body();
            }
            close(response);
            if (status == 401 && !hasAsked) {
                hasAsked = true;
                token = askForToken(response, name);
            } else if (status / 100 == 3) {
                uri = redirected(uri, response);
            } else if (status == 404) {
                throw new NotFoundException(
                        "The registry at "
                                + base.getHost()
                                + " has no image \""
                                + name.repository()
                                + ":"
                                + name.reference()
                                + "\"");
            } else {
                throw unavailable("answers with status " + status, null);
            }
        }
        throw unavailable("redirects without end", null);
    }

    private static void close(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException _) {
            // It is not read.
        }
    }

    private URI redirected(URI from, HttpResponse<?> response) {
        URI to;
        try {
            to = from.resolve(response.headers().firstValue("location").orElse(""));
        } catch (IllegalArgumentException e) {
            throw unavailable("leads to a place that is none", e);
        }
        boolean isSafe = "https".equals(to.getScheme()) || isLoopback(String.valueOf(to.getHost()));
        if (!isSafe) {
            throw unavailable("leads to a place without https", null);
        }
        return to;
    }

    /// The token goes to the registry alone, never where it leads.
    private HttpResponse<InputStream> send(URI uri, String accept) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(PATIENCE)
                        .header("User-Agent", agent)
                        .header("Accept", accept);
        proxies.authorization(uri).ifPresent(value -> request.header("Proxy-Authorization", value));
        boolean isOwn = base.getHost().equals(uri.getHost()) && base.getPort() == uri.getPort();
        if (isOwn && !token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException e) {
            throw unavailable("does not answer: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unavailable("was not waited for", e);
        }
    }

    private String askForToken(HttpResponse<?> response, OciName name) {
        String challenge = response.headers().firstValue("www-authenticate").orElse("");
        if (!challenge.regionMatches(true, 0, "Bearer ", 0, 7)) {
            throw unavailable("wants an account", null);
        }
        String realm = "";
        String service = "";
        Matcher parameters = PARAMETER.matcher(challenge);
        while (parameters.find()) {
            if (parameters.group(1).equals("realm")) {
                realm = parameters.group(2);
            } else if (parameters.group(1).equals("service")) {
                service = parameters.group(2);
            }
        }
        URI uri = tokenUri(realm, service, name);
        HttpResponse<InputStream> answer = send(uri, "application/json");
        try (InputStream in = answer.body()) {
            if (answer.statusCode() != 200) {
                throw unavailable("gives no token: status " + answer.statusCode(), null);
            }
            Json body = parse(in.readNBytes(DOCUMENT_MAX));
            String given = body.get("token").asString();
            return given.isEmpty() ? body.get("access_token").asString() : given;
        } catch (IOException | JsonException e) {
            throw unavailable("gives no token", e);
        }
    }

    private URI tokenUri(String realm, String service, OciName name) {
        try {
            URI uri =
                    URI.create(
                            realm
                                    + "?service="
                                    + URLEncoder.encode(service, StandardCharsets.UTF_8)
                                    + "&scope=repository:"
                                    + name.repository()
                                    + ":pull");
            if ("https".equals(uri.getScheme()) || isLoopback(String.valueOf(uri.getHost()))) {
                return uri;
            }
        } catch (IllegalArgumentException _) {
            // said below
        }
        throw unavailable("sends elsewhere for a token: " + realm, null);
    }

    private UnavailableException unavailable(String what, @Nullable Throwable cause) {
        String message = "The registry at " + base.getHost() + " " + what;
        return cause == null
                ? new UnavailableException(message)
                : new UnavailableException(message, cause);
    }
}
