package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// Rules as text, and the choice of addresses: all of it pure.
class RulesTest {
    private static final InetAddress HOST = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress INSIDE = InetAddress.ofLiteral("10.0.0.5");
    private static final MacAddress CARD = new MacAddress("00:16:3e:00:00:05");

    @Test
    void forwardsNamePortsBeforeTheRest() {
        String text =
                Firewall.render(
                        AddressForwards.chains(
                                "br0",
                                List.of(
                                        new AddressForwards.Forward(
                                                HOST,
                                                Optional.of(InetAddress.ofLiteral("10.0.0.6")),
                                                List.of(
                                                        new AddressForwards.Port(
                                                                true,
                                                                List.of(80, 81),
                                                                INSIDE,
                                                                List.of(8080)))))));
        int port = text.indexOf("ip daddr 192.0.2.1 tcp dport 81 dnat ip to 10.0.0.5:8080");
        int rest = text.indexOf("ip daddr 192.0.2.1 dnat ip to 10.0.0.6");
        assertTrue(port > 0 && rest > port, text);
        assertTrue(text.contains("ip saddr 10.0.0.5 ip daddr 10.0.0.5 masquerade"), text);
    }

    @Test
    void noForwardsLeaveNoChains() {
        String text = Firewall.render(AddressForwards.chains("br0", List.of()));
        assertTrue(text.contains("delete chain inet atoll fwdprert.br0"), text);
        assertFalse(text.contains("hook"), text);
    }

    @Test
    void addressesOfVersion6AreBracketedWhereAPortFollows() {
        String text =
                ProxyNat.render(
                        new ProxyNat.Rule(
                                "c1.web",
                                false,
                                InetAddress.ofLiteral("2001:db8::1"),
                                List.of(53),
                                InetAddress.ofLiteral("fd42::5"),
                                List.of(5353)));
        assertTrue(
                text.contains("ip6 daddr 2001:db8::1 udp dport 53 dnat ip6 to [fd42::5]:5353"),
                text);
    }

    @Test
    void joinedBridgesKeepTheirAddresses() {
        IpNetwork from = IpNetwork.parse("10.1.0.0/24").orElseThrow();
        IpNetwork to = IpNetwork.parse("10.2.0.0/24").orElseThrow();
        String text =
                Firewall.render(
                        NetworkPeering.chains("br0", List.of(new NetworkPeering.Way(from, to))));
        assertTrue(
                text.contains("ip saddr 10.1.0.0/24 ip daddr 10.2.0.0/24 snat ip to ip saddr\n"),
                text);
        assertFalse(Firewall.render(NetworkPeering.chains("br0", List.of())).contains("add rule"));
    }

    @Test
    void limitsAreInBytes() {
        String text = NicLimits.render("c1.eth0", "veth1", 125_000, OptionalLong.of(0x1_0005));
        assertTrue(text.contains("limit rate over 125000 bytes/second"), text);
        assertTrue(text.contains("device \"veth1\""), text);
        assertTrue(text.contains("meta priority set 1:5\n"), text);
        String urgent = NicLimits.render("c1.eth0", "veth1", 0, OptionalLong.of(7));
        assertFalse(urgent.contains("limit rate"), urgent);
        assertTrue(urgent.contains("meta priority set 0:7\n"), urgent);
    }

    @Test
    void rangesGoUpwardsInOneFamily() {
        InetAddress one = InetAddress.ofLiteral("10.0.0.1");
        InetAddress nine = InetAddress.ofLiteral("10.0.0.9");
        assertTrue(new IpRange(one, nine).contains(nine));
        assertThrows(InvalidConfigException.class, () -> new IpRange(nine, one));
        assertThrows(
                InvalidConfigException.class,
                () -> new IpRange(one, InetAddress.ofLiteral("fd42::1")));
    }

    @Test
    void keysThatWouldBreakOutOfARuleAreRefused() {
        OptionalLong none = OptionalLong.empty();
        assertThrows(
                IllegalArgumentException.class,
                () -> NicLimits.put("a; drop", "veth1", 1, 1, none));
        assertThrows(
                InvalidConfigException.class, () -> NicLimits.put("a", "veth\"; x", 1, 1, none));
        assertThrows(IllegalArgumentException.class, () -> ProxyNat.remove("a b"));
    }

    private static IpSettings settings(String address, String... more) {
        Map<String, String> config = new java.util.TreeMap<>(Map.of("ipv4.address", address));
        for (int i = 0; i < more.length; i += 2) {
            config.put(more[i], more[i + 1]);
        }
        return BridgeConfig.parse("br0", config).ipv4();
    }

    private static Lease taken(String address, String mac) {
        return new Lease(
                "x", MacAddress.parse(mac), InetAddress.ofLiteral(address), Lease.Kind.DYNAMIC);
    }

    @Test
    void theAddressOfACardIsKeptElseTheFirstFreeOne() {
        IpSettings settings = settings("10.0.0.1/29");
        List<Lease> leases =
                new ArrayList<>(
                        List.of(taken("10.0.0.1", ""), taken("10.0.0.2", "00:16:3e:00:00:09")));
        assertEquals(
                InetAddress.ofLiteral("10.0.0.3"),
                FreeAddress.choose(settings, CARD, leases, "br0"));
        leases.add(taken("10.0.0.6", CARD.text()));
        assertEquals(
                InetAddress.ofLiteral("10.0.0.6"),
                FreeAddress.choose(settings, CARD, leases, "br0"));
    }

    @Test
    void aFullNetworkIsSaidToBeFull() {
        IpSettings settings = settings("10.0.0.1/29", "ipv4.dhcp.ranges", "10.0.0.4-10.0.0.5");
        List<Lease> leases =
                List.of(
                        taken("10.0.0.4", "00:16:3e:00:00:07"),
                        taken("10.0.0.5", "00:16:3e:00:00:08"));
        assertThrows(
                InvalidConfigException.class,
                () -> FreeAddress.choose(settings, CARD, leases, "br0"));
    }

    @Test
    void cardsComputeTheirAddressInUsualNetworksOfVersion6() {
        IpSettings v6 = BridgeConfig.parse("br0", Map.of("ipv6.address", "fd42::1/64")).ipv6();
        assertEquals(
                IpNetwork.parseAddress("fd42::216:3eff:fe00:5").orElseThrow(),
                FreeAddress.choose(v6, CARD, List.of(), "br0"));
    }
}
