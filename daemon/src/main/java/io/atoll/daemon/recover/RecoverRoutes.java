package io.atoll.daemon.recover;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.storage.StorageDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// `/internal/recover`: makes records of instances and volumes that are in pools and nowhere else,
/// after the database was lost. Validating changes nothing; importing does all or, if something is
/// missing, nothing.
public final class RecoverRoutes implements Routes {
    private static final Logger LOG = System.getLogger(RecoverRoutes.class.getName());

    private final PoolAccess pools;
    private final List<LostVolumes> kinds;

    public RecoverRoutes(PoolAccess pools, List<LostVolumes> kinds) {
        this.pools = pools;
        this.kinds = List.copyOf(kinds);
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.post("/internal/recover/validate").needs(Right.LOCAL).run(this::validate),
                Route.post("/internal/recover/import").needs(Right.LOCAL).run(this::recover));
    }

    /// What was found, and what is missing.
    private record Findings(List<LostVolume> volumes, TreeSet<String> problems) {}

    private List<LostVolume> in(StorageDriver pool) {
        return kinds.stream().flatMap(kind -> kind.find(pool).stream()).toList();
    }

    private static List<Json> wanted(Request request) throws IOException {
        return request.json().get("Pools").asList();
    }

    private Findings look(List<Json> wanted) {
        Findings out = new Findings(new ArrayList<>(), new TreeSet<>());
        for (Json pool : wanted) {
            try {
                out.volumes.addAll(pools.look(pool, this::in));
            } catch (DomainException e) {
                out.problems.add("Pool \"" + pool.get("name").asString() + "\": " + e.getMessage());
            }
        }
        out.volumes.forEach(volume -> out.problems.addAll(volume.problems()));
        return out;
    }

    private Response validate(Request request) throws IOException {
        Findings found = look(wanted(request));
        List<Json> volumes = new ArrayList<>();
        for (LostVolume volume : found.volumes) {
            volumes.add(
                    Json.object()
                            .put("name", volume.name())
                            .put("type", volume.type())
                            .put("snapshotCount", volume.snapshots())
                            .put("project", volume.project().value())
                            .put("pool", volume.pool()));
        }
        return Response.sync(
                Json.object()
                        .put(
                                "UnknownVolumes",
                                volumes.isEmpty() ? Json.Null.NULL : Json.array(volumes))
                        .put(
                                "DependencyErrors",
                                found.problems.isEmpty()
                                        ? Json.Null.NULL
                                        : Json.strings(found.problems)));
    }

    private Response recover(Request request) throws IOException {
        List<Json> wanted = wanted(request);
        Findings found = look(wanted);
        if (!found.problems.isEmpty()) {
            throw new InvalidConfigException(
                    "Nothing was recovered: " + String.join("; ", found.problems));
        }
        for (Json pool : wanted) {
            for (LostVolume volume : in(pools.adopt(pool))) {
                volume.recorder().run();
                LOG.log(
                        Level.INFO,
                        "recovered "
                                + volume.type()
                                + " name="
                                + volume.name()
                                + " project="
                                + volume.project()
                                + " pool="
                                + volume.pool());
            }
        }
        return Response.empty();
    }
}
