package io.atoll.daemon.image;

import io.atoll.api.Wire;
import io.atoll.base.Fingerprint;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// An image of a project, as recorded; its files are shared by all projects that have it.
///
/// @param isSplit metadata and root file system came as two files
/// @param extension of the metadata file's name in exports, `.tar.xz`
/// @param createdAt from the image's metadata; the epoch if unknown
/// @param expiresAt the epoch for never
/// @param lastUsedAt the epoch for never
/// @param profiles for instances that name none
/// @param isCached came along with an instance and goes when it was not used for a while
/// @param source where it can be had anew, if it came from a server
public record Image(
        Fingerprint fingerprint,
        String filename,
        long size,
        String architecture,
        boolean isSplit,
        String extension,
        boolean isPublic,
        boolean isAutoUpdated,
        Instant createdAt,
        Instant expiresAt,
        Instant uploadedAt,
        Instant lastUsedAt,
        Map<String, String> properties,
        List<String> profiles,
        boolean isCached,
        Optional<UpdateSource> source) {
    private static final Duration USE = Duration.ofSeconds(10);

    public static final RecordKind<Image> KIND =
            RecordKind.of("image", Image::encode, Image::decode);

    public Image {
        properties = Wire.sorted(properties);
        profiles = List.copyOf(profiles);
    }

    private static Json encode(Image i) {
        return Json.object()
                .put("fingerprint", i.fingerprint.value())
                .put("filename", i.filename)
                .put("size", i.size)
                .put("architecture", i.architecture)
                .put("split", i.isSplit)
                .put("extension", i.extension)
                .put("public", i.isPublic)
                .put("auto_update", i.isAutoUpdated)
                .put("created_at", i.createdAt.toString())
                .put("expires_at", i.expiresAt.toString())
                .put("uploaded_at", i.uploadedAt.toString())
                .put("last_used_at", i.lastUsedAt.toString())
                .put("properties", Wire.json(i.properties))
                .put("profiles", i.profiles)
                .put("cached", i.isCached)
                .put("source", i.source.map(UpdateSource::encode).orElse(Json.Null.NULL));
    }

    private static Image decode(Json j) {
        return new Image(
                new Fingerprint(j.get("fingerprint").asString()),
                j.get("filename").asString(),
                j.get("size").asLong(),
                j.get("architecture").asString(),
                j.get("split").asBoolean(),
                j.get("extension").asString(),
                j.get("public").asBoolean(),
                j.get("auto_update").asBoolean(),
                Instant.parse(j.get("created_at").asString()),
                Instant.parse(j.get("expires_at").asString()),
                Instant.parse(j.get("uploaded_at").asString()),
                Instant.parse(j.get("last_used_at").asString()),
                Wire.config(j.get("properties")),
                j.get("profiles").asStrings(),
                j.get("cached").asBoolean(),
                UpdateSource.decode(j.get("source")));
    }

    /// The same image with what a user may change.
    Image edited(
            boolean nowPublic,
            boolean nowAutoUpdated,
            Instant nowExpires,
            Map<String, String> nowProperties,
            List<String> nowProfiles) {
        return new Image(
                fingerprint,
                filename,
                size,
                architecture,
                isSplit,
                extension,
                nowPublic,
                nowAutoUpdated,
                createdAt,
                nowExpires,
                uploadedAt,
                lastUsedAt,
                nowProperties,
                nowProfiles,
                isCached,
                source);
    }

    /// The same image, with another name of a profile.
    public Image withProfileNamed(String old, String fresh) {
        return edited(
                isPublic,
                isAutoUpdated,
                expiresAt,
                properties,
                profiles.stream().map(p -> p.equals(old) ? fresh : p).toList());
    }

    /// Whether its record says that it is being used now, give or take some seconds: what it is for
    /// are days.
    boolean isUsed(Instant now) {
        return Duration.between(lastUsedAt, now).abs().compareTo(USE) < 0;
    }

    /// The same image, used just now.
    Image used(Instant when) {
        return new Image(
                fingerprint,
                filename,
                size,
                architecture,
                isSplit,
                extension,
                isPublic,
                isAutoUpdated,
                createdAt,
                expiresAt,
                uploadedAt,
                when,
                properties,
                profiles,
                isCached,
                source);
    }

    /// The same image, asked for by itself: it stays.
    Image kept() {
        return new Image(
                fingerprint,
                filename,
                size,
                architecture,
                isSplit,
                extension,
                isPublic,
                isAutoUpdated,
                createdAt,
                expiresAt,
                uploadedAt,
                lastUsedAt,
                properties,
                profiles,
                false,
                source);
    }
}
