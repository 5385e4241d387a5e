package io.atoll.daemon.device.attach;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.NicConfig.Kind;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.linux.Fd;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.NetlinkMessage;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.network.OpenVswitch;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;

/// A network interface. At a start the plan makes the link, at a live change we do; everything on
/// the host's side of it is the same [HostEnd].
record NicDevice(NicConfig config, DeviceHost host) implements Device {
    /// The interface with everything decided.
    ///
    /// @param kind the network's, where it belongs to one
    /// @param link the bridge or parent; empty text for none
    /// @param hostName the host's end of a pair, else empty text
    /// @param isApplications whether it is an application's
    record Decided(
            NicConfig config,
            Kind kind,
            String link,
            String guestName,
            String hostName,
            Optional<MacAddress> mac,
            OptionalInt mtu,
            Optional<Networks.Network> network,
            boolean isApplications) {
        /// Whether we give it its address: at a bridge that has DHCP, for an application, which
        /// does not ask.
        boolean isGivenAddress() {
            return isApplications
                    && kind == Kind.BRIDGED
                    && !config.ipv4().isNone()
                    && network.filter(Networks.Network::hasLeases).isPresent();
        }

        /// Whether it is a port of a bridge of Open vSwitch, which the kernel's messages about
        /// bridges do not reach.
        boolean isOpenVswitch() {
            return kind == Kind.BRIDGED
                    && (network.isPresent()
                            ? network.get().isOpenVswitch()
                            : HostLinks.isNoBridge(link) && OpenVswitch.KERNEL.isBridge(link));
        }
    }

    private Decided decide(Site site) {
        Optional<Networks.Network> network = config.network().map(host.networks()::find);
        Kind kind = network.map(n -> kindAt(n.type())).orElse(config.kind());
        Optional<MacAddress> mac =
                kind == Kind.IPVLAN || kind == Kind.PHYSICAL
                        ? config.hwaddr()
                        : Optional.of(mac(site));
        return new Decided(
                config,
                kind,
                withVlan(kind, network.map(Networks.Network::link).orElse(config.link()), network),
                guestName(site),
                hostName(site, kind),
                mac,
                config.mtu().isPresent()
                        ? config.mtu()
                        : network.map(Networks.Network::mtu).orElse(OptionalInt.empty()),
                network,
                site.isApplication());
    }

    private Kind kindAt(Networks.Network.Type type) {
        return switch (type) {
            case BRIDGE -> config.kind();
            case MACVLAN -> Kind.MACVLAN;
            case PHYSICAL -> Kind.PHYSICAL;
            case SRIOV -> Kind.SRIOV;
        };
    }

    /// A tagged network of the parent is a link of its own, except at a bridge, whose ports know
    /// about VLANs, and for a virtual function, whose card does.
    private String withVlan(Kind kind, String link, Optional<Networks.Network> network) {
        OptionalInt id = vlan(network);
        return kind.hasVlanLink() && id.isPresent() && id.getAsInt() > 0
                ? link + "." + id.getAsInt()
                : link;
    }

    private OptionalInt vlan(Optional<Networks.Network> network) {
        return config.vlan().isPresent()
                ? config.vlan()
                : network.map(Networks.Network::vlan).orElse(OptionalInt.empty());
    }

    private boolean isAnnounced(Optional<Networks.Network> network) {
        return config.isAnnounced() || network.filter(Networks.Network::isAnnounced).isPresent();
    }

    private MacAddress mac(Site site) {
        String key = Volatile.hwaddr(config.name());
        return config.hwaddr()
                .or(() -> site.remembered(key).map(MacAddress::new))
                .orElseGet(() -> {
                    MacAddress fresh = Volatile.randomMac(ThreadLocalRandom.current());
                    site.memory().put(key, fresh.value());
                    return fresh;
                });
    }

    /// Chosen by [NicNames] before.
    private String guestName(Site site) {
        return config.guestName()
                .or(() -> site.remembered(Volatile.guestName(config.name())))
                .orElse("eth0");
    }

    /// Not used twice unless the user says so: the kernel takes an old one away some time after its
    /// namespace died. Of a virtual function, its name on the host.
    private String hostName(Site site, Kind kind) {
        if (!kind.isPair()) {
            return kind == Kind.SRIOV
                    ? site.remembered(Volatile.hostName(config.name())).orElse("")
                    : "";
        }
        return config.hostName()
                .or(() -> site.remembered(Volatile.hostName(config.name())))
                .orElseGet(() -> Volatile.randomHostName(ThreadLocalRandom.current()));
    }

    private void remember(Site site, Decided nic) {
        if (!nic.hostName().isEmpty()) {
            site.memory().put(Volatile.hostName(config.name()), nic.hostName());
        }
    }

