package io.atoll.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import io.atoll.network.bgp.BgpPeer;
import io.atoll.network.bgp.PeerKeys;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/// Reads the keys of one bridge. Each key is asked for once, with its parser; what nobody asked for
/// is unknown.
final class BridgeKeys {
    private static final int MTU_MIN = 1280;
    private static final int MTU_MAX = 16384;
    private static final int VXLAN_PORT = 4789;

    /// Keys that belong to parts which are looked at elsewhere or have no effect here, but are part
    /// of the contract.
    private static final Set<String> ACCEPTED =
            Set.of(
                    "dns.zone.forward",
                    "dns.zone.reverse.ipv4",
                    "dns.zone.reverse.ipv6",
                    "maas.subnet.ipv4",
                    "maas.subnet.ipv6",
                    "security.acls",
                    "security.acls.default.ingress.action",
                    "security.acls.default.egress.action",
                    "security.acls.default.ingress.logged",
                    "security.acls.default.egress.logged",
                    "ipv4.ovn.ranges",
                    "ipv6.ovn.ranges");

    private final String network;
    private final Map<String, String> config;
    private final Set<String> asked = new HashSet<>();

    private BridgeKeys(String network, Map<String, String> config) {
        this.network = network;
        this.config = config;
    }

    static BridgeConfig parse(String name, Map<String, String> config) {
        InterfaceNames.check(name);
        BridgeKeys keys = new BridgeKeys(name, config);
        BridgeConfig parsed =
                new BridgeConfig(
                        name,
                        keys.family("ipv4"),
                        keys.family("ipv6"),
                        keys.optional("bridge.hwaddr", BridgeKeys::mac),
                        keys.optional("bridge.mtu", BridgeKeys::mtu),
                        keys.oneOf(
                                "bridge.driver",
                                BridgeConfig.Driver.NATIVE,
                                BridgeConfig.Driver.values()),
                        keys.list("bridge.external_interfaces", BridgeKeys::interfaceName),
                        keys.optional("ipv6.neighbor_proxy", BridgeKeys::interfaceName),
                        keys.oneOf("dns.mode", DnsMode.MANAGED, DnsMode.values()),
                        keys.optional("dns.domain", BridgeKeys::domain).orElse("lxd"),
                        String.join(",", keys.list("dns.search", BridgeKeys::domain)),
                        keys.multiline("raw.dnsmasq"),
                        keys.tunnels());
        keys.optional("bridge.mode", BridgeKeys::mode);
        List<BgpPeer> unused = PeerKeys.parse(name, config);
        keys.checkNeighborProxy(parsed);
        keys.rejectUnknown();
        return parsed;
    }

    private IpSettings family(String prefix) {
        boolean isV6 = prefix.equals("ipv6");
        Function<String, InetAddress> address = text -> address(text, isV6);
        Optional<IpNetwork> own =
                optional(prefix + ".address", text -> ownAddress(text, isV6)).flatMap(o -> o);
        return new IpSettings(
                own,
                bool(prefix + ".nat", false),
                word(prefix + ".nat.order", "after", List.of("before", "after")).equals("before"),
                optional(prefix + ".nat.address", address),
                bool(prefix + ".dhcp", true),
                isV6 && bool("ipv6.dhcp.stateful", false),
                list(prefix + ".dhcp.ranges", text -> range(text, isV6)),
                optional(prefix + ".dhcp.expiry", BridgeKeys::expiry).orElse("1h"),
                isV6 ? Optional.empty() : optional("ipv4.dhcp.gateway", address),
                list(prefix + ".routes", text -> network(text, isV6)),
                bool(prefix + ".routing", true),
                bool(prefix + ".firewall", true),
                optional("bgp." + prefix + ".nexthop", address));
    }

    /// Only addresses that DHCP gives out are known to be in use.
    private void checkNeighborProxy(BridgeConfig config) {
        if (config.neighborProxy().isEmpty()) {
            return;
        }
        String key = "ipv6.neighbor_proxy";
        IpNetwork own =
                config.ipv6().address().orElseThrow(() -> invalid(key, "Requires an ipv6.address"));
        boolean isGivenOut =
                config.ipv6().dhcp() && (config.ipv6().stateful() || own.prefix() > 64);
        if (!isGivenOut) {
            throw invalid(
                    key, "Requires ipv6.dhcp.stateful, or a network smaller than a /64, with DHCP");
        }
        if (config.neighborProxy().get().equals(network)) {
            throw invalid(key, "Another interface than the bridge itself is needed");
        }
    }

