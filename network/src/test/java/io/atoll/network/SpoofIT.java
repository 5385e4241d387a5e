package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Nftables;
import io.atoll.linux.PacketSocket;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A card that writes its frames itself, the bridge, and another card that it tries to deceive.
/// Which frames arrive is seen at both.
@Tag("privileged")
final class SpoofIT {
    private static final MacAddress MAC = new MacAddress("00:16:3e:aa:bb:01");
    private static final MacAddress OTHER = new MacAddress("00:16:3e:aa:bb:02");
    private static final MacAddress ALL = Frames.EVERYBODY;
    private static final String OWN4 = "10.7.0.5";
    private static final String OTHER4 = "10.7.0.6";
    private static final String OWN6 = "fd42:7::5";
    private static final String OTHER6 = "fd42:7::6";
    private static final String OWN_LINK = "fe80::216:3eff:feaa:bb01";
    private static final String OTHER_LINK = "fe80::216:3eff:feaa:bb02";
    private static final int[] PORTS = {1000, 1001};
    private static final int PROBE = 0x88b6;
    private static final int TRIES = 200;
    private static final Duration TRY = Duration.ofMillis(50);
    private static final Duration SOON = Duration.ofSeconds(5);

    /// Frames that a filter of hardware addresses must stop.
    private static final Map<String, byte[]> FALSE_MAC = new LinkedHashMap<>();

    /// Those that a filter of IPv4 addresses must stop.
    private static final Map<String, byte[]> FALSE_IPV4 = new LinkedHashMap<>();

    /// Those that a filter of IPv6 addresses must stop.
    private static final Map<String, byte[]> FALSE_IPV6 = new LinkedHashMap<>();

    /// What must pass whatever is filtered.
    private static final Map<String, byte[]> TRUE = new LinkedHashMap<>();

