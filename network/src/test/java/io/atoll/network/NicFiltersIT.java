package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Nftables;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A card behind a bridge that tries to be another.
@Tag("privileged")
final class NicFiltersIT {
    private static final MacAddress MAC = new MacAddress("00:16:3e:aa:bb:01");

    private static final int TRIES = 10;

    private Fd host;
    private Fd inside;

    @BeforeEach
    void open() {
        assumeTrue(Nftables.isAvailable(), "libnftables1");
        assumeTrue(Commands.find("busybox").isPresent(), "busybox-static");
        host = Namespaces.withOwnNet(Namespaces::ownNet);
        inside = Namespaces.withOwnNet(Namespaces::ownNet);
        usableAtOnce(host);
        usableAtOnce(inside);
        try (Netlink netlink = Netlink.openIn(host)) {
            netlink.run(Rtnetlink.bridge("br0", LinkOptions.UP, false));
            netlink.run(Rtnetlink.addAddress("br0", net("10.7.0.1/24")));
            netlink.run(Rtnetlink.addAddress("br0", net("fd42:7::1/64")));
            netlink.run(
                    Rtnetlink.veth(
                            "c0",
                            LinkOptions.UP,
                            Optional.of("br0"),
                            "eth0",
                            LinkOptions.DOWN.mac(MAC),
                            new Target.Descriptor(inside.number())));
        }
        try (Netlink netlink = Netlink.openIn(inside)) {
            netlink.run(Rtnetlink.setUp("eth0", true));
        }
    }

    @AfterEach
    void close() {
        host.close();
        inside.close();
    }

    /// Without the search for duplicates, which takes a second and longer on a busy machine.
    private static void usableAtOnce(Fd namespace) {
        Namespaces.inNet(
                namespace,
                () -> {
                    ProcFiles.write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
                    return null;
                });
    }

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private void filter(NicFilter filter) {
        Namespaces.inNet(
                host,
                () -> {
                    NicFilters.put(filter);
                    return null;
                });
    }

    private static NicFilter filter(
            boolean mac, Optional<List<IpNetwork>> ipv4, Optional<List<IpNetwork>> ipv6) {
        return new NicFilter("c1.eth0", "c0", MAC, mac, false, ipv4, ipv6);
    }

    private void address(String text, boolean add) {
        try (Netlink netlink = Netlink.openIn(inside)) {
            netlink.run(
                    add
                            ? Rtnetlink.addAddress("eth0", net(text))
                            : Rtnetlink.deleteAddress("eth0", net(text)));
        }
    }

    private boolean reaches(String address) {
        try {
            Namespaces.inNet(
                    inside,
                    () ->
                            Commands.run(
                                    Command.of("busybox", "ping", "-c", "1", "-W", "1", address)));
            return true;
        } catch (CommandFailed _) {
            return false;
        }
    }

    /// The kernel opens ports of a bridge in its own time.
    private boolean reachesSoon(String address) {
        for (int i = 0; i < TRIES; i++) {
            if (reaches(address)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void letsOnlyTheOwnAddressesPass() {
        filter(
                filter(
                        true,
                        Optional.of(List.of(net("10.7.0.5/32"))),
                        Optional.of(List.of(net("fd42:7::5/128")))));
        address("10.7.0.5/24", true);
        address("fd42:7::5/64", true);
        assertTrue(reachesSoon("10.7.0.1"));
        assertTrue(reachesSoon("fd42:7::1"));
        address("10.7.0.5/24", false);
        address("fd42:7::5/64", false);
        address("10.7.0.6/24", true);
        address("fd42:7::6/64", true);
        assertFalse(reaches("10.7.0.1"));
        assertFalse(reaches("fd42:7::1"));
    }

    @Test
    void letsOnlyTheOwnHardwareAddressPass() {
        address("10.7.0.5/24", true);
        filter(filter(true, Optional.empty(), Optional.empty()));
        assertTrue(reachesSoon("10.7.0.1"));
        try (Netlink netlink = Netlink.openIn(inside)) {
            netlink.run(Rtnetlink.setMac("eth0", new MacAddress("00:16:3e:aa:bb:02")));
        }
        assertFalse(reaches("10.7.0.1"));
        Namespaces.inNet(
                host,
                () -> {
                    NicFilters.remove("c1.eth0");
                    assertEquals("", Nftables.run("list ruleset"));
                    return null;
                });
        // The host still remembers the old hardware address of the old one.
        address("10.7.0.5/24", false);
        address("10.7.0.8/24", true);
        assertTrue(reachesSoon("10.7.0.1"));
    }

    @Test
    void keepsTheCardsApart() {
        Namespaces.inNet(
                host,
                () -> {
                    NicFilters.put(filter(true, Optional.empty(), Optional.empty()));
                    NicFilters.put(
                            new NicFilter(
                                    "2p_my-c2.eth0",
                                    "c2",
                                    MAC,
                                    true,
                                    false,
                                    Optional.empty(),
                                    Optional.of(List.of())));
                    NicFilters.put(
                            new NicFilter(
                                    "c1.eth0",
                                    "c9",
                                    MAC,
                                    true,
                                    false,
                                    Optional.of(List.of()),
                                    Optional.empty()));
                    assertEquals(
                            List.of("2p_my-c2.eth0", "c1.eth0"),
                            NicFilters.keys().stream().sorted().toList());
                    NicFilters.remove("c1.eth0");
                    NicFilters.remove("unknown");
                    assertEquals(List.of("2p_my-c2.eth0"), NicFilters.keys());
                    NicFilters.put(
                            new NicFilter(
                                    "2p_my-c2.eth0",
                                    "c2",
                                    MAC,
                                    false,
                                    false,
                                    Optional.empty(),
                                    Optional.empty()));
                    assertEquals(List.of(), NicFilters.keys());
                    assertEquals("", Nftables.run("list ruleset"));
                    return null;
                });
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new NicFilter(
                                "a b", "c0", MAC, true, false, Optional.empty(), Optional.empty()));
    }
}
