package io.atoll.runtime.lxc;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/// `lxc.net.*` of one container, for one start. Pure, apart from the random names and addresses
/// that every start draws anew.
final class LxcNetwork {
    private static final String ALPHANUMERIC =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int VETH_RANDOM = 6;

    private final LxcConfig config;
    private final HostLinks links;
    private final LxcHooks hooks;
    private final RandomGenerator random;
    private final Optional<String> ovs;
    private final Optional<NicGrants> grants;

    /// @param ovs the path of `ovs-vsctl`, if there is one
    /// @param grants how to ask for what a plain user may not make; empty for root
    LxcNetwork(
            LxcConfig config,
            HostLinks links,
            LxcHooks hooks,
            RandomGenerator random,
            Optional<String> ovs,
            Optional<NicGrants> grants) {
        this.config = config;
        this.links = links;
        this.hooks = hooks;
        this.random = random;
        this.ovs = ovs;
        this.grants = grants;
    }

    /// True if the container stays in the network namespace of whoever starts it.
    static boolean isShared(LxcConfig config) {
        return config.networks().stream()
                .anyMatch(n ->
                        config.find("lxc.net." + n + ".type").filter("none"::equals).isPresent());
    }

    /// @throws InvalidConfigException if the keys contradict each other
    /// @throws NotFoundException if a bridge or parent is missing
    NetworkSpec compile() {
        if (isShared(config)) {
            return new NetworkSpec(List.of(), false);
        }
        List<Integer> numbers = new ArrayList<>();
        for (int number : config.networks()) {
            Nic nic = new Nic(number);
            if (nic.one("type").isEmpty()) {
                throw new InvalidConfigException(
                        "lxc.net."
                                + number
                                + ".type is not set; it must be one of veth, macvlan,"
                                + " ipvlan, vlan, phys, empty, none");
            }
            if (!nic.type().equals("empty")) {
                numbers.add(number);
            }
        }
        Map<Integer, List<NicSpec>> nics = new TreeMap<>();
        Set<String> taken = new HashSet<>();
        numbers.forEach(n -> new Nic(n).one("name").ifPresent(taken::add));
        for (int number : numbers) {
            nics.put(number, new Nic(number).compile(taken));
        }
        return new NetworkSpec(nics.values().stream().flatMap(List::stream).toList(), true);
    }

    /// The scripts of interfaces of type `empty`, which have nothing else.
    List<HookSpec> hooksOfEmpty() {
        List<HookSpec> all = new ArrayList<>();
        for (int number : config.networks()) {
            Nic nic = new Nic(number);
            for (String kind : List.of("up", "down")) {
                nic.one("script." + kind)
                        .filter(_ -> nic.type().equals("empty"))
                        .ifPresent(script -> all.add(hooks.network(kind, script, "empty", "", "")));
            }
        }
        return all;
    }

    private static String freeName(Set<String> taken) {
        int number = 0;
        while (!taken.add("eth" + number)) {
            number++;
        }
        return "eth" + number;
    }

    private String randomName() {
        StringBuilder name = new StringBuilder("veth");
        for (int i = 0; i < VETH_RANDOM; i++) {
            name.append(ALPHANUMERIC.charAt(random.nextInt(ALPHANUMERIC.length())));
        }
        return links.find(name.toString()).isPresent() ? randomName() : name.toString();
    }

    /// One interface's keys.
    private final class Nic {
        private final String prefix;

        Nic(int number) {
            prefix = "lxc.net." + number + ".";
        }

        Optional<String> one(String key) {
            return config.find(prefix + key);
        }

        List<String> many(String key) {
            return config.all(prefix + key);
        }

        String type() {
            return one("type").orElse("");
        }

        private String link() {
            return one("link").orElse("");
        }

        private String mustLink() {
            return one("link")
                    .orElseThrow(() ->
                            new InvalidConfigException(
                                    prefix + "link is not set; type " + type() + " needs it"));
        }

