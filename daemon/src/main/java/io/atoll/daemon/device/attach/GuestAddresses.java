package io.atoll.daemon.device.attach;

import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.NicConfig.Kind;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.NetlinkMessage;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.runtime.spec.NicSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Addresses and routes inside, for interfaces on which nobody gives them out: routed pairs and
/// ipvlans, where every address stands alone and all traffic goes to the host.
final class GuestAddresses {
    /// What a routed pair's end on the host is called by everyone behind it.
    static final InetAddress HOST_IPV4 = IpNetwork.parseAddress("169.254.0.1").orElseThrow();

    static final InetAddress HOST_IPV6 = IpNetwork.parseAddress("fe80::1").orElseThrow();

    private static final String EVERYTHING_IPV4 = "0.0.0.0/0";
    private static final String EVERYTHING_IPV6 = "::/0";

    private GuestAddresses() {}

    private static boolean isGiven(NicDevice.Decided nic) {
        return nic.kind() == Kind.ROUTED || nic.kind() == Kind.IPVLAN;
    }

    /// All, each with the prefix of what can be reached without a gateway.
    static List<String> addresses(NicDevice.Decided nic) {
        List<String> out = new ArrayList<>();
        if (isGiven(nic)) {
            networks(nic).forEach(network -> out.add(network.toString()));
        }
        return out;
    }

    private static List<IpNetwork> networks(NicDevice.Decided nic) {
        List<IpNetwork> out = new ArrayList<>();
        out.addAll(nic.config().ipv4().own());
        out.addAll(nic.config().ipv6().own());
        return out;
    }

    /// The gateways of a start.
    static List<String> gateways(NicDevice.Decided nic) {
        List<String> out = new ArrayList<>();
        if (nic.kind() == Kind.ROUTED) {
            if (hasRoute(nic.config().ipv4())) {
                out.add(IpNetwork.text(nic.config().ipv4().hostAddress().orElse(HOST_IPV4)));
            }
            if (hasRoute(nic.config().ipv6())) {
                out.add(IpNetwork.text(nic.config().ipv6().hostAddress().orElse(HOST_IPV6)));
            }
        }
        nic.config().ipv4().gateway().ifPresent(a -> out.add(IpNetwork.text(a)));
        nic.config().ipv6().gateway().ifPresent(a -> out.add(IpNetwork.text(a)));
        return out;
    }

    /// The routes without a gateway of a start.
    static List<NicSpec.Route> deviceRoutes(NicDevice.Decided nic) {
        List<NicSpec.Route> out = new ArrayList<>();
        if (nic.kind() == Kind.IPVLAN && !nic.config().isLayer2()) {
            if (hasRoute(nic.config().ipv4())) {
                out.add(new NicSpec.Route(EVERYTHING_IPV4, Optional.empty()));
            }
            if (hasRoute(nic.config().ipv6())) {
                out.add(new NicSpec.Route(EVERYTHING_IPV6, Optional.empty()));
            }
        }
        return out;
    }

    private static boolean hasRoute(NicConfig.Family family) {
        return !family.addresses().isEmpty() && family.hasGateway();
    }

    /// Requests that add the addresses.
    static List<NetlinkMessage> add(NicDevice.Decided nic) {
        return isGiven(nic)
                ? networks(nic).stream()
                        .map(network -> Rtnetlink.addAddress(nic.guestName(), network))
                        .toList()
                : List.of();
    }

    /// Requests that add the default routes.
    static List<NetlinkMessage> routes(NicDevice.Decided nic) {
        List<NetlinkMessage> out = new ArrayList<>();
        if (isGiven(nic)) {
            defaultRoute(out, nic, nic.config().ipv4(), EVERYTHING_IPV4, HOST_IPV4, 32);
            defaultRoute(out, nic, nic.config().ipv6(), EVERYTHING_IPV6, HOST_IPV6, 128);
        }
        return out;
    }

    private static void defaultRoute(
            List<NetlinkMessage> out,
            NicDevice.Decided nic,
            NicConfig.Family family,
            String everything,
            InetAddress usualHost,
            int prefix) {
        if (!hasRoute(family)) {
            return;
        }
        Optional<InetAddress> gateway =
                nic.kind() == Kind.ROUTED
                        ? Optional.of(family.hostAddress().orElse(usualHost))
                        : family.gateway();
        gateway.filter(address -> family.own().stream().noneMatch(n -> n.contains(address)))
                .ifPresent(address ->
                        out.add(
                                Rtnetlink.addRoute(
                                        nic.guestName(),
                                        new IpNetwork(address, prefix),
                                        Optional.empty())));
        out.add(
                Rtnetlink.addRoute(
                        nic.guestName(), IpNetwork.parse(everything).orElseThrow(), gateway));
    }
}
