package io.atoll.daemon.device;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.linux.net.IpNetwork;
import io.atoll.runtime.spec.MacAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads network interfaces.
final class NicParser {
    private static final Pattern INTERFACE_NAME = Pattern.compile("[-_a-zA-Z0-9.]{1,15}");
    private static final Pattern BITS = Pattern.compile("(\\d{1,18})([A-Za-z]*)");
    private static final int VLAN_MAX = 4094;

    /// Multiples of one bit per second.
    private static final Map<String, Long> BIT_UNITS =
            Map.ofEntries(
                    Map.entry("", 1L),
                    Map.entry("bit", 1L),
                    Map.entry("kbit", 1000L),
                    Map.entry("Mbit", 1000_000L),
                    Map.entry("Gbit", 1000_000_000L),
                    Map.entry("Tbit", 1000_000_000_000L),
                    Map.entry("Kibit", 1L << 10),
                    Map.entry("Mibit", 1L << 20),
                    Map.entry("Gibit", 1L << 30),
                    Map.entry("Tibit", 1L << 40));

    private final String name;
    private final DeviceOptions options;
    private final NicConfig.Kind kind;

    private NicParser(String name, DeviceOptions options, NicConfig.Kind kind) {
        this.name = name;
        this.options = options;
        this.kind = kind;
    }

    static NicConfig parse(String name, DeviceOptions options) {
        boolean hasNetwork = options.text("network").isPresent();
        if (hasNetwork && options.text("nictype").isPresent()) {
            throw new InvalidConfigException(
                    "Cannot use \"nictype\" property in conjunction with \"network\" property");
        }
        String word = options.text("nictype").orElse(hasNetwork ? "bridged" : "");
        return new NicParser(name, options, kind(name, word)).read();
    }

