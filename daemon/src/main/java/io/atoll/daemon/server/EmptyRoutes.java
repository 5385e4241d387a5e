package io.atoll.daemon.server;

import io.atoll.api.ApiPath;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.util.List;
import java.util.function.Supplier;

/// What clients ask every server about although this one has none of it: a cluster.
public final class EmptyRoutes implements Routes {
    private final Supplier<List<String>> pools;

    /// @param pools the names of the storage pools, which a server that joins a cluster would be
    ///   asked about
    public EmptyRoutes(Supplier<List<String>> pools) {
        this.pools = pools;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/cluster").needs(Right.KNOWN).run(_ -> cluster()),
                Route.put("/1.0/cluster").needs(Right.ADMIN).run(_ -> noCluster()));
    }

    private static Response noCluster() {
        throw new UnsupportedException("Clustering is not supported by this server");
    }

    private Response cluster() {
        Json.Arr members = Json.array();
        for (String pool : pools.get()) {
            members.items()
                    .add(
                            Json.object()
                                    .put("entity", "storage-pool")
                                    .put("name", pool)
                                    .put("key", "source")
                                    .put("value", "")
                                    .put(
                                            "description",
                                            "\"source\" property for storage pool \""
                                                    + pool
                                                    + "\""));
        }
        Json.Obj out =
                Json.object()
                        .put("server_name", "")
                        .put("enabled", false)
                        .put("member_config", members);
        return Response.sync(out, Etag.of(Json.string(ApiPath.VERSION), out));
    }
}
