package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
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
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// `/1.0/networks/NAME/peers`: bridges whose instances reach each other by their own addresses.
/// Both sides have to ask for it.
public final class PeerRoutes implements Routes {
    private static final String ALL = "/1.0/networks/{name}/peers";
    private static final String ONE = ALL + "/{peer}";

    private final Store store;
    private final Networks networks;
    private final Events events;

    public PeerRoutes(Store store, Networks networks, Events events) {
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

    private static String url(Network network, String peer) {
        return ApiPath.of("networks", network.name(), "peers", peer);
    }

    private Stored<Network> bridge(Request request) {
        return networks.bridge(request.variable("name"), "peering");
    }

    private static Optional<NetworkPeer> find(Network network, String peer) {
        return network.peers().stream().filter(p -> p.name().equals(peer)).findFirst();
    }

    private static NetworkPeer peer(Network network, Request request) {
        return find(network, request.variable("peer"))
                .orElseThrow(() -> new NotFoundException("Network peer not found"));
    }

    private Json shown(Network network, NetworkPeer peer) {
        boolean isMutual = networks.joined(network).contains(peer.target());
        return peer.json()
                .put("status", isMutual ? "Created" : "Pending")
                .put("used_by", List.of());
    }

    private Response list(Request request) {
        Network network = bridge(request).value();
        List<Json> out = new ArrayList<>();
        for (NetworkPeer peer : network.peers()) {
            out.add(
                    request.recursion() > 0
                            ? shown(network, peer)
                            : Json.string(url(network, peer.name())));
        }
        return Response.sync(Json.array(out));
    }

    private Response get(Request request) {
        Network network = bridge(request).value();
        NetworkPeer peer = peer(network, request);
        return Response.sync(shown(network, peer), Etag.of(peer.json()));
    }

    private Network change(Request request, UnaryOperator<Network> work) throws IOException {
        return store.attempt(() -> {
            Stored<Network> read = bridge(request);
            Network next = work.apply(read.value());
            networks.join(read, next);
            return next;
        });
    }

    private static Network with(Network network, NetworkPeer peer) {
        List<NetworkPeer> all = new ArrayList<>(network.peers());
        all.removeIf(p -> p.name().equals(peer.name()));
        all.add(peer);
        all.sort(Comparator.comparing(NetworkPeer::name));
        return network.joining(all);
    }

    private Response create(Request request) throws IOException {
        NetworkPeer wanted = NetworkPeer.of(request.json());
        wanted.check();
        Network next =
                change(
                        request,
                        network -> {
                            if (find(network, wanted.name()).isPresent()) {
                                throw new AlreadyExistsException(
                                        "A peer for that name already exists");
                            }
                            boolean isTwice =
                                    network.peers().stream()
                                            .anyMatch(p -> p.target().equals(wanted.target()));
                            if (isTwice) {
                                throw new AlreadyExistsException(
                                        "A peer for that target network already exists");
                            }
                            networks.requireBridge(network, wanted.target());
                            return with(network, wanted);
                        });
        tell("created", next, wanted.name());
        return Response.created(url(next, wanted.name()));
    }

    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        Network next =
                change(
                        request,
                        network -> {
                            NetworkPeer old = peer(network, request);
                            Etag.of(old.json()).check(request);
                            Json.Obj merged = isPatch ? old.json() : Json.object();
                            body.asMap().forEach(merged::put);
                            NetworkPeer fresh = old.changed(merged);
                            fresh.check();
                            return with(network, fresh);
                        });
        tell("updated", next, request.variable("peer"));
        return Response.empty();
    }

    private Response delete(Request request) throws IOException {
        Network next =
                change(
                        request,
                        network -> {
                            List<NetworkPeer> rest = new ArrayList<>(network.peers());
                            rest.remove(peer(network, request));
                            return network.joining(rest);
                        });
        tell("deleted", next, request.variable("peer"));
        return Response.empty();
    }

    private void tell(String verb, Network network, String peer) {
        events.publishLifecycle(Lifecycle.server("network-peer-" + verb, url(network, peer)));
    }
}
