package io.atoll.lxctools.fetch;

import io.atoll.image.remote.LineIndex;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.StreamsProduct;
import io.atoll.image.remote.StreamsVersion;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/// The images for LXC of the two kinds of list that servers have. Pure.
final class ImageIndex {
    private ImageIndex() {}

    /// LXC's own list.
    ///
    /// @param base the server's address, with a slash at its end
    static List<ServerImage> parseLines(URI base, String text) {
        return LineIndex.parse(text).stream()
                .map(line ->
                        new ServerImage(
                                line.distribution(),
                                line.release(),
                                line.architecture(),
                                line.variant(),
                                line.build(),
                                line.file(base, "meta.tar.xz"),
                                line.file(base, "rootfs.tar.xz"),
                                Optional.empty()))
                .toList();
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
