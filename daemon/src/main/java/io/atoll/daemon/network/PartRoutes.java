package io.atoll.daemon.network;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Things that are kept in a record of something larger, as forwards are in a network: listed,
/// shown, made, changed and deleted one by one, each with an ETag of its own.
///
/// @param <R> the record
/// @param <T> one thing
final class PartRoutes<R, T> implements Routes {
    /// What is particular to one kind of thing.
    interface Kind<R, T> {
        /// The path of all, in which variables name the record.
        String path();

        /// The path's last variable, which names one.
        String variable();

        /// How its lifecycle events begin.
        String event();

        /// What is said when there is no such thing.
        String missing();

        Stored<R> owner(Request request);

        /// Checks and commits, and makes the host follow.
        void change(Stored<R> read, R next);

        List<T> parts(R owner);

        R with(R owner, List<T> parts);

        String name(T part);

        /// The one spelling of a name that has many.
        default String spelled(String name) {
            return name;
        }

        String url(R owner, String name);

        /// What clients change, and ETags are made of.
        Json.Obj json(T part);

        /// What clients see.
        default Json shown(R owner, T part) {
            return json(part);
        }

        T create(Json body);

        /// @throws io.atoll.base.DomainException if it cannot be beside the others
        void requireFree(R owner, T fresh);

        T changed(T old, Json body);
    }

    private final Store store;
    private final Events events;
    private final Right change;
    private final Kind<R, T> kind;

    /// @param change what whoever changes one needs
    PartRoutes(Store store, Events events, Right change, Kind<R, T> kind) {
        this.store = store;
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

    /// A body of a PATCH says only what changes.
    static Json merged(Json.Obj old, Json body, boolean isPatch) {
        if (!isPatch) {
            return body;
        }
        body.asMap().forEach(old::put);
        return old;
    }

    private String name(Request request) {
        return kind.spelled(request.variable(kind.variable()));
    }

    private Optional<T> find(R owner, String name) {
        return kind.parts(owner).stream().filter(p -> kind.name(p).equals(name)).findFirst();
    }

    private T part(R owner, Request request) {
        return find(owner, name(request)).orElseThrow(() -> new NotFoundException(kind.missing()));
    }

    private Response list(Request request) {
        R owner = kind.owner(request).value();
        List<Json> out = new ArrayList<>();
        for (T part : kind.parts(owner)) {
            out.add(
                    request.recursion() > 0
                            ? kind.shown(owner, part)
                            : Json.string(kind.url(owner, kind.name(part))));
        }
        return Response.sync(Json.array(out));
    }

    private Response get(Request request) {
        R owner = kind.owner(request).value();
        T part = part(owner, request);
        return Response.sync(kind.shown(owner, part), Etag.of(kind.json(part)));
    }

    private R change(Request request, UnaryOperator<R> work) throws IOException {
        return store.attempt(() -> {
            Stored<R> read = kind.owner(request);
            R next = work.apply(read.value());
            kind.change(read, next);
            return next;
        });
    }

    private R without(R owner, String name) {
        List<T> rest = new ArrayList<>(kind.parts(owner));
        rest.removeIf(p -> kind.name(p).equals(name));
        return kind.with(owner, rest);
    }

    private R with(R owner, T part) {
        List<T> all = new ArrayList<>(kind.parts(without(owner, kind.name(part))));
        all.add(part);
        all.sort(Comparator.comparing(kind::name));
        return kind.with(owner, all);
    }

    private Response create(Request request) throws IOException {
        T fresh = kind.create(request.json());
        R next =
                change(
                        request,
                        owner -> {
                            kind.requireFree(owner, fresh);
                            return with(owner, fresh);
                        });
        return Response.created(tell("created", next, kind.name(fresh)));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        R next =
                change(
                        request,
                        owner -> {
                            T old = part(owner, request);
                            Etag.of(kind.json(old)).check(request);
                            return with(
                                    owner,
                                    kind.changed(old, merged(kind.json(old), body, isPatch)));
                        });
        String unused = tell("updated", next, name(request));
        return Response.empty();
    }

    private Response delete(Request request) throws IOException {
        R next = change(request, owner -> without(owner, kind.name(part(owner, request))));
        String unused = tell("deleted", next, name(request));
        return Response.empty();
    }

    /// @return where it is or was
    private String tell(String verb, R owner, String name) {
        String url = kind.url(owner, name);
        events.publishLifecycle(Lifecycle.server(kind.event() + "-" + verb, url));
        return url;
    }
}
