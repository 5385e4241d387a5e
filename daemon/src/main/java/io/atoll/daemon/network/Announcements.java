package io.atoll.daemon.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.BridgeConfig;
import io.atoll.network.IpSettings;
import io.atoll.network.bgp.BgpPeer;
import io.atoll.network.bgp.PeerKeys;
import io.atoll.network.bgp.PeerState;
import java.net.InetAddress;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// What routers are told by BGP, and which routers. Follows from the networks as recorded, and from
/// the interfaces of instances that run.
public final class Announcements {
    /// What there is to tell.
    ///
    /// @param peers of all networks, each address once
    /// @param routes with their next hops
    public record Content(List<BgpPeer> peers, Map<IpNetwork, Optional<InetAddress>> routes) {}

    /// The speaker, as far as it is configured.
    public interface Follower {
        /// What is to be told may have changed.
        void changed();

        /// How it stands with each peer; empty if there is no speaker.
        List<PeerState> peers();
    }

    /// Addresses of others that lead to an instance.
    private record External(String network, List<IpNetwork> routes) {}

    private final Supplier<List<Network>> networks;
    private final Predicate<String> isUp;

    /// By interface, as long as it is there.
    private final Map<String, External> external = new ConcurrentHashMap<>();

    private volatile Optional<Follower> follower = Optional.empty();

    /// @param networks all of them
    /// @param isUp whether one of a name is up
    Announcements(Supplier<List<Network>> networks, Predicate<String> isUp) {
        this.networks = networks;
        this.isUp = isUp;
    }

    /// Has one told of changes from now on; called while the daemon is put together.
    public void follow(Follower one) {
        follower = Optional.of(one);
    }

    void changed() {
        follower.ifPresent(Follower::changed);
    }

    /// An interface of an instance is there, and these networks of others lead to it.
    ///
    /// @param key which one
    public void put(String key, String network, List<IpNetwork> routes) {
        External next = new External(network, List.copyOf(routes));
        if (!next.equals(external.put(key, next))) {
            changed();
        }
    }

    /// An interface is gone. Does nothing if it is not known.
    public void remove(String key) {
        if (external.remove(key) != null) {
            changed();
        }
    }

    /// Refuses a network whose peers are another's too, but otherwise.
    ///
    /// @throws InvalidConfigException naming the peer
    void check(Network wanted) {
        for (BgpPeer peer : PeerKeys.parse(wanted.name(), wanted.config())) {
            for (Network other : networks.get()) {
                boolean isClash =
                        !other.name().equals(wanted.name())
                                && PeerKeys.parse(other.name(), other.config()).stream()
                                        .anyMatch(p ->
                                                p.address().equals(peer.address())
                                                        && !p.equals(peer));
                if (isClash) {
                    throw new InvalidConfigException(
                            "The BGP peer "
                                    + IpNetwork.text(peer.address())
                                    + " is configured otherwise in network \""
                                    + other.name()
                                    + "\"");
                }
            }
        }
    }

    /// How it stands with the peers of a network, a line for each.
    List<String> states(Network network) {
        List<PeerState> all = follower.map(Follower::peers).orElse(List.of());
        return PeerKeys.parse(network.name(), network.config()).stream()
                .map(peer -> state(peer, all))
                .toList();
    }

    private static String state(BgpPeer peer, List<PeerState> all) {
        String name = IpNetwork.text(peer.address()) + " (AS" + peer.asn() + "): ";
        Optional<PeerState> known =
                all.stream().filter(s -> s.address().equals(peer.address())).findFirst();
        if (known.isEmpty()) {
            return name + "not connected to, see core.bgp_address, core.bgp_asn, core.bgp_routerid";
        }
        if (known.get().isEstablished()) {
            return name + "established, " + known.get().routes() + " routes announced";
        }
        return name + known.get().trouble().map(t -> "down, " + t).orElse("connecting");
    }

    /// All of it, as it is now.
    public Content content() {
        Map<InetAddress, BgpPeer> peers = new LinkedHashMap<>();
        Map<IpNetwork, Optional<InetAddress>> routes = new LinkedHashMap<>();
        List<External> instances = List.copyOf(external.values());
        for (Network network : networks.get()) {
            PeerKeys.parse(network.name(), network.config())
                    .forEach(peer -> peers.putIfAbsent(peer.address(), peer));
            if (network.type() == NetworkType.BRIDGE && isUp.test(network.name())) {
                List<IpNetwork> here =
                        instances.stream()
                                .filter(e -> e.network().equals(network.name()))
                                .flatMap(e -> e.routes().stream())
                                .toList();
                add(network, here, routes);
            }
        }
        return new Content(List.copyOf(peers.values()), routes);
    }

    private static void add(
            Network network,
            Collection<IpNetwork> instances,
            Map<IpNetwork, Optional<InetAddress>> into) {
        BridgeConfig config = Networks.parse(network);
        List<IpNetwork> forwards =
                network.forwards().stream()
                        .flatMap(f -> IpNetwork.parseAddress(f.listenAddress()).stream())
                        .map(Announcements::single)
                        .toList();
        for (boolean isV6 : new boolean[] {false, true}) {
            IpSettings family = isV6 ? config.ipv6() : config.ipv4();
            own(family).ifPresent(net -> into.putIfAbsent(net, family.nextHop()));
            for (List<IpNetwork> nets : List.of(forwards, List.copyOf(instances))) {
                nets.stream()
                        .filter(net -> net.isV6() == isV6)
                        .forEach(net -> into.putIfAbsent(net.network(), family.nextHop()));
            }
        }
    }

    /// The network itself, or the address that stands for all of it outside.
    private static Optional<IpNetwork> own(IpSettings family) {
        if (family.address().isEmpty()) {
            return Optional.empty();
        }
        return family.nat()
                ? family.natAddress().map(Announcements::single)
                : family.address().map(IpNetwork::network);
    }

    private static IpNetwork single(InetAddress address) {
        return new IpNetwork(address, address.getAddress().length * 8);
    }
}
