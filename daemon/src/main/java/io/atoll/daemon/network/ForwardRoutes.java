package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
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
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.linux.net.IpNetwork;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// `/1.0/networks/NAME/forwards`: addresses of the host whose traffic goes to instances.
public final class ForwardRoutes implements Routes {
    private static final String ALL = "/1.0/networks/{name}/forwards";
    private static final String ONE = ALL + "/{address}";

    private final Store store;
    private final Networks networks;
    private final Events events;

    public ForwardRoutes(Store store, Networks networks, Events events) {
        this.store = store;
        this.networks = networks;
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
                Route.delete(ONE).needs(Right.ADMIN).run(this::delete));
    }

    private static String url(Network network, String address) {
        return ApiPath.of("networks", network.name(), "forwards", address);
    }

    private Stored<Network> bridge(Request request) {
        return networks.bridge(request.variable("name"), "forwards");
    }

    private static Optional<NetworkForward> find(Network network, String address) {
        return network.forwards().stream()
                .filter(f -> f.listenAddress().equals(address))
                .findFirst();
    }

    /// Addresses have many spellings; one of them is recorded.
    private static String spelled(String address) {
        return IpNetwork.parseAddress(address).map(IpNetwork::text).orElse(address);
    }

    private static NetworkForward get(Network network, Request request) {
        return find(network, spelled(request.variable("address")))
                .orElseThrow(() -> new NotFoundException("Network forward not found"));
    }

    private Response list(Request request) {
        Network network = bridge(request).value();
        List<Json> out = new ArrayList<>();
        for (NetworkForward forward : network.forwards()) {
            out.add(
                    request.recursion() > 0
                            ? forward.json()
                            : Json.string(url(network, forward.listenAddress())));
        }
        return Response.sync(Json.array(out));
    }

    private Response get(Request request) {
        NetworkForward forward = get(bridge(request).value(), request);
        return Response.sync(forward.json(), Etag.of(forward.json()));
    }

    private Network change(Request request, UnaryOperator<Network> work) throws IOException {
        return store.attempt(() -> {
            Stored<Network> read = bridge(request);
            Network next = work.apply(read.value());
            networks.forward(read, next);
            return next;
        });
    }

    private static Network with(Network network, NetworkForward forward) {
        List<NetworkForward> all = new ArrayList<>(network.forwards());
        all.removeIf(f -> f.listenAddress().equals(forward.listenAddress()));
        all.add(forward);
        all.sort(Comparator.comparing(NetworkForward::listenAddress));
        return network.forwarding(all);
    }

    private Response create(Request request) throws IOException {
        Json body = request.json();
        NetworkForward wanted =
                NetworkForward.of(spelled(body.get("listen_address").asString()), body);
        Network next =
                change(
                        request,
                        network -> {
                            boolean isTaken =
                                    networks.list().stream()
                                            .anyMatch(n ->
                                                    find(n.value(), wanted.listenAddress())
                                                            .isPresent());
                            if (isTaken) {
                                throw new InvalidConfigException(
                                        "A forward for that listen address already exists");
                            }
                            return with(network, wanted);
                        });
        tell("created", next, wanted.listenAddress());
        return Response.created(url(next, wanted.listenAddress()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        String address = spelled(request.variable("address"));
        Network next =
                change(
                        request,
                        network -> {
                            NetworkForward old = get(network, request);
                            Etag.of(old.json()).check(request);
                            return with(network, next(old, body, isPatch));
                        });
        tell("updated", next, address);
        return Response.empty();
    }

    private static NetworkForward next(NetworkForward old, Json body, boolean isPatch) {
        if (!isPatch) {
            return NetworkForward.of(old.listenAddress(), body);
        }
        Json.Obj merged = Json.object();
        old.json().asMap().forEach(merged::put);
        body.asMap().forEach(merged::put);
        return NetworkForward.of(old.listenAddress(), merged);
    }

    private Response delete(Request request) throws IOException {
        String address = spelled(request.variable("address"));
        Network next =
                change(
                        request,
                        network -> {
                            NetworkForward gone = get(network, request);
                            List<NetworkForward> rest = new ArrayList<>(network.forwards());
                            rest.remove(gone);
                            return network.forwarding(rest);
                        });
        tell("deleted", next, address);
        return Response.empty();
    }

    private void tell(String verb, Network network, String address) {
        events.publishLifecycle(Lifecycle.server("network-forward-" + verb, url(network, address)));
    }
}
