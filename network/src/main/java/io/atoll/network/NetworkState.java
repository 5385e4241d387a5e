package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// What an interface of the host is doing.
///
/// @param hwaddr empty where there is none
/// @param isUp it is started
/// @param type `broadcast`, `loopback`, `point-to-point` or `unknown`
/// @param ports names of the interfaces that are ports of it, of a bridge
/// @param parent of a tagged network: the name of the interface below
public record NetworkState(
        String name,
        List<Address> addresses,
        Link.Counters counters,
        String hwaddr,
        int mtu,
        boolean isUp,
        String type,
        Optional<Link.BridgeDetails> bridge,
        List<String> ports,
        OptionalInt vlanId,
        Optional<String> parent) {
    /// An address, with the words of the API.
    ///
    /// @param family `inet` or `inet6`
    /// @param netmask length of the prefix
    /// @param scope `global`, `link` or `local`
    public record Address(String family, String address, String netmask, String scope) {}

    public NetworkState {
        addresses = List.copyOf(addresses);
        ports = List.copyOf(ports);
    }

    /// Reads the state; empty if there is no such interface.
    public static Optional<NetworkState> find(Netlink netlink, String name) {
        Optional<Link> found = netlink.link(name);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Link link = found.get();
        List<Address> addresses = addresses(netlink).getOrDefault(link.index(), List.of());
        List<String> ports = List.of();
        Optional<String> parent = Optional.empty();
        boolean isBridge = link.bridge().isPresent();
        if (isBridge || link.vlanId().isPresent()) {
            List<Link> all = netlink.links();
            OptionalInt own = OptionalInt.of(link.index());
            ports =
                    isBridge
                            ? all.stream()
                                    .filter(l -> l.masterIndex().equals(own))
                                    .map(Link::name)
                                    .toList()
                            : List.of();
            parent =
                    all.stream()
                            .filter(l ->
                                    link.vlanId().isPresent()
                                            && OptionalInt.of(l.index()).equals(link.parentIndex()))
                            .map(Link::name)
                            .findFirst();
        }
        return Optional.of(
                new NetworkState(
                        link.name(),
                        addresses,
                        link.counters(),
                        link.mac().map(MacAddress::text).orElse(""),
                        link.mtu(),
                        link.isUp(),
                        type(link),
                        link.bridge(),
                        ports,
                        link.vlanId(),
                        parent));
    }

    /// All addresses by the index of their interface.
    public static Map<Integer, List<Address>> addresses(Netlink netlink) {
        Map<Integer, List<Address>> byLink = new HashMap<>();
        for (LinkAddress address : netlink.addresses()) {
            byLink.computeIfAbsent(address.linkIndex(), _ -> new ArrayList<>()).add(words(address));
        }
        return byLink;
    }

    private static Address words(LinkAddress address) {
        IpNetwork ip = address.address();
        String scope = address.scope().equals("host") ? "local" : address.scope();
        return new Address(
                ip.isV6() ? "inet6" : "inet",
                IpNetwork.text(ip.address()),
                Integer.toString(ip.prefix()),
                scope);
    }

    /// In the words of the API.
    public static String type(Link link) {
        if (link.isBroadcast()) {
            return "broadcast";
        }
        if (link.isPointToPoint()) {
            return "point-to-point";
        }
        return link.isLoopback() ? "loopback" : "unknown";
    }
}
