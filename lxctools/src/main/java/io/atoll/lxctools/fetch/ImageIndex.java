package io.atoll.lxctools.fetch;

import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads the two kinds of index that servers of LXC images have. Pure.
final class ImageIndex {
    /// Images of one index; more is a mistake or an attack.
    private static final int IMAGES_MAX = 50_000;

    private ImageIndex() {}

    /// LXC's own: lines `dist;release;arch;variant;build;path`.
    static List<ServerImage> parseLines(String text) {
        List<ServerImage> images = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] parts = line.strip().split(";");
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (parts.length != 6) {
                throw new UnavailableException(
                        "the server's index has a line that is none: " + line);
            }
            String path = clean(parts[5]);
            add(
                    images,
                    new ServerImage(
                            parts[0],
                            parts[1],
                            parts[2],
                            parts[3],
                            parts[4],
                            new ServerImage.Part(path + "meta.tar.xz", Optional.empty()),
                            new ServerImage.Part(path + "rootfs.tar.xz", Optional.empty()),
                            Optional.empty()));
        }
        return images;
    }

    private static String clean(String path) {
        String relative = path.startsWith("/") ? path.substring(1) : path;
        checked(relative);
        return relative.endsWith("/") ? relative : relative + "/";
    }

    /// A path of an index stays below the server's address.
    private static String checked(String path) {
        if (path.contains("..") || path.contains("://") || path.startsWith("/")) {
            throw new UnavailableException("the server's index leads elsewhere: " + path);
        }
        return path;
    }

    private static void add(List<ServerImage> images, ServerImage image) {
        images.add(image);
        if (images.size() > IMAGES_MAX) {
            throw new UnavailableException("the server's index has too many images");
        }
    }

    /// Simplestreams: `streams/v1/images.json`, products with versions with items. Of each product
    /// the newest version that is whole.
    static List<ServerImage> parseStreams(String text) {
        List<ServerImage> images = new ArrayList<>();
        try {
            Json products = Json.parse(text).get("products");
            for (Map.Entry<String, Json> product : members(products).entrySet()) {
                newest(product.getKey(), product.getValue()).ifPresent(image -> add(images, image));
            }
        } catch (JsonException e) {
            throw new UnavailableException("the server's index is damaged: " + e.getMessage(), e);
        }
        return images;
    }

    private static Map<String, Json> members(Json json) {
        return json instanceof Json.Obj object ? object.members() : Map.of();
    }

    private static Optional<ServerImage> newest(String name, Json product) {
        return members(product.get("versions")).entrySet().stream()
                .sorted(Map.Entry.<String, Json>comparingByKey(Comparator.reverseOrder()))
                .flatMap(version ->
                        image(name, product, version.getKey(), version.getValue()).stream())
                .findFirst();
    }

    private static Optional<ServerImage> image(
            String name, Json product, String build, Json version) {
        String[] parts = name.split(":");
        Json items = version.get("items");
        Optional<ServerImage.Part> metadata = Optional.empty();
        Optional<ServerImage.Part> rootfs = Optional.empty();
        Optional<ServerImage.Part> squashfs = Optional.empty();
        for (Map.Entry<String, Json> entry : members(items).entrySet()) {
            Json item = entry.getValue();
            ServerImage.Part part =
                    new ServerImage.Part(
                            checked(item.get("path").asString()),
                            Optional.of(item.get("sha256").asString()));
            switch (item.get("ftype").asString()) {
                case "lxc.tar.xz" -> metadata = Optional.of(part);
                case "root.tar.xz" -> rootfs = Optional.of(part);
                case "squashfs" -> squashfs = Optional.of(part);
                default -> {
                    // For virtual machines, other managers and so on.
                }
            }
        }
        Optional<ServerImage.Part> tree = rootfs.isPresent() ? rootfs : squashfs;
        if (metadata.isEmpty() || tree.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new ServerImage(
                        text(product, "os", part(parts, 0)),
                        text(product, "release", part(parts, 1)),
                        text(product, "arch", part(parts, 2)),
                        text(product, "variant", part(parts, 3)),
                        build,
                        metadata.get(),
                        tree.get(),
                        squashfs));
    }

    private static String part(String[] parts, int index) {
        return index < parts.length ? parts[index] : "default";
    }

    private static String text(Json product, String field, String fallback) {
        String value = product.get(field).asString();
        return value.isEmpty() ? fallback : value;
    }
}
