package io.atoll.image.remote;

import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// An image published by any web server: an address answers with headers `LXD-Image-URL` and
/// `LXD-Image-Hash`, which say where the archive is and what its fingerprint is.
public final class UrlImage {
    private UrlImage() {}

    /// Asks the address. Blocks.
    ///
    /// @param architectures that can be run here, the best first
    /// @param version of the API that is spoken here
    /// @throws UnavailableException if the server publishes no image there
    public static RemoteImage find(
            HttpFetcher http, URI address, List<String> architectures, String version) {
        HttpHeaders headers =
                http.head(
                        address,
                        Map.of(
                                "LXD-Server-Architectures",
                                String.join(", ", architectures),
                                "LXD-Server-Version",
                                version));
        String hash = header(headers, "LXD-Image-Hash");
        String url = header(headers, "LXD-Image-URL");
        try {
            URI file = HttpFetcher.uri(address.resolve(url).toString());
            return new RemoteImage(
                    new Fingerprint(hash),
                    List.of(),
                    "",
                    Map.of(),
                    Optional.empty(),
                    0,
                    List.of(new RemoteFile(file, Optional.of(hash), OptionalLong.empty())));
        } catch (InvalidConfigException | IllegalArgumentException e) {
            throw new UnavailableException(
                    address.getHost()
                            + " publishes an image that cannot be used: "
                            + e.getMessage(),
                    e);
        }
    }

    private static String header(HttpHeaders headers, String name) {
        return headers.firstValue(name)
                .filter(value -> !value.isEmpty())
                .orElseThrow(() -> new UnavailableException("Missing " + name + " header"));
    }
}
