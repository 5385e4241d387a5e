package io.atoll.daemon.network;

import io.atoll.daemon.dns.ZoneEntry;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.BridgeConfig;
import io.atoll.network.IpSettings;
import io.atoll.network.Lease;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/// The lines of a zone that come from networks: names to addresses where it is a network's forward
/// zone, addresses to names where it is a reverse one. Pure.
final class ZoneContent {
    static final String FORWARD = "dns.zone.forward";
    static final List<String> REVERSE = List.of("dns.zone.reverse.ipv4", "dns.zone.reverse.ipv6");

    private static final String ARPA_V4 = "in-addr.arpa";
    private static final String ARPA_V6 = "ip6.arpa";

    private ZoneContent() {}

    /// A bridge with what is in use on it.
    record Bridge(BridgeConfig bridge, Map<String, String> config, List<Lease> leases) {}

    /// The zones that a network names with a key.
    static List<String> zones(Map<String, String> config, String key) {
        String value = config.getOrDefault(key, "");
        return value.isBlank() ? List.of() : List.of(value.strip().split("\\s*,\\s*"));
    }

    /// All lines, sorted, each once.
    static List<ZoneEntry> of(NetworkZone zone, List<Bridge> bridges) {
        TreeSet<ZoneEntry> out = new TreeSet<>(zone.extras());
        for (Bridge bridge : bridges) {
            List<String> forward = zones(bridge.config(), FORWARD);
            for (Lease lease : bridge.leases()) {
                boolean isV6 = lease.address().getAddress().length == 16;
                IpSettings family = isV6 ? bridge.bridge().ipv6() : bridge.bridge().ipv4();
                if (lease.hostname().isEmpty() || family.nat() && !zone.showsNat()) {
                    continue;
                }
                if (forward.contains(zone.name())) {
                    out.add(
                            new ZoneEntry(
                                    lease.hostname(),
                                    isV6 ? "AAAA" : "A",
                                    ZoneEntry.TTL_SECONDS,
                                    IpNetwork.text(lease.address())));
                }
                boolean isReverse =
                        zones(bridge.config(), REVERSE.get(isV6 ? 1 : 0)).contains(zone.name());
                String pointer = pointer(lease.address());
                if (isReverse && !forward.isEmpty() && pointer.endsWith("." + zone.name())) {
                    String tail = "." + zone.name();
                    out.add(
                            new ZoneEntry(
                                    pointer.substring(0, pointer.length() - tail.length()),
                                    "PTR",
                                    ZoneEntry.TTL_SECONDS,
                                    lease.hostname() + "." + forward.getFirst() + "."));
                }
            }
        }
        return List.copyOf(out);
    }

    /// The name under which the name of an address is found; RFC 1035 and 3596.
    static String pointer(InetAddress address) {
        byte[] bytes = address.getAddress();
        List<String> labels = new ArrayList<>();
        for (int i = bytes.length - 1; i >= 0; i--) {
            int value = bytes[i] & 0xff;
            if (bytes.length == 4) {
                labels.add(Integer.toString(value));
            } else {
                labels.add(String.format(Locale.ROOT, "%x.%x", value & 0xf, value >> 4));
            }
        }
        return String.join(".", labels) + "." + (bytes.length == 4 ? ARPA_V4 : ARPA_V6);
    }
}
