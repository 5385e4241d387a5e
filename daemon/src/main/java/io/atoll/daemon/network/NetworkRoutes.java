package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
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
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.MacAddress;
import io.atoll.network.Lease;
import io.atoll.network.NetworkState;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/// `/1.0/networks`: managed bridges, and the host's other interfaces to look at.
public final class NetworkRoutes implements Routes {
    private static final int NAME_MAX = 15;

    private final Store store;
    private final Networks networks;
    private final NetworkSight sight;
    private final Events events;
    private final BiPredicate<Request, String> isVisible;

    /// @param isVisible whether the caller of a request may know of a network
    public NetworkRoutes(
            Store store,
            Projects projects,
            Networks networks,
            Events events,
            BiPredicate<Request, String> isVisible) {
        this.store = store;
        this.networks = networks;
        this.sight = new NetworkSight(projects);
        this.events = events;
        this.isVisible = isVisible;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/networks").needs(Right.VIEW).run(this::list),
                Route.post("/1.0/networks").needs(Right.ADMIN).run(this::create),
                Route.get("/1.0/networks/{name}").needs(Right.VIEW).run(this::get),
                Route.put("/1.0/networks/{name}").needs(Right.ADMIN).run(r -> update(r, false)),
                Route.patch("/1.0/networks/{name}").needs(Right.ADMIN).run(r -> update(r, true)),
                Route.post("/1.0/networks/{name}").needs(Right.ADMIN).run(this::rename),
                Route.delete("/1.0/networks/{name}").needs(Right.ADMIN).run(this::delete),
                Route.get("/1.0/networks/{name}/state").needs(Right.VIEW).run(this::state),
                Route.get("/1.0/networks/{name}/leases").needs(Right.VIEW).run(this::leases));
    }

    private static String url(String name) {
        return ApiPath.of("networks", name);
    }

    private Json managed(Request request, Network network) {
        List<String> usedBy = request.caller().visible(networks.usedBy(network.name()));
        return Json.object()
                .put("config", Wire.json(network.config()))
                .put("description", network.description())
                .put("name", network.name())
                .put("type", network.type().word())
                .put("used_by", usedBy.isEmpty() ? Json.Null.NULL : Json.strings(usedBy))
                .put("managed", true)
                .put("status", networks.isUp(network.name()) ? "Created" : "Unavailable")
                .put("locations", List.of("none"));
    }

    private Json unmanaged(Request request, Link link) {
        return Json.object()
                .put("config", Map.of())
                .put("description", "")
                .put("name", link.name())
                .put("type", HostInterfaces.type(link))
                .put("used_by", request.caller().visible(networks.usedBy(link.name())))
                .put("managed", false)
                .put("status", "")
                .put("locations", Json.Null.NULL);
    }

    private static Etag etag(Network network) {
        return Etag.of(
                Json.string(network.name()),
                Json.string(network.description()),
                Wire.json(network.config()));
    }

    private Response list(Request request) {
        if (!sight.hasNetworks(request)) {
            return Response.sync(Json.array());
        }
        boolean isFull = request.recursion() > 0;
        Map<String, Json> out = new TreeMap<>();
        for (Stored<Network> network : networks.list()) {
            String name = network.name();
            out.put(
                    "0" + name,
                    isFull ? managed(request, network.value()) : Json.string(url(name)));
        }
        for (Link link : HostInterfaces.list()) {
            if (!out.containsKey("0" + link.name())) {
                out.put(
                        "1" + link.name(),
                        isFull ? unmanaged(request, link) : Json.string(url(link.name())));
            }
        }
        out.keySet().removeIf(key -> !isVisible.test(request, key.substring(1)));
        return Response.sync(Json.array(out.values()));
    }

    private Response get(Request request) {
        String name = request.variable("name");
        if (!sight.hasNetworks(request)) {
            throw new NotFoundException("Network not found");
        }
        Optional<Stored<Network>> found = networks.find(name);
        if (found.isPresent()) {
            return Response.sync(managed(request, found.get().value()), etag(found.get().value()));
        }
        Link link =
                HostInterfaces.find(name)
                        .orElseThrow(() -> new NotFoundException("Network not found"));
        Network shown = Network.of(name, NetworkType.BRIDGE, "", Map.of());
        return Response.sync(unmanaged(request, link), etag(shown));
    }

    private static String checkedName(String name) {
        if (name.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        if (name.length() < 2) {
            throw new InvalidConfigException(
                    "Network interface is too short (minimum 2 characters)");
        }
        if (name.length() > NAME_MAX) {
            throw new InvalidConfigException(
                    "Network interface is too long (maximum " + NAME_MAX + " characters)");
        }
        if (!name.matches("[-_a-zA-Z0-9.]+") || name.equals("..")) {
            throw new InvalidConfigException(
                    "Network interface \""
                            + name
                            + "\" contains characters other than letters, digits, - _ .");
        }
        return name;
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        String name = checkedName(body.get("name").asString());
        String type = body.get("type").asString();
        networks.create(
                sight.owner(request),
                Network.of(
                        name,
                        type.isEmpty() ? NetworkType.BRIDGE : NetworkType.parse(type),
                        body.get("description").asString(),
                        Wire.config(body.get("config"))));
        events.publishLifecycle(Lifecycle.server("network-created", url(name)));
        return Response.created(url(name));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        store.attempt(() -> {
            Stored<Network> read = stored(request);
            etag(read.value()).check(request);
            Network next = next(read.value(), body, isPatch);
            networks.change(read, next);
            return next;
        });
        events.publishLifecycle(Lifecycle.server("network-updated", url(request.variable("name"))));
        return Response.empty();
    }

    private static Network next(Network old, Json body, boolean isPatch) {
        Map<String, String> config = new TreeMap<>(isPatch ? old.config() : Map.of());
        config.putAll(Wire.config(body.get("config")));
        config.values().removeIf(String::isEmpty);
        boolean keepText = isPatch && body.get("description").isNull();
        String text = keepText ? old.description() : body.get("description").asString();
        return old.with(text, config);
    }

    private Stored<Network> stored(Request request) {
        return networks.get(sight.network(request, networks));
    }

    private Response rename(Request request) throws IOException {
        Stored<Network> read = stored(request);
        String fresh = checkedName(request.json().get("name").asString());
        networks.rename(read, fresh);
        events.publishLifecycle(
                Lifecycle.server("network-renamed", url(fresh)).with("old_name", read.name()));
        return Response.created(url(fresh));
    }

    private Response delete(Request request) {
        Stored<Network> read = stored(request);
        networks.delete(read);
        events.publishLifecycle(Lifecycle.server("network-deleted", url(read.name())));
        return Response.empty();
    }

    private Response state(Request request) {
        ProjectName _ = sight.owner(request);
        String name = request.variable("name");
        NetworkState state =
                networks.state(name)
                        .orElseThrow(() ->
                                new NotFoundException(
                                        "Network interface \"" + name + "\" not found"));
        Json.Arr addresses = Json.array();
        for (NetworkState.Address address : state.addresses()) {
            addresses
                    .items()
                    .add(
                            Json.object()
                                    .put("family", address.family())
                                    .put("address", address.address())
                                    .put("netmask", address.netmask())
                                    .put("scope", address.scope()));
        }
        Json counters =
                Json.object()
                        .put("bytes_received", state.counters().bytesReceived())
                        .put("bytes_sent", state.counters().bytesSent())
                        .put("packets_received", state.counters().packetsReceived())
                        .put("packets_sent", state.counters().packetsSent());
        return Response.sync(
                Json.object()
                        .put("addresses", addresses)
                        .put("counters", counters)
                        .put("hwaddr", state.hwaddr())
                        .put("mtu", state.mtu())
                        .put("state", state.isUp() ? "up" : "down")
                        .put("type", state.type())
                        .put("bond", Json.Null.NULL)
                        .put("bridge", bridge(state))
                        .put("vlan", vlan(state))
                        .put("ovn", Json.Null.NULL)
                        .put("firewall", networks.neighbours(name))
                        .put("bgp", networks.routers(name)));
    }

    private static Json bridge(NetworkState state) {
        if (state.bridge().isEmpty()) {
            return Json.Null.NULL;
        }
        Link.BridgeDetails details = state.bridge().get();
        return Json.object()
                .put("id", details.id())
                .put("stp", details.spanningTree())
                .put("forward_delay", details.forwardDelay())
                .put("vlan_default", details.vlanDefault())
                .put("vlan_filtering", details.vlanFiltering())
                .put("upper_devices", state.ports());
    }

    private static Json vlan(NetworkState state) {
        if (state.vlanId().isEmpty()) {
            return Json.Null.NULL;
        }
        return Json.object()
                .put("lower_device", state.parent().orElse(""))
                .put("vid", state.vlanId().getAsInt());
    }

    private Response leases(Request request) {
        Json.Arr out = Json.array();
        for (Lease lease : networks.leases(request.project(), sight.network(request, networks))) {
            out.items()
                    .add(
                            Json.object()
                                    .put("hostname", lease.hostname())
                                    .put("hwaddr", lease.mac().map(MacAddress::toString).orElse(""))
                                    .put("address", IpNetwork.text(lease.address()))
                                    .put("type", lease.kind().name().toLowerCase(Locale.ROOT))
                                    .put(
                                            "location",
                                            lease.kind() == Lease.Kind.GATEWAY ? "" : "none"));
        }
        return Response.sync(out);
    }
}