        List<NicSpec> compile(Set<String> taken) {
            if (grants.isPresent()) {
                return List.of(granted(grants.get(), one("name").orElseGet(() -> freeName(taken))));
            }
            if (type().equals("phys") && mustLink().endsWith("+")) {
                String start = mustLink().substring(0, mustLink().length() - 1);
                List<NicSpec> all = new ArrayList<>();
                for (HostLinks.HostLink found : links.all()) {
                    if (found.name().startsWith(start)) {
                        all.add(spec(found.name(), physical(found), ""));
                    }
                }
                if (all.isEmpty()) {
                    throw missing(mustLink());
                }
                return all;
            }
            String hostName = type().equals("veth") ? vethName() : "";
            return List.of(
                    spec(
                            one("name").orElseGet(() -> freeName(taken)),
                            nicLink(hostName),
                            hostName));
        }

        /// Of the host's end nothing can be chosen.
        private NicSpec granted(NicGrants grants, String name) {
            if (!type().equals("veth")) {
                throw new ForbiddenException(
                        prefix
                                + "type = "
                                + type()
                                + ": only root may do that; plain users have veth, empty and none");
            }
            for (String key : List.of("veth.mode", "veth.vlan.id", "veth.vlan.tagged.id")) {
                if (one(key).filter(v -> !v.equals("bridge") && !v.equals("none")).isPresent()) {
                    throw new ForbiddenException(prefix + key + ": only root may set that");
                }
            }
            return spec(name, grants.link(link().isEmpty() ? "none" : link(), name), "");
        }

        private String vethName() {
            return one("veth.pair").orElseGet(LxcNetwork.this::randomName);
        }

        private NicLink nicLink(String hostName) {
            return switch (type()) {
                case "veth" -> veth(hostName);
                case "macvlan" -> new NicLink.Macvlan(parent(), macvlanMode());
                case "ipvlan" -> new NicLink.Ipvlan(parent(), ipvlanMode(), isolation());
                case "vlan" ->
                        new NicLink.Vlan(
                                parent(),
                                Integer.decode(
                                        one("vlan.id")
                                                .orElseThrow(() ->
                                                        new InvalidConfigException(
                                                                prefix + "vlan.id is not set"))));
                case "phys" -> physical(parentLink());
                default -> throw new InvalidConfigException(prefix + "type = " + type());
            };
        }

        private NicLink.Macvlan.MacvlanMode macvlanMode() {
            return NicLink.Macvlan.MacvlanMode.valueOf(
                    one("macvlan.mode").orElse("private").toUpperCase(java.util.Locale.ROOT));
        }

        private NicLink.Ipvlan.IpvlanMode ipvlanMode() {
            return NicLink.Ipvlan.IpvlanMode.valueOf(
                    one("ipvlan.mode").orElse("l3").toUpperCase(java.util.Locale.ROOT));
        }

        private NicLink.Ipvlan.Isolation isolation() {
            return NicLink.Ipvlan.Isolation.valueOf(
                    one("ipvlan.isolation").orElse("bridge").toUpperCase(java.util.Locale.ROOT));
        }

        private String parent() {
            return parentLink().name();
        }

        private HostLinks.HostLink parentLink() {
            String name = mustLink();
            return links.find(name).orElseThrow(() -> missing(name));
        }

        /// What the keys change of it is changed back at the end.
        private NicLink.Phys physical(HostLinks.HostLink link) {
            return new NicLink.Phys(
                    link.name(),
                    one("mtu").isPresent() ? OptionalInt.of(link.mtu()) : OptionalInt.empty(),
                    one("hwaddr").isPresent() ? link.mac() : Optional.empty());
        }

        private boolean isRouter() {
            return one("veth.mode").filter("router"::equals).isPresent();
        }

        /// True if the bridge is Open vSwitch's, which only its own tool knows.
        private boolean isOvs() {
            return type().equals("veth")
                    && grants.isEmpty()
                    && !isRouter()
                    && !link().isEmpty()
                    && ovs.isPresent()
                    && links.find(link()).filter(HostLinks.HostLink::isBridge).isEmpty();
        }