    /// Whoever may make instances in one project must not take the names of another's.
    private void requireOwnName(Site site, String verb) {
        boolean isTaken =
                config.network().filter(network -> host.isNameTaken(site, network)).isPresent();
        if (isTaken) {
            throw new AlreadyExistsException(
                    "Failed "
                            + verb
                            + " validation for device \""
                            + config.name()
                            + "\": Instance DNS name \""
                            + site.hostname()
                            + "\" already used on network");
        }
    }

    @Override
    public void plan(Site site, StartParts parts) {
        config.network()
                .ifPresent(network -> {
                    Networks.Network unused = host.networks().find(site.project(), network);
                });
        requireOwnName(site, "start");
        site.memory().remove(Volatile.hostName(config.name()));
        Decided nic = chosen(site);
        remember(site, nic);
        parts.add(
                new NicSpec(
                        nic.guestName(),
                        link(nic),
                        nic.mac(),
                        nic.mtu(),
                        true,
                        GuestAddresses.addresses(nic),
                        GuestAddresses.gateways(nic),
                        GuestAddresses.deviceRoutes(nic),
                        List.of(),
                        List.of()));
    }

    /// Decided, with a virtual function of the card, or with the name that it has to have.
    private Decided chosen(Site site) {
        Decided nic = decide(site);
        nic.network().ifPresent(network -> NicNetworks.requireInside(config, network));
        if (nic.kind() == Kind.PHYSICAL && HostLinks.isSwitchPort(nic.link())) {
            keepName(site, nic.link());
        } else if (nic.kind() == Kind.SRIOV) {
            host.functions().choose(site, config.name(), nic.link());
        }
        return decide(site);
    }

    /// Open vSwitch makes an internal port anew that is called otherwise, and cuts the old one off.
    private void keepName(Site site, String port) {
        if (config.guestName().filter(name -> !name.equals(port)).isPresent()) {
            throw new InvalidConfigException(
                    "An internal port of Open vSwitch keeps its name: \"name\" can only be \""
                            + port
                            + "\"");
        }
        site.memory().put(Volatile.guestName(config.name()), port);
    }

    private static NicLink pair(Decided nic) {
        return new NicLink.Veth(
                Optional.of(nic.hostName()),
                Optional.empty(),
                OptionalInt.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                false);
    }

    private static NicLink link(Decided nic) {
        return switch (nic.kind()) {
            case BRIDGED -> {
                if (nic.isOpenVswitch()) {
                    yield pair(nic);
                }
                NicLink.Veth port = NicLink.Veth.on(nic.link());
                yield nic.config().hostName().isPresent()
                        ? port.named(nic.hostName())
                        : port.namedOnce(nic.hostName());
            }
            case P2P, ROUTED -> pair(nic);
            case MACVLAN -> new NicLink.Macvlan(nic.link(), NicLink.Macvlan.MacvlanMode.BRIDGE);
            case IPVLAN ->
                    new NicLink.Ipvlan(
                            nic.link(),
                            nic.config().mode().equals("l2")
                                    ? NicLink.Ipvlan.IpvlanMode.L2
                                    : NicLink.Ipvlan.IpvlanMode.L3S,
                            NicLink.Ipvlan.Isolation.BRIDGE);
            case PHYSICAL -> new NicLink.Phys(nic.link());
            case SRIOV -> new NicLink.Phys(nic.hostName());
        };
    }

    private HostEnd hostEnd(Site site, Decided nic) {
        return new HostEnd(site, nic, host.networks());
    }

    @Override
    public void beforeStart(Site site, Undo undo) {
        config.network().ifPresent(host.networks()::ensureUp);
        Decided nic = decide(site);
        if (!config.parent().or(config::network).isEmpty()) {
            HostLinks.require(
                    nic.link(), vlan(nic.network()), isAnnounced(nic.network()), nic.kind(), undo);
        }
        if (nic.kind() == Kind.SRIOV) {
            undo.add(() -> host.functions().giveBack(site, config.name(), nic.link()));
            host.functions()
                    .prepare(
                            site,
                            config.name(),
                            nic.link(),
                            nic.mac(),
                            vlan(nic.network()),
                            config.filters().mac());
        }
    }

    @Override
    public void beforeInit(Site site, Container container, Undo undo) {
        Decided nic = decide(site);
        undo.add(() -> hostEnd(site, nic).remove());
        hostEnd(site, nic).makeFresh();
        give(site, container, nic);
    }

    @Override
    public void afterRestore(Site site, Container container, Undo undo) {
        Decided nic = decide(site);
        undo.add(() -> hostEnd(site, nic).remove());
        hostEnd(site, nic).makeFresh();
    }

