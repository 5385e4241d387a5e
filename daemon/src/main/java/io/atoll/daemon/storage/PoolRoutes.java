package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.storage.PoolKeys;
import io.atoll.storage.PoolUsage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/// `/1.0/storage-pools`, without volumes.
public final class PoolRoutes implements Routes {
    private final Store store;
    private final Pools pools;
    private final Events events;

    public PoolRoutes(Store store, Pools pools, Events events) {
        this.store = store;
        this.pools = pools;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/storage-pools").needs(Right.KNOWN).run(this::list),
                Route.post("/1.0/storage-pools").needs(Right.ADMIN).run(this::create),
                Route.get("/1.0/storage-pools/{name}").needs(Right.KNOWN).run(this::get),
                Route.put("/1.0/storage-pools/{name}")
                        .needs(Right.ADMIN)
                        .run(r -> update(r, false)),
                Route.patch("/1.0/storage-pools/{name}")
                        .needs(Right.ADMIN)
                        .run(r -> update(r, true)),
                Route.delete("/1.0/storage-pools/{name}").needs(Right.ADMIN).run(this::delete),
                Route.get("/1.0/storage-pools/{name}/resources")
                        .needs(Right.KNOWN)
                        .run(this::resources));
    }

    private static String url(String name) {
        return ApiPath.of("storage-pools", name);
    }

    /// Whoever is kept to projects does not see where a pool lies.
    private Json json(Request request, Pool pool) {
        List<String> usedBy = request.caller().visible(pools.usedBy(pool.name()));
        boolean isFull = request.caller().projects().isEmpty();
        return Json.object()
                .put("config", Wire.json(isFull ? pool.config() : Map.of()))
                .put("description", pool.description())
                .put("name", pool.name())
                .put("driver", pool.driver())
                .put("used_by", usedBy.isEmpty() ? Json.Null.NULL : Json.strings(usedBy))
                .put("status", pools.isUp(pool.name()) ? "Created" : "Unavailable")
                .put("locations", List.of("none"));
    }

    private static Etag etag(Pool pool) {
        return Etag.of(
                Json.string(pool.name()),
                Json.string(pool.description()),
                Wire.json(pool.config()));
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (Stored<Pool> pool : pools.list()) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json(request, pool.value())
                                    : Json.string(url(pool.name())));
        }
        return Response.sync(out);
    }

    private Response get(Request request) {
        Pool pool = pools.get(request.variable("name")).value();
        return Response.sync(json(request, pool), etag(pool));
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        String name = body.get("name").asString();
        String driver = body.get("driver").asString();
        if (name.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (name.contains("/")) {
            throw new InvalidConfigException("Storage pool names may not contain slashes");
        }
        if (name.chars().anyMatch(Character::isWhitespace)) {
            throw new InvalidConfigException("Storage name cannot contain white space");
        }
        if (driver.isEmpty()) {
            throw new InvalidConfigException("No driver provided");
        }
        pools.create(
                new Pool(
                        name,
                        driver,
                        body.get("description").asString(),
                        Wire.config(body.get("config"))));
        events.publishLifecycle(
                Lifecycle.server("storage-pool-created", url(name)).with("driver", driver));
        return Response.created(url(name));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        store.attempt(() -> store(request, body, isPatch));
        events.publishLifecycle(
                Lifecycle.server("storage-pool-updated", url(request.variable("name"))));
        return Response.empty();
    }

    private Pool store(Request request, Json body, boolean isPatch) {
        Stored<Pool> read = pools.get(request.variable("name"));
        Pool old = read.value();
        etag(old).check(request);
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        config.values().removeIf(String::isEmpty);
        checkChange(old, config);
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        Pool next = new Pool(old.name(), old.driver(), text, config);
        store.commit(new Batch().replace(Pool.KIND, read, next));
        return next;
    }

    /// What says how the pool lies on disk stays as it is.
    private static void checkChange(Pool old, Map<String, String> next) {
        PoolKeys.check(old.driver(), next);
        TreeSet<String> keys = new TreeSet<>(old.config().keySet());
        keys.addAll(next.keySet());
        for (String key : keys) {
            boolean isSame = Objects.equals(old.config().get(key), next.get(key));
            if (!isSame && !PoolKeys.isChangeable(key)) {
                throw new InvalidConfigException(
                        key.equals("source")
                                ? "Pool source cannot be changed when not in pending state"
                                : "Pool key \"" + key + "\" cannot be changed");
            }
        }
    }

    private Response delete(Request request) {
        String name = request.variable("name");
        pools.delete(name);
        events.publishLifecycle(Lifecycle.server("storage-pool-deleted", url(name)));
        return Response.empty();
    }

    private Response resources(Request request) {
        PoolUsage usage = pools.driver(request.variable("name")).poolUsage();
        return Response.sync(
                Json.object()
                        .put("space", pair(usage.bytesUsed(), usage.bytesTotal()))
                        .put("inodes", pair(usage.inodesUsed(), usage.inodesTotal())));
    }

    private static Json pair(long used, long total) {
        return Json.object().put("used", used).put("total", total);
    }
}
