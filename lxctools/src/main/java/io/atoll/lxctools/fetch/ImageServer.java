package io.atoll.lxctools.fetch;

import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.image.remote.HttpFetcher;
import io.atoll.image.remote.HttpProxies;
import io.atoll.image.remote.ImageDownload;
import io.atoll.image.remote.LineIndex;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.Signatures;
import io.atoll.image.remote.SimpleStreams;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server of images for LXC: streams, or the lists that LXC had before. Blocks.
final class ImageServer {
    private static final int LIST_MAX = 64 << 20;
    private static final int SIGNATURE_MAX = 1 << 20;

    private final HttpFetcher http;
    private final URI base;
    private final Trust trust;

    /// Whom to believe.
    sealed interface Trust {
        /// Whoever answers.
        record Anybody() implements Trust {}

        /// Who signs, or, unless the caller named a key, who proves by https who he is and tells
        /// the sums of his files.
        record Signed(Signatures signatures, boolean isNamed) implements Trust {}
    }

    /// @param address host name or URL
    /// @param environment names proxies
    ImageServer(String address, Trust trust, Map<String, String> environment) {
        http = new HttpFetcher("lxc", Optional.empty(), HttpProxies.of(environment));
        String url = address.contains("://") ? address : "https://" + address;
        base = HttpFetcher.uri(url.endsWith("/") ? url : url + "/");
        this.trust = trust;
    }

    String name() {
        return base.toString();
    }

    /// What it offers.
    ///
    /// @param isSystem true for images of the host's root, where the server tells them apart
    /// @throws UnavailableException if nobody vouches for the list
    List<ServerImage> images(boolean isSystem) {
        Optional<Signatures> streams =
                switch (trust) {
                    case Trust.Anybody _ -> Optional.empty();
                    case Trust.Signed(Signatures signatures, boolean isNamed) ->
                            isNamed || !"https".equals(base.getScheme())
                                    ? Optional.of(signatures)
                                    : Optional.empty();
                };
        if (http.find(base.resolve("streams/v1/index.json"), LIST_MAX).isPresent()) {
            return ImageIndex.ofStreams(new SimpleStreams(http, name(), streams).products());
        }
        URI list = base.resolve(isSystem ? LineIndex.SYSTEM : LineIndex.USER);
        byte[] content =
                http.find(list, LIST_MAX)
                        .orElseThrow(
                                () -> new NotFoundException(name() + " has no index of images"));
        check(
                list,
                (signatures, signature) -> signatures.check(list.getPath(), content, signature));
        return ImageIndex.parseLines(base, new String(content, StandardCharsets.UTF_8));
    }

    @FunctionalInterface
    private interface Check {
        void run(Signatures signatures, byte[] signature);
    }

    private void check(URI uri, Check check) {
        if (trust instanceof Trust.Signed signed) {
            byte[] signature =
                    http.find(URI.create(uri + ".asc"), SIGNATURE_MAX)
                            .orElseThrow(() ->
                                    new UnavailableException(
                                            uri
                                                    + " is not signed; use --no-validate if you"
                                                    + " trust the server all the same"));
            check.run(signed.signatures(), signature);
        }
    }

    /// Fetches a file whole and as it was promised, or throws.
    ///
    /// @param target exists and is empty
    void download(RemoteFile file, Path target) throws IOException {
        new ImageDownload(http, List::of).fetch(file, target, TransferProgress.NONE);
        // Its sum stands in a list that was checked; otherwise it has a signature of its own.
        if (file.sha256().isEmpty()) {
            check(file.uri(), (signatures, signature) -> signatures.check(target, signature));
        }
    }
}
