package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// One network interface of a container.
///
/// @param name inside the container, 1 to 15 characters
/// @param mac absent means the kernel's choice
/// @param mtu absent means the parent's
/// @param isUp true to bring it up before init runs
/// @param addresses in CIDR notation, both families
/// @param gateways at most one of each family; [#DEVICE_GATEWAY] for a route by device only
/// @param routes further routes inside
/// @param upHooks run by the monitor on the host after the NIC exists, before init runs
/// @param downHooks run by the monitor on the host after the container's death
/// @param answeredOn a link of the host's that answers for the addresses while the container lives;
///   ip-neighbour(8), `proxy`
public record NicSpec(
        String name,
        NicLink link,
        Optional<MacAddress> mac,
        OptionalInt mtu,
        boolean isUp,
        List<String> addresses,
        List<String> gateways,
        List<Route> routes,
        List<HookSpec> upHooks,
        List<HookSpec> downHooks,
        Optional<String> answeredOn) {
    /// A default route by device only, for IPv4.
    public static final String DEVICE_GATEWAY = "dev";

    /// The same for IPv6.
    public static final String DEVICE_GATEWAY_V6 = "dev6";

    /// One whose addresses nobody answers for but the container.
    public NicSpec(
            String name,
            NicLink link,
            Optional<MacAddress> mac,
            OptionalInt mtu,
            boolean isUp,
            List<String> addresses,
            List<String> gateways,
            List<Route> routes,
            List<HookSpec> upHooks,
            List<HookSpec> downHooks) {
        this(
                name,
                link,
                mac,
                mtu,
                isUp,
                addresses,
                gateways,
                routes,
                upHooks,
                downHooks,
                Optional.empty());
    }

    private static final Pattern NAME = Pattern.compile("[^\\s/:\\p{Cntrl}]{1,15}");

    /// A route inside the container: network in CIDR notation, and a gateway or nothing for a link
    /// route.
    public record Route(String destination, Optional<String> gateway) {}

    public NicSpec {
        checkName(name);
        addresses = List.copyOf(addresses);
        gateways = List.copyOf(gateways);
        routes = List.copyOf(routes);
        upHooks = List.copyOf(upHooks);
        downHooks = List.copyOf(downHooks);
        if (mtu.isPresent() && (mtu.getAsInt() < 68 || mtu.getAsInt() > 65_535)) {
            throw new InvalidConfigException("mtu " + mtu.getAsInt() + " is not in 68..65535");
        }
    }

    /// A NIC that the container's own system configures.
    public static NicSpec of(String name, NicLink link, Optional<MacAddress> mac) {
        return new NicSpec(
                name,
                link,
                mac,
                OptionalInt.empty(),
                false,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    static void checkName(String name) {
        if (!NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
            throw new InvalidConfigException("not a name of a network interface: " + name);
        }
    }
}
