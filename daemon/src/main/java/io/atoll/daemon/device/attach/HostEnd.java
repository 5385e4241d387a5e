package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.NicConfig.Kind;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.NetlinkMessage;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.network.NicFilter;
import io.atoll.network.NicFilters;
import io.atoll.network.NicLimits;
import io.atoll.network.OpenVswitch;
import io.atoll.runtime.spec.MacAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The host's side of an interface whose link exists: what DHCP and DNS know, filters, limits,
/// routes, and how its port behaves. The same for interfaces that came with a start and for those
/// that came later.
///
/// @param nic decided, with the host's end among the links of this namespace if it is a pair
record HostEnd(Site site, NicDevice.Decided nic, Networks networks) {
    private static final String CONF = "/proc/sys/net/";

    /// Which card in tables of the host. Devices may have names that those cannot have.
    private String key() {
        return key(site, nic.config().name());
    }

    static String key(Site site, String device) {
        String tail =
                device.matches("[-a-zA-Z0-9_.]+")
                        ? device
                        : "x"
                                + HexFormat.of()
                                        .formatHex(
                                                device.getBytes(
                                                        java.nio.charset.StandardCharsets.UTF_8));
        return site.id() + "." + tail;
    }

    static Networks.Port port(
            Site site,
            NicConfig config,
            MacAddress mac,
            Optional<InetAddress> ipv4,
            Optional<InetAddress> ipv6,
            boolean isSilent) {
        String key = key(site, config.name());
        return new Networks.Port(
                site.id(),
                key.substring(site.id().length() + 1),
                site.hostname(),
                mac,
                ipv4,
                ipv6,
                isSilent);
    }

    /// Makes all of it. What is there already is replaced.
    void make() {
        make(false);
    }

    /// As [#make()] for a link that has just been made: what is the kernel's default already is not
    /// set again. Each such request waits for all others that change links, the end of a namespace
    /// among them.
    void makeFresh() {
        make(true);
    }

    private void make(boolean isFresh) {
        if (isRoutedIpvlan()) {
            try (Netlink netlink = Netlink.open()) {
                answer(netlink);
                addRoutes(netlink);
            }
        }
        if (!nic.kind().isPair()) {
            return;
        }
        Optional<InetAddress> ipv4 = nic.config().ipv4().address();
        Optional<InetAddress> ipv6 = nic.config().ipv6().address();
        if (nic.kind() == Kind.BRIDGED) {
            NicConfig.Filters filters = nic.config().filters();
            boolean isFixed = filters.ipv4() || nic.isGivenAddress();
            if (isFixed && ipv4.isEmpty() && !nic.config().ipv4().isNone()) {
                ipv4 = Optional.of(chosen(false));
            }
            if (filters.ipv6() && ipv6.isEmpty() && !nic.config().ipv6().isNone()) {
                ipv6 = Optional.of(chosen(true));
            }
            if (nic.config().network().isPresent()) {
                networks.register(nic.config().network().get(), port(ipv4, ipv6));
            }
            filter(ipv4, ipv6);
            bridgePort(isFresh);
            answerForFixed();
        }
        limit(isFresh);
        if (nic.kind() == Kind.ROUTED) {
            routedEnd();
        }
        if (!ways().isEmpty()) {
            try (Netlink netlink = Netlink.open()) {
                addRoutes(netlink);
            }
        }
        announce();
    }

    /// Has routers told which networks of others lead here, and no others.
    void announce() {
        List<IpNetwork> external = new ArrayList<>(nic.config().ipv4().external());
        external.addAll(nic.config().ipv6().external());
        Optional<String> network = nic.config().network();
        if (nic.kind() == Kind.BRIDGED && network.isPresent() && !external.isEmpty()) {
            networks.announce(network.get(), key(), external);
        } else {
            networks.withdraw(key());
        }
    }

    /// One of layer 2 speaks for itself on the parent's network.
    private boolean isRoutedIpvlan() {
        return nic.kind() == Kind.IPVLAN && !nic.config().isLayer2();
    }

