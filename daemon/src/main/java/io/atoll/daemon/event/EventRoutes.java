package io.atoll.daemon.event;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.http.WebSocket;
import io.atoll.daemon.http.WebSocketAcceptor;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// `/1.0/events`: a websocket that carries one text frame per event.
public final class EventRoutes implements Routes {
    private final Events events;
    private final Predicate<ProjectName> isProject;

    /// @param isProject whether there is such a project
    public EventRoutes(Events events, Predicate<ProjectName> isProject) {
        this.events = events;
        this.isProject = isProject;
    }

    @Override
    public List<Route> routes() {
        return List.of(Route.get("/1.0/events").needs(Right.VIEW).run(this::listen));
    }

    /// Registers the listener before the handshake is answered: a client that sees the answer may
    /// start work at once on another connection and must not miss its events.
    private Response listen(Request request) {
        boolean isAll = request.queryFlag("all-projects");
        if (isAll && request.query("project").isPresent()) {
            throw new InvalidConfigException(
                    "Cannot specify a project when requesting all projects");
        }
        Set<EventType> types = types(request);
        if (!request.isWebSocketUpgrade()) {
            throw new InvalidConfigException("Not a websocket handshake");
        }
        Optional<ProjectName> project = isAll ? Optional.empty() : Optional.of(request.project());
        if (!isAll && !isProject.test(request.project())) {
            throw new NotFoundException("Project not found");
        }
        // What concerns the whole server, its log above all, is for its administrators.
        boolean isAdmin = request.caller().may(Right.ADMIN);
        return Response.websocket(new Subscription(events.listen(types, project, isAdmin)));
    }

    private static Set<EventType> types(Request request) {
        try {
            return EventType.parseList(request.query("type").orElse(""));
        } catch (InvalidConfigException e) {
            // LXD answers 500 to this one, and its test-suite looks at it.
            throw new InternalException(e.getMessage(), e);
        }
    }

    /// One client's stream.
    private record Subscription(EventListener listener) implements WebSocketAcceptor {
        @Override
        public void opened(WebSocket socket) {
            Thread.ofVirtual().name("events-end").start(() -> awaitEnd(socket));
            try {
                Optional<String> next = listener.next();
                while (next.isPresent()) {
                    socket.sendText(next.get());
                    next = listener.next();
                }
            } catch (IOException e) {
                // The client is gone; its stream ends below.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                listener.close();
                socket.close();
            }
        }

        /// Reads what the client sends, which means nothing, until it closes: without a reader
        /// nobody would notice.
        private void awaitEnd(WebSocket socket) {
            try {
                while (true) {
                    if (socket.receive() instanceof WebSocket.Closed) {
                        break;
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                listener.close();
            }
        }

        @Override
        public void failed() {
            listener.close();
        }
    }
}
