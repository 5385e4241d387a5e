package io.atoll.daemon.image;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import java.util.Optional;

/// How a request names an image of another server.
///
/// @param protocol `simplestreams`, `lxd`, `oci`, or `url` for an address of its own
/// @param name alias or fingerprint
/// @param certificate the server's, if it is not known to the host's authorities; PEM or empty
/// @param secret for images that are not public; empty for none
/// @param project on that server; empty for its default
public record RemoteSource(
        String server,
        String protocol,
        String name,
        String certificate,
        String secret,
        String project) {
    /// @throws InvalidConfigException in LXD's words
    public RemoteSource {
        if (!protocol.equals("simplestreams")
                && !protocol.equals("lxd")
                && !protocol.equals("oci")
                && !protocol.equals("url")) {
            throw new UnsupportedException(
                    "Images of servers that speak \"" + protocol + "\" are not supported");
        }
        if (name.isEmpty() && !protocol.equals("url")) {
            throw new InvalidConfigException(
                    "Must specify one of alias or fingerprint for init from image");
        }
    }

    /// Reads the `source` of a request; empty if it names no server.
    public static Optional<RemoteSource> parse(Json source) {
        String server = source.get("server").asString();
        if (server.isEmpty()) {
            return Optional.empty();
        }
        String mode = source.get("mode").asString();
        if (!mode.isEmpty() && !mode.equals("pull")) {
            throw new UnsupportedException("Images are pulled from servers, not sent by them");
        }
        String kind = source.get("image_type").asString();
        if (kind.equals("virtual-machine")) {
            throw new UnsupportedException("Virtual machines are not supported by this server");
        }
        String protocol = source.get("protocol").asString();
        String fingerprint = source.get("fingerprint").asString();
        return Optional.of(
                new RemoteSource(
                        server,
                        protocol.isEmpty() ? "lxd" : protocol,
                        fingerprint.isEmpty() ? source.get("alias").asString() : fingerprint,
                        source.get("certificate").asString(),
                        source.get("secret").asString(),
                        source.get("project").asString()));
    }

    /// An address that publishes one image.
    static RemoteSource ofUrl(String url) {
        return new RemoteSource(url, "url", "", "", "", "");
    }

    /// Where a recorded image can be had anew.
    static RemoteSource of(UpdateSource source) {
        return new RemoteSource(
                source.server(), source.protocol(), source.alias(), source.certificate(), "", "");
    }

    /// What to record of it.
    UpdateSource recorded() {
        return new UpdateSource(server, protocol, name, certificate);
    }
}
