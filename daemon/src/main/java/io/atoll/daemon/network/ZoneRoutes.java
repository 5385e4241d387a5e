package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Request;
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

    private final ThingRoutes<NetworkZone> zones;
    private final ThingRoutes<Extra> records;

    public ZoneRoutes(Store store, Projects projects, Networks networks, Events events) {
        NetworkSight sight = new NetworkSight(projects);
        zones = new ThingRoutes<>(events, Right.EDIT, new Kind(store, networks, sight));
        records =
                new ThingRoutes<>(
                        events,
                        Right.EDIT,
                        new Parts<>(store, new Records(networks.zones(), sight)));
    }

    @Override
    public List<Route> routes() {
        List<Route> out = new ArrayList<>(zones.routes());
        out.addAll(records.routes());
        return out;
    }

    /// The zones of the request's project.
    private record Kind(Store store, Networks networks, NetworkSight sight)
            implements ThingRoutes.Kind<NetworkZone> {
        private Zones zones() {
            return networks.zones();
        }

        private Stored<NetworkZone> stored(Request request) {
            return zones().get(sight.owner(request), request.variable("zone"));
        }

        @Override
        public String path() {
            return ALL;
        }

        @Override
        public String variable() {
            return "zone";
        }

        @Override
        public String event() {
            return "network-zone";
        }

        @Override
        public List<NetworkZone> all(Request request) {
            return zones().all(sight.owner(request));
        }

        @Override
        public NetworkZone get(Request request) {
            return stored(request).value();
        }

        @Override
        public NetworkZone create(Request request, Json body) {
            String name = body.get("name").asString().toLowerCase(Locale.ROOT);
            if (name.isEmpty()) {
                throw new InvalidConfigException("Name is required");
            }
            NetworkZone zone = NetworkZone.of(sight.owner(request), name, body, List.of());
            networks.createZone(zone);
            return zone;
        }

        @Override
        public NetworkZone change(Request request, UnaryOperator<NetworkZone> work)
                throws IOException {
            return store.attempt(() -> {
                Stored<NetworkZone> read = stored(request);
                NetworkZone next = work.apply(read.value());
                zones().change(read, next);
                return next;
            });
        }

        @Override
        public NetworkZone delete(Request request) {
            Stored<NetworkZone> read = stored(request);
            zones().delete(read);
            return read.value();
        }

        @Override
        public String url(Request request, NetworkZone zone) {
            return ApiPath.of("network-zones", zone.name());
        }

        @Override
        public String location(Request request, NetworkZone zone) {
            return ApiPath.inProject(url(request, zone), sight.owner(request).value());
        }

        @Override
        public Json.Obj json(NetworkZone zone) {
            return zone.json();
        }

        @Override
        public Json shown(Request request, NetworkZone zone) {
            List<String> users =
                    zone.project().equals(ProjectName.DEFAULT)
                            ? zones().users(zone.name())
                            : List.of();
            List<String> usedBy = users.stream().map(n -> ApiPath.of("networks", n)).toList();
            return zone.json().put("used_by", usedBy);
        }

        @Override
        public NetworkZone changed(NetworkZone old, Json body) {
            return NetworkZone.of(old.project(), old.name(), body, old.records());
        }
    }

    /// What users add to zones.
    private record Records(Zones zones, NetworkSight sight)
            implements Parts.Kind<NetworkZone, Extra> {
        @Override
        public String path() {
            return ALL + "/{zone}/records";
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