    private static NicConfig.Kind kind(String name, String word) {
        if (word.equals("ovn")) {
            throw new UnsupportedException("Devices of nictype \"ovn\" are not supported");
        }
        for (NicConfig.Kind kind : NicConfig.Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(word)) {
                return kind;
            }
        }
        throw Devices.unsupportedType(name);
    }

    private NicConfig read() {
        Optional<String> network = options.text("network");
        Optional<String> parent = options.get("parent", NicParser::interfaceName);
        checkLink(network, parent);
        NicConfig nic =
                new NicConfig(
                        name,
                        kind,
                        network,
                        parent,
                        options.get("name", NicParser::interfaceName),
                        hwaddr(),
                        kind.isPair()
                                ? options.get("host_name", NicParser::interfaceName)
                                : Optional.empty(),
                        Devices.optionalInt(options.get("mtu", NicParser::mtu)),
                        vlan(),
                        kind.hasVlanLink() && options.flag("gvrp", false),
                        tagged(),
                        mode(),
                        family("ipv4"),
                        family("ipv6"),
                        limits(),
                        filters());
        check(nic);
        options.accept("boot.priority", "maas.subnet.ipv4", "maas.subnet.ipv6");
        options.finish();
        return nic;
    }

    private String mode() {
        return kind == NicConfig.Kind.IPVLAN
                ? options.get("mode", ValueType.oneOf("l2", "l3s")).orElse("l3s")
                : "";
    }

    private void checkLink(Optional<String> network, Optional<String> parent) {
        if (network.isPresent() && parent.isPresent()) {
            throw new InvalidConfigException(
                    "Requires either \"network\" or \"parent\" property, and not both");
        }
        boolean needsOne = kind != NicConfig.Kind.P2P && kind != NicConfig.Kind.ROUTED;
        if (needsOne && network.isEmpty() && parent.isEmpty()) {
            throw new InvalidConfigException(
                    kind == NicConfig.Kind.BRIDGED
                            ? "Requires either \"network\" or \"parent\" property, and not both"
                            : "Missing required property \"parent\"");
        }
        if (kind == NicConfig.Kind.P2P && (network.isPresent() || parent.isPresent())) {
            throw new InvalidConfigException("Invalid device option \"parent\"");
        }
    }

    private Optional<MacAddress> hwaddr() {
        // It is the parent's.
        return kind == NicConfig.Kind.IPVLAN
                ? Optional.empty()
                : options.get("hwaddr", MacAddress::new);
    }

    private OptionalInt vlan() {
        if (kind == NicConfig.Kind.P2P) {
            return OptionalInt.empty();
        }
        // On a port of a bridge `none` means no VLAN at all, not even the bridge's usual one.
        return Devices.optionalInt(
                options.get("vlan", text -> text.equals("none") ? 0 : vlanId(text)));
    }

    private List<Integer> tagged() {
        if (kind != NicConfig.Kind.BRIDGED) {
            return List.of();
        }
        List<Integer> out = new ArrayList<>();
        for (String word : options.get("vlan.tagged", ValueType.WORDS).orElse(List.of())) {
            String[] ends = word.split("-", -1);
            int first = vlanId(ends[0]);
            int last = ends.length == 2 ? vlanId(ends[1]) : first;
            if (ends.length > 2 || last < first) {
                throw new InvalidConfigException("Invalid VLAN range \"" + word + "\"");
            }
            for (int id = first; id <= last; id++) {
                out.add(id);
            }
        }
        return out;
    }

    private static Integer vlanId(String text) {
        if (!text.matches("\\d{1,4}") || Integer.parseInt(text) > VLAN_MAX) {
            throw new InvalidConfigException("Invalid VLAN ID \"" + text + "\", must be 0-4094");
        }
        return Integer.parseInt(text);
    }

    private NicConfig.Family family(String prefix) {
        boolean isV6 = prefix.equals("ipv6");
        boolean isLayer3 = kind == NicConfig.Kind.ROUTED || kind == NicConfig.Kind.IPVLAN;
        if (kind != NicConfig.Kind.BRIDGED && kind != NicConfig.Kind.P2P && !isLayer3) {
            return NicConfig.Family.NONE;
        }
        Optional<List<String>> words =
                kind == NicConfig.Kind.P2P
                        ? Optional.empty()
                        : options.get(prefix + ".address", ValueType.WORDS);
        boolean isNone = !isLayer3 && words.filter(w -> w.equals(List.of("none"))).isPresent();
        boolean isLayer2 = mode().equals("l2");
        List<IpNetwork> addresses =
                isNone ? List.of() : addresses(prefix, words.orElse(List.of()), isV6, isLayer2);
        Optional<InetAddress> gateway =
                isLayer2
                        ? options.get(prefix + ".gateway", w -> address(w, isV6))
                        : Optional.empty();
        if (addresses.size() > 1 && !isLayer3) {
            throw new InvalidConfigException(
                    "Only one address is possible: " + words.orElseThrow());
        }
        boolean isRouted = kind == NicConfig.Kind.ROUTED;
        List<IpNetwork> external =
                kind == NicConfig.Kind.BRIDGED
                        ? networks(prefix + ".routes.external", isV6)
                        : List.of();
        Set<IpNetwork> routes = new LinkedHashSet<>(external);
        if (kind != NicConfig.Kind.IPVLAN) {
            routes.addAll(networks(prefix + ".routes", isV6));
        }
        if (isRouted) {
            options.accept(prefix + ".neighbor_probe");
        }
        return new NicConfig.Family(
                addresses,
                isNone,
                List.copyOf(routes),
                external,
                isLayer2 ? gateway.isPresent() : !isLayer3 || hasGateway(prefix),
                gateway,
                isRouted
                        ? options.get(prefix + ".host_address", w -> address(w, isV6))
                        : Optional.empty(),
                isLayer3
                        ? Devices.optionalInt(
                                options.get(prefix + ".host_table", ValueType.UINT32)
                                        .map(Long::intValue))
                        : OptionalInt.empty());
    }

    private List<IpNetwork> networks(String key, boolean isV6) {
        List<String> words = options.get(key, ValueType.WORDS).orElse(List.of());
        return words.stream().map(w -> network(w, isV6)).toList();
    }

    private static List<IpNetwork> addresses(
            String prefix, List<String> words, boolean isV6, boolean isLayer2) {
        Set<InetAddress> seen = new HashSet<>();
        List<IpNetwork> out = new ArrayList<>();
        for (String word : words) {
            IpNetwork own = isLayer2 ? inNetwork(word, isV6) : single(address(word, isV6));
            if (!seen.add(own.address())) {
                throw new InvalidConfigException(
                        "Duplicate address \"" + word + "\" in \"" + prefix + ".address\"");
            }
            out.add(own);
        }
        return out;
    }

    private static IpNetwork single(InetAddress address) {
        return new IpNetwork(address, address.getAddress().length * 8);
    }

    /// On layer 2 an address is in a network, of usual size unless it is said.
    private static IpNetwork inNetwork(String word, boolean isV6) {
        return word.contains("/")
                ? IpNetwork.parse(word)
                        .filter(n -> n.isV6() == isV6)
                        .orElseThrow(
                                () -> new InvalidConfigException("Not an address \"" + word + "\""))
                : new IpNetwork(address(word, isV6), isV6 ? 64 : 24);
    }

    private boolean hasGateway(String prefix) {
        String word =
                options.get(prefix + ".gateway", ValueType.oneOf("auto", "none")).orElse("auto");
        return word.equals("auto");
    }

    private NicConfig.Limits limits() {
        if (!kind.isPair()) {
            return NicConfig.Limits.NONE;
        }
        Optional<Long> both = options.get("limits.max", NicParser::bits);
        Optional<Long> in = options.get("limits.ingress", NicParser::bits);
        Optional<Long> out = options.get("limits.egress", NicParser::bits);
        if (both.isPresent() && (in.isPresent() || out.isPresent())) {
            throw new InvalidConfigException(
                    "limits.max stands for both limits.ingress and limits.egress and excludes them");
        }
        return new NicConfig.Limits(
                both.or(() -> in).orElse(0L),
                both.or(() -> out).orElse(0L),
                Devices.optionalLong(options.get("limits.priority", ValueType.UINT32)));
    }

    static Long bits(String text) {
        Matcher m = BITS.matcher(text.strip());
        Long unit = m.matches() ? BIT_UNITS.get(m.group(2)) : null;
        if (unit == null) {
            throw new InvalidConfigException("Invalid value: " + text);
        }
        try {
            return Math.multiplyExact(Long.parseLong(m.group(1)), unit);
        } catch (ArithmeticException e) {
            throw new InvalidConfigException("Invalid value: " + text, e);
        }
    }

    private NicConfig.Filters filters() {
        boolean isBridged = kind == NicConfig.Kind.BRIDGED;
        return new NicConfig.Filters(
                (isBridged || kind == NicConfig.Kind.SRIOV)
                        && options.flag("security.mac_filtering", false),
                isBridged && options.flag("security.ipv4_filtering", false),
                isBridged && options.flag("security.ipv6_filtering", false),
                isBridged && options.flag("security.port_isolation", false));
    }

    private static void check(NicConfig nic) {
        if (nic.kind() == NicConfig.Kind.BRIDGED && nic.network().isPresent()) {
            requireFilter("ipv4", nic.ipv4(), nic.filters().ipv4());
            requireFilter("ipv6", nic.ipv6(), nic.filters().ipv6());
        }
    }

    private static void requireFilter(String family, NicConfig.Family said, boolean isFiltered) {
        if (said.isNone() && !isFiltered) {
            throw new InvalidConfigException(
                    "Cannot have "
                            + family
                            + ".address as none unless using security."
                            + family
                            + "_filtering");
        }
    }

    static String interfaceName(String text) {
        if (text.length() > 15) {
            throw new InvalidConfigException(
                    "Network interface is too long (maximum 15 characters)");
        }
        if (!INTERFACE_NAME.matcher(text).matches() || text.equals(".") || text.equals("..")) {
            throw new InvalidConfigException(
                    "Network interface \"" + text + "\" is no name of an interface");
        }
        return text;
    }

    private static Integer mtu(String text) {
        if (!text.matches("\\d{2,5}")
                || Integer.parseInt(text) < 68
                || Integer.parseInt(text) > 65_535) {
            throw new InvalidConfigException("Invalid MTU \"" + text + "\", must be 68-65535");
        }
        return Integer.parseInt(text);
    }

    private static InetAddress address(String text, boolean isV6) {
        return IpNetwork.parseAddress(text)
                .filter(a -> (a.getAddress().length == 16) == isV6)
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "Not an "
                                        + (isV6 ? "IPv6" : "IPv4")
                                        + " address \""
                                        + text
                                        + "\""));
    }

    private static IpNetwork network(String text, boolean isV6) {
        return IpNetwork.parse(text)
                .filter(n -> n.isV6() == isV6)
                .map(IpNetwork::network)
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "Not an "
                                        + (isV6 ? "IPv6" : "IPv4")
                                        + " network \""
                                        + text
                                        + "\""));
    }
}
