package io.atoll.daemon.server;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.Availability;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.util.List;
import java.util.function.Consumer;

/// `/internal`: what `waitready` and `shutdown` use.
public final class InternalRoutes implements Routes {
    private final Availability availability;
    private final Consumer<Boolean> shutdown;

    /// @param shutdown stops instances and returns when they have stopped; the daemon exits soon
    ///   after. The argument says not to wait for running operations
    public InternalRoutes(Availability availability, Consumer<Boolean> shutdown) {
        this.availability = availability;
        this.shutdown = shutdown;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/internal/ready").needs(Right.LOCAL).run(_ -> ready()),
                Route.put("/internal/shutdown").needs(Right.LOCAL).run(this::shutdown));
    }

    private Response ready() {
        return switch (availability.phase()) {
            case READY -> Response.empty();
            case STARTING -> throw new UnavailableException("The daemon is starting");
            case STOPPING -> throw new UnavailableException("The daemon is shutting down");
        };
    }

    private Response shutdown(Request request) {
        shutdown.accept(request.queryFlag("force"));
        return Response.empty();
    }
}