    private List<Tunnel> tunnels() {
        Map<String, Map<String, String>> byName = new TreeMap<>();
        for (String key : new TreeSet<>(config.keySet())) {
            String[] parts = key.split("\\.");
            if (parts.length == 3 && parts[0].equals("tunnel")) {
                byName.computeIfAbsent(parts[1], _ -> new TreeMap<>()).put(parts[2], key);
            }
        }
        List<Tunnel> tunnels = new ArrayList<>();
        for (String name : byName.keySet()) {
            tunnels.add(tunnel(name));
        }
        return tunnels;
    }

    private Tunnel tunnel(String name) {
        String prefix = "tunnel." + name + ".";
        String protocol = word(prefix + "protocol", "", List.of("gre", "vxlan"));
        if (protocol.isEmpty()) {
            throw invalid(prefix + "protocol", "Required value");
        }
        if (network.length() + name.length() + 1 > InterfaceNames.LENGTH_MAX) {
            throw new InvalidConfigException(
                    "Network name too long for tunnel interface: " + network + "-" + name);
        }
        return new Tunnel(
                name,
                Tunnel.Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)),
                optional(prefix + "local", BridgeKeys::anyAddress),
                optional(prefix + "remote", BridgeKeys::anyAddress),
                optional(prefix + "group", BridgeKeys::anyAddress),
                number(prefix + "id", 1, 0, (1 << 24) - 1),
                number(prefix + "port", VXLAN_PORT, 1, 65535),
                number(prefix + "ttl", 1, 1, 255),
                optional(prefix + "interface", BridgeKeys::interfaceName));
    }

    private void rejectUnknown() {
        for (String key : new TreeSet<>(config.keySet())) {
            boolean isKnown =
                    asked.contains(key)
                            || ACCEPTED.contains(key)
                            || key.startsWith("user.")
                            || key.startsWith("volatile.")
                            || key.startsWith("bgp.peers.");
            if (!isKnown) {
                throw new InvalidConfigException(
                        "Invalid option for network \"" + network + "\" option \"" + key + "\"");
            }
        }
    }

    /// The value; an empty one counts as absent, as everywhere in LXD's configuration.
    private Optional<String> text(String key) {
        return text(key, false);
    }

    private Optional<String> text(String key, boolean mayHaveLines) {
        asked.add(key);
        String value = config.getOrDefault(key, "");
        // These values reach dnsmasq's command line and files, one to a line.
        if (!mayHaveLines && value.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
            throw invalid(key, "Control characters are not allowed");
        }
        return value.isBlank() ? Optional.empty() : Optional.of(value.strip());
    }

    private String multiline(String key) {
        String value = text(key, true).orElse("");
        if (value.indexOf('\0') >= 0) {
            throw invalid(key, "Control characters are not allowed");
        }
        return value;
    }

    private <T> Optional<T> optional(String key, Function<String, T> parser) {
        try {
            return text(key).map(parser);
        } catch (IllegalArgumentException e) {
            throw invalid(key, String.valueOf(e.getMessage()));
        }
    }

    private <T> List<T> list(String key, Function<String, T> parser) {
        return optional(
                        key,
                        text -> {
                            List<T> values = new ArrayList<>();
                            for (String part : text.split(",")) {
                                values.add(parser.apply(part.strip()));
                            }
                            return values;
                        })
                .orElse(List.of());
    }

    private boolean bool(String key, boolean absent) {
        return optional(key, BridgeKeys::parseBool).orElse(absent);
    }

    private static boolean parseBool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off" -> false;
            default ->
                    throw new IllegalArgumentException(
                            "Invalid value for a boolean \"" + text + "\"");
        };
    }

    private int number(String key, int absent, int min, int max) {
        return optional(
                        key,
                        text -> {
                            if (!text.matches("[0-9]{1,9}")) {
                                throw new IllegalArgumentException(
                                        "Invalid value for an integer \"" + text + "\"");
                            }
                            int value = Integer.parseInt(text);
                            if (value < min || value > max) {
                                throw new IllegalArgumentException(
                                        "Value isn't within valid range. Must be between "
                                                + min
                                                + " and "
                                                + max);
                            }
                            return value;
                        })
                .orElse(absent);
    }

    private String word(String key, String absent, List<String> allowed) {
        return optional(
                        key,
                        text -> {
                            if (!allowed.contains(text)) {
                                throw new IllegalArgumentException(
                                        "Invalid value \""
                                                + text
                                                + "\" (not one of ["
                                                + String.join(" ", allowed)
                                                + "])");
                            }
                            return text;
                        })
                .orElse(absent);
    }

    private <E extends Enum<E>> E oneOf(String key, E absent, E[] values) {
        List<String> names = new ArrayList<>();
        for (E value : values) {
            names.add(value.name().toLowerCase(Locale.ROOT));
        }
        String chosen = word(key, absent.name().toLowerCase(Locale.ROOT), names);
        return values[names.indexOf(chosen)];
    }

    private InvalidConfigException invalid(String key, String why) {
        return new InvalidConfigException(
                "Invalid value for network \"" + network + "\" option \"" + key + "\": " + why);
    }

    private static String mode(String text) {
        if (!text.equals("standard")) {
            throw new IllegalArgumentException(
                    "Invalid value \"" + text + "\" (not one of [standard])");
        }
        return text;
    }

    private static MacAddress mac(String text) {
        return MacAddress.parse(text)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "Invalid MAC address, must be 6 bytes of hex separated by colons"));
    }

    private static int mtu(String text) {
        int value = text.matches("[0-9]{1,6}") ? Integer.parseInt(text) : 0;
        if (value < MTU_MIN || value > MTU_MAX) {
            throw new IllegalArgumentException(
                    "Invalid MTU \"" + text + "\", must be between " + MTU_MIN + " and " + MTU_MAX);
        }
        return value;
    }

    private static String expiry(String text) {
        if (!text.matches("[0-9]{1,9}[smhdw]?|infinite|deprecated")) {
            throw new IllegalArgumentException("Invalid lease time \"" + text + "\"");
        }
        return text;
    }

    private static String domain(String text) {
        if (!text.matches("[a-zA-Z0-9_]([-a-zA-Z0-9_.]{0,251}[a-zA-Z0-9_])?")) {
            throw new IllegalArgumentException("Invalid DNS domain \"" + text + "\"");
        }
        return text;
    }

    private static String interfaceName(String text) {
        try {
            InterfaceNames.check(text);
            return text;
        } catch (InvalidConfigException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static String family(boolean isV6) {
        return isV6 ? "an IPv6" : "an IPv4";
    }

    private static InetAddress anyAddress(String text) {
        return IpNetwork.parseAddress(text)
                .orElseThrow(
                        () -> new IllegalArgumentException("Not an IP address \"" + text + "\""));
    }

    private static InetAddress address(String text, boolean isV6) {
        return IpNetwork.parseAddress(text)
                .filter(a -> (a.getAddress().length == 16) == isV6)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "Not " + family(isV6) + " address \"" + text + "\""));
    }

    private static Optional<IpNetwork> ownAddress(String text, boolean isV6) {
        if (text.equals("none") || text.equals("auto")) {
            return Optional.empty();
        }
        IpNetwork address =
                IpNetwork.parse(text)
                        .filter(n -> n.isV6() == isV6)
                        .orElseThrow(() ->
                                new IllegalArgumentException("invalid CIDR address: " + text));
        if (address.prefix() < (isV6 ? 127 : 31) && address.equals(address.network())) {
            throw new IllegalArgumentException(
                    "Not a usable " + (isV6 ? "IPv6" : "IPv4") + " address \"" + text + "\"");
        }
        return Optional.of(address);
    }

    private static IpNetwork network(String text, boolean isV6) {
        return IpNetwork.parse(text)
                .filter(n -> n.isV6() == isV6 && n.equals(n.network()))
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "Not " + family(isV6) + " network \"" + text + "\""));
    }

    private static IpRange range(String text, boolean isV6) {
        String[] ends = text.split("-");
        if (ends.length != 2) {
            throw new IllegalArgumentException("IP range must contain start and end IP addresses");
        }
        InetAddress first = address(ends[0].strip(), isV6);
        InetAddress last = address(ends[1].strip(), isV6);
        if (IpNetwork.toNumber(first).compareTo(IpNetwork.toNumber(last)) > 0) {
            throw new IllegalArgumentException(
                    "Start IP address must be less than or equal to end IP address");
        }
        return new IpRange(first, last);
    }
}
