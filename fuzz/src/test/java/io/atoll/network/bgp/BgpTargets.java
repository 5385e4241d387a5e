package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import java.net.Inet4Address;
import java.util.Map;
import java.util.Optional;

/// What whoever has the address of a BGP peer may send.
public final class BgpTargets {
    private static final Inet4Address ROUTER =
            (Inet4Address) IpNetwork.parseAddress("192.0.2.2").orElseThrow();
    private static final IpNetwork NET = IpNetwork.parse("203.0.113.0/24").orElseThrow();

    private BgpTargets() {}

    public static void session(byte[] input) {
        Session session =
                new Session(
                        new BgpIdentity(64_512, ROUTER),
                        new BgpPeer(ROUTER, BgpPeer.PORT, 64_513, "", BgpPeer.HOLD_SECONDS),
                        Map.of(Family.IPV4, ROUTER),
                        true,
                        0);
        session.announce(Map.of(NET, Optional.empty()));
        session.receive(input, input.length, 0);
        session.sent(session.pending(0).length, 0);
        session.tick(1);
    }
}
