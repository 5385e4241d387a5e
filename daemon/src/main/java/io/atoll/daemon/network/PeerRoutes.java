package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.util.List;

/// `/1.0/networks/NAME/peers`: bridges whose instances reach each other by their own addresses.
/// Both sides have to ask for it.
public final class PeerRoutes implements Routes {
    private final ThingRoutes<NetworkPeer> things;

    public PeerRoutes(Store store, Projects projects, Networks networks, Events events) {
        things =
                new ThingRoutes<>(
                        events,
                        Right.ADMIN,
                        new Parts<>(store, new Peers(networks, new NetworkSight(projects))));
    }

    @Override
    public List<Route> routes() {
        return things.routes();
    }

    private record Peers(Networks networks, NetworkSight sight)
            implements Parts.Kind<Network, NetworkPeer> {
        @Override
        public String path() {
            return "/1.0/networks/{name}/peers";
        }

        @Override
        public String variable() {
            return "peer";
        }

        @Override
        public String event() {
            return "network-peer";
        }

        @Override
        public String missing() {
            return "Network peer not found";
        }

        @Override
        public Stored<Network> owner(Request request) {
            return networks.bridge(sight.network(request, networks), "peering");
        }

        @Override
        public void change(Stored<Network> read, Network next) {
            networks.join(read, next);
        }

        @Override
        public List<NetworkPeer> parts(Network network) {
            return network.peers();
        }

        @Override
        public Network with(Network network, List<NetworkPeer> peers) {
            return network.joining(peers);
        }

        @Override
        public String name(NetworkPeer peer) {
            return peer.name();
        }

        @Override
        public String url(Network network, String peer) {
            return ApiPath.of("networks", network.name(), "peers", peer);
        }

        @Override
        public Json.Obj json(NetworkPeer peer) {
            return peer.json();
        }

        @Override
        public Json shown(Network network, NetworkPeer peer) {
            boolean isMutual = networks.joined(network).contains(peer.target());
            return peer.json()
                    .put("status", isMutual ? "Created" : "Pending")
                    .put("used_by", List.of());
        }

        @Override
        public NetworkPeer create(Json body) {
            NetworkPeer peer = NetworkPeer.of(body);
            peer.check();
            return peer;
        }

        @Override
        public void requireFree(Network network, NetworkPeer fresh) {
            for (NetworkPeer other : network.peers()) {
                if (other.name().equals(fresh.name())) {
                    throw new AlreadyExistsException("A peer for that name already exists");
                }
                if (other.target().equals(fresh.target())) {
                    throw new AlreadyExistsException(
                            "A peer for that target network already exists");
                }
            }
            networks.requireBridge(network, fresh.target());
        }

        @Override
        public NetworkPeer changed(NetworkPeer old, Json body) {
            NetworkPeer fresh = old.changed(body);
            fresh.check();
            return fresh;
        }
    }
}
