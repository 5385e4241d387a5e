package io.atoll.runtime.lxc;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Translates the key names of LXC 0.7 to 2.x while one file is read from top to bottom: there each
/// `lxc.network.type` opens the next interface, and the `lxc.network.…` lines after it belong to
/// it.
final class LegacyKeys {
    private static final Map<String, String> EXACT = new TreeMap<>();
    private static final Map<String, String> NETWORK =
            Map.of("ipv4", "ipv4.address", "ipv6", "ipv6.address");

    static {
        for (LxcKey key : LxcKeys.ALL) {
            if (!key.isFamily()) {
                key.legacy().forEach(old -> EXACT.put(old, key.pattern()));
            }
        }
    }

    private int network = -1;

    /// The current name of a legacy key; empty if it is none.
    Optional<String> translate(String key) {
        String exact = EXACT.get(key);
        if (exact != null) {
            return Optional.of(exact);
        }
        if (key.startsWith("lxc.limit.")) {
            return Optional.of("lxc.prlimit." + key.substring("lxc.limit.".length()));
        }
        if (key.equals("lxc.network")) {
            return Optional.of("lxc.net");
        }
        if (!key.startsWith("lxc.network.")) {
            return Optional.empty();
        }
        return Optional.of("lxc.net." + network(key.substring("lxc.network.".length())));
    }

    private String network(String rest) {
        int dot = rest.indexOf('.');
        if (dot > 0 && LxcKeys.isIndex(rest.substring(0, dot))) {
            return rest.substring(0, dot + 1) + member(rest.substring(dot + 1));
        }
        if (rest.equals("type")) {
            network++;
        }
        return Math.max(0, network) + "." + member(rest);
    }

    private static String member(String rest) {
        return NETWORK.getOrDefault(rest, rest);
    }
}
