package io.atoll.network.bgp;

import java.net.InetAddress;

/// A family of addresses, announced for unicast; RFC 4760.
enum Family {
    IPV4(1),
    IPV6(2);

    /// Subsequent address family identifier of unicast.
    static final int UNICAST = 1;

    private final int afi;

    Family(int afi) {
        this.afi = afi;
    }

    /// Its address family identifier.
    int afi() {
        return afi;
    }

    static Family of(InetAddress address) {
        return address.getAddress().length == 4 ? IPV4 : IPV6;
    }
}
