package io.atoll.daemon.network;

import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// Things that are listed, shown, made, changed and deleted one by one, each with an ETag of its
/// own.
///
/// @param <T> one thing
final class ThingRoutes<T> implements Routes {
    /// What is particular to one kind of thing, and where things of it are kept.
    interface Kind<T> {
        /// The path of all.
        String path();

        /// The path's last variable, which names one.
        String variable();

        /// How its lifecycle events begin.
        String event();

        List<T> all(Request request);

        /// @throws io.atoll.base.NotFoundException if there is no such thing
        T get(Request request);

        /// Checks and commits, and makes the host follow.
        T create(Request request, Json body) throws IOException;

        /// As [#create] for what is there; the work may be done more than once.
        T change(Request request, UnaryOperator<T> work) throws IOException;

        /// @return what was deleted
        T delete(Request request) throws IOException;

        String url(Request request, T thing);

        /// Where a client finds what it made.
        default String location(Request request, T thing) {
            return url(request, thing);
        }

        /// What clients change, and ETags are made of.
        Json.Obj json(T thing);

        /// What clients see.
        default Json shown(Request request, T thing) {
            return json(thing);
        }

        /// As a client's whole description of it says.
        T changed(T old, Json body);
    }

    private final Events events;
    private final Right change;
    private final Kind<T> kind;

    /// @param change what whoever changes one needs
    ThingRoutes(Events events, Right change, Kind<T> kind) {
        this.events = events;
        this.change = change;
        this.kind = kind;
    }

    @Override
    public List<Route> routes() {
        String all = kind.path();
        String one = all + "/{" + kind.variable() + "}";
        return List.of(
                Route.get(all).needs(Right.VIEW).run(this::list),
                Route.post(all).needs(change).run(this::create),
                Route.get(one).needs(Right.VIEW).run(this::get),
                Route.put(one).needs(change).run(r -> update(r, false)),
                Route.patch(one).needs(change).run(r -> update(r, true)),
                Route.delete(one).needs(change).run(this::delete));
    }

    private Response list(Request request) {
        List<Json> out = new ArrayList<>();
        for (T thing : kind.all(request)) {
            out.add(
                    request.recursion() > 0
                            ? kind.shown(request, thing)
                            : Json.string(kind.url(request, thing)));
        }
        return Response.sync(Json.array(out));
    }

    private Response get(Request request) {
        T thing = kind.get(request);
        return Response.sync(kind.shown(request, thing), Etag.of(kind.json(thing)));
    }

    private Response create(Request request) throws IOException {
        T made = kind.create(request, request.json());
        tell("created", request, made);
        return Response.created(kind.location(request, made));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        T next =
                kind.change(
                        request,
                        old -> {
                            Etag.of(kind.json(old)).check(request);
                            return kind.changed(old, merged(kind.json(old), body, isPatch));
                        });
        tell("updated", request, next);
        return Response.empty();
    }

    /// A body of a PATCH says only what changes.
    private static Json merged(Json.Obj old, Json body, boolean isPatch) {
        if (!isPatch) {
            return body;
        }
        body.asMap().forEach(old::put);
        return old;
    }

    private Response delete(Request request) throws IOException {
        tell("deleted", request, kind.delete(request));
        return Response.empty();
    }

    private void tell(String verb, Request request, T thing) {
        events.publishLifecycle(
                Lifecycle.server(kind.event() + "-" + verb, kind.url(request, thing)));
    }
}
