package io.atoll.daemon.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.network.InterfaceNames;
import io.atoll.network.bgp.BgpPeer;
import io.atoll.network.bgp.PeerKeys;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// The configuration of a network that stands for an interface of the host.
///
/// @param mtu what interfaces on it get
/// @param vlan the tagged network of the parent that is meant
/// @param isAnnounced whether switches hear of it by GVRP
public record ParentConfig(String parent, OptionalInt mtu, OptionalInt vlan, boolean isAnnounced) {
    /// @throws InvalidConfigException naming the key and why
    static ParentConfig parse(Network network) {
        String parent = network.config().getOrDefault("parent", "");
        if (parent.isEmpty()) {
            throw invalid(network, "parent", "Required value");
        }
        InterfaceNames.check(parent);
        for (Map.Entry<String, String> entry : network.config().entrySet()) {
            String key = entry.getKey();
            boolean isPhysical =
                    network.type() == NetworkType.PHYSICAL
                            && (key.equals("ipv4.gateway")
                                    || key.equals("ipv6.gateway")
                                    || key.equals("dns.nameservers")
                                    || key.equals("ovn.ingress_mode")
                                    || key.startsWith("bgp.peers."));
            boolean isKnown =
                    key.equals("parent")
                            || key.equals("mtu")
                            || key.equals("vlan")
                            || key.equals("gvrp") && network.type() != NetworkType.SRIOV
                            || key.startsWith("maas.")
                            || key.startsWith("user.")
                            || key.startsWith("volatile.")
                            || isPhysical;
            if (!isKnown) {
                throw new InvalidConfigException(
                        "Invalid option for network \""
                                + network.name()
                                + "\" option \""
                                + key
                                + "\"");
            }
        }
        List<BgpPeer> unused = PeerKeys.parse(network.name(), network.config());
        return new ParentConfig(
                parent,
                number(network, "mtu", 68, 65_535),
                number(network, "vlan", 0, 4094),
                flag(network, "gvrp"));
    }

    private static boolean flag(Network network, String key) {
        String text = network.config().getOrDefault(key, "");
        try {
            return !text.isEmpty() && ValueType.BOOL.parse(text);
        } catch (InvalidConfigException e) {
            throw invalid(network, key, e.getMessage());
        }
    }

    private static OptionalInt number(Network network, String key, int min, int max) {
        String text = network.config().getOrDefault(key, "");
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        long value;
        try {
            value = ValueType.UINT32.parse(text);
        } catch (InvalidConfigException e) {
            throw invalid(network, key, e.getMessage());
        }
        if (value < min || value > max) {
            throw invalid(network, key, "Value isn't within valid range " + min + "-" + max);
        }
        return OptionalInt.of((int) value);
    }

    private static InvalidConfigException invalid(Network network, String key, String why) {
        return new InvalidConfigException(
                "Invalid value for network \""
                        + network.name()
                        + "\" option \""
                        + key
                        + "\": "
                        + why);
    }
}