    private void addRoutes(Netlink netlink) {
        for (Way way : ways()) {
            netlink.run(
                    Rtnetlink.addRoute(
                            routeLink(), way.destination(), Optional.empty(), way.table()));
        }
    }

    private void limit(boolean isFresh) {
        NicConfig.Limits limits = nic.config().limits();
        if (isFresh && limits.equals(NicConfig.Limits.NONE)) {
            // Of an earlier card with this key, which is cut off from its link for good.
            NicLimits.remove(key());
            return;
        }
        NicLimits.put(
                key(),
                nic.hostName(),
                limits.ingressBits(),
                limits.egressBits(),
                limits.priority());
    }

    /// Where the bridge's addresses are part of another network: DHCP tells of those that it gives
    /// out, but an instance may take its fixed one without asking.
    private void answerForFixed() {
        Optional<String> parent = nic.network().flatMap(Networks.Network::neighborProxy);
        Optional<InetAddress> own = nic.config().ipv6().address();
        if (parent.isPresent() && own.isPresent()) {
            try (Netlink netlink = Netlink.open()) {
                netlink.run(Rtnetlink.addProxy(parent.get(), own.get()));
            }
        }
    }

    private boolean answersForFixed() {
        return nic.network().flatMap(Networks.Network::neighborProxy).isPresent()
                && nic.config().ipv6().address().isPresent();
    }

    private void answerNoMore(Netlink netlink) {
        Optional<String> parent = nic.network().flatMap(Networks.Network::neighborProxy);
        Optional<InetAddress> own = nic.config().ipv6().address();
        if (parent.isPresent() && own.isPresent() && netlink.link(parent.get()).isPresent()) {
            tryRun(netlink, Rtnetlink.deleteProxy(parent.get(), own.get()));
        }
    }

    /// The IPv4 address that the interface has from the start, because nobody inside asks for one.
    Optional<InetAddress> given() {
        return nic.isGivenAddress()
                ? nic.config().ipv4().address().or(() -> Optional.of(chosen(false)))
                : Optional.empty();
    }

    private Networks.Port port(Optional<InetAddress> ipv4, Optional<InetAddress> ipv6) {
        return port(site, nic.config(), nic.mac().orElseThrow(), ipv4, ipv6, nic.isGivenAddress());
    }

