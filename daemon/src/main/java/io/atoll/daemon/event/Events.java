package io.atoll.daemon.event;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.RequestScope;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/// Passes events to listeners. Publishing never blocks: each listener has a queue of its own, and
/// one that is full loses its listener, not the publisher. An event is rendered once, and not at
/// all when nobody listens.
///
/// Call it without holding a lock.
public final class Events {
    private final List<EventListener> listeners = new CopyOnWriteArrayList<>();

    /// Registers a listener; events published from now on wait in its queue. The caller closes it.
    ///
    /// @param project events of other projects are left out; all pass if empty
    public EventListener listen(Set<EventType> types, Optional<ProjectName> project) {
        return listen(types, project, true);
    }

    /// As the other one; without `serverWide`, events that belong to no project are left out too.
    EventListener listen(Set<EventType> types, Optional<ProjectName> project, boolean serverWide) {
        EventListener listener = new EventListener(types, project, serverWide, listeners::remove);
        listeners.add(listener);
        return listener;
    }

    /// Says that something happened, with the caller of this thread's request as requestor.
    public void publishLifecycle(Lifecycle event) {
        if (isAnyone(EventType.LIFECYCLE)) {
            Json.Obj metadata =
                    Json.object().put("action", event.action()).put("source", event.source());
            if (!event.context().members().isEmpty()) {
                metadata.put("context", event.context());
            }
            requestor().ifPresent(r -> metadata.put("requestor", r));
            publish(EventType.LIFECYCLE, event.project(), metadata);
        }
    }

    /// The state of an operation changed; `metadata` is the operation as the API shows it.
    public void publishOperation(ProjectName project, Json metadata) {
        publish(EventType.OPERATION, Optional.of(project), metadata);
    }

    /// The state of an operation that belongs to no project changed.
    public void publishServerOperation(Json metadata) {
        publish(EventType.OPERATION, Optional.empty(), metadata);
    }

    /// A log line, for `lxc monitor --type=logging`.
    public void publishLogging(String level, String message, Map<String, String> context) {
        if (isAnyone(EventType.LOGGING)) {
            Json.Obj metadata = Json.object().put("message", message).put("level", level);
            publish(
                    EventType.LOGGING,
                    Optional.empty(),
                    metadata.put("context", Json.strings(context)));
        }
    }

    private static Optional<Json> requestor() {
        Caller caller = RequestScope.currentCaller();
        if (caller.protocol().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                Json.object()
                        .put("username", caller.username())
                        .put("protocol", caller.protocol())
                        .put("address", caller.address()));
    }

    private boolean isAnyone(EventType type) {
        for (EventListener listener : listeners) {
            if (listener.types().contains(type)) {
                return true;
            }
        }
        return false;
    }

    private void publish(EventType type, Optional<ProjectName> project, Json metadata) {
        String line = null;
        for (EventListener listener : listeners) {
            if (listener.wants(type, project)) {
                if (line == null) {
                    line = render(type, project, metadata);
                }
                listener.offer(line);
            }
        }
    }

    private static String render(EventType type, Optional<ProjectName> project, Json metadata) {
        Json.Obj event =
                Json.object()
                        .put("type", type.text())
                        .put("timestamp", Instant.now().toString())
                        .put("metadata", metadata)
                        .put("location", "none");
        project.ifPresent(p -> event.put("project", p.value()));
        return event.render() + "\n";
    }
}
