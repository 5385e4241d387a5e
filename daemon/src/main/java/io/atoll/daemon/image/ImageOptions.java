package io.atoll.daemon.image;

import io.atoll.api.Wire;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What whoever brings an image says about it.
///
/// @param properties on top of those in the image's own metadata
/// @param profiles for instances that name none; `default` if absent
/// @param expiresAt the image's own date if absent
/// @param aliases name to description
public record ImageOptions(
        String filename,
        boolean isPublic,
        boolean isAutoUpdated,
        Map<String, String> properties,
        Optional<List<String>> profiles,
        Optional<Instant> expiresAt,
        Map<String, String> aliases) {
    public ImageOptions {
        properties = Wire.sorted(properties);
        aliases = Wire.sorted(aliases);
    }
}