    /// The address that an interface without a fixed one is to have.
    private InetAddress chosen(boolean isV6) {
        String family = isV6 ? "ipv6" : "ipv4";
        String network =
                nic.config()
                        .network()
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "security."
                                                + family
                                                + "_filtering requires "
                                                + family
                                                + ".address where the bridge is not managed"));
        return networks.choose(network, port(Optional.empty(), Optional.empty()), isV6);
    }

    private void filter(Optional<InetAddress> ipv4, Optional<InetAddress> ipv6) {
        if (nic.isOpenVswitch()) {
            return;
        }
        NicConfig.Filters filters = nic.config().filters();
        NicFilters.put(
                new NicFilter(
                        key(),
                        nic.hostName(),
                        io.atoll.linux.net.MacAddress.of(nic.mac().orElseThrow().bytes()),
                        // Who may not use other addresses may not do so behind another card's.
                        filters.areAny(),
                        !nic.config().taggedVlans().isEmpty(),
                        filters.ipv4()
                                ? Optional.of(allowed(ipv4, nic.config().ipv4(), 32))
                                : Optional.empty(),
                        filters.ipv6()
                                ? Optional.of(allowed(ipv6, nic.config().ipv6(), 128))
                                : Optional.empty()));
    }

    private static List<IpNetwork> allowed(
            Optional<InetAddress> address, NicConfig.Family family, int prefix) {
        List<IpNetwork> out = new ArrayList<>();
        address.ifPresent(a -> out.add(new IpNetwork(a, prefix)));
        out.addAll(family.routes());
        return out;
    }

    private void bridgePort(boolean isFresh) {
        if (nic.isOpenVswitch()) {
            switchPort();
            return;
        }
        boolean isIsolated = nic.config().filters().isolated();
        try (Netlink netlink = Netlink.open()) {
            netlink.run(Rtnetlink.withoutIpv6LinkLocal(nic.hostName()));
            if (!isFresh || isIsolated) {
                netlink.run(Rtnetlink.setPort(nic.hostName(), isIsolated, false));
            }
            vlans(netlink);
        }
    }

    private void switchPort() {
        NicConfig.Filters filters = nic.config().filters();
        if (filters.areAny() || filters.isolated()) {
            throw new UnsupportedException(
                    "Filters and isolation are not possible at the Open vSwitch bridge \""
                            + nic.link()
                            + "\"");
        }
        OpenVswitch.KERNEL.addPort(
                nic.link(), nic.hostName(), nic.config().vlan(), nic.config().taggedVlans());
    }

    private void vlans(Netlink netlink) {
        OptionalInt own = nic.config().vlan();
        List<Integer> tagged = nic.config().taggedVlans();
        if (own.isEmpty() && tagged.isEmpty()) {
            return;
        }
        String filtering = "/sys/class/net/" + nic.link() + "/bridge/vlan_filtering";
        try {
            if (!ProcFiles.read(filtering).strip().equals("1")) {
                ProcFiles.write(filtering, "1");
            }
        } catch (ErrnoException e) {
            throw new UnsupportedException(
                    "Bridge \"" + nic.link() + "\" cannot filter VLANs: " + e.getMessage(), e);
        }
        if (own.isPresent()) {
            usualVlan().ifPresent(id -> tryRun(netlink, Rtnetlink.deleteVlan(nic.hostName(), id)));
            if (own.getAsInt() > 0) {
                netlink.run(Rtnetlink.addVlan(nic.hostName(), own.getAsInt(), true));
            }
        }
        tagged.forEach(id -> netlink.run(Rtnetlink.addVlan(nic.hostName(), id, false)));
    }

    /// The VLAN that ports of the bridge are in unless they are told otherwise.
    private OptionalInt usualVlan() {
        return ProcFiles.readIfPresent("/sys/class/net/" + nic.link() + "/bridge/default_pvid")
                .map(String::strip)
                .filter(text -> text.matches("[1-9]\\d{0,3}"))
                .map(text -> OptionalInt.of(Integer.parseInt(text)))
                .orElse(OptionalInt.empty());
    }

    /// A port that stays is in no VLAN of the past.
    private void leaveVlans() {
        OptionalInt own = nic.config().vlan();
        List<Integer> all = new ArrayList<>(nic.config().taggedVlans());
        own.ifPresent(all::add);
        if (all.isEmpty()) {
            return;
        }
        try (Netlink netlink = Netlink.open()) {
            if (netlink.link(nic.hostName()).isEmpty()) {
                return;
            }
            for (int id : all) {
                if (id > 0) {
                    tryRun(netlink, Rtnetlink.deleteVlan(nic.hostName(), id));
                }
            }
            if (own.isPresent()) {
                usualVlan()
                        .ifPresent(
                                id -> tryRun(netlink, Rtnetlink.addVlan(nic.hostName(), id, true)));
            }
        }
    }

    private static void tryRun(Netlink netlink, NetlinkMessage message) {
        try {
            netlink.run(message);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.ESRCH, Errno.ENODEV, Errno.EADDRNOTAVAIL, Errno.EINVAL)) {
                throw e;
            }
        }
    }

    /// Where routes to the instance lead: into the bridge, or right into the pair. What is on top
    /// of an ipvlan's parent is reached by no route at all; one to the loopback lets the parent
    /// answer for it.
    private String routeLink() {
        return switch (nic.kind()) {
            case BRIDGED -> nic.link();
            case IPVLAN -> "lo";
            default -> nic.hostName();
        };
    }

    /// A route of the host.
    private record Way(IpNetwork destination, int table) {}

    private List<Way> ways() {
        List<Way> out = new ArrayList<>();
        addWays(out, nic.config().ipv4(), 32);
        addWays(out, nic.config().ipv6(), 128);
        return out;
    }

    private void addWays(List<Way> out, NicConfig.Family family, int prefix) {
        family.routes().forEach(route -> out.add(new Way(route, Rtnetlink.TABLE_MAIN)));
        if (nic.kind() == Kind.ROUTED || isRoutedIpvlan()) {
            for (InetAddress address : family.addresses()) {
                IpNetwork own = new IpNetwork(address, prefix);
                out.add(new Way(own, Rtnetlink.TABLE_MAIN));
                family.hostTable().ifPresent(table -> out.add(new Way(own, table)));
            }
        }
    }

    /// The host is the gateway, and answers for the instance's addresses on the parent's network.
    private void routedEnd() {
        boolean hasV4 = !nic.config().ipv4().addresses().isEmpty();
        boolean hasV6 = !nic.config().ipv6().addresses().isEmpty();
        try (Netlink netlink = Netlink.open()) {
            if (hasV4) {
                set("ipv4/conf/" + nic.hostName() + "/forwarding", "1");
                address(
                        netlink,
                        nic.config().ipv4().hostAddress().orElse(GuestAddresses.HOST_IPV4),
                        32);
            }
            if (hasV6) {
                set("ipv6/conf/all/forwarding", "1");
                address(
                        netlink,
                        nic.config().ipv6().hostAddress().orElse(GuestAddresses.HOST_IPV6),
                        128);
            }
            answer(netlink);
        }
    }

    /// Lets the parent say that the instance's addresses are its own.
    private void answer(Netlink netlink) {
        if (nic.link().isEmpty()) {
            return;
        }
        if (!nic.config().ipv4().addresses().isEmpty()) {
            set("ipv4/conf/" + nic.link() + "/forwarding", "1");
        }
        if (!nic.config().ipv6().addresses().isEmpty()) {
            set("ipv6/conf/" + nic.link() + "/proxy_ndp", "1");
        }
        for (InetAddress address : answered()) {
            netlink.run(Rtnetlink.addProxy(nic.link(), address));
        }
    }

    private static void address(Netlink netlink, InetAddress address, int prefix, String link) {
        try {
            netlink.run(Rtnetlink.addAddress(link, new IpNetwork(address, prefix)));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }

    private void address(Netlink netlink, InetAddress address, int prefix) {
        address(netlink, address, prefix, nic.hostName());
    }

    private List<InetAddress> answered() {
        List<InetAddress> out = new ArrayList<>(nic.config().ipv4().addresses());
        out.addAll(nic.config().ipv6().addresses());
        return out;
    }

    private static void set(String key, String value) {
        if (!ProcFiles.read(CONF + key).strip().equals(value)) {
            ProcFiles.write(CONF + key, value);
        }
    }

    /// Takes away all but the link itself, which may be gone already, and what DHCP knows, which
    /// stays as long as the device.
    void remove() {
        networks.withdraw(key());
        clear();
    }

    /// As [#remove()] before [#make()] follows: what routers are told changes once, if at all.
    void clear() {
        boolean isLayer3 = nic.kind() == Kind.ROUTED || isRoutedIpvlan();
        if (!nic.kind().isPair() && !isLayer3) {
            return;
        }
        if (nic.kind() == Kind.BRIDGED && nic.isOpenVswitch()) {
            OpenVswitch.KERNEL.deletePort(nic.link(), nic.hostName());
        } else if (nic.kind() == Kind.BRIDGED) {
            NicFilters.remove(key());
            leaveVlans();
        }
        if (nic.kind().isPair()) {
            NicLimits.remove(key());
        }
        List<Way> ways = ways();
        if (ways.isEmpty() && !isLayer3 && !answersForFixed()) {
            return;
        }
        try (Netlink netlink = Netlink.open()) {
            answerNoMore(netlink);
            if (netlink.link(routeLink()).isPresent()) {
                for (Way way : ways) {
                    tryRun(
                            netlink,
                            Rtnetlink.deleteRoute(
                                    routeLink(), way.destination(), Optional.empty(), way.table()));
                }
            }
            if (isLayer3 && !nic.link().isEmpty() && netlink.link(nic.link()).isPresent()) {
                for (InetAddress address : answered()) {
                    tryRun(netlink, Rtnetlink.deleteProxy(nic.link(), address));
                }
            }
        }
    }
}
