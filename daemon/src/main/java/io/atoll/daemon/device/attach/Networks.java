package io.atoll.daemon.device.attach;

import io.atoll.base.ProjectName;
import io.atoll.linux.net.IpNetwork;
import io.atoll.runtime.spec.MacAddress;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Managed networks, as far as interfaces need them.
public interface Networks {
    /// What a managed network is to an interface.
    ///
    /// @param type how interfaces are joined to it
    /// @param link interface of the host
    /// @param mtu that it wants its interfaces to have
    /// @param isAnnounced whether switches hear by GVRP of its VLAN
    /// @param ipv4 its own address, where it is a bridge with one
    /// @param ipv6 likewise
    /// @param neighborProxy interface of the host on whose network the host answers for IPv6
    ///   addresses of this one
    /// @param isOpenVswitch whether the bridge is one of Open vSwitch
    /// @param hasLeases whether DHCP gives out IPv4 addresses there
    /// @param hasIpv6Leases likewise IPv6 addresses
    /// @param domains in which short names are looked up, the first one first
    record Network(
            Type type,
            String link,
            OptionalInt mtu,
            OptionalInt vlan,
            boolean isAnnounced,
            Optional<IpNetwork> ipv4,
            Optional<IpNetwork> ipv6,
            Optional<String> neighborProxy,
            boolean isOpenVswitch,
            boolean hasLeases,
            boolean hasIpv6Leases,
            List<String> domains) {
        /// Kinds of managed networks.
        public enum Type {
            BRIDGE,
            MACVLAN,
            PHYSICAL,
            SRIOV
        }
    }

    /// One interface of an instance at a managed bridge.
    ///
    /// @param instance host-wide name
    /// @param device name of the device
    /// @param hostname told to DNS
    /// @param isSilent whether it has its address without asking DHCP, which is where DNS has names
    ///   from otherwise
    record Port(
            String instance,
            String device,
            String hostname,
            MacAddress mac,
            Optional<InetAddress> ipv4,
            Optional<InetAddress> ipv6,
            boolean isSilent) {}

    /// A managed network, which may be down.
    ///
    /// @throws io.atoll.base.NotFoundException if there is no such network
    Network find(String network);

    /// A managed network that instances of a project see.
    ///
    /// @throws io.atoll.base.NotFoundException if they see none of that name
    default Network find(ProjectName project, String network) {
        return find(network);
    }

    /// Whether an interface of the host is the bridge of a managed network.
    boolean isBridge(String link);

    /// Makes rules hold again that others took away.
    ///
    /// @return whether there were any: then those of single interfaces are gone too
    boolean repair();

    /// Makes sure that a managed network is up.
    ///
    /// @throws io.atoll.base.NotFoundException if there is no such network
    void ensureUp(String network);

    /// An address of a bridge that the port keeps from now on: the one it has already, or a free
    /// one.
    ///
    /// @throws io.atoll.base.InvalidConfigException if the network gives out no addresses of that
    ///   family
    InetAddress choose(String network, Port port, boolean isV6);

    /// Tells the network's DNS and DHCP server of an interface, with fixed addresses if there are
    /// any, in place of what it knew of it.
    void register(String network, Port port);

    /// Takes that back. Does nothing if it is not known.
    void unregister(String network, Port port);

    /// Routers are told by BGP that these networks lead to an interface of the network, in place of
    /// what they were told of it.
    ///
    /// @param key which interface
    void announce(String network, String key, List<IpNetwork> routes);

    /// Takes that back. Does nothing if there is nothing.
    void withdraw(String key);

    /// Gives back the addresses that the interface was lent; it does not come back.
    void release(String network, Port port);
}
