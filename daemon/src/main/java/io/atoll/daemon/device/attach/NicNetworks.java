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
import java.util.Optional;

/// Looks whether interfaces fit the managed networks that they name, in LXD's words.
public final class NicNetworks {
    private NicNetworks() {}

    /// @param project whose networks the interfaces are attached to
    /// @throws NotFoundException naming the interface and the network that there is not
    /// @throws InvalidConfigException if a fixed address is none of its network's
    public static void check(Networks networks, ProjectName project, List<DeviceConfig> devices) {
        for (DeviceConfig device : devices) {
            if (device instanceof NicConfig nic && nic.network().isPresent()) {
                Networks.Network network = find(networks, project, nic);
                try {
                    requireInside(nic, network);
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

    /// An address that the network cannot give out would be given to nobody.
    static void requireInside(NicConfig nic, Networks.Network network) {
        if (network.type() != Networks.Network.Type.BRIDGE || nic.kind() != Kind.BRIDGED) {
            return;
        }
        nic.ipv4()
                .address()
                .ifPresent(a -> requireInside(nic, network.ipv4(), a, nic.filters().ipv4()));
        nic.ipv6()
                .address()
                .ifPresent(a -> requireInside(nic, network.ipv6(), a, nic.filters().ipv6()));
    }

    /// @param isFiltered then it says what the instance may use, wherever it has it from
    private static void requireInside(
            NicConfig nic, Optional<IpNetwork> own, InetAddress address, boolean isFiltered) {
        if (own.isEmpty() && isFiltered) {
            return;
        }
        if (own.isEmpty() || !own.get().contains(address)) {
            throw new InvalidConfigException(
                    "Device IP address \""
                            + IpNetwork.text(address)
                            + "\" not within network \""
                            + nic.network().orElse("")
                            + "\" subnet");
        }
    }
}
