package io.atoll.network;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.WholeFile;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Route;
import io.atoll.linux.net.Rtnetlink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// The managed bridges of the host. Each has a directory of its name for DHCP and DNS; everything
/// else is in the kernel and found there again, so nothing is remembered here between calls.
///
/// Works in the network namespace of the calling thread. Starting is idempotent: what is as it
/// should be is left alone, and no connection of a running instance breaks. Safe for several
/// threads; changes of one bridge wait for each other. Methods block for milliseconds, [#start] and
/// [#stop] up to seconds where dnsmasq is slow.
public final class Bridges {
    private static final Duration RELOAD_DELAY = Duration.ofMillis(500);

    /// There for a bridge of Open vSwitch.
    private static final String SWITCH = "openvswitch";

    private final Path directory;
    private final OpenVswitch openVswitch;

    /// One lock for each network name ever used; held for a whole change, outside of all other
    /// locks.
    private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

    /// Networks whose dnsmasq will soon be told to read its files again.
    private final Set<String> reloading = ConcurrentHashMap.newKeySet();

    /// @param directory for the networks' files, as `/var/lib/atoll/networks`; the user `nobody`
    ///   must be able to pass it
    public Bridges(Path directory) {
        this(directory, OpenVswitch.KERNEL);
    }

    Bridges(Path directory, OpenVswitch openVswitch) {
        this.directory = directory;
        this.openVswitch = openVswitch;
    }

    @FunctionalInterface
    private interface Change {
        void run();
    }

