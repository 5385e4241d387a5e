package io.atoll.daemon.image;

import io.atoll.api.ApiPath;
import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.DaemonPart;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.schedule.MinuteTimer;
import io.atoll.daemon.server.ServerConfig;
import io.atoll.daemon.server.ServerKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What happens to images by the clock: those that came from servers are brought up to date, those
/// that came along with instances go when nobody used them for a while.
public final class ImageUpkeep implements DaemonPart {
    private static final Logger LOG = System.getLogger(ImageUpkeep.class.getName());

    private final Store store;
    private final Images images;
    private final ImagePulls pulls;
    private final ServerConfig config;
    private final Operations operations;
    private final Events events;
    private final MinuteTimer timer = new MinuteTimer("image-upkeep", this::tick);

    /// Read and written by the timer's thread alone.
    private Instant updatedAt = Instant.now();

    public ImageUpkeep(
            Store store,
            Images images,
            ImagePulls pulls,
            ServerConfig config,
            Operations operations,
            Events events) {
        this.store = store;
        this.images = images;
        this.pulls = pulls;
        this.config = config;
        this.operations = operations;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of();
    }

    @Override
    public void start() {
        timer.start();
    }

    @Override
    public void close() {
        timer.close();
    }

    private void tick(LocalDateTime minute) {
        if (minute.getMinute() == 0) {
            prune(Instant.now());
        }
        long hours = Long.parseLong(config.value(ServerKey.AUTO_UPDATE_INTERVAL));
        boolean isDue =
                hours > 0
                        && Duration.between(updatedAt, Instant.now())
                                        .compareTo(Duration.ofHours(hours))
                                >= 0;
        if (isDue) {
            updatedAt = Instant.now();
            updateAll();
        }
    }

    /// Removes cached images that were not used for `images.remote_cache_expiry` days.
    void prune(Instant now) {
        long days = Long.parseLong(config.value(ServerKey.REMOTE_CACHE_EXPIRY));
        for (Stored<Image> stored : store.list(Image.KIND)) {
            Image image = stored.value();
            Instant last =
                    image.lastUsedAt().isAfter(image.uploadedAt())
                            ? image.lastUsedAt()
                            : image.uploadedAt();
            if (days > 0 && image.isCached() && last.plus(Duration.ofDays(days)).isBefore(now)) {
                attempt(stored, () -> delete(stored));
            }
        }
    }

    private void delete(Stored<Image> stored) throws IOException {
        ProjectName project = new ProjectName(stored.project());
        images.delete(project, stored);
        events.publishLifecycle(
                Lifecycle.of("image-deleted", ApiPath.of("images", stored.name()), project));
    }

    private void updateAll() {
        for (Stored<Image> stored : store.list(Image.KIND)) {
            if (stored.value().isAutoUpdated() && stored.value().source().isPresent()) {
                OperationSpec spec =
                        OperationSpec.task("Refreshing image", new ProjectName(stored.project()));
                Operation _ = operations.start(spec, o -> refresh(stored, o));
            }
        }
    }

    /// Brings one image up to date; the operation's metadata says whether that changed anything.
    void refresh(Stored<Image> stored, Operation operation) throws IOException {
        boolean isChanged = update(stored, ImagePulls.progress(operation));
        operation.update("refreshed", Json.bool(isChanged));
    }

    private boolean update(Stored<Image> stored, TransferProgress progress) throws IOException {
        ProjectName project = new ProjectName(stored.project());
        Image old = stored.value();
        Optional<ImagePulls.Pulled> newer = pulls.newer(project, old, progress);
        if (newer.isEmpty()) {
            return false;
        }
        Map<String, String> aliases = new TreeMap<>();
        for (ImageAlias alias : images.aliasesOf(project, old.fingerprint())) {
            aliases.put(alias.name(), alias.description());
        }
        images.moveAliases(project, aliases, newer.get().image().fingerprint());
        Stored<Image> now =
                images.find(project, old.fingerprint())
                        .orElseThrow(() -> new NotFoundException("Image not found"));
        delete(now);
        events.publishLifecycle(
                Lifecycle.of(
                        "image-refreshed",
                        ApiPath.of("images", newer.get().image().fingerprint().value()),
                        project));
        return true;
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void attempt(Stored<Image> image, Work work) {
        try {
            work.run();
        } catch (DomainException | IOException e) {
            LOG.log(Level.WARNING, "upkeep of an image failed image=" + image.name(), e);
        }
    }
}
