package io.atoll.image.remote;

import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Finds the images that can be used here among what a simplestreams server offers. Pure.
public final class StreamsImages {
    private static final String[] METADATA = {"lxd.tar.xz", "incus.tar.xz"};
    private static final String[] UNIFIED = {"lxd_combined.tar.gz", "incus_combined.tar.gz"};

    private StreamsImages() {}

    /// Container images, the newest of each product first; only that one has the product's aliases.
    public static List<RemoteImage> of(List<StreamsProduct> products) {
        List<RemoteImage> out = new ArrayList<>();
        for (StreamsProduct product : products) {
            Optional<Architecture> architecture = Architecture.find(product.field("arch", 2));
            if (architecture.isEmpty()) {
                continue;
            }
            boolean isNewest = true;
            for (StreamsVersion version : product.versions()) {
                Optional<Files> files = files(version);
                if (files.isPresent()) {
                    out.add(image(product, version, architecture.get(), files.get(), isNewest));
                    isNewest = false;
                }
            }
        }
        return out;
    }

    /// The files of a build that we can use.
    private record Files(String fingerprint, String type, List<RemoteFile> files) {}

    /// Squashfs before archives: it is mounted as it is.
    private static Optional<Files> files(StreamsVersion version) {
        Optional<StreamsVersion.Item> metadata = version.item(METADATA);
        if (metadata.isPresent()) {
            Map<String, String> combined = metadata.get().combined();
            Optional<StreamsVersion.Item> squashfs = version.item("squashfs");
            String hash = combined.getOrDefault("combined_squashfs_sha256", "");
            if (squashfs.isPresent() && !hash.isEmpty()) {
                return Optional.of(pair(hash, "squashfs", metadata.get(), squashfs.get()));
            }
            Optional<StreamsVersion.Item> root = version.item("root.tar.xz");
            String rootHash =
                    combined.getOrDefault(
                            "combined_rootxz_sha256", combined.getOrDefault("combined_sha256", ""));
            if (root.isPresent() && !rootHash.isEmpty()) {
                return Optional.of(pair(rootHash, "root.tar.xz", metadata.get(), root.get()));
            }
        }
        return version.item(UNIFIED)
                .map(StreamsVersion.Item::file)
                .map(f -> new Files(f.sha256().orElseThrow(), UNIFIED[0], List.of(f)));
    }

    private static Files pair(
            String hash, String type, StreamsVersion.Item metadata, StreamsVersion.Item root) {
        return new Files(hash, type, List.of(metadata.file(), root.file()));
    }

    private static RemoteImage image(
            StreamsProduct product,
            StreamsVersion version,
            Architecture architecture,
            Files files,
            boolean isNewest) {
        return new RemoteImage(
                new Fingerprint(files.fingerprint()),
                isNewest ? product.aliases() : List.of(),
                architecture.kernelName(),
                properties(product, version.serial(), architecture, files.type()),
                expiry(product.field("support_eol")),
                RemoteImage.sizeOf(files.files()),
                files.files());
    }

    private static Optional<Instant> expiry(String day) {
        try {
            return day.isEmpty()
                    ? Optional.empty()
                    : Optional.of(LocalDate.parse(day).atStartOfDay(ZoneOffset.UTC).toInstant());
        } catch (DateTimeException _) {
            // Only told to users; no reason to do without the image.
            return Optional.empty();
        }
    }

    private static Map<String, String> properties(
            StreamsProduct product, String serial, Architecture architecture, String type) {
        Map<String, String> out = new TreeMap<>();
        String os = product.field("os", 0);
        String release = product.field("release", 1);
        String title = product.field("release_title");
        out.put("os", os);
        out.put("release", release);
        out.put("architecture", product.field("arch", 2));
        out.put("serial", serial);
        out.put("type", type);
        out.put("label", product.field("label"));
        out.put("variant", product.field("variant"));
        out.put("version", product.field("version"));
        out.put(
                "description",
                String.join(
                        " ",
                        capital(os),
                        title.isEmpty() ? release : title,
                        architecture.debianName(),
                        "(" + serial + ")"));
        product.requirements().forEach((key, value) -> out.put("requirements." + key, value));
        out.values().removeIf(String::isEmpty);
        return out;
    }

    private static String capital(String word) {
        return word.isEmpty()
                ? word
                : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }

    /// Finds an image by alias, with or without `/ARCHITECTURE` at its end, or by the beginning of
    /// its fingerprint.
    ///
    /// @param host for aliases without an architecture
    /// @throws NotFoundException if there is none
    public static RemoteImage find(List<RemoteImage> images, String name, Architecture host) {
        Optional<RemoteImage> found = byAlias(images, name, host);
        int slash = name.lastIndexOf('/');
        if (found.isEmpty() && slash > 0) {
            Optional<Architecture> named = Architecture.find(name.substring(slash + 1));
            if (named.isPresent()) {
                found = byAlias(images, name.substring(0, slash), named.get());
            }
        }
        if (found.isEmpty() && name.matches("[0-9a-f]{8,64}")) {
            found =
                    images.stream()
                            .filter(i -> i.fingerprint().value().startsWith(name))
                            .findFirst();
        }
        return found.orElseThrow(
                () -> new NotFoundException("The requested image couldn't be found"));
    }

    private static Optional<RemoteImage> byAlias(
            List<RemoteImage> images, String alias, Architecture architecture) {
        return images.stream()
                .filter(i ->
                        i.architecture().equals(architecture.kernelName())
                                && i.aliases().contains(alias))
                .findFirst();
    }
}
