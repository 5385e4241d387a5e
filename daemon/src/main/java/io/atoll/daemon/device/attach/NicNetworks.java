package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.NicConfig.Kind;
import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.List;

/// Looks whether interfaces fit the managed networks that they name, in LXD's words.
public final class NicNetworks {
    private NicNetworks() {}

    /// @param project whose networks the interfaces are attached to
    /// @throws NotFoundException naming the interface and the network that there is not
    /// @throws InvalidConfigException if an interface wants of its network what that cannot do
    public static void check(Networks networks, ProjectName project, List<DeviceConfig> devices) {
        for (DeviceConfig device : devices) {
            if (device instanceof NicConfig nic) {
                try {
                    check(networks, project, nic);
                } catch (InvalidConfigException e) {
                    throw new InvalidConfigException(
                            "Device validation failed for \""
                                    + nic.name()
                                    + "\": "
                                    + e.getMessage(),
                            e);
                }
            }
        }
    }

    private static void check(Networks networks, ProjectName project, NicConfig nic) {
        if (nic.network().isPresent()) {
            requirePossible(nic, find(networks, project, nic));
            return;
        }
        NicConfig known = known(networks, nic);
        if (known.network().isPresent()) {
            requirePossible(known, networks.find(known.network().get()));
        } else if (nic.kind() == Kind.BRIDGED) {
            requireKnowable("ipv4", nic.ipv4(), nic.filters().ipv4());
            requireKnowable("ipv6", nic.ipv6(), nic.filters().ipv6());
        }
    }

    /// An interface at the bridge of a managed network is that network's, whichever of both its
    /// configuration names.
    static NicConfig known(Networks networks, NicConfig nic) {
        boolean isManaged =
                nic.kind() == Kind.BRIDGED && nic.parent().filter(networks::isBridge).isPresent();
        return isManaged ? nic.at(nic.parent().orElseThrow()) : nic;
    }

    private static Networks.Network find(Networks networks, ProjectName project, NicConfig nic) {
        String name = nic.network().orElseThrow();
        try {
            return networks.find(project, name);
        } catch (NotFoundException e) {
            throw new NotFoundException(
                    "Device validation failed for \""
                            + nic.name()
                            + "\": Failed loading device \""
                            + nic.name()
                            + "\": Failed to load network \""
                            + name
                            + "\" for project \""
                            + project
                            + "\": "
                            + e.getMessage(),
                    e);
        }
    }

    /// Nobody gives out addresses at a bridge that is not managed: a fixed one is what a filter
    /// lets through, and nothing else.
    private static void requireKnowable(
            String family, NicConfig.Family addresses, boolean isFiltered) {
        boolean isSaid = addresses.isNone() || !addresses.addresses().isEmpty();
        if (isFiltered && !isSaid) {
            throw new InvalidConfigException(
                    family.replace("ip", "IP")
                            + " filtering requires a manually specified "
                            + family
                            + ".address when using an unmanaged parent bridge");
        }
        if (!isFiltered && isSaid) {
            throw new InvalidConfigException(
                    "Cannot use manually specified "
                            + family
                            + ".address when using unmanaged parent bridge");
        }
    }

    private static void requirePossible(NicConfig nic, Networks.Network network) {
        if (network.type() == Networks.Network.Type.BRIDGE) {
            requireInside(nic, network);
        } else if (!nic.ipv4().addresses().isEmpty()) {
            throw new InvalidConfigException("Invalid device option \"ipv4.address\"");
        } else if (!nic.ipv6().addresses().isEmpty()) {
            throw new InvalidConfigException("Invalid device option \"ipv6.address\"");
        }
    }

    /// An address that the network cannot give out would be given to nobody.
    static void requireInside(NicConfig nic, Networks.Network network) {
        if (network.type() == Networks.Network.Type.BRIDGE && nic.kind() == Kind.BRIDGED) {
            nic.ipv4().address().ifPresent(a -> requireInside(nic, network, a, false));
            nic.ipv6().address().ifPresent(a -> requireInside(nic, network, a, true));
        }
    }

    private static void requireInside(
            NicConfig nic, Networks.Network network, InetAddress address, boolean isV6) {
        // A filter says what the instance may use, wherever it has it from.
        boolean isFiltered = isV6 ? nic.filters().ipv6() : nic.filters().ipv4();
        boolean isGiven = isV6 ? network.hasIpv6Leases() : network.hasLeases();
        if (!isGiven) {
            if (!isFiltered) {
                throw new InvalidConfigException(notGiven(network, isV6));
            }
            return;
        }
        IpNetwork own = (isV6 ? network.ipv6() : network.ipv4()).orElseThrow();
        if (!own.contains(address)) {
            throw new InvalidConfigException(
                    "Device IP address \""
                            + IpNetwork.text(address)
                            + "\" not within network \""
                            + network.link()
                            + "\" subnet");
        }
        if (own.address().equals(address)) {
            throw new InvalidConfigException(
                    "IP address \""
                            + IpNetwork.text(address)
                            + "\" is assigned to parent managed network device \""
                            + network.link()
                            + "\"");
        }
    }

    private static String notGiven(Networks.Network network, boolean isV6) {
        String family = isV6 ? "ipv6" : "ipv4";
        return "Cannot specify \""
                + family
                + ".address\" when DHCP "
                + (isV6 ? "or \"ipv6.dhcp.stateful\" are" : "is")
                + " disabled (unless using security."
                + family
                + "_filtering) on network \""
                + network.link()
                + "\"";
    }
}