        private NicLink.Veth veth(String hostName) {
            List<String> routes = new ArrayList<>(many("veth.ipv4.route"));
            routes.addAll(many("veth.ipv6.route"));
            if (isRouter()) {
                many("ipv4.address").forEach(a -> routes.add(bare(a) + "/32"));
                many("ipv6.address").forEach(a -> routes.add(bare(a) + "/128"));
            }
            Optional<String> bridge = one("link").filter(_ -> !isRouter() && !isOvs());
            bridge.ifPresent(name -> {
                HostLinks.HostLink found = links.find(name).orElseThrow(() -> missing(name));
                if (!found.isBridge()) {
                    throw new InvalidConfigException(
                            prefix + "link = " + name + ": " + name + " is not a bridge");
                }
            });
            NicLink.Veth pair =
                    new NicLink.Veth(
                                    Optional.of(hostName),
                                    bridge,
                                    one("veth.vlan.id")
                                                    .filter(v -> !v.equals("none") && !isOvs())
                                                    .isPresent()
                                            ? OptionalInt.of(
                                                    Integer.decode(
                                                            one("veth.vlan.id").orElseThrow()))
                                            : OptionalInt.empty(),
                                    isOvs()
                                            ? List.of()
                                            : many("veth.vlan.tagged.id").stream()
                                                    .map(Integer::decode)
                                                    .toList(),
                                    routes,
                                    Optional.empty(),
                                    false)
                            .with(queues());
            // A next start must find neither the name nor the routes of the last one.
            boolean isOnce = one("veth.pair").isEmpty() && routes.isEmpty() && !isOvs();
            return isOnce ? pair.namedOnce(hostName) : pair;
        }

        private NotFoundException missing(String name) {
            String hint =
                    name.equals("lxcbr0")
                            ? "; `lxc-net start` makes it"
                            : type().equals("veth")
                                    ? "; make the bridge first or set " + prefix + "link to another"
                                    : "; set " + prefix + "link to an interface of the host";
            return new NotFoundException(
                    prefix + "link = " + name + ": the host has no interface " + name + hint);
        }

        private NicSpec spec(String name, NicLink link, String hostName) {
            List<HookSpec> up = new ArrayList<>();
            List<HookSpec> down = new ArrayList<>();
            if (isOvs()) {
                up.add(ovsStep(HookSpec.Phase.START_HOST, addPort(hostName)));
            }
            one("script.up")
                    .ifPresent(script ->
                            up.add(hooks.network("up", script, type(), link(), hostName)));
            one("script.down")
                    .ifPresent(script ->
                            down.add(hooks.network("down", script, type(), link(), hostName)));
            if (isOvs()) {
                down.add(
                        ovsStep(
                                HookSpec.Phase.POST_STOP,
                                List.of("--if-exists", "del-port", link(), hostName)));
            }
            return new NicSpec(
                    name,
                    link,
                    one("hwaddr").map(this::mac),
                    mtu(),
                    one("flags").isPresent(),
                    addresses(),
                    gateways(),
                    List.of(),
                    up,
                    down,
                    one("l2proxy").filter("1"::equals).map(_ -> answeredOn()));
        }

        /// @throws InvalidConfigException if the host would not pass on what it answers for
        private String answeredOn() {
            String parent = parent();
            if (!type().equals("ipvlan") && !isRouter()) {
                throw new InvalidConfigException(
                        prefix
                                + "l2proxy = 1 is for interfaces of type ipvlan, and veth with "
                                + prefix
                                + "veth.mode = router");
            }
            List<String> needed = new ArrayList<>();
            if (!many("ipv4.address").isEmpty()) {
                needed.add("net/ipv4/conf/" + parent + "/forwarding");
            }
            if (!many("ipv6.address").isEmpty()) {
                needed.add("net/ipv6/conf/" + parent + "/proxy_ndp");
                needed.add("net/ipv6/conf/" + parent + "/forwarding");
            }
            for (String sysctl : needed) {
                if (!links.isOn(sysctl)) {
                    throw new InvalidConfigException(
                            prefix + "l2proxy = 1 needs forwarding: sysctl -w " + sysctl + "=1");
                }
            }
            return parent;
        }

