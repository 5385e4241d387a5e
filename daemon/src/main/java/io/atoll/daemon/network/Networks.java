package io.atoll.daemon.network;

import io.atoll.api.ApiPath;
import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Recent;
import io.atoll.base.Undo;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.project.ProjectContents;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import io.atoll.network.AccessControl;
import io.atoll.network.AddressForwards;
import io.atoll.network.BridgeConfig;
import io.atoll.network.Bridges;
import io.atoll.network.Firewall;
import io.atoll.network.Lease;
import io.atoll.network.NetworkPeering;
import io.atoll.network.NetworkState;
import io.atoll.network.StaticHost;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

/// The managed networks: their records, and their bridges through [Bridges].
public final class Networks {
    private static final Logger LOG = System.getLogger(Networks.class.getName());
    private static final String UNAVAILABLE = "Network unavailable";
    private static final String OUT_OF_REACH = "Files of networks out of dnsmasq's reach";
    private static final List<String> ADDRESSES = List.of("ipv4.address", "ipv6.address");

    /// What a bridge's configuration depends on.
    private record Bridge(String name, Map<String, String> config) {}

    /// Each start of an instance asks several times.
    private static final int PARSED_MAX = 32;

    private static final Recent<Bridge, BridgeConfig> PARSED =
            new Recent<>(PARSED_MAX, bridge -> BridgeConfig.parse(bridge.name(), bridge.config()));

    private final Store store;
    private final ProjectGate gate;
    private final Bridges bridges;
    private final Warnings warnings;
    private final Acls acls;
    private final Zones zones;
    private final Announcements announcements;
    private final List<NetworkUsers> users = new CopyOnWriteArrayList<>();

    /// Networks whose bridge could not be brought up when the daemon started.
    private final Set<String> down = ConcurrentHashMap.newKeySet();

    /// Rules were missing when the daemon started.
    private volatile boolean isTorn;

    /// Held while a network is made, changed or removed, so that two do not choose the same
    /// addresses.
    private final ReentrantLock lifecycle = new ReentrantLock();

    public Networks(
            Store store, Projects projects, ProjectGate gate, Bridges bridges, Warnings warnings) {
        this.store = store;
        this.gate = gate;
        this.bridges = bridges;
        this.warnings = warnings;
        acls = new Acls(store);
        zones = new Zones(store, bridges::leases);
        announcements =
                new Announcements(() -> list().stream().map(Stored::value).toList(), this::isUp);
        projects.addContents(
                ProjectContents.of(
                        project ->
                                members(project).stream()
                                        .map(n -> ApiPath.of("networks", n.name()))
                                        .toList(),
                        this::members));
        projects.addContents(new ListsAndZones(acls, zones));
    }

    /// Records a zone.
    ///
    /// @throws io.atoll.base.ForbiddenException if its project must not have it
    void createZone(NetworkZone zone) {
        gate.checkZone(zone.project(), zone.name());
        zones.create(zone);
    }

    private List<ProjectMember> members(ProjectName project) {
        return project.equals(ProjectName.DEFAULT)
                ? list().stream()
                        .map(n -> (ProjectMember) new ProjectMember.Network(n.name()))
                        .toList()
                : List.of();
    }

    /// The DNS zones.
    public Zones zones() {
        return zones;
    }

    Acls acls() {
        return acls;
    }

    /// What routers are told by BGP.
    public Announcements announcements() {
        return announcements;
    }

    /// Adds a kind of users; called while the daemon is put together.
    public void addUsers(NetworkUsers kind) {
        users.add(kind);
    }

    /// Brings all bridges up as recorded; what runs already is left alone. One that fails is warned
    /// of and stays down.
    public void start() {
        for (Stored<Network> network : list()) {
            String url = ApiPath.of("networks", network.name());
            try {
                isTorn |= isTorn(network.value());
                bringUp(network.value());
                warnings.resolve(UNAVAILABLE, url);
            } catch (RuntimeException e) {
                // A broken network must not keep the daemon and all instances down.
                down.add(network.name());
                warnings.raise(
                        UNAVAILABLE, Warning.Severity.HIGH, url, String.valueOf(e.getMessage()));
            }
        }
    }

    private boolean isTorn(Network network) {
        return network.type() == NetworkType.BRIDGE
                && bridges.isRunning(network.name())
                && !Firewall.holds(parse(network));
    }

