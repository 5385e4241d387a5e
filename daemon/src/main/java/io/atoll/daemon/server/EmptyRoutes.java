package io.atoll.daemon.server;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// What clients ask every server about although this one has none of it: a cluster. It answers as
/// an LXD that is in none, in the same words.
public final class EmptyRoutes implements Routes {
    private static final String MEMBERS = "/1.0/cluster/members";
    private static final String GROUPS = "/1.0/cluster/groups";

    private final Supplier<List<String>> pools;

    /// @param pools the names of the storage pools, which a server that joins a cluster would be
    ///   asked about
    public EmptyRoutes(Supplier<List<String>> pools) {
        this.pools = pools;
    }

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>();
        out.add(Route.get("/1.0/cluster").needs(Right.KNOWN).run(_ -> cluster()));
        out.add(Route.put("/1.0/cluster").needs(Right.ADMIN).run(EmptyRoutes::change));
        String noMembers = "Server is not clustered";
        add(out, HttpMethod.GET, MEMBERS, Right.KNOWN, noMembers);
        add(out, HttpMethod.GET, MEMBERS + "/{name}", Right.KNOWN, noMembers);
        for (HttpMethod method :
                List.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)) {
            add(out, method, MEMBERS + "/{name}", Right.ADMIN, noMembers);
        }
        String notClustered = "This server is not clustered";
        add(out, HttpMethod.POST, MEMBERS, Right.ADMIN, notClustered);
        add(out, HttpMethod.GET, GROUPS, Right.KNOWN, notClustered);
        add(out, HttpMethod.POST, GROUPS, Right.ADMIN, notClustered);
        add(out, HttpMethod.GET, GROUPS + "/{name}", Right.KNOWN, notClustered);
        for (HttpMethod method :
                List.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)) {
            add(out, method, GROUPS + "/{name}", Right.ADMIN, notClustered);
        }
        add(out, HttpMethod.PUT, "/1.0/cluster/certificate", Right.ADMIN, notClustered);
        out.add(
                Route.of(HttpMethod.POST, MEMBERS + "/{name}/state")
                        .needs(Right.ADMIN)
                        .run(_ -> {
                            throw new NotFoundException("Cluster member not found");
                        }));
        return List.copyOf(out);
    }

    private static void add(
            List<Route> out, HttpMethod method, String path, Right right, String refusal) {
        out.add(
                Route.of(method, path)
                        .needs(right)
                        .run(_ -> {
                            throw new InvalidConfigException(refusal);
                        }));
    }

    /// To be in no cluster is what this server is asked to become or not.
    private static Response change(Request request) throws IOException {
        if (request.json().get("enabled").asBoolean()) {
            throw new UnsupportedException("Clustering is not supported by this server");
        }
        throw new InvalidConfigException("This server is not clustered");
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
