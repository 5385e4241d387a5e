package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.network.NetworkZone.Extra;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/// `/1.0/network-zones`: DNS zones and the records that users add to them.
public final class ZoneRoutes implements Routes {
    private static final String ALL = "/1.0/network-zones";
    private static final String ONE = ALL + "/{zone}";

    private final Store store;
    private final Networks networks;
    private final Zones zones;
    private final NetworkSight sight;
    private final Events events;
    private final PartRoutes<NetworkZone, Extra> records;

    public ZoneRoutes(Store store, Projects projects, Networks networks, Events events) {
        this.store = store;
        this.networks = networks;
        this.zones = networks.zones();
        this.sight = new NetworkSight(projects);
        this.events = events;
        this.records = new PartRoutes<>(store, events, Right.EDIT, new Records(zones, sight));
    }

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>();
        out.add(Route.get(ALL).needs(Right.VIEW).run(this::list));
        out.add(Route.post(ALL).needs(Right.EDIT).run(this::create));
        out.add(Route.get(ONE).needs(Right.VIEW).run(this::get));
        out.add(Route.put(ONE).needs(Right.EDIT).run(r -> update(r, false)));
        out.add(Route.patch(ONE).needs(Right.EDIT).run(r -> update(r, true)));
        out.add(Route.delete(ONE).needs(Right.EDIT).run(this::delete));
        out.addAll(records.routes());
        return out;
    }

    private static String url(String zone) {
        return ApiPath.of("network-zones", zone);
    }

    private Json shown(NetworkZone zone) {
        List<String> networks =
                zone.project().equals(ProjectName.DEFAULT) ? zones.users(zone.name()) : List.of();
        List<String> usedBy = networks.stream().map(n -> ApiPath.of("networks", n)).toList();
        return zone.json().put("used_by", usedBy);
    }

    private Response list(Request request) {
        List<Json> out = new ArrayList<>();
        for (NetworkZone zone : zones.all(sight.owner(request))) {
            out.add(request.recursion() > 0 ? shown(zone) : Json.string(url(zone.name())));
        }
        return Response.sync(Json.array(out));
    }

    private NetworkZone zone(Request request) {
        return stored(request).value();
    }

    private Stored<NetworkZone> stored(Request request) {
        return zones.get(sight.owner(request), request.variable("zone"));
    }

    private Response get(Request request) {
        NetworkZone zone = zone(request);
        return Response.sync(shown(zone), Etag.of(zone.json()));
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        String name = body.get("name").asString().toLowerCase(Locale.ROOT);
        if (name.isEmpty()) {
            throw new InvalidConfigException("Name is required");
        }
        networks.createZone(NetworkZone.of(sight.owner(request), name, body, List.of()));
        tell("network-zone-created", url(name));
        return Response.created(ApiPath.inProject(url(name), sight.owner(request).value()));
    }

    private NetworkZone change(Request request, UnaryOperator<NetworkZone> work)
            throws IOException {
        return store.attempt(() -> {
            Stored<NetworkZone> read = stored(request);
            NetworkZone next = work.apply(read.value());
            zones.change(read, next);
            return next;
        });
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        NetworkZone next =
                change(
                        request,
                        old -> {
                            Etag.of(old.json()).check(request);
                            return NetworkZone.of(
                                    old.project(),
                                    old.name(),
                                    PartRoutes.merged(old.json(), body, isPatch),
                                    old.records());
                        });
        tell("network-zone-updated", url(next.name()));
        return Response.empty();
    }

    private Response delete(Request request) {
        Stored<NetworkZone> read = stored(request);
        zones.delete(read);
        tell("network-zone-deleted", url(read.name()));
        return Response.empty();
    }

    private void tell(String action, String url) {
        events.publishLifecycle(Lifecycle.server(action, url));
    }

    /// What users add to zones.
    private record Records(Zones zones, NetworkSight sight)
            implements PartRoutes.Kind<NetworkZone, Extra> {
        @Override
        public String path() {
            return ONE + "/records";
        }

        @Override
        public String variable() {
            return "name";
        }

        @Override
        public String event() {
            return "network-zone-record";
        }

        @Override
        public String missing() {
            return "Network zone record not found";
        }

        @Override
        public Stored<NetworkZone> owner(Request request) {
            return zones.get(sight.owner(request), request.variable("zone"));
        }

        @Override
        public void change(Stored<NetworkZone> read, NetworkZone next) {
            zones.change(read, next);
        }

        @Override
        public List<Extra> parts(NetworkZone zone) {
            return zone.records();
        }

        @Override
        public NetworkZone with(NetworkZone zone, List<Extra> records) {
            return zone.withRecords(records);
        }

        @Override
        public String name(Extra record) {
            return record.name();
        }

        @Override
        public String url(NetworkZone zone, String record) {
            return ApiPath.of("network-zones", zone.name(), "records", record);
        }

        @Override
        public Json.Obj json(Extra record) {
            return record.json();
        }

        @Override
        public Extra create(Json body) {
            String name = body.get("name").asString();
            if (!name.matches("@|[-a-zA-Z0-9_.*]{1,200}")) {
                throw new InvalidConfigException("Invalid record name \"" + name + "\"");
            }
            return Extra.of(name, body).requireDistinct();
        }

        @Override
        public void requireFree(NetworkZone zone, Extra fresh) {
            if (zone.record(fresh.name()).isPresent()) {
                throw new AlreadyExistsException("A record for that name already exists");
            }
        }

        @Override
        public Extra changed(Extra old, Json body) {
            return Extra.of(old.name(), body).requireDistinct();
        }
    }
}