    /// Makes rules hold again that others took away with theirs, or that they need since they came.
    ///
    /// @return whether there was something to do, since the last time or before the daemon started:
    ///   then the rules of single interfaces are gone too
    public boolean repair() {
        boolean wasTorn = isTorn;
        for (Stored<Network> network : list()) {
            try {
                if (isTorn(network.value())) {
                    LOG.log(Level.WARNING, "rules were taken away network=" + network.name());
                    bringUp(network.value());
                    wasTorn = true;
                }
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "rules are not repaired network=" + network.name(), e);
            }
        }
        isTorn = false;
        return wasTorn;
    }

    /// What there is to know of programs beside us that filter too.
    List<String> neighbours(String name) {
        Optional<Stored<Network>> network = find(name);
        return network.isPresent()
                        && network.get().value().type() == NetworkType.BRIDGE
                        && bridges.isRunning(name)
                ? Firewall.neighbours(parse(network.get().value()))
                : List.of();
    }

    /// How it stands with the routers that a network's peers are.
    List<String> routers(String name) {
        return find(name).map(n -> announcements.states(n.value())).orElse(List.of());
    }

    /// The host goes down: takes all bridges away, with their DHCP, DNS and rules.
    public void stop() {
        for (Stored<Network> network : list()) {
            try {
                takeDown(network.value());
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "network is not taken down network=" + network.name(), e);
            }
        }
    }

    /// Makes the host be as recorded.
    private void bringUp(Network network) {
        if (network.type() != NetworkType.BRIDGE) {
            String parent = ParentConfig.parse(network).parent();
            if (bridges.state(parent).isEmpty()) {
                throw new InvalidConfigException("Parent interface \"" + parent + "\" not found");
            }
            return;
        }
        bridges.start(parse(network));
        checkReach();
        joinAll(network);
        AddressForwards.apply(network.name(), compiled(network));
        acls.apply(network);
    }

    /// Warns of a state directory below one that only its owner may pass, as `/root`.
    void checkReach() {
        bridges.closedAbove()
                .ifPresentOrElse(
                        closed ->
                                warnings.raise(
                                        OUT_OF_REACH,
                                        Warning.Severity.MODERATE,
                                        "",
                                        "dnsmasq runs as the user nobody, who may not pass "
                                                + closed
                                                + ": addresses and names that are set for instances"
                                                + " have no effect until it may (chmod o+x)"),
                        () -> warnings.resolve(OUT_OF_REACH, ""));
    }

    /// Lists stand for addresses of other bridges too.
    private void filterAnew() {
        acls.filtered().forEach(acls::apply);
    }

    /// Records a list that nobody uses yet.
    void createAcl(ProjectName project, NetworkAcl acl) {
        lifecycle.lock();
        try {
            List<NetworkAcl> all = acls.all(project);
            if (all.stream().anyMatch(a -> a.name().equals(acl.name()))) {
                throw new InvalidConfigException("The network ACL already exists");
            }
            acls.check(acl, all);
            store.create(NetworkAcl.KIND, Acls.key(project, acl.name()), acl);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Records a changed list and makes all bridges that it is about follow; if one cannot, all
    /// stay as they were.
    void changeAcl(ProjectName project, Stored<NetworkAcl> read, NetworkAcl wanted) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            List<NetworkAcl> all = new ArrayList<>(acls.all(project));
            all.replaceAll(acl -> acl.name().equals(wanted.name()) ? wanted : acl);
            acls.check(wanted, all);
            boolean isOfBridges = project.equals(ProjectName.DEFAULT);
            for (Network network : isOfBridges ? acls.filtered() : List.<Network>of()) {
                Optional<AccessControl.Policy> unused = acls.policy(network, all);
            }
            undo.add(this::filterAnew);
            store.commit(new Batch().replace(NetworkAcl.KIND, read, wanted));
            undo.add(() -> store.update(NetworkAcl.KIND, read.key(), _ -> read.value()));
            if (isOfBridges) {
                filterAnew();
            }
            undo.keep();
        } finally {
            lifecycle.unlock();
        }
    }

    private void takeDown(Network network) {
        if (network.type() == NetworkType.BRIDGE) {
            AddressForwards.apply(network.name(), List.of());
            AccessControl.apply(network.name(), Optional.empty());
            NetworkPeering.apply(network.name(), List.of());
            bridges.stop(network.name());
        }
    }

    /// The names of the bridges that a network is joined with: those that it wants to be and that
    /// want it too.
    List<String> joined(Network network) {
        return network.peers().stream()
                .map(NetworkPeer::target)
                .filter(target ->
                        find(target).stream()
                                .flatMap(other -> other.value().peers().stream())
                                .anyMatch(peer -> peer.target().equals(network.name())))
                .toList();
    }

    /// @throws InvalidConfigException if that is no other bridge
    void requireBridge(Network network, String target) {
        Optional<Stored<Network>> other = find(target);
        if (other.isEmpty() || other.get().value().type() != NetworkType.BRIDGE) {
            throw new InvalidConfigException(
                    "Target network \"" + target + "\" is no managed bridge");
        }
        if (target.equals(network.name())) {
            throw new InvalidConfigException("Cannot peer with self");
        }
    }

    /// Records other peers and makes them hold on both sides; if that fails, all stays as it was.
    void join(Stored<Network> read, Network wanted) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            store.commit(new Batch().replace(Network.KIND, read, wanted));
            undo.add(() -> {
                store.update(Network.KIND, RecordKey.global(wanted.name()), _ -> read.value());
                joinAll(read.value());
                joinOthers(wanted, read.value());
            });
            joinAll(wanted);
            joinOthers(read.value(), wanted);
            undo.keep();
        } finally {
            lifecycle.unlock();
        }
    }

    private void joinOthers(Network before, Network after) {
        Set<String> others = new TreeSet<>();
        before.peers().forEach(peer -> others.add(peer.target()));
        after.peers().forEach(peer -> others.add(peer.target()));
        for (String other : others) {
            find(other).map(Stored::value).ifPresent(this::joinAll);
        }
    }

    private void joinAll(Network network) {
        if (network.type() != NetworkType.BRIDGE || !bridges.isRunning(network.name())) {
            return;
        }
        List<NetworkPeering.Way> ways = new ArrayList<>();
        for (String other : joined(network)) {
            for (IpNetwork from : addresses(network)) {
                for (IpNetwork to : addresses(get(other).value())) {
                    if (from.isV6() == to.isV6()) {
                        ways.add(new NetworkPeering.Way(from.network(), to.network()));
                    }
                }
            }
        }
        NetworkPeering.apply(network.name(), ways);
    }

    private static List<IpNetwork> addresses(Network network) {
        BridgeConfig config = parse(network);
        List<IpNetwork> out = new ArrayList<>();
        config.ipv4().address().ifPresent(out::add);
        config.ipv6().address().ifPresent(out::add);
        return out;
    }

    private static List<AddressForwards.Forward> compiled(Network network) {
        List<IpNetwork> networks = addresses(network);
        return network.forwards().stream().map(f -> f.compile(networks)).toList();
    }

    /// Records other forwards and makes them hold; if that fails, all stays as it was.
    void forward(Stored<Network> read, Network wanted) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            List<AddressForwards.Forward> forwards = compiled(wanted);
            store.commit(new Batch().replace(Network.KIND, read, wanted));
            undo.add(() ->
                    store.update(Network.KIND, RecordKey.global(wanted.name()), _ -> read.value()));
            AddressForwards.apply(wanted.name(), forwards);
            undo.keep();
        } finally {
            lifecycle.unlock();
        }
        announcements.changed();
    }

    /// What a network that is no bridge stands for.
    ///
    /// @throws NotFoundException if there is no such network
    public Optional<ParentConfig> parent(String name) {
        Network network = get(name).value();
        return network.type() == NetworkType.BRIDGE
                ? Optional.empty()
                : Optional.of(ParentConfig.parse(network));
    }

    static BridgeConfig parse(Network network) {
        return PARSED.get(new Bridge(network.name(), network.config()));
    }

    public List<Stored<Network>> list() {
        return store.list(Network.KIND);
    }

    public Optional<Stored<Network>> find(String name) {
        return store.find(Network.KIND, RecordKey.global(name));
    }

    /// Whether an interface of the host is the bridge of a managed network.
    public boolean isBridge(String link) {
        return find(link).filter(n -> n.value().type() == NetworkType.BRIDGE).isPresent();
    }

    /// @throws NotFoundException if there is no such managed network
    public Stored<Network> get(String name) {
        return find(name).orElseThrow(() -> new NotFoundException("Network not found"));
    }

    /// A network that has to be a bridge.
    ///
    /// @param what only bridges have, as users call it
    /// @throws NotFoundException if there is no such managed network
    /// @throws InvalidConfigException if it is of another type
    Stored<Network> bridge(String name, String what) {
        Stored<Network> network = get(name);
        NetworkType type = network.value().type();
        if (type != NetworkType.BRIDGE) {
            throw new InvalidConfigException(
                    "Network driver \"" + type.word() + "\" does not support " + what);
        }
        return network;
    }

    boolean isUp(String name) {
        return !down.contains(name);
    }

    /// The checked configuration of a managed bridge.
    ///
    /// @throws NotFoundException if there is no such network
    /// @throws InvalidConfigException if it is no bridge
    public BridgeConfig config(String name) {
        Network network = get(name).value();
        if (network.type() != NetworkType.BRIDGE) {
            throw new InvalidConfigException("Network \"" + name + "\" is no bridge");
        }
        return parse(network);
    }

    /// Starts the bridge of a managed network unless it is up. One that is no bridge is as it is.
    ///
    /// @throws NotFoundException if there is no such network
    public void ensureUp(String name) {
        Network network = get(name).value();
        if (network.type() == NetworkType.BRIDGE && !bridges.isRunning(name)) {
            bringUp(network);
            down.remove(name);
            warnings.resolve(UNAVAILABLE, ApiPath.of("networks", name));
            announcements.changed();
        }
    }

    /// Tells DHCP and DNS about a network card.
    public void putStaticHost(String network, StaticHost host) {
        bridges.putStaticHost(network, host);
    }

    /// Tells DNS about a network card that never asks for its address.
    public void putName(String network, String key, String name, InetAddress address) {
        bridges.putName(config(network), key, name, address);
    }

    /// An address that a card keeps from now on.
    ///
    /// @throws InvalidConfigException if the network gives out none of that family
    public InetAddress keepAddress(String network, StaticHost host, boolean isV6) {
        return bridges.keepAddress(config(network), host, isV6);
    }

    /// Forgets a network card. Does nothing if it is not known.
    public void removeStaticHost(String network, String key) {
        bridges.removeStaticHost(network, key);
    }

    /// Lets DHCP forget the addresses that a network card has. Does nothing if it has none, or if
    /// others than we give addresses there.
    public void releaseLeases(String network, MacAddress mac) {
        find(network)
                .map(Stored::value)
                .filter(n -> n.type() == NetworkType.BRIDGE)
                .ifPresent(n -> bridges.releaseLeases(parse(n), mac));
    }

    Optional<NetworkState> state(String name) {
        Optional<Stored<Network>> network = find(name);
        boolean isOther = network.isPresent() && network.get().value().type() != NetworkType.BRIDGE;
        return bridges.state(isOther ? parent(name).orElseThrow().parent() : name);
    }

    /// The leases of a project's instances: what others have is not its business. The default
    /// project, whose the network is, sees all.
    List<Lease> leases(ProjectName project, String name) {
        List<Lease> all = leases(name);
        if (project.equals(ProjectName.DEFAULT)) {
            return all;
        }
        Set<String> own = new TreeSet<>();
        users.forEach(kind -> own.addAll(kind.cardsOf(project, name)));
        return all.stream()
                .filter(lease ->
                        lease.mac().map(MacAddress::text).filter(own::contains).isPresent())
                .toList();
    }

    private List<Lease> leases(String name) {
        Network network = get(name).value();
        if (network.type() != NetworkType.BRIDGE) {
            throw new NotFoundException("Leases are only known of bridges");
        }
        return bridges.leases(parse(network));
    }

    /// Makes a network and its bridge.
    ///
    /// @param project the one it is asked for in; networks of these kinds are the default project's
    /// @throws io.atoll.base.ForbiddenException if the project may have no more networks
    public Network create(ProjectName project, Network wanted) {
        if (!project.equals(ProjectName.DEFAULT)) {
            throw new InvalidConfigException("Network type does not support non-default projects");
        }
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            if (find(wanted.name()).isPresent()) {
                throw new InvalidConfigException("The network already exists");
            }
            announcements.check(wanted);
            Network made = wanted;
            if (wanted.type() == NetworkType.BRIDGE) {
                made =
                        wanted.with(
                                wanted.description(),
                                bridges.fill(wanted.config(), taken(wanted.name())));
                zones.check(made);
                Optional<AccessControl.Policy> policy = acls.policy(made);
                bridges.create(parse(made));
                undo.add(() -> bridges.delete(wanted.name()));
                undo.add(() -> AccessControl.apply(wanted.name(), Optional.empty()));
                AccessControl.apply(made.name(), policy);
            } else {
                bringUp(made);
            }
            Network recorded = made;
            Network created =
                    gate.admit(
                            project,
                            List.of(new ProjectMember.Network(made.name())),
                            () -> {
                                store.create(
                                        Network.KIND, RecordKey.global(recorded.name()), recorded);
                                return recorded;
                            });
            undo.keep();
            filterAnew();
            announcements.changed();
            return created;
        } finally {
            lifecycle.unlock();
        }
    }

    /// The networks of other bridges, running or not.
    private List<IpNetwork> taken(String besides) {
        List<IpNetwork> out = new ArrayList<>();
        for (Stored<Network> network : list()) {
            if (!network.name().equals(besides)) {
                for (String key : ADDRESSES) {
                    IpNetwork.parse(network.value().config().getOrDefault(key, ""))
                            .ifPresent(out::add);
                }
            }
        }
        return out;
    }

    /// Records a changed configuration and makes the bridge follow; if it cannot, both stay as they
    /// were.
    void change(Stored<Network> read, Network wanted) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            announcements.check(wanted);
            boolean isBridge = wanted.type() == NetworkType.BRIDGE;
            Network next = isBridge ? wanted.with(wanted.description(), chosen(wanted)) : wanted;
            if (isBridge) {
                compiled(next);
                zones.check(next);
                Optional<AccessControl.Policy> unused = acls.policy(next);
            }
            store.commit(new Batch().replace(Network.KIND, read, next));
            undo.add(() -> takeBack(read.value()));
            if (!next.config().equals(read.value().config())) {
                bringUp(next);
                joinOthers(read.value(), next);
                filterAnew();
            }
            undo.keep();
            announcements.changed();
        } finally {
            lifecycle.unlock();
        }
    }

    private void takeBack(Network before) {
        store.update(Network.KIND, RecordKey.global(before.name()), _ -> before);
        bringUp(before);
    }

    /// Chooses addresses that say `auto`. Unlike at creation an absent address means none.
    private Map<String, String> chosen(Network wanted) {
        Map<String, String> config = new TreeMap<>(wanted.config());
        List<String> absent =
                ADDRESSES.stream().filter(k -> config.getOrDefault(k, "").isEmpty()).toList();
        absent.forEach(key -> config.put(key, "none"));
        Map<String, String> out = new TreeMap<>(bridges.fill(config, taken(wanted.name())));
        absent.forEach(out::remove);
        return out;
    }

    /// Renames a network that nobody uses.
    void rename(Stored<Network> read, String fresh) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            requireUnused(read.name());
            if (find(fresh).isPresent()) {
                throw new InvalidConfigException("The network already exists");
            }
            Network old = read.value();
            Network next = old.named(fresh);
            if (old.type() == NetworkType.BRIDGE) {
                parse(next);
                AddressForwards.apply(old.name(), List.of());
                AccessControl.apply(old.name(), Optional.empty());
                NetworkPeering.apply(old.name(), List.of());
                undo.add(() -> bringUp(old));
                bridges.rename(read.name(), fresh);
                undo.add(() -> bridges.rename(fresh, read.name()));
                bringUp(next);
            }
            store.commit(
                    new Batch()
                            .create(Network.KIND, RecordKey.global(fresh), next)
                            .delete(Network.KIND, read));
            undo.keep();
            announcements.changed();
        } finally {
            lifecycle.unlock();
        }
    }

    /// Removes a network that nobody uses, and its bridge.
    public void delete(Stored<Network> read) {
        lifecycle.lock();
        try {
            requireUnused(read.name());
            takeDown(read.value());
            if (read.value().type() == NetworkType.BRIDGE) {
                bridges.delete(read.name());
            }
            store.delete(Network.KIND, read.key());
            down.remove(read.name());
            announcements.changed();
        } finally {
            lifecycle.unlock();
        }
    }

    private void requireUnused(String name) {
        boolean isJoined =
                list().stream()
                        .flatMap(n -> n.value().peers().stream())
                        .anyMatch(peer -> peer.target().equals(name));
        if (isJoined || !usedBy(name).isEmpty()) {
            throw new BusyException("Network is currently in use");
        }
    }

    /// The URLs of all that is attached to a network or host interface, or names it in a profile.
    List<String> usedBy(String name) {
        List<String> out = new ArrayList<>();
        users.forEach(u -> out.addAll(u.usersOf(name)));
        for (Stored<Profile> profile : store.list(Profile.KIND)) {
            boolean names =
                    profile.value().devices().values().stream()
                            .filter(d -> "nic".equals(d.get("type")))
                            .anyMatch(d ->
                                    name.equals(d.get("network")) || name.equals(d.get("parent")));
            if (names) {
                out.add(
                        ApiPath.inProject(
                                ApiPath.of("profiles", profile.name()), profile.project()));
            }
        }
        return out;
    }
}
