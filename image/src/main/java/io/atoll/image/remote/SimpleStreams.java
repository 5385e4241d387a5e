package io.atoll.image.remote;

import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// A server of images as static files: `streams/v1/index.json` names lists of products, these name
/// the files. Blocks.
public final class SimpleStreams {
    /// The largest list that is read.
    static final int LIST_BYTES_MAX = 64 << 20;

    /// How many lists an index may name.
    private static final int LISTS_MAX = 64;

    private static final int SIGNATURE_BYTES_MAX = 1 << 20;
    private static final String INDEX = "streams/v1/index.json";

    private final HttpFetcher http;
    private final Optional<Signatures> signatures;
    private final List<URI> mirrors;

    /// @param addresses the server's URL; several separated by commas are mirrors, tried in turn
    /// @param signatures if present, an index that is not signed by one of these keys is refused
    public SimpleStreams(HttpFetcher http, String addresses, Optional<Signatures> signatures) {
        this.http = http;
        this.signatures = signatures;
        this.mirrors =
                Arrays.stream(addresses.split(","))
                        .map(String::strip)
                        .map(a -> HttpFetcher.uri(a.endsWith("/") ? a : a + "/"))
                        .toList();
    }

    /// All container images that the server offers.
    ///
    /// @throws UnavailableException naming the host, if no mirror answers
    public List<RemoteImage> list() {
        return StreamsImages.of(products());
    }

    /// All products that the server offers builds of.
    ///
    /// @throws UnavailableException naming the host, if no mirror answers
    public List<StreamsProduct> products() {
        UnavailableException failure = null;
        for (URI mirror : mirrors) {
            try {
                return products(mirror);
            } catch (NotFoundException e) {
                failure = new UnavailableException(e.getMessage(), e);
            } catch (UnavailableException e) {
                failure = e;
            }
        }
        throw failure == null ? new UnavailableException("No server is named") : failure;
    }

    private List<StreamsProduct> products(URI base) {
        List<URI> lists = new ArrayList<>();
        try {
            for (Json entry : Json.parse(read(base.resolve(INDEX))).get("index").asMap().values()) {
                boolean isImages = entry.get("datatype").asString().equals("image-downloads");
                if (isImages && !entry.get("products").asList().isEmpty()) {
                    lists.add(StreamsList.below(base, entry.get("path").asString()));
                }
            }
        } catch (JsonException e) {
            throw new UnavailableException(
                    base.getHost() + " sent an index that cannot be read: " + e.getMessage(), e);
        }
        if (lists.size() > LISTS_MAX) {
            throw new UnavailableException(base.getHost() + " names too many lists of images");
        }
        return together(
                lists.stream()
                        .<Callable<List<StreamsProduct>>>map(
                                uri -> () -> StreamsList.parse(base, read(uri)))
                        .toList());
    }

    /// Reads lists at the same time and puts them together in order.
    private static List<StreamsProduct> together(List<Callable<List<StreamsProduct>>> tasks) {
        List<StreamsProduct> out = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<List<StreamsProduct>> list : threads.invokeAll(tasks)) {
                out.addAll(list.get());
            }
            return out;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("lists are read without checked exceptions", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("Reading the server's lists was stopped", e);
        }
    }

    private String read(URI uri) {
        if (signatures.isEmpty()) {
            return text(http.read(uri, LIST_BYTES_MAX));
        }
        Signatures keys = signatures.get();
        String what = uri.getHost() + uri.getPath();
        String enclosing = uri.toString().replaceFirst("\\.json$", ".sjson");
        Optional<byte[]> enclosed =
                enclosing.equals(uri.toString())
                        ? Optional.empty()
                        : http.find(URI.create(enclosing), LIST_BYTES_MAX);
        if (enclosed.isPresent()) {
            return text(keys.open(what, enclosed.get()));
        }
        byte[] content = http.read(uri, LIST_BYTES_MAX);
        for (String extension : List.of(".gpg", ".asc")) {
            Optional<byte[]> signature =
                    http.find(URI.create(uri + extension), SIGNATURE_BYTES_MAX);
            if (signature.isPresent()) {
                keys.check(what, content, signature.get());
                return text(content);
            }
        }
        throw new UnavailableException(
                what + " is not signed, but a key is set for images of this server");
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// Where else a file of this server can be had, in the order to try; itself first.
    public List<URI> alternatives(URI file) {
        for (URI mirror : mirrors) {
            if (file.toString().startsWith(mirror.toString())) {
                String path = file.toString().substring(mirror.toString().length());
                List<URI> out = new ArrayList<>(List.of(file));
                mirrors.stream()
                        .filter(m -> !m.equals(mirror))
                        .forEach(m -> out.add(m.resolve(path)));
                return out;
            }
        }
        return List.of(file);
    }
}
