package io.atoll.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.MacAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The configuration of a managed bridge, every value checked. Made from the keys of LXD's `bridge`
/// network type by [#parse].
///
/// @param name of the network and of its interface
/// @param hwaddr empty: one of ours that stays the same
/// @param mtu empty: 1500
/// @param externalInterfaces interfaces of the host that become ports
/// @param neighborProxy interface of the host on whose network the host answers for the addresses
///   of this one
/// @param dnsDomain as `lxd`
/// @param dnsSearch domains that are told to clients, with commas; may be empty
/// @param rawDnsmasq lines for dnsmasq; may be empty
public record BridgeConfig(
        String name,
        IpSettings ipv4,
        IpSettings ipv6,
        Optional<MacAddress> hwaddr,
        Optional<Integer> mtu,
        Driver driver,
        List<String> externalInterfaces,
        Optional<String> neighborProxy,
        DnsMode dnsMode,
        String dnsDomain,
        String dnsSearch,
        String rawDnsmasq,
        List<Tunnel> tunnels) {
    /// What bridges are made of.
    public enum Driver {
        NATIVE,
        OPENVSWITCH
    }

    /// The MTU of a bridge that does not say.
    public static final int MTU_DEFAULT = 1500;

    public BridgeConfig {
        externalInterfaces = List.copyOf(externalInterfaces);
        tunnels = List.copyOf(tunnels);
    }

    /// From configuration keys. An address that is still `auto` counts as none: [Bridges#fill]
    /// chooses it when the network is created.
    ///
    /// @throws InvalidConfigException naming the network, the key and why
    public static BridgeConfig parse(String name, Map<String, String> config) {
        return BridgeKeys.parse(name, config);
    }
}
