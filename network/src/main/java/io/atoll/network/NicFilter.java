package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.util.List;
import java.util.Optional;

/// What the card of an instance may send into its bridge, so that it cannot pose as another.
///
/// @param key which card, as in [StaticHost]
/// @param hostInterface the host's end of the card, a port of the bridge
/// @param mac its hardware address
/// @param filtersMac whether frames must come from `mac`
/// @param mayTag whether frames may carry a VLAN tag, inside which only `mac` is looked at
/// @param ipv4 from which addresses and networks it may send; empty: from any; an empty list: no
///   IPv4 at all
/// @param ipv6 likewise; its link-local address is always among them unless the list is empty
public record NicFilter(
        String key,
        String hostInterface,
        MacAddress mac,
        boolean filtersMac,
        boolean mayTag,
        Optional<List<IpNetwork>> ipv4,
        Optional<List<IpNetwork>> ipv6) {
    public NicFilter {
        StaticHost.checkKey(key);
        InterfaceNames.check(hostInterface);
        ipv4 = ipv4.map(List::copyOf);
        ipv6 = ipv6.map(List::copyOf);
    }

    /// True if there is nothing to filter.
    public boolean isEmpty() {
        return !filtersMac && ipv4.isEmpty() && ipv6.isEmpty();
    }
}