    /// What DHCP would have told.
    private void give(Site site, Container container, Decided nic) {
        Optional<InetAddress> address = hostEnd(site, nic).given();
        Optional<IpNetwork> bridge = nic.network().flatMap(Networks.Network::ipv4);
        if (address.isEmpty() || bridge.isEmpty()) {
            return;
        }
        List<NetlinkMessage> messages =
                List.of(
                        // A gateway is refused behind an interface that is down.
                        Rtnetlink.setUp(nic.guestName(), true),
                        Rtnetlink.addAddress(
                                nic.guestName(),
                                new IpNetwork(address.get(), bridge.get().prefix())),
                        Rtnetlink.addRoute(
                                nic.guestName(),
                                IpNetwork.parse("0.0.0.0/0").orElseThrow(),
                                Optional.of(bridge.get().address())));
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink there = Netlink.openIn(namespace)) {
            PlatformThreads.run(() -> messages.forEach(there::run));
        }
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        requireOwnName(site, "add");
        site.memory().remove(Volatile.hostName(config.name()));
        Decided nic = chosen(site);
        beforeStart(site, undo);
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink here = Netlink.open()) {
            PlatformThreads.run(() -> makeLink(here, container, namespace, nic, undo));
        }
        if (isLent(nic)) {
            LentLinks.KERNEL.lend(key(site), container);
            undo.add(() -> LentLinks.KERNEL.forget(key(site)));
        }
        remember(site, nic);
        undo.add(() -> site.memory().remove(Volatile.hostName(config.name())));
        undo.add(() -> hostEnd(site, nic).remove());
        hostEnd(site, nic).makeFresh();
        inside(container, nic);
        give(site, container, nic);
    }

    private static boolean isLent(Decided nic) {
        return nic.kind() == Kind.PHYSICAL || nic.kind() == Kind.SRIOV;
    }

    private static String lent(Decided nic) {
        return nic.kind() == Kind.SRIOV ? nic.hostName() : nic.link();
    }

    private String key(Site site) {
        return HostEnd.key(site, config.name());
    }

    private static LinkOptions options(Decided nic) {
        LinkOptions options = LinkOptions.DOWN;
        if (nic.mac().isPresent()) {
            options = options.mac(io.atoll.linux.net.MacAddress.of(nic.mac().get().bytes()));
        }
        return nic.mtu().isPresent() ? options.mtu(nic.mtu().getAsInt()) : options;
    }

    private void makeLink(Netlink here, Container container, Fd namespace, Decided nic, Undo undo) {
        Rtnetlink.Target inside = new Rtnetlink.Target.Descriptor(namespace.number());
        switch (nic.kind()) {
            case BRIDGED, P2P, ROUTED -> {
                LinkOptions own = LinkOptions.UP.mac(randomHostMac());
                here.run(
                        Rtnetlink.veth(
                                nic.hostName(),
                                nic.mtu().isPresent() ? own.mtu(nic.mtu().getAsInt()) : own,
                                nic.kind() == Kind.BRIDGED && !nic.isOpenVswitch()
                                        ? Optional.of(nic.link())
                                        : Optional.empty(),
                                nic.guestName(),
                                options(nic),
                                inside));
                undo.add(() -> HostLinks.delete(nic.hostName()));
            }
            case MACVLAN ->
                    make(
                            here,
                            nic,
                            Rtnetlink.macvlan(
                                    nic.guestName(),
                                    nic.link(),
                                    Rtnetlink.MacvlanMode.BRIDGE,
                                    options(nic),
                                    inside));
            case IPVLAN ->
                    make(
                            here,
                            nic,
                            Rtnetlink.ipvlan(
                                    nic.guestName(),
                                    nic.link(),
                                    nic.config().mode().equals("l2")
                                            ? Rtnetlink.IpvlanMode.L2
                                            : Rtnetlink.IpvlanMode.L3S,
                                    options(nic),
                                    inside));
            case PHYSICAL -> move(here, container, namespace, nic.link(), nic, undo);
            case SRIOV -> move(here, container, namespace, nic.hostName(), nic, undo);
        }
    }

    private static void make(Netlink here, Decided nic, NetlinkMessage message) {
        if (here.link(nic.link()).isEmpty()) {
            throw HostLinks.missing(nic.link());
        }
        here.run(message);
    }

    /// The kernel moves first and renames then, and what it could not rename stays inside. A name
    /// of nobody's keeps both steps apart, but for a link that keeps its own.
    private static void move(
            Netlink here, Container container, Fd namespace, String link, Decided nic, Undo undo) {
        boolean isRenamed = !link.equals(nic.guestName());
        String onTheWay = isRenamed ? Volatile.randomHostName(ThreadLocalRandom.current()) : link;
        here.run(Rtnetlink.setUp(link, false));
        here.run(
                Rtnetlink.move(
                        link, onTheWay, new Rtnetlink.Target.Descriptor(namespace.number())));
        // The descriptor is closed when this is undone.
        undo.add(() -> moveBack(container, onTheWay, link));
        if (isRenamed) {
            try (Netlink there = Netlink.openIn(namespace)) {
                there.run(Rtnetlink.rename(onTheWay, nic.guestName()));
                undo.add(() -> moveBack(container, nic.guestName(), link));
            }
        }
    }

    private static void moveBack(Container container, String guestName, String link) {
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET)) {
            LentLinks.move(namespace, guestName, link);
        }
    }

    /// Higher than any port's that matters: a bridge takes the lowest address of its ports.
    private static io.atoll.linux.net.MacAddress randomHostMac() {
        byte[] bytes = new byte[6];
        ThreadLocalRandom.current().nextBytes(bytes);
        bytes[0] = (byte) 0xfe;
        return io.atoll.linux.net.MacAddress.of(bytes);
    }

    /// Starts the interface and gives it what the layer below does not.
    private static void inside(Container container, Decided nic) {
        List<NetlinkMessage> messages = new ArrayList<>();
        messages.add(Rtnetlink.setUp(nic.guestName(), true));
        messages.addAll(GuestAddresses.add(nic));
        messages.addAll(GuestAddresses.routes(nic));
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink there = Netlink.openIn(namespace)) {
            PlatformThreads.run(() -> messages.forEach(there::run));
        }
    }

    @Override
    public boolean canBecome(DeviceConfig next) {
        return next instanceof NicConfig other
                && config.kind() == other.kind()
                && config.kind().isPair()
                && config.kind() != Kind.ROUTED
                && config.following(other).equals(other);
    }

    @Override
    public void change(Site site, Container container, DeviceConfig wanted, Undo undo) {
        if (!(wanted instanceof NicConfig other)) {
            throw new InvalidConfigException(wanted.name() + " is no network interface");
        }
        Decided old = decide(site);
        NicDevice fresh = new NicDevice(other, host);
        undo.add(() -> {
            fresh.hostEnd(site, fresh.decide(site)).remove();
            hostEnd(site, old).make();
        });
        hostEnd(site, old).clear();
        Decided next = fresh.decide(site);
        if (!next.hostName().equals(old.hostName())) {
            undo.add(() -> call(site, next.hostName(), old.hostName()));
            call(site, old.hostName(), next.hostName());
        }
        fresh.hostEnd(site, next).make();
    }

    /// Gives the host's end another name.
    private void call(Site site, String before, String after) {
        HostLinks.renameRunning(before, after);
        site.memory().put(Volatile.hostName(config.name()), after);
    }

    @Override
    public void detach(Site site, Container container) {
        Decided nic = decide(site);
        hostEnd(site, nic).remove();
        if (nic.kind().isPair()) {
            HostLinks.delete(nic.hostName());
            site.memory().remove(Volatile.hostName(config.name()));
            return;
        }
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET)) {
            if (isLent(nic)) {
                LentLinks.move(namespace, nic.guestName(), lent(nic));
                LentLinks.KERNEL.forget(key(site));
                giveBack(site, nic);
            } else {
                try (Netlink there = Netlink.openIn(namespace)) {
                    if (there.link(nic.guestName()).isPresent()) {
                        there.run(Rtnetlink.delete(nic.guestName()));
                    }
                }
            }
        }
    }

    @Override
    public void restore(Site site) {
        hostEnd(site, decide(site)).make();
    }

    /// Whatever it was started with: the next end is heard by another daemon than the last change.
    @Override
    public void resume(Site site, Container container) {
        Decided nic = decide(site);
        if (isLent(nic)) {
            LentLinks.KERNEL.lend(key(site), container);
        }
        hostEnd(site, nic).announce();
    }

    @Override
    public void afterStop(Site site) {
        Decided nic = decide(site);
        hostEnd(site, nic).remove();
        if (isLent(nic)) {
            LentLinks.KERNEL.bringBack(key(site), nic.guestName(), lent(nic));
            giveBack(site, nic);
        }
    }

    private void giveBack(Site site, Decided nic) {
        if (nic.kind() == Kind.SRIOV) {
            host.functions().giveBack(site, config.name(), nic.link());
        }
    }

    /// The port at a managed bridge, once it has an address.
    private Optional<Networks.Port> port(Site site) {
        if (config.kind() != Kind.BRIDGED || config.network().isEmpty()) {
            return Optional.empty();
        }
        return config.hwaddr()
                .or(() -> site.remembered(Volatile.hwaddr(config.name())).map(MacAddress::new))
                .map(mac ->
                        HostEnd.port(site, config, mac, Optional.empty(), Optional.empty(), false));
    }

    @Override
    public void forget(Site site) {
        port(site).ifPresent(p -> host.networks().unregister(config.link(), p));
    }

    @Override
    public void release(Site site) {
        port(site).ifPresent(p -> host.networks().release(config.link(), p));
    }
}