    static {
        byte[] own = Frames.option(2, MAC);
        byte[] others = Frames.option(2, OTHER);
        byte[] ownSource = Frames.option(1, MAC);
        byte[] othersSource = Frames.option(1, OTHER);
        byte[] nonce = Frames.option(14, OTHER);
        TRUE.put("arp request", Frames.arp(MAC, 1, MAC, OWN4, OTHER4));
        TRUE.put("arp reply", Frames.arp(MAC, 2, MAC, OWN4, OTHER4));
        TRUE.put("ipv4", Frames.udp4(ALL, MAC, OWN4, OTHER4, PORTS, new byte[8]));
        TRUE.put("dhcp", Frames.dhcp(MAC, MAC));
        TRUE.put("ipv6", Frames.udp6(ALL, MAC, OWN6, OTHER6, PORTS));
        TRUE.put("ipv6 of the link", Frames.udp6(ALL, MAC, OWN_LINK, OTHER_LINK, PORTS));
        TRUE.put(
                "dhcp for ipv6",
                Frames.udp6(ALL, MAC, OWN_LINK, "ff02::1:2", new int[] {546, 547}));
        TRUE.put("advert", Frames.advert(MAC, OWN6, OWN6, own));
        TRUE.put("solicit", Frames.solicit(MAC, OWN6, OTHER6, ownSource));
        TRUE.put("search for duplicates", Frames.solicit(MAC, "::", OWN6, nonce));
        TRUE.put("router solicit", Frames.routerSolicit(MAC, OWN_LINK, ownSource));

        FALSE_MAC.put("sender of arp", Frames.arp(OTHER, 1, OTHER, OWN4, OTHER4));
        FALSE_MAC.put("arp about another", Frames.arp(MAC, 2, OTHER, OWN4, OTHER4));
        FALSE_MAC.put("ipv4", Frames.udp4(ALL, OTHER, OWN4, OTHER4, PORTS, new byte[8]));
        FALSE_MAC.put("ipv6", Frames.udp6(ALL, OTHER, OWN6, OTHER6, PORTS));
        FALSE_MAC.put("dhcp for another", Frames.dhcp(MAC, OTHER));
        FALSE_MAC.put("advert about another", Frames.advert(MAC, OWN6, OWN6, others));
        FALSE_MAC.put("advert, hidden", Frames.advert(MAC, OWN6, OWN6, nonce, others));
        FALSE_MAC.put("solicit of another", Frames.solicit(MAC, OWN6, OTHER6, othersSource));
        FALSE_MAC.put("solicit, hidden", Frames.solicit(MAC, OWN6, OTHER6, nonce, othersSource));
        FALSE_MAC.put(
                "router solicit of another", Frames.routerSolicit(MAC, OWN_LINK, othersSource));
        FALSE_MAC.put("unknown protocol", Frames.unknown(OTHER, 0x88b5));
        tagged(FALSE_MAC);

        FALSE_IPV4.put("arp request", Frames.arp(MAC, 1, MAC, OTHER4, OWN4));
        FALSE_IPV4.put("arp reply", Frames.arp(MAC, 2, MAC, OTHER4, OWN4));
        FALSE_IPV4.put("ipv4", Frames.udp4(ALL, MAC, OTHER4, "10.7.0.1", PORTS, new byte[8]));
        FALSE_IPV4.put(
                "dhcp server",
                Frames.udp4(ALL, MAC, OWN4, "255.255.255.255", new int[] {67, 68}, new byte[240]));
        FALSE_IPV4.put("no address", Frames.udp4(ALL, MAC, "0.0.0.0", OTHER4, PORTS, new byte[8]));
        tagged(FALSE_IPV4);

        FALSE_IPV6.put("ipv6", Frames.udp6(ALL, MAC, OTHER6, OWN6, PORTS));
        FALSE_IPV6.put("ipv6 of the link", Frames.udp6(ALL, MAC, OTHER_LINK, OWN_LINK, PORTS));
        FALSE_IPV6.put("advert of another", Frames.advert(MAC, OTHER6, OTHER6, own));
        FALSE_IPV6.put("advert about another", Frames.advert(MAC, OWN6, OTHER6, own));
        FALSE_IPV6.put("advert without option", Frames.advert(MAC, OWN6, OTHER6));
        FALSE_IPV6.put("solicit of another", Frames.solicit(MAC, OTHER6, OWN6, ownSource));
        FALSE_IPV6.put("router", Frames.routerAdvert(MAC, OWN_LINK));
        FALSE_IPV6.put(
                "dhcp server", Frames.udp6(ALL, MAC, OWN_LINK, OTHER_LINK, new int[] {547, 546}));
        FALSE_IPV6.put("no address", Frames.udp6(ALL, MAC, "::", OTHER6, PORTS));
        tagged(FALSE_IPV6);
    }

    private Fd host;
    private Fd inside;
    private Fd victim;

    /// The same with one tag and with two.
    private static void tagged(Map<String, byte[]> frames) {
        for (Map.Entry<String, byte[]> entry : List.copyOf(frames.entrySet())) {
            byte[] once = Frames.tagged(entry.getValue(), 7);
            frames.put(entry.getKey() + ", tagged", once);
            frames.put(entry.getKey() + ", tagged twice", Frames.tagged(once, 8));
        }
    }

    @BeforeEach
    void open() {
        assumeTrue(Nftables.isAvailable(), "libnftables1");
        host = Namespaces.withOwnNet(Namespaces::ownNet);
        inside = Namespaces.withOwnNet(Namespaces::ownNet);
        victim = Namespaces.withOwnNet(Namespaces::ownNet);
        try (Netlink netlink = Netlink.openIn(host)) {
            netlink.run(Rtnetlink.bridge("br0", LinkOptions.UP, false));
            port(netlink, "c0", MAC, inside);
            port(netlink, "c1", OTHER, victim);
        }
        awaitPorts();
    }

