package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.linux.net.IpNetwork;
import java.util.List;

/// `/1.0/networks/NAME/forwards`: addresses of the host whose traffic goes to instances.
public final class ForwardRoutes implements Routes {
    private final ThingRoutes<NetworkForward> things;

    public ForwardRoutes(Store store, Projects projects, Networks networks, Events events) {
        things =
                new ThingRoutes<>(
                        events,
                        Right.ADMIN,
                        new Parts<>(store, new Forwards(networks, new NetworkSight(projects))));
    }

    @Override
    public List<Route> routes() {
        return things.routes();
    }

    private record Forwards(Networks networks, NetworkSight sight)
            implements Parts.Kind<Network, NetworkForward> {
        @Override
        public String path() {
            return "/1.0/networks/{name}/forwards";
        }

        @Override
        public String variable() {
            return "address";
        }

        @Override
        public String event() {
            return "network-forward";
        }

        @Override
        public String missing() {
            return "Network forward not found";
        }

        @Override
        public Stored<Network> owner(Request request) {
            return networks.bridge(sight.network(request, networks), "forwards");
        }

        @Override
        public void change(Stored<Network> read, Network next) {
            networks.forward(read, next);
        }

        @Override
        public List<NetworkForward> parts(Network network) {
            return network.forwards();
        }

        @Override
        public Network with(Network network, List<NetworkForward> forwards) {
            return network.forwarding(forwards);
        }

        @Override
        public String name(NetworkForward forward) {
            return forward.listenAddress();
        }

        /// Addresses have many spellings; one of them is recorded.
        @Override
        public String spelled(String address) {
            return IpNetwork.parseAddress(address).map(IpNetwork::text).orElse(address);
        }

        @Override
        public String url(Network network, String address) {
            return ApiPath.of("networks", network.name(), "forwards", address);
        }

        @Override
        public Json.Obj json(NetworkForward forward) {
            return forward.json();
        }

        @Override
        public NetworkForward create(Json body) {
            return NetworkForward.of(spelled(body.get("listen_address").asString()), body);
        }

        @Override
        public void requireFree(Network network, NetworkForward fresh) {
            String family = fresh.listenAddress().contains(":") ? "ipv6" : "ipv4";
            String own = network.config().getOrDefault(family + ".address", "none");
            if (own.equals("none")) {
                throw new InvalidConfigException(
                        "Network has no "
                                + family
                                + ".address, to which \""
                                + fresh.listenAddress()
                                + "\" could lead");
            }
            boolean isTaken =
                    networks.list().stream()
                            .flatMap(n -> n.value().forwards().stream())
                            .anyMatch(f -> f.listenAddress().equals(fresh.listenAddress()));
            if (isTaken) {
                throw new InvalidConfigException(
                        "A forward for that listen address already exists");
            }
        }

        @Override
        public NetworkForward changed(NetworkForward old, Json body) {
            return NetworkForward.of(old.listenAddress(), body);
        }
    }
}
