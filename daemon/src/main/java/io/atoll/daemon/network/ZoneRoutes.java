package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
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
import io.atoll.daemon.network.NetworkZone.Extra;
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
    private static final String RECORDS = ONE + "/records";
    private static final String RECORD = RECORDS + "/{name}";

    private final Store store;
    private final Zones zones;
    private final Events events;

    public ZoneRoutes(Store store, Networks networks, Events events) {
        this.store = store;
        this.zones = networks.zones();
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get(ALL).needs(Right.VIEW).run(this::list),
                Route.post(ALL).needs(Right.ADMIN).run(this::create),
                Route.get(ONE).needs(Right.VIEW).run(this::get),
                Route.put(ONE).needs(Right.ADMIN).run(r -> update(r, false)),
                Route.patch(ONE).needs(Right.ADMIN).run(r -> update(r, true)),
                Route.delete(ONE).needs(Right.ADMIN).run(this::delete),
                Route.get(RECORDS).needs(Right.VIEW).run(this::listRecords),
                Route.post(RECORDS).needs(Right.ADMIN).run(this::createRecord),
                Route.get(RECORD).needs(Right.VIEW).run(this::getRecord),
                Route.put(RECORD).needs(Right.ADMIN).run(r -> updateRecord(r, false)),
                Route.patch(RECORD).needs(Right.ADMIN).run(r -> updateRecord(r, true)),
                Route.delete(RECORD).needs(Right.ADMIN).run(this::deleteRecord));
    }

    private static String url(String zone) {
        return ApiPath.of("network-zones", zone);
    }

    private static String url(String zone, String record) {
        return ApiPath.of("network-zones", zone, "records", record);
    }

    private Json shown(NetworkZone zone) {
        List<String> usedBy =
                zones.users(zone.name()).stream().map(n -> ApiPath.of("networks", n)).toList();
        return zone.json().put("used_by", usedBy);
    }

    private Response list(Request request) {
        List<Json> out = new ArrayList<>();
        for (NetworkZone zone : zones.all()) {
            out.add(request.recursion() > 0 ? shown(zone) : Json.string(url(zone.name())));
        }
        return Response.sync(Json.array(out));
    }

    private NetworkZone zone(Request request) {
        return zones.get(request.variable("zone")).value();
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
        zones.create(NetworkZone.of(name, body, List.of()));
        tell("network-zone-created", url(name));
        return Response.created(url(name));
    }

    private NetworkZone change(Request request, UnaryOperator<NetworkZone> work)
            throws IOException {
        return store.attempt(() -> {
            Stored<NetworkZone> read = zones.get(request.variable("zone"));
            NetworkZone next = work.apply(read.value());
            zones.change(read, next);
            return next;
        });
    }

    private static Json merged(Json.Obj old, Json body, boolean isPatch) {
        if (!isPatch) {
            return body;
        }
        body.asMap().forEach(old::put);
        return old;
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        NetworkZone next =
                change(
                        request,
                        old -> {
                            Etag.of(old.json()).check(request);
                            return NetworkZone.of(
                                    old.name(), merged(old.json(), body, isPatch), old.records());
                        });
        tell("network-zone-updated", url(next.name()));
        return Response.empty();
    }

    private Response delete(Request request) {
        Stored<NetworkZone> read = zones.get(request.variable("zone"));
        zones.delete(read);
        tell("network-zone-deleted", url(read.name()));
        return Response.empty();
    }

    private Response listRecords(Request request) {
        NetworkZone zone = zone(request);
        List<Json> out = new ArrayList<>();
        for (Extra record : zone.records()) {
            out.add(
                    request.recursion() > 0
                            ? record.json()
                            : Json.string(url(zone.name(), record.name())));
        }
        return Response.sync(Json.array(out));
    }

    private static Extra record(NetworkZone zone, Request request) {
        return zone.record(request.variable("name"))
                .orElseThrow(() -> new NotFoundException("Network zone record not found"));
    }

    private Response getRecord(Request request) {
        Extra record = record(zone(request), request);
        return Response.sync(record.json(), Etag.of(record.json()));
    }

    private Response createRecord(Request request) throws IOException {
        Json body = request.json();
        String name = body.get("name").asString();
        if (!name.matches("@|[-a-zA-Z0-9_.*]{1,200}")) {
            throw new InvalidConfigException("Invalid record name \"" + name + "\"");
        }
        NetworkZone next =
                change(
                        request,
                        zone -> {
                            if (zone.record(name).isPresent()) {
                                throw new AlreadyExistsException(
                                        "A record for that name already exists");
                            }
                            return zone.with(Extra.of(name, body));
                        });
        tell("network-zone-record-created", url(next.name(), name));
        return Response.created(url(next.name(), name));
    }

    private Response updateRecord(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        NetworkZone next =
                change(
                        request,
                        zone -> {
                            Extra old = record(zone, request);
                            Etag.of(old.json()).check(request);
                            return zone.with(
                                    Extra.of(old.name(), merged(old.json(), body, isPatch)));
                        });
        tell("network-zone-record-updated", url(next.name(), request.variable("name")));
        return Response.empty();
    }

    private Response deleteRecord(Request request) throws IOException {
        NetworkZone next = change(request, zone -> zone.without(record(zone, request).name()));
        tell("network-zone-record-deleted", url(next.name(), request.variable("name")));
        return Response.empty();
    }

    private void tell(String action, String url) {
        events.publishLifecycle(Lifecycle.server(action, url));
    }
}
