package io.atoll.lxctools.fetch;

import io.atoll.base.UnavailableException;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.StreamsProduct;
import io.atoll.image.remote.StreamsVersion;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The images for LXC of the two kinds of list that servers have. Pure.
final class ImageIndex {
    /// Images of one list; more is a mistake or an attack.
    private static final int IMAGES_MAX = 50_000;

    private static final int WORDS = 6;

    private ImageIndex() {}

    /// LXC's own: lines `dist;release;arch;variant;build;path`, without sums.
    ///
    /// @param base the server's address, with a slash at its end
    static List<ServerImage> parseLines(URI base, String text) {
        List<ServerImage> images = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] words = line.strip().split(";");
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (words.length != WORDS) {
                throw new UnavailableException(
                        "the server's index has a line that is none: " + line);
            }
            images.add(
                    new ServerImage(
                            words[0],
                            words[1],
                            words[2],
                            words[3],
                            words[4],
                            below(base, words[5], "meta.tar.xz"),
                            below(base, words[5], "rootfs.tar.xz"),
                            Optional.empty()));
            if (images.size() > IMAGES_MAX) {
                throw new UnavailableException("the server's index has too many images");
            }
        }
        return images;
    }

    /// A path of an index stays below the server's address.
    private static RemoteFile below(URI base, String directory, String name) {
        String relative = directory.startsWith("/") ? directory.substring(1) : directory;
        String path = relative.endsWith("/") ? relative + name : relative + "/" + name;
        boolean isBelow =
                !path.startsWith("/")
                        && !path.contains("..")
                        && path.matches("[A-Za-z0-9._:/+~-]+");
        if (!isBelow || path.contains("://")) {
            throw new UnavailableException("the server's index leads elsewhere: " + directory);
        }
        return new RemoteFile(URI.create(base + path), Optional.empty(), OptionalLong.empty());
    }

    /// Of each product the newest build that is whole.
    static List<ServerImage> ofStreams(List<StreamsProduct> products) {
        return products.stream()
                .flatMap(product ->
                        product.versions().stream()
                                .flatMap(version -> image(product, version).stream())
                                .limit(1))
                .toList();
    }

    private static Optional<ServerImage> image(StreamsProduct product, StreamsVersion version) {
        Optional<RemoteFile> metadata = version.item("lxc.tar.xz").map(StreamsVersion.Item::file);
        Optional<RemoteFile> squashfs = version.item("squashfs").map(StreamsVersion.Item::file);
        Optional<RemoteFile> tree =
                version.item("root.tar.xz").map(StreamsVersion.Item::file).or(() -> squashfs);
        if (metadata.isEmpty() || tree.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new ServerImage(
                        product.field("os", 0),
                        product.field("release", 1),
                        product.field("arch", 2),
                        product.field("variant", 3),
                        version.serial(),
                        metadata.get(),
                        tree.get(),
                        squashfs));
    }
}
