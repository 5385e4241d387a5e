package io.atoll.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.bgp.PeerState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What routers are told, from networks as recorded and interfaces that come and go.
class AnnouncementsTest {
    private final List<Network> networks = new ArrayList<>();
    private final Set<String> down = new HashSet<>();
    private final Announcements announcements =
            new Announcements(() -> networks, name -> !down.contains(name));
    private int changes;

    private static Network bridge(String name, String... pairs) {
        return Network.of(name, NetworkType.BRIDGE, "", config(pairs));
    }

    private static Map<String, String> config(String... pairs) {
        Map<String, String> out = new TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            out.put(pairs[i], pairs[i + 1]);
        }
        return out;
    }

    private static List<IpNetwork> routes(String text) {
        return List.of(IpNetwork.parse(text).orElseThrow());
    }

    /// Next hops by route, `-` where it does not say.
    private Map<String, String> told() {
        Map<String, String> out = new TreeMap<>();
        announcements
                .content()
                .routes()
                .forEach((net, hop) ->
                        out.put(net.toString(), hop.map(IpNetwork::text).orElse("-")));
        return out;
    }

    private void follow(PeerState... states) {
        announcements.follow(
                new Announcements.Follower() {
                    @Override
                    public void changed() {
                        changes++;
                    }

                    @Override
                    public List<PeerState> peers() {
                        return List.of(states);
                    }
                });
    }

    @Test
    void networkWithoutNatIsTold() {
        networks.add(
                bridge("br0", "ipv4.address", "10.5.0.1/24", "ipv6.address", "2001:db8:5::1/64"));
        assertEquals(Map.of("10.5.0.0/24", "-", "2001:db8:5::/64", "-"), told());
    }

    @Test
    void networkBehindNatIsToldByItsOuterAddress() {
        networks.add(
                bridge(
                        "br0",
                        "ipv4.address",
                        "10.5.0.1/24",
                        "ipv4.nat",
                        "true",
                        "ipv4.nat.address",
                        "203.0.113.5",
                        "ipv6.address",
                        "fd42::1/64",
                        "ipv6.nat",
                        "true"));
        assertEquals(Map.of("203.0.113.5/32", "-"), told());
    }

    @Test
    void nextHopIsOfTheFamilyThatItIsSetFor() {
        networks.add(
                bridge(
                        "br0",
                        "ipv4.address",
                        "10.5.0.1/24",
                        "ipv6.address",
                        "2001:db8:5::1/64",
                        "bgp.ipv4.nexthop",
                        "192.0.2.1",
                        "bgp.ipv6.nexthop",
                        "2001:db8::1"));
        assertEquals(Map.of("10.5.0.0/24", "192.0.2.1", "2001:db8:5::/64", "2001:db8::1"), told());
    }

    @Test
    void forwardsAreTold() {
        Network network =
                bridge("br0", "ipv4.address", "10.5.0.1/24", "ipv4.nat", "true")
                        .forwarding(
                                List.of(
                                        NetworkForward.of("203.0.113.9", Json.object()),
                                        NetworkForward.of("2001:db8::9", Json.object())));
        networks.add(network);
        assertEquals(Map.of("203.0.113.9/32", "-", "2001:db8::9/128", "-"), told());
    }

    @Test
    void routesToInstancesAreToldWhileTheirInterfacesAreThere() {
        follow();
        networks.add(bridge("br0", "bgp.ipv4.nexthop", "192.0.2.1"));
        announcements.put("c1.eth0", "br0", routes("203.0.113.16/28"));
        announcements.put("c1.eth0", "br0", routes("203.0.113.16/28"));
        announcements.put("c2.eth0", "br9", routes("198.51.100.0/24"));
        assertEquals(Map.of("203.0.113.16/28", "192.0.2.1"), told());
        announcements.remove("c1.eth0");
        announcements.remove("c1.eth0");
        assertEquals(Map.of(), told());
        assertEquals(3, changes);
    }

    @Test
    void whatIsDownOrNoBridgeHasNoRoutes() {
        networks.add(bridge("br0", "ipv4.address", "10.5.0.1/24"));
        networks.add(
                Network.of(
                        "up0",
                        NetworkType.PHYSICAL,
                        "",
                        config(
                                "parent",
                                "eth0",
                                "bgp.peers.r.address",
                                "192.0.2.1",
                                "bgp.peers.r.asn",
                                "64513")));
        down.add("br0");
        assertEquals(Map.of(), told());
        assertEquals(1, announcements.content().peers().size());
    }

    @Test
    void peerOfTwoNetworksIsOneIfTheyAgree() {
        String[] peer = {"bgp.peers.r.address", "192.0.2.1", "bgp.peers.r.asn", "64513"};
        networks.add(bridge("br0", peer));
        Network same =
                bridge("br1", "bgp.peers.x.address", "192.0.2.1", "bgp.peers.x.asn", "64513");
        announcements.check(same);
        networks.add(same);
        assertEquals(1, announcements.content().peers().size());
        Network other =
                bridge("br2", "bgp.peers.x.address", "192.0.2.1", "bgp.peers.x.asn", "64514");
        assertEquals(
                "The BGP peer 192.0.2.1 is configured otherwise in network \"br0\"",
                assertThrows(InvalidConfigException.class, () -> announcements.check(other))
                        .getMessage());
        announcements.check(bridge("br0", "bgp.peers.r.address", "192.0.2.1"));
    }

    @Test
    void saysHowItStands() {
        Network network =
                bridge("br0", "bgp.peers.r.address", "192.0.2.1", "bgp.peers.r.asn", "64513");
        assertTrue(announcements.states(network).getFirst().contains("core.bgp_address"));
        var address = IpNetwork.parseAddress("192.0.2.1").orElseThrow();
        follow(new PeerState(address, 64_513, true, 3, Optional.empty()));
        assertEquals(
                List.of("192.0.2.1 (AS64513): established, 3 routes announced"),
                announcements.states(network));
        follow(new PeerState(address, 64_513, false, 0, Optional.of("it ceases")));
        assertEquals(
                List.of("192.0.2.1 (AS64513): down, it ceases"), announcements.states(network));
    }
}