    private void locked(String network, Change change) {
        ReentrantLock lock = locks.computeIfAbsent(network, _ -> new ReentrantLock());
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    private Path files(String network) {
        InterfaceNames.check(network);
        return directory.resolve(network);
    }

    /// Completes the configuration of a new or changed bridge as LXD does: a missing address
    /// becomes `auto`, `auto` becomes a free network, and with it NAT is on unless the key says
    /// otherwise.
    ///
    /// @param taken networks that must not be overlapped besides those the host uses now, as those
    ///   of stopped bridges
    /// @return a new map, in the order of its keys
    public Map<String, String> fill(Map<String, String> config, Collection<IpNetwork> taken) {
        Map<String, String> filled = new TreeMap<>(config);
        try (Netlink netlink = Netlink.open()) {
            List<IpNetwork> all = new ArrayList<>(taken);
            all.addAll(AddressPool.ofHost(netlink));
            AddressPool pool = new AddressPool(new SecureRandom(), all);
            if (isAuto(filled, "ipv4")) {
                filled.put("ipv4.address", pool.ipv4().toString());
            }
            if (isAuto(filled, "ipv6")) {
                boolean hasIpv6 = Sysctls.exists("ipv6/conf/all/forwarding");
                filled.put("ipv6.address", hasIpv6 ? pool.ipv6().toString() : "none");
            }
        }
        return filled;
    }

    private static boolean isAuto(Map<String, String> config, String family) {
        String address = config.getOrDefault(family + ".address", "");
        if (!address.isEmpty() && !address.equals("auto")) {
            return false;
        }
        config.putIfAbsent(family + ".nat", "true");
        return true;
    }

    /// Makes and starts a bridge that must not exist yet. A failure leaves nothing behind.
    ///
    /// @throws AlreadyExistsException if the host has an interface of this name
    public void create(BridgeConfig config) {
        locked(
                config.name(),
                () -> {
                    try (Netlink netlink = Netlink.open()) {
                        if (netlink.link(config.name()).isPresent()) {
                            throw new AlreadyExistsException(
                                    "Network interface \"" + config.name() + "\" already exists");
                        }
                    }
                    start(config);
                });
    }

    /// Makes the bridge be as configured, whether it is there or not: after a boot, a restart of
    /// the daemon, or a change. A failure takes back what this call made; a bridge that was there
    /// stays.
    ///
    /// @throws InvalidConfigException if the name belongs to an interface that is no bridge, or a
    ///   port is in use
    public void start(BridgeConfig config) {
        locked(
                config.name(),
                () -> {
                    try (Netlink netlink = Netlink.open();
                            Undo undo = new Undo()) {
                        makeFiles(config.name(), undo);
                        boolean isNew = makeLink(netlink, config, undo);
                        setPorts(netlink, config, undo);
                        setAddresses(netlink, config);
                        netlink.run(Rtnetlink.setUp(config.name(), true));
                        setRoutes(netlink, config);
                        setForwarding(config);
                        new NeighborProxy(files(config.name())).prepare(config);
                        new GivenNames(files(config.name())).prepare(config.dnsDomain());
                        Dnsmasq dnsmasq = new Dnsmasq(files(config.name()));
                        // What serves and guards the instances of a bridge that was there before
                        // must not go with a failure.
                        if (isNew) {
                            undo.add(() -> Firewall.remove(config.name()));
                            undo.add(dnsmasq::stop);
                        }
                        Firewall.apply(config);
                        dnsmasq.ensure(config);
                        ResolvedNames.KERNEL.tell(
                                config, netlink.link(config.name()).orElseThrow().index());
                        undo.keep();
                    }
                });
    }

    private void makeFiles(String name, Undo undo) {
        Path own = files(name);
        try {
            if (!Files.exists(own)) {
                Files.createDirectories(directory);
                Files.createDirectory(own);
                undo.add(() -> deleteFiles(name));
            }
            // dnsmasq reads the host files as nobody, whatever the umask we were started with.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwx--x--x"));
            Path hosts = own.resolve("dnsmasq.hosts");
            Files.createDirectories(hosts);
            Files.setPosixFilePermissions(hosts, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The uppermost directory on the way to the networks' files that the user `nobody`, as whom
    /// dnsmasq reads them, may not pass by its mode; empty if all is well. While there is one,
    /// instances get neither the addresses nor the names that are set for them.
    public Optional<Path> closedAbove() {
        Path way = directory.toAbsolutePath();
        for (int i = 0; i <= way.getNameCount(); i++) {
            Path one = i == 0 ? way.getRoot() : way.getRoot().resolve(way.subpath(0, i));
            try {
                if (!Files.getPosixFilePermissions(one)
                        .contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return Optional.of(one);
                }
            } catch (IOException _) {
                // Not there yet: it is made with the mode that it needs.
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    private void deleteFiles(String name) {
        try (Fd parent = Opens.open(directory.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteTree(parent, name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    /// @return whether the bridge was not there before
    private boolean makeLink(Netlink netlink, BridgeConfig config, Undo undo) {
        String name = config.name();
        MacAddress mac = config.hwaddr().orElseGet(() -> stableMac(name));
        Optional<Link> existing = netlink.link(name);
        if (config.driver() == BridgeConfig.Driver.OPENVSWITCH) {
            makeSwitch(netlink, config, mac, existing, undo);
        } else if (existing.isPresent()) {
            if (existing.get().bridge().isEmpty()) {
                throw new InvalidConfigException(
                        "Network interface \"" + name + "\" is there but no bridge");
            }
            if (!existing.get().mac().equals(Optional.of(mac))) {
                netlink.run(Rtnetlink.setMac(name, mac));
            }
        } else {
            netlink.run(Rtnetlink.bridge(name, Rtnetlink.LinkOptions.DOWN.mac(mac), false));
            undo.add(() -> netlink.run(Rtnetlink.delete(name)));
        }
        setIpv6Behaviour(config);
        int mtu = config.mtu().orElse(BridgeConfig.MTU_DEFAULT);
        boolean isOther = existing.isEmpty() || existing.get().mtu() != mtu;
        if (isOther && (config.mtu().isPresent() || config.tunnels().isEmpty())) {
            netlink.run(Rtnetlink.setMtu(name, mtu));
        }
        return existing.isEmpty();
    }

    private void makeSwitch(
            Netlink netlink,
            BridgeConfig config,
            MacAddress mac,
            Optional<Link> existing,
            Undo undo) {
        boolean isOther = existing.isPresent() && !openVswitch.isBridge(config.name());
        if (isOther) {
            throw new InvalidConfigException(
                    "Network interface \""
                            + config.name()
                            + "\" is there but no bridge of Open vSwitch");
        }
        if (!config.tunnels().isEmpty()) {
            throw new UnsupportedException("bridge.driver openvswitch has no tunnels here");
        }
        if (existing.isEmpty()) {
            undo.add(() -> openVswitch.deleteBridge(config.name()));
        }
        openVswitch.addBridge(config.name(), mac);
        try {
            Files.writeString(files(config.name()).resolve(SWITCH), "openvswitch\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (netlink.link(config.name()).isEmpty()) {
            throw new UnavailableException(
                    "Open vSwitch made no interface for \"" + config.name() + "\"");
        }
    }

    /// The bridge is the router: it takes no addresses from others. Without IPv6 it does none at
    /// all, which also saves work for each port.
    private static void setIpv6Behaviour(BridgeConfig config) {
        String own = "ipv6/conf/" + config.name() + "/";
        boolean isWanted = config.ipv6().address().isPresent();
        if (!Sysctls.exists(own + "disable_ipv6")) {
            if (isWanted) {
                throw new UnsupportedException("ipv6.address: this host has no IPv6");
            }
            return;
        }
        Sysctls.set(own + "disable_ipv6", isWanted ? "0" : "1");
        if (isWanted) {
            Sysctls.set(own + "accept_ra", "0");
            Sysctls.set(own + "autoconf", "0");
            Sysctls.set(own + "accept_dad", "0");
        }
    }

    /// A hardware address that stays the same over restarts without being stored: in LXD's range,
    /// from the host's and the network's names.
    MacAddress stableMac(String name) {
        String machine = ProcFiles.readIfPresent("/etc/machine-id").orElse("");
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] hash =
                    sha.digest(
                            (machine + "\0" + directory + "\0" + name)
                                    .getBytes(StandardCharsets.UTF_8));
            return MacAddress.of(new byte[] {0x00, 0x16, 0x3e, hash[0], hash[1], hash[2]});
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private void setPorts(Netlink netlink, BridgeConfig config, Undo undo) {
        if (config.driver() == BridgeConfig.Driver.OPENVSWITCH) {
            for (String port : config.externalInterfaces()) {
                openVswitch.addPort(config.name(), port, OptionalInt.empty(), List.of());
                netlink.run(Rtnetlink.setUp(port, true));
            }
            return;
        }
        Link bridge = netlink.link(config.name()).orElseThrow();
        for (String port : config.externalInterfaces()) {
            Link link =
                    netlink.link(port)
                            .orElseThrow(() ->
                                    new InvalidConfigException(
                                            "Network interface \""
                                                    + port
                                                    + "\" of bridge.external_interfaces does not exist"));
            boolean isPort = link.masterIndex().equals(OptionalInt.of(bridge.index()));
            boolean isUsed =
                    netlink.addresses().stream()
                            .anyMatch(a ->
                                    a.linkIndex() == link.index() && a.scope().equals("global"));
            if (!isPort && (isUsed || link.masterIndex().isPresent())) {
                throw new InvalidConfigException(
                        "Only unconfigured network interfaces can be bridged: " + port);
            }
            if (!isPort) {
                netlink.run(Rtnetlink.setMaster(port, config.name()));
                undo.add(() -> netlink.run(Rtnetlink.clearMaster(port)));
            }
            netlink.run(Rtnetlink.setUp(port, true));
        }
        for (Tunnel tunnel : config.tunnels()) {
            makeTunnel(netlink, config, tunnel, undo);
        }
    }

    private static void makeTunnel(Netlink netlink, BridgeConfig config, Tunnel tunnel, Undo undo) {
        String name = config.name() + "-" + tunnel.name();
        // A tunnel keeps no state that is worth more than being sure of its settings.
        if (netlink.link(name).isPresent()) {
            netlink.run(Rtnetlink.delete(name));
        }
        netlink.run(
                switch (tunnel.protocol()) {
                    case VXLAN ->
                            Rtnetlink.vxlan(
                                    name,
                                    tunnel.id(),
                                    tunnel.local(),
                                    tunnel.remote().or(tunnel::group),
                                    tunnel.port(),
                                    tunnel.ttl(),
                                    tunnel.parent(),
                                    Rtnetlink.LinkOptions.DOWN);
                    case GRE ->
                            Rtnetlink.gretap(name, tunnel.local(), tunnel.remote(), tunnel.ttl());
                });
        undo.add(() -> netlink.run(Rtnetlink.delete(name)));
        netlink.run(Rtnetlink.setMaster(name, config.name()));
        netlink.run(Rtnetlink.setUp(name, true));
    }

    private static void setAddresses(Netlink netlink, BridgeConfig config) {
        int index = netlink.link(config.name()).orElseThrow().index();
        List<IpNetwork> wanted = new ArrayList<>();
        config.ipv4().address().ifPresent(wanted::add);
        config.ipv6().address().ifPresent(wanted::add);
        List<IpNetwork> present =
                netlink.addresses().stream()
                        .filter(a ->
                                a.linkIndex() == index
                                        && a.scope().equals("global")
                                        && !a.isDynamic())
                        .map(LinkAddress::address)
                        .toList();
        for (IpNetwork old : present) {
            if (!wanted.contains(old)) {
                netlink.run(Rtnetlink.deleteAddress(config.name(), old));
            }
        }
        for (IpNetwork address : wanted) {
            if (!present.contains(address)) {
                netlink.run(Rtnetlink.addAddress(config.name(), address));
            }
        }
    }

    private static void setRoutes(Netlink netlink, BridgeConfig config) {
        int index = netlink.link(config.name()).orElseThrow().index();
        List<IpNetwork> wanted = new ArrayList<>(config.ipv4().routes());
        wanted.addAll(config.ipv6().routes());
        for (Route route : netlink.routes()) {
            boolean isOurs =
                    route.linkIndex().equals(OptionalInt.of(index))
                            && route.protocol() == Rtnetlink.PROTOCOL_STATIC
                            && route.gateway().isEmpty();
            if (isOurs && !wanted.contains(route.destination())) {
                netlink.run(
                        Rtnetlink.deleteRoute(
                                config.name(), route.destination(), Optional.empty()));
            }
        }
        for (IpNetwork destination : wanted) {
            netlink.run(Rtnetlink.addRoute(config.name(), destination, Optional.empty()));
        }
    }

    private static void setForwarding(BridgeConfig config) {
        if (config.ipv4().address().isPresent() && config.ipv4().routing()) {
            Sysctls.set("ipv4/ip_forward", "1");
        }
        boolean isRouter = config.ipv6().address().isPresent() && config.ipv6().routing();
        if (isRouter && !Sysctls.is("ipv6/conf/all/forwarding", "1")) {
            keepRouterAdvertisements();
            Sysctls.set("ipv6/conf/all/forwarding", "1");
        }
    }

    /// A host that forwards stops listening to routers unless told to go on: it would lose its own
    /// way out.
    private static void keepRouterAdvertisements() {
        try (Fd conf =
                Opens.open("/proc/sys/net/ipv6/conf", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            for (Directories.Entry entry : Directories.list(conf)) {
                String key = "ipv6/conf/" + entry.name() + "/accept_ra";
                if (Sysctls.is(key, "1")) {
                    Sysctls.set(key, "2");
                }
            }
        }
    }

    /// Ends a bridge, its rules, DHCP and DNS; its files stay. Not running is fine.
    public void stop(String name) {
        locked(
                name,
                () -> {
                    new Dnsmasq(files(name)).stop();
                    new NeighborProxy(files(name)).stop(ipv6InUse(name));
                    Firewall.remove(name);
                    try (Netlink netlink = Netlink.open()) {
                        for (Link link : netlink.links()) {
                            boolean isTunnel =
                                    link.name().startsWith(name + "-")
                                            && isPortOf(netlink, link, name);
                            if (isTunnel && !link.kind().equals(Optional.of("veth"))) {
                                netlink.run(Rtnetlink.delete(link.name()));
                            }
                        }
                        if (netlink.link(name).flatMap(Link::bridge).isPresent()) {
                            netlink.run(Rtnetlink.delete(name));
                        } else if (Files.exists(files(name).resolve(SWITCH))) {
                            openVswitch.deleteBridge(name);
                        }
                    }
                });
    }

    private static boolean isPortOf(Netlink netlink, Link link, String bridge) {
        return netlink.link(bridge)
                .filter(b -> link.masterIndex().equals(OptionalInt.of(b.index())))
                .isPresent();
    }

    /// Ends a bridge and removes its files.
    public void delete(String name) {
        locked(
                name,
                () -> {
                    stop(name);
                    deleteFiles(name);
                });
    }

    /// Ends a bridge and moves its files to another name, under which it can then be started.
    public void rename(String name, String newName) {
        locked(
                name,
                () -> {
                    stop(name);
                    try {
                        if (Files.exists(files(name))) {
                            Files.move(files(name), files(newName), StandardCopyOption.ATOMIC_MOVE);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /// True if the interface is there and up.
    public boolean isRunning(String name) {
        // Not by its whole state, which lists all ports: every start of an instance asks.
        try (Netlink netlink = Netlink.open()) {
            return netlink.link(name).filter(Link::isUp).isPresent();
        }
    }

    /// What the interface of this name is doing, managed or not; empty if there is none.
    public Optional<NetworkState> state(String name) {
        try (Netlink netlink = Netlink.open()) {
            return NetworkState.find(netlink, name);
        }
    }

    /// The bridge's own addresses, those kept for cards, and those given out, each address once.
    public List<Lease> leases(BridgeConfig config) {
        Map<String, Lease> byAddress = new LinkedHashMap<>();
        for (IpSettings ip : List.of(config.ipv4(), config.ipv6())) {
            ip.address()
                    .ifPresent(a ->
                            add(
                                    byAddress,
                                    new Lease(
                                            config.name() + ".gw",
                                            Optional.empty(),
                                            a.address(),
                                            Lease.Kind.GATEWAY)));
        }
        Path own = files(config.name());
        Path hosts = own.resolve("dnsmasq.hosts");
        for (String file : list(hosts)) {
            ProcFiles.readIfPresent(hosts.resolve(file).toString()).stream()
                    .flatMap(text -> Leases.parseHost(text).stream())
                    .forEach(lease -> add(byAddress, lease));
        }
        ProcFiles.readIfPresent(own.resolve("dnsmasq.leases").toString()).stream()
                .flatMap(text -> Leases.parse(text).stream())
                .forEach(lease -> add(byAddress, lease));
        return List.copyOf(byAddress.values());
    }

    /// The IPv6 addresses that cards of a network have, as far as its files say.
    private List<InetAddress> ipv6InUse(String name) {
        List<InetAddress> out = new ArrayList<>();
        Path hosts = files(name).resolve("dnsmasq.hosts");
        for (String file : list(hosts)) {
            ProcFiles.readIfPresent(hosts.resolve(file).toString()).stream()
                    .flatMap(text -> Leases.parseHost(text).stream())
                    .forEach(lease -> out.add(lease.address()));
        }
        ProcFiles.readIfPresent(files(name).resolve("dnsmasq.leases").toString()).stream()
                .flatMap(text -> Leases.parse(text).stream())
                .forEach(lease -> out.add(lease.address()));
        return out.stream().filter(Inet6Address.class::isInstance).distinct().toList();
    }

    private static void add(Map<String, Lease> byAddress, Lease lease) {
        byAddress.putIfAbsent(IpNetwork.text(lease.address()), lease);
    }

    private static List<String> list(Path directory) {
        try (Fd fd = Opens.open(directory.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            return Directories.list(fd).stream()
                    .map(Directories.Entry::name)
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }

    /// Tells DHCP and DNS about a network card, in place of what they knew under the same key.
    public void putStaticHost(String network, StaticHost host) {
        locked(
                network,
                () -> {
                    Path hosts = files(network).resolve("dnsmasq.hosts");
                    String line = Leases.render(host);
                    Path file = hosts.resolve(host.key());
                    Optional<String> old = ProcFiles.readIfPresent(file.toString());
                    if (old.filter(line::equals).isPresent()) {
                        return;
                    }
                    try {
                        Files.createDirectories(hosts);
                        // dnsmasq leaves out names with a dot before them.
                        WholeFile.write(file, line);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    if (old.isPresent()) {
                        new Dnsmasq(files(network)).reload();
                    }
                });
    }

    /// Lets DNS know a card that has its address from us and never asks for it.
    public void putName(BridgeConfig config, String key, String name, InetAddress address) {
        locked(
                config.name(),
                () -> {
                    Path files = files(config.name());
                    if (new GivenNames(files).put(key, name, address, config.dnsDomain())) {
                        new Dnsmasq(files).reload();
                    }
                });
    }

    /// An address for a card that is to have always the same one: what was kept for it or given to
    /// it before, else a free one. It is kept for the card from now on.
    ///
    /// @throws InvalidConfigException if the network gives out no addresses of that family, or has
    ///   none left
    public InetAddress keepAddress(BridgeConfig config, StaticHost host, boolean isV6) {
        IpSettings settings = isV6 ? config.ipv6() : config.ipv4();
        String family = isV6 ? "ipv6" : "ipv4";
        if (settings.address().isEmpty() || !settings.dhcp()) {
            throw new InvalidConfigException(
                    "Network \"" + config.name() + "\" gives out no " + family + " addresses");
        }
        InetAddress[] chosen = new InetAddress[1];
        locked(
                config.name(),
                () -> {
                    StaticHost known = withKept(config.name(), host);
                    Optional<? extends InetAddress> own = isV6 ? known.ipv6() : known.ipv4();
                    chosen[0] =
                            own.isPresent()
                                    ? own.get()
                                    : FreeAddress.choose(
                                            settings, host.mac(), leases(config), config.name());
                    StaticHost kept =
                            isV6
                                    ? new StaticHost(
                                            host.key(),
                                            host.mac(),
                                            known.ipv4(),
                                            Optional.of((Inet6Address) chosen[0]),
                                            host.dnsName())
                                    : new StaticHost(
                                            host.key(),
                                            host.mac(),
                                            Optional.of((Inet4Address) chosen[0]),
                                            known.ipv6(),
                                            host.dnsName());
                    putStaticHost(config.name(), kept);
                });
        return chosen[0];
    }

    /// With the addresses that its file keeps already.
    private StaticHost withKept(String network, StaticHost host) {
        List<Lease> kept =
                ProcFiles.readIfPresent(
                                files(network)
                                        .resolve("dnsmasq.hosts")
                                        .resolve(host.key())
                                        .toString())
                        .map(Leases::parseHost)
                        .orElse(List.of());
        Optional<Inet4Address> ipv4 = host.ipv4();
        Optional<Inet6Address> ipv6 = host.ipv6();
        for (Lease lease : kept) {
            switch (lease.address()) {
                case Inet4Address address -> ipv4 = ipv4.or(() -> Optional.of(address));
                case Inet6Address address -> ipv6 = ipv6.or(() -> Optional.of(address));
                default -> {}
            }
        }
        return new StaticHost(host.key(), host.mac(), ipv4, ipv6, host.dnsName());
    }

    /// Lets DHCP and DNS forget a network card. Unknown is fine. They do so within a second: many
    /// instances that end together cost one reading of the others' files.
    public void removeStaticHost(String network, String key) {
        StaticHost.checkKey(key);
        locked(
                network,
                () -> {
                    boolean wasNamed = new GivenNames(files(network)).remove(key);
                    try {
                        if (Files.deleteIfExists(
                                        files(network).resolve("dnsmasq.hosts").resolve(key))
                                || wasNamed) {
                            reloadSoon(network);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /// Gives back the IPv4 addresses that DHCP has lent to a card that is not coming back. Nobody
    /// waits for dnsmasq to do it.
    public void releaseLeases(BridgeConfig config, MacAddress mac) {
        Optional<IpNetwork> server = config.ipv4().address();
        if (server.isEmpty() || !new Dnsmasq(files(config.name())).isRunning()) {
            return;
        }
        Path file = files(config.name()).resolve("dnsmasq.leases");
        ProcFiles.readIfPresent(file.toString()).stream()
                .flatMap(text -> Leases.parse(text).stream())
                .filter(lease -> lease.mac().equals(Optional.of(mac)))
                .filter(lease -> lease.address() instanceof Inet4Address)
                .forEach(lease -> DhcpRelease.send(lease.address(), mac, server.get().address()));
    }

    private void reloadSoon(String network) {
        if (reloading.add(network)) {
            Thread.ofVirtual()
                    .name("reload-" + network)
                    .start(() -> {
                        try {
                            Thread.sleep(RELOAD_DELAY);
                        } catch (InterruptedException _) {
                            Thread.currentThread().interrupt();
                        }
                        reloading.remove(network);
                        locked(network, () -> new Dnsmasq(files(network)).reload());
                    });
        }
    }
}
