package io.atoll.daemon.image;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.store.Stored;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Brings images of other servers here.
public final class ImagePulls {
    private final Images images;
    private final ImageSettings settings;
    private final RemoteServers servers;
    private final SharedDownloads downloads;

    /// @param keys a directory with the keys that servers sign their indexes with
    public ImagePulls(Images images, ImageSettings settings, Path keys) {
        this.images = images;
        this.settings = settings;
        this.servers = new RemoteServers(keys, images::newUpload, settings.proxies());
        this.downloads = new SharedDownloads(images::newUpload);
    }

    private RemoteServers.Found find(ProjectName project, RemoteSource source) {
        return servers.find(source, settings.architecture(project));
    }

    /// Brings an image for an instance, unless the project has it. Blocks.
    public Image cache(ProjectName project, RemoteSource source, Operation operation) {
        try {
            return pull(
                            project,
                            source,
                            ImageOptions.cached(settings.isCachedUpdated(project)),
                            progress(operation))
                    .image();
        } catch (IOException e) {
            throw new UnavailableException(
                    "Failed to keep a downloaded image: " + e.getMessage(), e);
        }
    }

    /// An image that is here now.
    ///
    /// @param isNew whether it was not before
    record Pulled(Image image, boolean isNew) {}

    /// Brings an image, unless the project has it; then its aliases are added. Blocks.
    ///
    /// @throws NotFoundException if the server has no such image
    /// @throws UnavailableException naming the host, if the server does not give it
    Pulled pull(
            ProjectName project,
            RemoteSource source,
            ImageOptions options,
            TransferProgress progress)
            throws IOException {
        RemoteServers.Found found = find(project, source);
        Pulled pulled = known(project, found.fingerprint(), options).orElse(null);
        if (pulled == null) {
            pulled = fetch(project, source, found, options, progress);
        }
        images.moveAliases(project, options.aliases(), found.fingerprint());
        return pulled;
    }

    private Optional<Pulled> known(
            ProjectName project, Fingerprint fingerprint, ImageOptions options) {
        Optional<Stored<Image>> there = images.find(project, fingerprint);
        if (there.isPresent() && there.get().value().isCached() && !options.isCached()) {
            images.keep(project, fingerprint);
        }
        return there.map(image -> new Pulled(image.value(), false));
    }

    private Pulled fetch(
            ProjectName project,
            RemoteSource source,
            RemoteServers.Found found,
            ImageOptions options,
            TransferProgress progress)
            throws IOException {
        Map<String, String> properties = new TreeMap<>(found.image().properties());
        ImageOptions given = options.over(properties, found.image().expiresAt(), source.recorded());
        return downloads.fetch(
                found.fingerprint(),
                fetching -> bring(found, fetching),
                progress,
                staged -> {
                    try {
                        Image image = images.add(project, staged, found.fingerprint(), given);
                        return new Pulled(image, true);
                    } catch (AlreadyExistsException e) {
                        // Somebody else brought the same image meanwhile.
                        return known(project, found.fingerprint(), options).orElseThrow(() -> e);
                    }
                });
    }

    /// What another project has need not come again.
    private ImageFile bring(RemoteServers.Found found, TransferProgress progress)
            throws IOException {
        Optional<ImageFile> kept = images.stage(found.fingerprint());
        return kept.isPresent() ? kept.get() : found.fetch().run(progress);
    }

    /// Shows a download the way LXD's clients print it.
    static TransferProgress progress(Operation operation) {
        return (bytes, total, speed) -> {
            int percent = total > 0 ? (int) (bytes * 100 / total) : 0;
            String done = total > 0 ? percent + "%" : size(bytes);
            operation.progress(
                    "download",
                    "rootfs: " + done + " (" + size(speed) + "/s)",
                    percent,
                    bytes,
                    speed);
        };
    }

    private static String size(long bytes) {
        return String.format(Locale.ROOT, "%.2fMB", bytes / 1e6);
    }

    /// The image that a recorded one should be replaced by; empty if it is the newest.
    Optional<Pulled> newer(ProjectName project, Image image, TransferProgress progress)
            throws IOException {
        if (image.source().isEmpty()) {
            return Optional.empty();
        }
        RemoteSource source = RemoteSource.of(image.source().get());
        servers.forget(source);
        if (find(project, source).fingerprint().equals(image.fingerprint())) {
            return Optional.empty();
        }
        ImageOptions options =
                new ImageOptions(
                        image.filename(),
                        image.isPublic(),
                        image.isAutoUpdated(),
                        Map.of(),
                        Optional.of(image.profiles()),
                        Optional.empty(),
                        Map.of(),
                        image.isCached(),
                        image.source());
        return Optional.of(pull(project, source, options, progress));
    }
}
