package io.atoll.image.remote;

import java.util.Map;
import java.util.Optional;

/// One build of a product.
///
/// @param serial when it was made; later ones sort after earlier ones
/// @param items by kind (`ftype`): `lxd.tar.xz`, `squashfs`, ...
public record StreamsVersion(String serial, Map<String, Item> items) {
    public StreamsVersion {
        items = Map.copyOf(items);
    }

    /// A file of a build.
    ///
    /// @param combined fingerprints of the images that this metadata file makes together with
    ///   others, by the index's names: `combined_squashfs_sha256`
    public record Item(RemoteFile file, Map<String, String> combined) {
        public Item {
            combined = Map.copyOf(combined);
        }
    }

    /// The file of the first of these kinds that is there.
    public Optional<Item> item(String... kinds) {
        for (String kind : kinds) {
            Item item = items.get(kind);
            if (item != null) {
                return Optional.of(item);
            }
        }
        return Optional.empty();
    }
}