    /// The kernel opens ports of a bridge in its own time.
    private void awaitPorts() {
        try (PacketSocket card = listen(victim, "eth0");
                PacketSocket sender = listen(inside, "eth0")) {
            for (int i = 0; i < TRIES; i++) {
                sender.send(Frames.unknown(MAC, PROBE));
                Optional<byte[]> frame = card.receive(TRY);
                if (frame.filter(f -> f[12] == (byte) (PROBE >> 8)).isPresent()) {
                    return;
                }
            }
        }
        throw new AssertionError("the bridge forwards nothing");
    }

    private static void port(Netlink netlink, String name, MacAddress mac, Fd namespace) {
        netlink.run(
                Rtnetlink.veth(
                        name,
                        LinkOptions.UP,
                        Optional.of("br0"),
                        "eth0",
                        LinkOptions.DOWN.mac(mac),
                        new Target.Descriptor(namespace.number())));
        try (Netlink there = Netlink.openIn(namespace)) {
            there.run(Rtnetlink.setUp("eth0", true));
        }
    }

    @AfterEach
    void close() {
        host.close();
        inside.close();
        victim.close();
    }

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static Optional<List<IpNetwork>> only(String... networks) {
        return Optional.of(Arrays.stream(networks).map(SpoofIT::net).toList());
    }

    private void filter(
            boolean mac, Optional<List<IpNetwork>> ipv4, Optional<List<IpNetwork>> ipv6) {
        Namespaces.inNet(
                host,
                () -> {
                    NicFilters.put(new NicFilter("c1.eth0", "c0", MAC, mac, false, ipv4, ipv6));
                    return true;
                });
    }

    private static PacketSocket listen(Fd namespace, String link) {
        return Namespaces.inNet(
                namespace,
                () -> {
                    try (Netlink netlink = Netlink.open()) {
                        return PacketSocket.open(netlink.link(link).orElseThrow().index());
                    }
                });
    }

    /// The names of those frames that the bridge or the other card gets.
    private List<String> passing(Map<String, byte[]> frames) {
        try (PacketSocket bridge = listen(host, "br0");
                PacketSocket card = listen(victim, "eth0");
                PacketSocket sender = listen(inside, "eth0")) {
            int number = 0;
            for (byte[] frame : frames.values()) {
                sender.send(Frames.stamped(frame, number++));
            }
            // Always let through: when it is there all others are, or never come.
            sender.send(Frames.stamped(Frames.arp(MAC, 1, MAC, OWN4, "10.7.0.1"), number));
            TreeSet<Integer> seen = new TreeSet<>();
            seen.addAll(until(bridge, number));
            seen.addAll(until(card, number));
            List<String> names = List.copyOf(frames.keySet());
            int last = number;
            return seen.stream().filter(n -> n < last).map(names::get).toList();
        }
    }

    private static List<Integer> until(PacketSocket socket, int last) {
        List<Integer> out = new ArrayList<>();
        while (true) {
            byte[] frame =
                    socket.receive(SOON)
                            .orElseThrow(() -> new AssertionError("the last frame is lost"));
            OptionalInt number = Frames.number(frame);
            if (number.isPresent()) {
                if (number.getAsInt() == last) {
                    return out;
                }
                out.add(number.getAsInt());
            }
        }
    }

    private static List<String> none() {
        return List.of();
    }

    private static List<String> all(Map<String, byte[]> frames) {
        return List.copyOf(frames.keySet());
    }

    @Test
    void withoutFilterEverythingPasses() {
        for (Map<String, byte[]> frames : List.of(TRUE, FALSE_MAC, FALSE_IPV4, FALSE_IPV6)) {
            assertEquals(all(frames), passing(frames));
        }
    }

    @Test
    void noFalseHardwareAddressPasses() {
        filter(true, Optional.empty(), Optional.empty());
        assertEquals(all(TRUE), passing(TRUE));
        assertEquals(none(), passing(FALSE_MAC));
        byte[] tagged = Frames.tagged(TRUE.get("ipv4"), 7);
        assertEquals(none(), passing(Map.of("tagged", tagged)));
    }

