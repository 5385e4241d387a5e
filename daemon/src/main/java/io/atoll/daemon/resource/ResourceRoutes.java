package io.atoll.daemon.resource;

import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.nio.file.Path;
import java.util.List;

/// `/1.0/resources`: the host's hardware, as far as limits and placement of instances need it.
public final class ResourceRoutes implements Routes {
    private final HostHardware hardware = new HostHardware(Path.of("/"));

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/resources")
                        .needs(Right.KNOWN)
                        .run(_ -> Response.sync(hardware.json())));
    }
}
