package io.atoll.daemon.image;

import io.atoll.api.Wire;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What whoever brings an image says about it.
///
/// @param properties on top of those in the image's own metadata
/// @param profiles for instances that name none; `default` if absent
/// @param expiresAt the image's own date if absent
/// @param aliases name to description
/// @param isCached came along with an instance
/// @param source where it can be had anew
public record ImageOptions(
        String filename,
        boolean isPublic,
        boolean isAutoUpdated,
        Map<String, String> properties,
        Optional<List<String>> profiles,
        Optional<Instant> expiresAt,
        Map<String, String> aliases,
        boolean isCached,
        Optional<UpdateSource> source) {
    public ImageOptions {
        properties = Wire.sorted(properties);
        aliases = Wire.sorted(aliases);
    }

    /// For an image that no server has.
    public ImageOptions(
            String filename,
            boolean isPublic,
            boolean isAutoUpdated,
            Map<String, String> properties,
            Optional<List<String>> profiles,
            Optional<Instant> expiresAt,
            Map<String, String> aliases) {
        this(
                filename,
                isPublic,
                isAutoUpdated,
                properties,
                profiles,
                expiresAt,
                aliases,
                false,
                Optional.empty());
    }

    /// The same, with what the server says beneath, and without aliases.
    ImageOptions over(
            Map<String, String> served, Optional<Instant> servedExpiry, UpdateSource from) {
        Map<String, String> merged = new TreeMap<>(served);
        merged.putAll(properties);
        return new ImageOptions(
                filename,
                isPublic,
                isAutoUpdated,
                merged,
                profiles,
                expiresAt.or(() -> servedExpiry),
                Map.of(),
                isCached,
                Optional.of(from));
    }

    /// What was announced of an image, with what only its files' sender knows.
    ImageOptions from(ImageOptions sender) {
        return new ImageOptions(
                sender.filename,
                isPublic,
                isAutoUpdated,
                properties,
                sender.profiles,
                expiresAt,
                aliases);
    }

    /// For an image that comes along with an instance.
    static ImageOptions cached(boolean isAutoUpdated) {
        return new ImageOptions(
                "",
                false,
                isAutoUpdated,
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                true,
                Optional.empty());
    }
}
