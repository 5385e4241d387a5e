package io.atoll.linux.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Each test in network namespaces of its own.
@Tag("privileged")
final class NetlinkIT {
    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    @Test
    void makesAPairAcrossNamespacesInOneRequest() {
        try (Fd outside = Namespaces.withOwnNet(Namespaces::ownNet);
                Fd inside = Namespaces.withOwnNet(Namespaces::ownNet);
                Netlink out = Netlink.openIn(outside);
                Netlink in = Netlink.openIn(inside)) {
            MacAddress bridgeMac = new MacAddress("00:16:3e:00:00:01");
            MacAddress mac = new MacAddress("00:16:3e:00:00:02");
            out.run(Rtnetlink.bridge("br", LinkOptions.UP.mac(bridgeMac), false));
            out.run(Rtnetlink.setMtu("br", 1400));
            out.run(Rtnetlink.addAddress("br", net("10.9.8.1/24")));
            out.run(Rtnetlink.addAddress("br", net("fd42:9::1/64")));
            out.run(
                    Rtnetlink.veth(
                            "host0",
                            LinkOptions.UP,
                            Optional.of("br"),
                            "eth0",
                            LinkOptions.DOWN.mac(mac).mtu(1300),
                            new Target.Descriptor(inside.number())));
            in.run(Rtnetlink.addAddress("eth0", net("10.9.8.7/24")));
            in.run(Rtnetlink.setUp("eth0", true));
            in.run(
                    Rtnetlink.addRoute(
                            "eth0", net("0.0.0.0/0"), Optional.of(net("10.9.8.1/24").address())));

            Link bridge = out.link("br").orElseThrow();
            assertEquals(Optional.of("bridge"), bridge.kind());
            assertEquals(1400, bridge.mtu());
            assertEquals("8000.00163e000001", bridge.bridge().orElseThrow().id());
            assertFalse(bridge.bridge().orElseThrow().spanningTree());
            Link host = out.link("host0").orElseThrow();
            assertEquals(bridge.index(), host.masterIndex().orElseThrow());
            Link eth = in.link("eth0").orElseThrow();
            assertEquals(Optional.of(mac), eth.mac());
            assertEquals(1300, eth.mtu());
            assertTrue(eth.isUp());
            assertEquals(List.of("lo", "eth0"), in.links().stream().map(Link::name).toList());
            assertTrue(
                    in.routes().stream()
                            .anyMatch(
                                    r -> r.destination().prefix() == 0 && r.gateway().isPresent()));
            List<String> addresses =
                    out.addresses().stream()
                            .filter(a ->
                                    a.linkIndex() == bridge.index() && a.scope().equals("global"))
                            .map(a -> a.address().toString())
                            .toList();
            assertEquals(List.of("10.9.8.1/24", "fd42:9::1/64"), addresses);

            out.run(Rtnetlink.setPort("host0", true, true));
            out.run(Rtnetlink.clearMaster("host0"));
            assertTrue(out.link("host0").orElseThrow().masterIndex().isEmpty());
            out.run(Rtnetlink.delete("host0"));
            assertTrue(in.link("eth0").isEmpty());
        }
    }

    @Test
    void changesLinks() {
        try (Fd namespace = Namespaces.withOwnNet(Namespaces::ownNet);
                Fd other = Namespaces.withOwnNet(Namespaces::ownNet);
                Netlink netlink = Netlink.openIn(namespace)) {
            netlink.run(
                    Rtnetlink.veth(
                            "a",
                            LinkOptions.DOWN,
                            Optional.empty(),
                            "b",
                            LinkOptions.DOWN,
                            new Target.Here()));
            netlink.run(Rtnetlink.rename("a", "c"));
            netlink.run(Rtnetlink.setMtu("c", 1280));
            netlink.run(Rtnetlink.setMac("c", new MacAddress("02:00:00:00:00:01")));
            netlink.run(Rtnetlink.setAlias("c", "a word"));
            netlink.run(Rtnetlink.setTxQueueLength("c", 500));
            netlink.run(Rtnetlink.withoutIpv6LinkLocal("c"));
            netlink.run(
                    Rtnetlink.macvlan(
                            "m0",
                            "c",
                            Rtnetlink.MacvlanMode.BRIDGE,
                            LinkOptions.DOWN,
                            new Target.Descriptor(other.number())));
            assertEquals(1280, netlink.link("c").orElseThrow().mtu());
            netlink.run(Rtnetlink.move("b", "moved", new Target.Descriptor(other.number())));
            try (Netlink there = Netlink.openIn(other)) {
                assertTrue(there.link("moved").isPresent());
                assertEquals(Optional.of("macvlan"), there.link("m0").orElseThrow().kind());
            }
            netlink.run(Rtnetlink.addAddress("c", net("10.1.0.1/16")));
            netlink.run(Rtnetlink.deleteAddress("c", net("10.1.0.1/16")));
            assertTrue(
                    netlink.addresses().stream()
                            .noneMatch(a -> a.address().equals(net("10.1.0.1/16"))));
        }
    }

    @Test
    void saysWhatWasAskedForAndWhyNot() {
        try (Netlink netlink = Namespaces.withOwnNet(Netlink::open)) {
            ErrnoException missing =
                    assertThrows(
                            ErrnoException.class, () -> netlink.run(Rtnetlink.setUp("nope", true)));
            assertEquals(Errno.ENODEV, missing.errno());
            netlink.run(Rtnetlink.bridge("br", LinkOptions.DOWN, true));
            ErrnoException twice =
                    assertThrows(
                            ErrnoException.class,
                            () -> netlink.run(Rtnetlink.bridge("br", LinkOptions.DOWN, true)));
            assertEquals("netlink create bridge br: file exists (EEXIST)", twice.getMessage());
            assertTrue(netlink.link("a-name-that-is-too-long-for-a-link").isEmpty());
        }
    }

    @Test
    void leavesTheHostAlone() {
        List<String> before = names();
        Namespaces.withOwnNet(() -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.run(Rtnetlink.bridge("atoll-linux0", LinkOptions.UP, false));
            }
            return null;
        });
        assertFalse(names().contains("atoll-linux0"));
        assertTrue(before.contains("lo"));
    }

    private static List<String> names() {
        try (Netlink netlink = Netlink.open()) {
            return netlink.links().stream().map(Link::name).toList();
        }
    }
}