    @Test
    void aCardOfSeveralNetworksMayTag() {
        Namespaces.inNet(
                host,
                () -> {
                    NicFilters.put(
                            new NicFilter(
                                    "c1.eth0",
                                    "c0",
                                    MAC,
                                    true,
                                    true,
                                    Optional.empty(),
                                    Optional.empty()));
                    return true;
                });
        Map<String, byte[]> frames = new LinkedHashMap<>();
        frames.put("own", Frames.tagged(TRUE.get("ipv4"), 7));
        frames.put("false", Frames.tagged(FALSE_MAC.get("ipv4"), 7));
        assertEquals(List.of("own"), passing(frames));
    }

    @Test
    void noFalseIpv4AddressPasses() {
        filter(true, only(OWN4 + "/32"), Optional.empty());
        assertEquals(all(TRUE), passing(TRUE));
        assertEquals(none(), passing(FALSE_IPV4));
        assertEquals(none(), passing(FALSE_MAC));
    }

    @Test
    void noFalseIpv6AddressPasses() {
        filter(true, Optional.empty(), only(OWN6 + "/128"));
        assertEquals(all(TRUE), passing(TRUE));
        assertEquals(none(), passing(FALSE_IPV6));
        assertEquals(none(), passing(FALSE_MAC));
    }

    @Test
    void noneOfAllPasses() {
        filter(true, only(OWN4 + "/32"), only(OWN6 + "/128"));
        assertEquals(all(TRUE), passing(TRUE));
        for (Map<String, byte[]> frames : List.of(FALSE_MAC, FALSE_IPV4, FALSE_IPV6)) {
            assertEquals(none(), passing(frames));
        }
        assertEquals(none(), passing(Map.of("unknown protocol", Frames.unknown(MAC, 0x88b5))));
    }

    @Test
    void whoMayHaveNoAddressSendsNothing() {
        filter(true, Optional.of(List.of()), Optional.empty());
        Map<String, byte[]> ipv4 = new LinkedHashMap<>(FALSE_IPV4);
        ipv4.put("own", Frames.udp4(ALL, MAC, OWN4, OTHER4, PORTS, new byte[8]));
        ipv4.put("own, tagged", Frames.tagged(ipv4.get("own"), 7));
        assertEquals(none(), passingBesideNone(ipv4));
    }

    /// The frame that ends [#passing] is ARP, which is stopped here.
    private List<String> passingBesideNone(Map<String, byte[]> frames) {
        List<String> passed = new ArrayList<>();
        try (PacketSocket bridge = listen(host, "br0");
                PacketSocket sender = listen(inside, "eth0")) {
            int number = 0;
            for (byte[] frame : frames.values()) {
                sender.send(Frames.stamped(frame, number++));
            }
            sender.send(Frames.stamped(Frames.udp6(ALL, MAC, OWN6, OTHER6, PORTS), number));
            List<String> names = List.copyOf(frames.keySet());
            until(bridge, number).forEach(n -> passed.add(names.get(n)));
        }
        return passed;
    }

    @Test
    void networksBehindTheCardAreItsOwn() {
        filter(true, only(OWN4 + "/32", "10.8.0.0/24"), only(OWN6 + "/128", "fd42:8::/64"));
        Map<String, byte[]> own = new LinkedHashMap<>();
        own.put("ipv4", Frames.udp4(ALL, MAC, "10.8.0.9", OTHER4, PORTS, new byte[8]));
        own.put("arp", Frames.arp(MAC, 2, MAC, "10.8.0.9", OTHER4));
        own.put("ipv6", Frames.udp6(ALL, MAC, "fd42:8::9", OTHER6, PORTS));
        own.put("advert", Frames.advert(MAC, OWN6, "fd42:8::9", Frames.option(2, MAC)));
        assertEquals(all(own), passing(own));
        for (Map<String, byte[]> frames : List.of(FALSE_MAC, FALSE_IPV4, FALSE_IPV6)) {
            assertEquals(none(), passing(frames));
        }
    }
}
