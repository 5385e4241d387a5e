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
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What happens to images by the clock: those that came from servers are brought up to date, those
/// that came along with instances go when nobody used them for a while.
public final class ImageUpkeep implements DaemonPart {
    private static final Logger LOG = System.getLogger(ImageUpkeep.class.getName());

    private final Store store;
    private final Images images;
    private final ImagePulls pulls;
    private final ImageSettings settings;
    private final Operations operations;
    private final Events events;
    private final MinuteTimer timer = new MinuteTimer("image-upkeep", this::minute);

    private final Instant startedAt = Instant.now();

    /// When the images of projects were last brought up to date. Read and written by the timer's
    /// thread alone.
    private final Map<String, Instant> updatedAt = new HashMap<>();

    public ImageUpkeep(
            Store store,
            Images images,
            ImagePulls pulls,
            ImageSettings settings,
            Operations operations,
            Events events) {
        this.store = store;
        this.images = images;
        this.pulls = pulls;
        this.settings = settings;
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

    @Override
    public void minute(LocalDateTime minute) {
        Instant now = Instant.now();
        if (minute.getMinute() == 0) {
            prune(now);
        }
        updateDue(now);
    }

    /// Removes cached images that were not used for `images.remote_cache_expiry` days.
    void prune(Instant now) {
        for (Stored<Image> stored : store.list(Image.KIND)) {
            Image image = stored.value();
            Instant last =
                    image.lastUsedAt().isAfter(image.uploadedAt())
                            ? image.lastUsedAt()
                            : image.uploadedAt();
            Optional<Duration> kept = settings.cacheExpiry(new ProjectName(stored.project()));
            if (image.isCached() && kept.filter(k -> last.plus(k).isBefore(now)).isPresent()) {
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

    /// Looks for newer images in the projects whose `images.auto_update_interval` is over.
    void updateDue(Instant now) {
        Set<String> due = new TreeSet<>();
        for (Stored<Image> stored : store.list(Image.KIND)) {
            Instant last = updatedAt.getOrDefault(stored.project(), startedAt);
            settings.updateInterval(new ProjectName(stored.project()))
                    .filter(interval -> !last.plus(interval).isAfter(now))
                    .ifPresent(_ -> due.add(stored.project()));
        }
        due.forEach(project -> updatedAt.put(project, now));
        due.forEach(project -> updateAll(new ProjectName(project)));
    }

    private void updateAll(ProjectName project) {
        for (Stored<Image> stored : store.list(Image.KIND, project)) {
            if (stored.value().isAutoUpdated() && stored.value().source().isPresent()) {
                OperationSpec spec = OperationSpec.task("Refreshing image", project);
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
