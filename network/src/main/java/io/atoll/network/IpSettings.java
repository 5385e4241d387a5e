package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// What a bridge does for one address family.
///
/// @param address the bridge's own, with the network's prefix; empty turns the family off
/// @param nat whether traffic that leaves gets the host's address
/// @param natBefore whether the rules of it go before others' instead of after
/// @param natAddress the address it gets; empty: that of the outgoing interface
/// @param dhcp whether addresses are given out
/// @param stateful for IPv6: by DHCP instead of by the instances themselves
/// @param ranges which are given out; empty: the whole network
/// @param expiry how long, in dnsmasq's form: `1h`, `infinite`
/// @param gateway what is told as gateway; empty: the bridge
/// @param routes more networks that are reached through the bridge
/// @param routing whether traffic may pass between the bridge and elsewhere
/// @param firewall whether rules are made at all
/// @param nextHop what routers send to that is announced to them by BGP; empty: our end
public record IpSettings(
        Optional<IpNetwork> address,
        boolean nat,
        boolean natBefore,
        Optional<InetAddress> natAddress,
        boolean dhcp,
        boolean stateful,
        List<IpRange> ranges,
        String expiry,
        Optional<InetAddress> gateway,
        List<IpNetwork> routes,
        boolean routing,
        boolean firewall,
        Optional<InetAddress> nextHop) {
    private static final int OWN_ADDRESSES = 64;

    public IpSettings {
        ranges = List.copyOf(ranges);
        routes = List.copyOf(routes);
    }

    /// For IPv6: whether what is given out are addresses. On a network of usual size the instances
    /// make up their own unless it is said otherwise.
    public boolean isLeased() {
        return stateful || address.filter(a -> a.prefix() == OWN_ADDRESSES).isEmpty();
    }
}
