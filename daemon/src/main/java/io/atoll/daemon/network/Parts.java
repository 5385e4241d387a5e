package io.atoll.daemon.network;

import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Things that are kept in a record of something larger, as forwards are in a network.
///
/// @param <R> the record
/// @param <T> one thing
record Parts<R, T>(Store store, Parts.Kind<R, T> kind) implements ThingRoutes.Kind<T> {
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

    @Override
    public String path() {
        return kind.path();
    }

    @Override
    public String variable() {
        return kind.variable();
    }

    @Override
    public String event() {
        return kind.event();
    }

    private R owner(Request request) {
        return kind.owner(request).value();
    }

    private Optional<T> find(R owner, String name) {
        return kind.parts(owner).stream().filter(p -> kind.name(p).equals(name)).findFirst();
    }

    private T part(R owner, Request request) {
        return find(owner, kind.spelled(request.variable(kind.variable())))
                .orElseThrow(() -> new NotFoundException(kind.missing()));
    }

    @Override
    public List<T> all(Request request) {
        return kind.parts(owner(request));
    }

    @Override
    public T get(Request request) {
        return part(owner(request), request);
    }

    private void changeOwner(Request request, UnaryOperator<R> work) throws IOException {
        R unused =
                store.attempt(() -> {
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

    @Override
    public T create(Request request, Json body) throws IOException {
        T fresh = kind.create(body);
        changeOwner(
                request,
                owner -> {
                    kind.requireFree(owner, fresh);
                    return with(owner, fresh);
                });
        return fresh;
    }

    @Override
    public T change(Request request, UnaryOperator<T> work) throws IOException {
        changeOwner(request, owner -> with(owner, work.apply(part(owner, request))));
        return get(request);
    }

    @Override
    public T delete(Request request) throws IOException {
        T old = get(request);
        changeOwner(request, owner -> without(owner, kind.name(part(owner, request))));
        return old;
    }

    @Override
    public String url(Request request, T part) {
        return kind.url(owner(request), kind.name(part));
    }

    @Override
    public Json.Obj json(T part) {
        return kind.json(part);
    }

    @Override
    public Json shown(Request request, T part) {
        return kind.shown(owner(request), part);
    }

    @Override
    public T changed(T old, Json body) {
        return kind.changed(old, body);
    }
}