        private NicLink.Veth.Queues queues() {
            return new NicLink.Veth.Queues(queues("veth.n_rxqueues"), queues("veth.n_txqueues"));
        }

        private int queues(String key) {
            int count = one(key).map(Integer::decode).orElse(1);
            if (count < 1 || count > NicLink.Veth.Queues.MAX) {
                throw new InvalidConfigException(
                        prefix + key + " = " + count + " is not in 1.." + NicLink.Veth.Queues.MAX);
            }
            return count;
        }

        private List<String> addPort(String hostName) {
            List<String> words =
                    new ArrayList<>(List.of("--may-exist", "add-port", link(), hostName));
            one("veth.vlan.id")
                    .filter(v -> !v.equals("none"))
                    .ifPresent(v -> words.add("tag=" + v));
            if (!many("veth.vlan.tagged.id").isEmpty()) {
                words.add("trunks=" + String.join(",", many("veth.vlan.tagged.id")));
            }
            return words;
        }

        private HookSpec ovsStep(HookSpec.Phase phase, List<String> words) {
            List<String> argv = new ArrayList<>(List.of(ovs.orElseThrow()));
            argv.addAll(words);
            return new HookSpec(
                    phase,
                    argv,
                    Map.of("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                    LxcHooks.TIMEOUT);
        }

        /// Each `x` is a random digit. The first byte keeps to an address of one station.
        private MacAddress mac(String template) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < template.length(); i++) {
                char c = template.charAt(i);
                boolean isRandom = c == 'x' || c == 'X';
                int digit = isRandom ? random.nextInt(16) : 0;
                if (isRandom && i == 1) {
                    digit = digit & 0xC | 2;
                }
                text.append(isRandom ? Character.forDigit(digit, 16) : c);
            }
            return new MacAddress(text.toString());
        }

        /// The bridge's or parent's unless another is given.
        private OptionalInt mtu() {
            Optional<String> given = one("mtu");
            if (given.isPresent()) {
                return OptionalInt.of(Integer.decode(given.get()));
            }
            Optional<HostLinks.HostLink> bridge =
                    type().equals("veth") ? one("link").flatMap(links::find) : Optional.empty();
            return bridge.isPresent() ? OptionalInt.of(bridge.get().mtu()) : OptionalInt.empty();
        }

        private List<String> addresses() {
            List<String> all = new ArrayList<>();
            for (String text : many("ipv4.address")) {
                String address = text.split("\\s+")[0];
                all.add(address.contains("/") ? address : address + "/" + classPrefix(address));
            }
            for (String text : many("ipv6.address")) {
                all.add(text.contains("/") ? text : text + "/64");
            }
            return all;
        }

        /// The prefix of the old classes A, B and C.
        private static int classPrefix(String address) {
            int first = Integer.parseInt(address.substring(0, address.indexOf('.')));
            return first < 128 ? 8 : first < 192 ? 16 : 24;
        }

        private List<String> gateways() {
            List<String> all = new ArrayList<>();
            one("ipv4.gateway").ifPresent(text -> all.add(gateway(text, false)));
            one("ipv6.gateway").ifPresent(text -> all.add(gateway(text, true)));
            return all;
        }

        private String gateway(String text, boolean isV6) {
            return switch (text) {
                case "auto" ->
                        links.find(mustLink())
                                .orElseThrow(() -> missing(mustLink()))
                                .address(isV6)
                                .orElseThrow(() ->
                                        new InvalidConfigException(
                                                prefix
                                                        + (isV6 ? "ipv6" : "ipv4")
                                                        + ".gateway = auto: "
                                                        + mustLink()
                                                        + " has no address to be the gateway"));
                case "dev" -> isV6 ? NicSpec.DEVICE_GATEWAY_V6 : NicSpec.DEVICE_GATEWAY;
                default -> bare(text);
            };
        }
    }

    private static String bare(String address) {
        int slash = address.indexOf('/');
        return (slash < 0 ? address : address.substring(0, slash)).split("\\s+")[0];
    }
}
