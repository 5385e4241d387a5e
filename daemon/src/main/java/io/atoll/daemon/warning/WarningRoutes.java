package io.atoll.daemon.warning;

import io.atoll.base.ForbiddenException;
import io.atoll.base.json.Json;
import io.atoll.daemon.filter.Filter;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.List;

/// `/1.0/warnings`.
public final class WarningRoutes implements Routes {
    private final Warnings warnings;

    public WarningRoutes(Warnings warnings) {
        this.warnings = warnings;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/warnings").needs(Right.ADMIN).run(this::list),
                Route.get("/1.0/warnings/{uuid}").needs(Right.ADMIN).run(this::get),
                Route.put("/1.0/warnings/{uuid}").needs(Right.ADMIN).run(this::update),
                Route.patch("/1.0/warnings/{uuid}").needs(Right.ADMIN).run(this::update),
                Route.delete("/1.0/warnings/{uuid}").needs(Right.ADMIN).run(this::delete));
    }

    private static Etag etag(Warning warning) {
        return Etag.of(Json.string(warning.status().name()));
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        String project = request.query("project").orElse("");
        Filter filter = Filter.parse(request.query("filter").orElse(""));
        for (Stored<Warning> warning : warnings.list()) {
            if (!project.isEmpty() && !warning.value().project().equals(project)) {
                continue;
            }
            Json json = warning.value().json();
            if (!filter.matches(json)) {
                continue;
            }
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json
                                    : Json.string(Warnings.url(warning.name())));
        }
        return Response.sync(out);
    }

    private Response get(Request request) {
        Warning warning = warnings.get(request.variable("uuid")).value();
        return Response.sync(warning.json(), etag(warning));
    }

    /// Users acknowledge or take that back; only the server resolves.
    private Response update(Request request) throws IOException {
        Stored<Warning> read = warnings.get(request.variable("uuid"));
        etag(read.value()).check(request);
        Warning.Status status = Warning.parseStatus(request.json().get("status").asString());
        if (status == Warning.Status.RESOLVED) {
            throw new ForbiddenException(
                    "Only the server resolves warnings; they can be acknowledged or deleted");
        }
        warnings.setStatus(read.name(), status);
        return Response.empty();
    }

    private Response delete(Request request) {
        warnings.delete(request.variable("uuid"));
        return Response.empty();
    }
}
