package io.atoll.daemon.server;

import io.atoll.base.UnsupportedException;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.util.ArrayList;
import java.util.List;

/// The paths of LXD's API that lead to parts this server does not have: each answers 501 with the
/// part's name instead of an unexplained "not found". The fallback of the route table: whoever adds
/// such a part simply has the route.
public final class AbsentRoutes implements Routes {
    private record Part(String path, String name) {}

    /// Whole branches of the API.
    private static final List<Part> BRANCHES =
            List.of(
                    new Part("/1.0/virtual-machines", "Virtual machines"),
                    new Part("/internal/cluster", "Clustering"));

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>();
        for (Part part : BRANCHES) {
            add(out, part.path, part.name);
            add(out, part.path + "/{rest...}", part.name);
        }
        return out;
    }

    private static void add(List<Route> out, String path, String name) {
        for (HttpMethod method : HttpMethod.values()) {
            out.add(Route.of(method, path).needs(Right.KNOWN).run(_ -> refuse(name)));
        }
    }

    private static Response refuse(String name) {
        throw new UnsupportedException(name + " " + verb(name) + " not supported by this server");
    }

    private static String verb(String name) {
        return name.endsWith("s") ? "are" : "is";
    }
}
