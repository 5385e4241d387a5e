package io.atoll.daemon.warning;

import io.atoll.api.ApiPath;
import io.atoll.base.NotFoundException;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/// The warnings for the administrator. Whatever goes on degraded calls [#raise], and [#resolve]
/// when it is well again; both write to the log too.
public final class Warnings {
    /// How many different warnings are kept; more are only logged.
    static final int WARNINGS_MAX = 1000;

    private static final Duration RESOLVED_KEPT = Duration.ofDays(1);

    private static final Logger LOG = System.getLogger(Warnings.class.getName());

    private final Store store;
    private final Events events;

    public Warnings(Store store, Events events) {
        this.store = store;
        this.events = events;
    }

    static String url(String uuid) {
        return ApiPath.of("warnings", uuid);
    }

    /// Records and logs that something is degraded.
    ///
    /// @param type in words, the same for all of its kind
    /// @param entityUrl what it is about; empty for the server
    /// @param message what exactly
    public void raise(String type, Warning.Severity severity, String entityUrl, String message) {
        LOG.log(Level.WARNING, type + ": " + message + " entity=" + entityUrl);
        Instant now = Instant.now();
        prune(now);
        store.attempt(() -> {
            for (Stored<Warning> known : list()) {
                if (known.value().type().equals(type)
                        && known.value().entityUrl().equals(entityUrl)) {
                    Warning next = known.value().again(message, now);
                    store.commit(new Batch().replace(Warning.KIND, known, next));
                    return next;
                }
            }
            Warning fresh =
                    new Warning(
                            UUID.randomUUID().toString(),
                            type,
                            severity,
                            Warning.Status.NEW,
                            entityUrl,
                            1,
                            now,
                            now,
                            message);
            if (list().size() < WARNINGS_MAX) {
                store.create(Warning.KIND, RecordKey.global(fresh.uuid()), fresh);
            }
            return fresh;
        });
    }

    /// It is well again. Does nothing if it was never raised.
    public void resolve(String type, String entityUrl) {
        for (Stored<Warning> known : list()) {
            boolean isIt =
                    known.value().type().equals(type)
                            && known.value().entityUrl().equals(entityUrl);
            if (isIt && known.value().status() != Warning.Status.RESOLVED) {
                setStatus(known.name(), Warning.Status.RESOLVED);
            }
        }
    }

    /// Forgets what has been well for a day.
    public void prune(Instant now) {
        for (Stored<Warning> known : list()) {
            boolean isOver = known.value().status() == Warning.Status.RESOLVED;
            if (isOver && known.value().lastSeenAt().isBefore(now.minus(RESOLVED_KEPT))) {
                store.delete(Warning.KIND, known.key());
            }
        }
    }

    /// How many nobody has acknowledged.
    public long unseen() {
        return list().stream().filter(w -> w.value().status() == Warning.Status.NEW).count();
    }

    List<Stored<Warning>> list() {
        return store.list(Warning.KIND);
    }

    /// @throws NotFoundException in LXD's words
    Stored<Warning> get(String uuid) {
        return store.find(Warning.KIND, RecordKey.global(uuid))
                .orElseThrow(() -> new NotFoundException("Warning not found"));
    }

    void setStatus(String uuid, Warning.Status status) {
        store.update(Warning.KIND, get(uuid).key(), w -> w.withStatus(status));
        String action =
                switch (status) {
                    case NEW -> "warning-reset";
                    case ACKNOWLEDGED -> "warning-acknowledged";
                    case RESOLVED -> "warning-resolved";
                };
        events.publishLifecycle(Lifecycle.server(action, url(uuid)));
    }

    void delete(String uuid) {
        store.delete(Warning.KIND, get(uuid).key());
        events.publishLifecycle(Lifecycle.server("warning-deleted", url(uuid)));
    }
}
