package io.atoll.image.remote;

import io.atoll.base.Fingerprint;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// An image as a server offers it.
///
/// @param aliases the first is its own name; never with an architecture appended
/// @param architecture the kernel's name, `x86_64`
/// @param expiresAt empty for never
/// @param size of all its files, as far as that is known
/// @param files metadata and root file system, or one file of both; none for images that come as
///   one stream of parts
public record RemoteImage(
        Fingerprint fingerprint,
        List<String> aliases,
        String architecture,
        Map<String, String> properties,
        Optional<Instant> expiresAt,
        long size,
        List<RemoteFile> files) {
    public RemoteImage {
        aliases = List.copyOf(aliases);
        properties = Map.copyOf(properties);
        files = List.copyOf(files);
    }

    /// The bytes of these files, as far as they are known.
    static long sizeOf(List<RemoteFile> files) {
        return files.stream().mapToLong(f -> f.size().orElse(0)).sum();
    }
}
