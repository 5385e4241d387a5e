package io.atoll.image.remote;

import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Reads a list of products of a simplestreams server. Pure. What is in it is checked like anything
/// from a stranger: files lie below the server's address and have a hash, or are left out.
public final class StreamsList {
    /// Products in one list; more is a mistake or an attack.
    static final int PRODUCTS_MAX = 50_000;

    private static final String SHA256 = "[0-9a-f]{64}";

    private StreamsList() {}

    /// @param base the server's address, with a slash at its end
    /// @throws UnavailableException if it cannot be read
    public static List<StreamsProduct> parse(URI base, String text) {
        try {
            return products(base, Json.parse(text));
        } catch (JsonException e) {
            throw new UnavailableException(
                    base.getHost() + " sent a list that cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<StreamsProduct> products(URI base, Json list) {
        List<StreamsProduct> out = new ArrayList<>();
        for (Map.Entry<String, Json> entry : list.get("products").asMap().entrySet()) {
            if (out.size() >= PRODUCTS_MAX) {
                throw new UnavailableException(base.getHost() + " offers too many images");
            }
            out.add(product(base, entry.getKey(), entry.getValue()));
        }
        return out;
    }

    private static StreamsProduct product(URI base, String name, Json product) {
        Map<String, String> fields = new LinkedHashMap<>();
        product.asMap()
                .forEach((key, value) -> {
                    if (value instanceof Json.Str(String text)) {
                        fields.put(key, text);
                    }
                });
        return new StreamsProduct(
                name,
                fields,
                words(product.get("aliases").asString()),
                product.get("requirements").asStringMap(),
                product.get("versions").asMap().entrySet().stream()
                        .sorted(Map.Entry.<String, Json>comparingByKey(Comparator.reverseOrder()))
                        .map(v -> version(base, v.getKey(), v.getValue()))
                        .toList());
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static StreamsVersion version(URI base, String serial, Json version) {
        Map<String, StreamsVersion.Item> items = new LinkedHashMap<>();
        for (Json item : version.get("items").asMap().values()) {
            String kind = item.get("ftype").asString();
            item(base, item).ifPresent(read -> items.putIfAbsent(kind, read));
        }
        return new StreamsVersion(serial, items);
    }

    private static Optional<StreamsVersion.Item> item(URI base, Json item) {
        String hash = item.get("sha256").asString();
        if (!hash.matches(SHA256)) {
            return Optional.empty();
        }
        long size = item.get("size").asLong();
        Map<String, String> combined = new LinkedHashMap<>();
        item.asMap()
                .forEach((key, value) -> {
                    if (key.startsWith("combined_") && value.asString().matches(SHA256)) {
                        combined.put(key, value.asString());
                    }
                });
        return Optional.of(
                new StreamsVersion.Item(
                        new RemoteFile(
                                below(base, item.get("path").asString()),
                                Optional.of(hash),
                                size > 0 ? OptionalLong.of(size) : OptionalLong.empty()),
                        combined));
    }

    /// A file below the server's own address; lists must not send us elsewhere.
    static URI below(URI base, String path) {
        URI uri;
        try {
            uri = base.resolve(HttpFetcher.encode(path)).normalize();
        } catch (IllegalArgumentException e) {
            throw new UnavailableException(outside(base, path), e);
        }
        boolean isBelow =
                !path.isEmpty()
                        && !path.startsWith("/")
                        && uri.toString().startsWith(base.toString())
                        && !uri.getPath().contains("/../");
        if (!isBelow) {
            throw new UnavailableException(outside(base, path));
        }
        return uri;
    }

    private static String outside(URI base, String path) {
        return base.getHost() + " names a file outside of its own: \"" + path + "\"";
    }
}
