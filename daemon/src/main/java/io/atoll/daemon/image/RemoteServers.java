package io.atoll.daemon.image;

import io.atoll.api.Version;
import io.atoll.api.tls.Pem;
import io.atoll.api.tls.TlsContexts;
import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.image.ImageFile;
import io.atoll.image.oci.OciImage;
import io.atoll.image.oci.OciName;
import io.atoll.image.oci.OciRegistry;
import io.atoll.image.remote.HttpFetcher;
import io.atoll.image.remote.HttpProxies;
import io.atoll.image.remote.ImageDownload;
import io.atoll.image.remote.LxdServer;
import io.atoll.image.remote.RemoteImage;
import io.atoll.image.remote.Signatures;
import io.atoll.image.remote.SimpleStreams;
import io.atoll.image.remote.StreamsImages;
import io.atoll.image.remote.UrlImage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// Other servers, as far as they have images.
final class RemoteServers {
    /// How long a server's list is believed.
    private static final Duration LIST_AGE_MAX = Duration.ofMinutes(2);

    private static final String AGENT = "Atoll/" + Version.ATOLL + " (Linux)";

    private final Path keys;
    private final SharedDownloads.Names names;
    private final HttpProxies proxies;
    private final HttpFetcher http;

    /// By addresses. Entries are never removed: there are as many as servers that were asked.
    private final Map<String, Known> lists = new ConcurrentHashMap<>();

    private record Known(List<RemoteImage> images, long readAtNanos) {
        boolean isFresh() {
            return System.nanoTime() - readAtNanos < LIST_AGE_MAX.toNanos();
        }
    }

    /// @param keys a directory with public keys `HOST.asc` or `HOST.gpg`: indexes of these hosts
    ///   must be signed
    /// @param proxies which of them requests go through
    RemoteServers(Path keys, SharedDownloads.Names names, HttpProxies proxies) {
        this.proxies = proxies;
        this.http = new HttpFetcher(AGENT, Optional.empty(), proxies);
        this.keys = keys;
        this.names = names;
    }

    /// An image that was found, and how to get it.
    record Found(RemoteImage image, SharedDownloads.Fetch fetch) {
        Fingerprint fingerprint() {
            return image.fingerprint();
        }
    }

    /// Asks the server. Blocks.
    ///
    /// @param wanted architecture of an image whose name does not say it
    /// @throws NotFoundException if it has no such image
    Found find(RemoteSource source, Architecture wanted) {
        return switch (source.protocol()) {
            case "simplestreams" -> streams(source, wanted);
            case "lxd" -> lxd(source, wanted);
            case "oci" -> oci(source, wanted);
            default -> url(source);
        };
    }

    /// What the server offers is asked for anew next time.
    void forget(RemoteSource source) {
        lists.remove(source.server());
    }

    private Found streams(RemoteSource source, Architecture wanted) {
        SimpleStreams server = new SimpleStreams(http, source.server(), signatures(source));
        RemoteImage image;
        try {
            image = find(list(server, source.server(), false), source, wanted);
        } catch (NotFoundException _) {
            // It may be newer than what we know.
            image = find(list(server, source.server(), true), source, wanted);
        }
        return files(image, new ImageDownload(http, server::alternatives));
    }

    private static RemoteImage find(
            List<RemoteImage> images, RemoteSource source, Architecture wanted) {
        return StreamsImages.find(images, source.name(), wanted);
    }

    private List<RemoteImage> list(SimpleStreams server, String address, boolean isAgain) {
        Known known = lists.get(address);
        if (known != null && known.isFresh() && !isAgain) {
            return known.images();
        }
        List<RemoteImage> images = server.list();
        lists.put(address, new Known(images, System.nanoTime()));
        return images;
    }

    /// Keys are the administrator's: where there is one, nothing unsigned is taken.
    private Optional<Signatures> signatures(RemoteSource source) {
        String host = String.valueOf(URI.create(source.server().split(",")[0].strip()).getHost());
        return Stream.of(".asc", ".gpg")
                .map(extension -> keys.resolve(host + extension))
                .filter(Files::isRegularFile)
                .findFirst()
                .map(file -> new Signatures(new Signatures.Keys.Keyring(file)));
    }

    private Found url(RemoteSource source) {
        RemoteImage image =
                UrlImage.find(
                        http,
                        HttpFetcher.uri(source.server()),
                        List.of(Architecture.host().kernelName()),
                        Version.COMPATIBLE);
        return files(image, new ImageDownload(http, List::of));
    }

    /// An image in a registry is known by the digest of its manifest.
    private Found oci(RemoteSource source, Architecture wanted) {
        OciRegistry registry = new OciRegistry(source.server(), AGENT, proxies);
        OciRegistry.Found found = registry.find(OciName.parse(source.name()), wanted);
        RemoteImage image =
                new RemoteImage(
                        new Fingerprint(found.digest()),
                        List.of(),
                        wanted.kernelName(),
                        Map.of(),
                        Optional.empty(),
                        found.size(),
                        List.of());
        OciImage made = new OciImage(registry, found);
        return new Found(
                image,
                progress ->
                        into(
                                2,
                                targets -> {
                                    made.download(
                                            targets.getFirst(),
                                            targets.getLast(),
                                            wanted,
                                            names::make,
                                            progress);
                                    return true;
                                }));
    }

    private Found files(RemoteImage image, ImageDownload download) {
        return new Found(
                image,
                progress ->
                        into(
                                image.files().size(),
                                targets -> {
                                    download.fetch(image, targets, progress);
                                    return targets.size() > 1;
                                }));
    }

    private Found lxd(RemoteSource source, Architecture wanted) {
        HttpFetcher fetcher =
                source.certificate().isEmpty()
                        ? http
                        : new HttpFetcher(
                                AGENT,
                                Optional.of(
                                        TlsContexts.of(
                                                Optional.empty(),
                                                new PinnedServer(certificate(source)))),
                                proxies);
        LxdServer server =
                new LxdServer(fetcher, source.server(), source.project(), source.secret());
        RemoteImage image = server.find(source.name(), wanted);
        return new Found(
                image,
                progress ->
                        into(
                                2,
                                targets ->
                                        server.download(
                                                image,
                                                targets.getFirst(),
                                                targets.getLast(),
                                                progress)));
    }

    private static X509Certificate certificate(RemoteSource source) {
        return Pem.certificate(source.certificate());
    }

    private interface Filling {
        /// @return whether the image has two files
        boolean fill(List<Path> targets) throws IOException;
    }

    private ImageFile into(int files, Filling filling) throws IOException {
        List<Path> targets = new ArrayList<>();
        try {
            for (int i = 0; i < files; i++) {
                targets.add(names.make());
            }
            if (filling.fill(targets)) {
                return ImageFile.split(targets.getFirst(), targets.getLast());
            }
            if (targets.size() > 1) {
                Files.delete(targets.removeLast());
            }
            return ImageFile.unified(targets.getFirst());
        } catch (IOException | RuntimeException e) {
            for (Path target : targets) {
                Files.deleteIfExists(target);
            }
            throw e;
        }
    }
}
