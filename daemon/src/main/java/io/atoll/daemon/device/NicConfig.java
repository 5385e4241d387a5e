package io.atoll.daemon.device;

import io.atoll.linux.net.IpNetwork;
import io.atoll.runtime.spec.MacAddress;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// A network interface of an instance. Which options it may have depends on its kind; the parser
/// refuses the others.
///
/// @param network managed network that it belongs to; its kind then follows the network's
/// @param parent interface of the host that it is joined to, where no network is named
/// @param guestName name of the interface inside
/// @param hostName name of the host's end of a pair
/// @param vlan the VLAN that it is in, untagged as the instance sees it
/// @param isAnnounced whether switches hear of that VLAN by GVRP
/// @param taggedVlans VLANs that the instance may tag frames with
/// @param mode of an ipvlan: `l2` or `l3s`
public record NicConfig(
        String name,
        Kind kind,
        Optional<String> network,
        Optional<String> parent,
        Optional<String> guestName,
        Optional<MacAddress> hwaddr,
        Optional<String> hostName,
        OptionalInt mtu,
        OptionalInt vlan,
        boolean isAnnounced,
        List<Integer> taggedVlans,
        String mode,
        Family ipv4,
        Family ipv6,
        Limits limits,
        Filters filters)
        implements DeviceConfig {
    /// How it is joined to the host; `nictype` in the API.
    public enum Kind {
        /// A pair, the host's end being a port of a bridge.
        BRIDGED,
        /// A link of its own hardware address on top of the parent.
        MACVLAN,
        /// A link that shares the parent's hardware address.
        IPVLAN,
        /// A pair with nothing at the host's end.
        P2P,
        /// A pair over which the host routes single addresses.
        ROUTED,
        /// A link of the host's, moved inside.
        PHYSICAL,
        /// A virtual function of the parent, moved inside.
        SRIOV;

        /// True if the host has an end of its own.
        public boolean isPair() {
            return this == BRIDGED || this == P2P || this == ROUTED;
        }

        /// True if a VLAN of it is a link of its own, on top of the parent.
        public boolean hasVlanLink() {
            return this == MACVLAN || this == IPVLAN || this == PHYSICAL || this == ROUTED;
        }
    }

    /// What one address family says.
    ///
    /// @param own fixed addresses; how much of its network an interface has is up to its kind
    /// @param isNone whether the instance may have none at all
    /// @param routes networks that the host routes to the interface
    /// @param external those of them that routers outside are told of
    /// @param hasGateway whether the instance gets a default route
    /// @param gateway of an ipvlan of layer 2
    /// @param hostAddress of a routed pair's end on the host
    /// @param hostTable routing table of the host that has the routes to the addresses too
    public record Family(
            List<IpNetwork> own,
            boolean isNone,
            List<IpNetwork> routes,
            List<IpNetwork> external,
            boolean hasGateway,
            Optional<InetAddress> gateway,
            Optional<InetAddress> hostAddress,
            OptionalInt hostTable) {
        /// Nothing said.
        public static final Family NONE =
                new Family(
                        List.of(),
                        false,
                        List.of(),
                        List.of(),
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        OptionalInt.empty());

        public Family {
            own = List.copyOf(own);
            routes = List.copyOf(routes);
            external = List.copyOf(external);
        }

        /// Fixed addresses.
        public List<InetAddress> addresses() {
            return own.stream().map(IpNetwork::address).toList();
        }

        /// The only fixed address.
        public Optional<InetAddress> address() {
            return addresses().stream().findFirst();
        }
    }

    /// Throughput in bits per second, each 0 for unlimited, and urgency.
    ///
    /// @param ingressBits to the instance
    /// @param egressBits from the instance
    /// @param priority of what it sends, for the queues of the host's interfaces; 32 bits
    public record Limits(long ingressBits, long egressBits, OptionalLong priority) {
        public static final Limits NONE = new Limits(0, 0, OptionalLong.empty());

        /// With a priority where none is said.
        Limits orPriority(long fallback) {
            return priority.isPresent()
                    ? this
                    : new Limits(ingressBits, egressBits, OptionalLong.of(fallback));
        }
    }

    /// What the instance is kept from doing.
    ///
    /// @param mac sending from other hardware addresses
    /// @param ipv4 sending from other addresses than its own
    /// @param ipv6 likewise
    /// @param isolated talking to other isolated ports of the bridge
    public record Filters(boolean mac, boolean ipv4, boolean ipv6, boolean isolated) {
        public static final Filters NONE = new Filters(false, false, false, false);

        /// True if frames have to be looked at.
        public boolean areAny() {
            return mac || ipv4 || ipv6;
        }
    }

    public NicConfig {
        taggedVlans = List.copyOf(taggedVlans);
    }

    /// Whether it is an ipvlan with networks of its own, which the host does not route to.
    public boolean isLayer2() {
        return kind == Kind.IPVLAN && mode.equals("l2");
    }

    /// Whether it belongs to that managed network.
    public boolean isAt(String name) {
        return kind == Kind.BRIDGED && link().equals(name);
    }

    /// With the instance's own priority, where this is a pair that does not say one.
    NicConfig orPriority(long fallback) {
        return kind.isPair() ? with(network, parent, limits.orPriority(fallback)) : this;
    }

    /// The same at a managed network.
    public NicConfig at(String managed) {
        return with(Optional.of(managed), Optional.empty(), limits);
    }

    private NicConfig with(
            Optional<String> otherNetwork, Optional<String> otherParent, Limits otherLimits) {
        return new NicConfig(
                name,
                kind,
                otherNetwork,
                otherParent,
                guestName,
                hwaddr,
                hostName,
                mtu,
                vlan,
                isAnnounced,
                taggedVlans,
                mode,
                ipv4,
                ipv6,
                otherLimits,
                filters);
    }

    /// With what can be changed while the instance runs as another says.
    public NicConfig following(NicConfig other) {
        return new NicConfig(
                name,
                kind,
                network,
                parent,
                guestName,
                hwaddr,
                other.hostName,
                mtu,
                other.vlan,
                isAnnounced,
                other.taggedVlans,
                mode,
                other.ipv4,
                other.ipv6,
                other.limits,
                other.filters);
    }

    /// The network or interface that it names; empty text for a pair with nothing behind.
    public String link() {
        return network.or(() -> parent).orElse("");
    }
}
