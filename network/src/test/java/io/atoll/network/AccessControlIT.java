package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Nftables;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import io.atoll.network.AccessControl.Fallback;
import io.atoll.network.AccessControl.Policy;
import io.atoll.network.AccessRule.Action;
import io.atoll.network.AccessRule.PortRange;
import io.atoll.network.AccessRule.Subject;
import io.atoll.network.AccessRule.Traffic;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// An instance behind a bridge, the host, and a neighbour outside, each with servers.
@Tag("privileged")
final class AccessControlIT {
    private static final int SHORT = 400;
    private static final int LONG = 5000;
    private static final int WEB = 8080;
    private static final int OTHER = 8081;
    private static final String INSTANCE = "10.9.0.5";
    private static final String BRIDGE = "10.9.0.1";
    private static final String NEIGHBOUR = "192.0.2.2";

    private final List<ServerSocket> servers = new ArrayList<>();
    private Fd host;
    private Fd inside;
    private Fd outside;

    /// What became of an attempt.
    private enum Result {
        OPEN,
        REFUSED,
        SILENT
    }

    @BeforeEach
    void open() {
        assumeTrue(Nftables.isAvailable(), "libnftables1");
        host = Namespaces.withOwnNet(Namespaces::ownNet);
        inside = Namespaces.withOwnNet(Namespaces::ownNet);
        outside = Namespaces.withOwnNet(Namespaces::ownNet);
        Namespaces.inNet(
                host,
                () -> {
                    ProcFiles.write("/proc/sys/net/ipv4/ip_forward", "1");
                    return true;
                });
        try (Netlink netlink = Netlink.openIn(host)) {
            netlink.run(Rtnetlink.setUp("lo", true));
            netlink.run(Rtnetlink.bridge("br0", LinkOptions.UP, false));
            netlink.run(Rtnetlink.addAddress("br0", net(BRIDGE + "/24")));
            pair(netlink, "c0", Optional.of("br0"), inside);
            pair(netlink, "up0", Optional.empty(), outside);
            netlink.run(Rtnetlink.addAddress("up0", net("192.0.2.1/24")));
        }
        address(inside, INSTANCE, BRIDGE);
        address(outside, NEIGHBOUR, "192.0.2.1");
        for (Fd namespace : List.of(host, inside, outside)) {
            for (int port : new int[] {WEB, OTHER}) {
                servers.add(Namespaces.inNet(namespace, () -> new ServerSocket(port)));
            }
        }
        assertEquals(Result.OPEN, soon(() -> reach(outside, INSTANCE, WEB, LONG)));
    }

    private static void pair(Netlink netlink, String name, Optional<String> bridge, Fd there) {
        netlink.run(
                Rtnetlink.veth(
                        name,
                        LinkOptions.UP,
                        bridge,
                        "eth0",
                        LinkOptions.DOWN,
                        new Target.Descriptor(there.number())));
    }

    private static void address(Fd namespace, String address, String gateway) {
        try (Netlink netlink = Netlink.openIn(namespace)) {
            netlink.run(Rtnetlink.setUp("eth0", true));
            netlink.run(Rtnetlink.addAddress("eth0", net(address + "/24")));
            netlink.run(
                    Rtnetlink.addRoute("eth0", net("0.0.0.0/0"), IpNetwork.parseAddress(gateway)));
        }
    }

    @AfterEach
    void close() throws IOException {
        for (ServerSocket server : servers) {
            server.close();
        }
        host.close();
        inside.close();
        outside.close();
    }

    /// What ufw makes of its own, as far as forwarding goes, and of `ufw route allow`.
    @Test
    void besideUfwTrafficNeedsItsWord() {
        BridgeConfig config =
                BridgeConfig.parse(
                        "br0",
                        java.util.Map.of("ipv4.address", BRIDGE + "/24", "ipv4.nat", "true"));
        Namespaces.inNet(
                host,
                () -> {
                    Firewall.apply(config);
                    Nftables.run(
                            """
                            add table ip filter
                            add chain ip filter FORWARD { type filter hook forward priority filter; policy drop; }
                            add chain ip filter ufw-before-forward
                            add chain ip filter ufw-user-forward
                            add rule ip filter FORWARD jump ufw-before-forward
                            add rule ip filter ufw-before-forward ct state related,established accept
                            add rule ip filter ufw-before-forward jump ufw-user-forward
                            """);
                    return true;
                });
        assertEquals(Result.SILENT, reach(outside, INSTANCE, WEB, SHORT));
        assertEquals(Result.SILENT, reach(inside, NEIGHBOUR, WEB, SHORT));
        Namespaces.inNet(
                host,
                () -> {
                    Nftables.run(
                            """
                            add rule ip filter ufw-user-forward iifname "br0" accept
                            add rule ip filter ufw-user-forward oifname "br0" accept
                            """);
                    return true;
                });
        assertEquals(Result.OPEN, soon(() -> reach(outside, INSTANCE, WEB, LONG)));
        assertEquals(Result.OPEN, soon(() -> reach(inside, NEIGHBOUR, WEB, LONG)));
    }

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static Optional<List<Subject>> only(String network) {
        return Optional.of(List.of(new Subject.Network(net(network))));
    }

    private interface Attempt {
        Result make();
    }

    /// The kernel opens ports of a bridge in its own time.
    private static Result soon(Attempt attempt) {
        Result result = attempt.make();
        for (int i = 0; i < 10 && result != Result.OPEN; i++) {
            result = attempt.make();
        }
        return result;
    }

    private static Result reach(Fd from, String address, int port, int millis) {
        return Namespaces.inNet(
                from,
                () -> {
                    try (Socket socket = new Socket()) {
                        socket.connect(new InetSocketAddress(address, port), millis);
                        return Result.OPEN;
                    } catch (SocketTimeoutException _) {
                        return Result.SILENT;
                    } catch (ConnectException _) {
                        return Result.REFUSED;
                    }
                });
    }

    private void policy(Policy policy) {
        Namespaces.inNet(
                host,
                () -> {
                    AccessControl.apply("br0", Optional.of(policy));
                    return true;
                });
    }

    private static Fallback fallback(Action action) {
        return new Fallback(action, false);
    }

    private static AccessRule rule(
            boolean isIngress, Action action, Optional<List<Subject>> sources, int port) {
        return new AccessRule(
                isIngress,
                action,
                false,
                "test",
                sources,
                Optional.empty(),
                new Traffic.Ports(true, List.of(), List.of(new PortRange(port, port))));
    }

    /// From outside and the host to the instance, from the instance to outside and the host, each
    /// to both ports.
    private List<Result> matrix() {
        List<Result> out = new ArrayList<>();
        for (int port : new int[] {WEB, OTHER}) {
            out.add(reach(outside, INSTANCE, port, SHORT));
            out.add(reach(host, INSTANCE, port, SHORT));
            out.add(reach(inside, NEIGHBOUR, port, SHORT));
            out.add(reach(inside, BRIDGE, port, SHORT));
        }
        return out;
    }

    private static List<Result> results(String letters) {
        return letters.chars()
                .mapToObj(c -> c == 'o' ? Result.OPEN : c == 'r' ? Result.REFUSED : Result.SILENT)
                .toList();
    }

    @Test
    void eachRuleDecidesAboutItsSideOnly() {
        Fallback reject = fallback(Action.REJECT);
        Fallback drop = fallback(Action.DROP);
        Fallback allow = fallback(Action.ALLOW);
        assertEquals(results("oooooooo"), matrix());
        policy(new Policy(List.of(), allow, allow));
        assertEquals(results("oooooooo"), matrix());
        policy(new Policy(List.of(), reject, reject));
        assertEquals(results("rrrrrrrr"), matrix());
        policy(new Policy(List.of(), drop, drop));
        assertEquals(results("ssssssss"), matrix());
        policy(new Policy(List.of(), drop, allow));
        assertEquals(results("ssoossoo"), matrix());
        policy(new Policy(List.of(), allow, reject));
        assertEquals(results("oorroorr"), matrix());
        policy(
                new Policy(
                        List.of(rule(true, Action.ALLOW, Optional.empty(), WEB)), reject, reject));
        assertEquals(results("oorrrrrr"), matrix());
        policy(
                new Policy(
                        List.of(
                                rule(true, Action.ALLOW, only("192.0.2.0/24"), WEB),
                                rule(false, Action.ALLOW, only(INSTANCE + "/32"), OTHER)),
                        drop,
                        reject));
        assertEquals(results("osrrssoo"), matrix());
    }

    @Test
    void dropGoesBeforeRejectAndRejectBeforeAllow() {
        policy(
                new Policy(
                        List.of(
                                rule(true, Action.ALLOW, Optional.empty(), WEB),
                                rule(true, Action.DROP, only("192.0.2.0/24"), WEB),
                                rule(true, Action.ALLOW, Optional.empty(), OTHER),
                                rule(true, Action.REJECT, only("192.0.2.0/24"), OTHER)),
                        fallback(Action.REJECT),
                        fallback(Action.ALLOW)));
        assertEquals(results("sooorooo"), matrix());
    }

    @Test
    void connectionsOutliveARuleAndGoWithThePolicy() throws IOException {
        try (Socket before = Namespaces.inNet(outside, () -> new Socket(INSTANCE, WEB))) {
            policy(new Policy(List.of(), fallback(Action.DROP), fallback(Action.DROP)));
            assertEquals(Result.SILENT, reach(outside, INSTANCE, WEB, SHORT));
            before.getOutputStream().write(1);
            Namespaces.inNet(
                    host,
                    () -> {
                        AccessControl.apply("br0", Optional.empty());
                        assertEquals(-1, Nftables.run("list ruleset").indexOf("chain acl"));
                        return true;
                    });
            assertEquals(Result.OPEN, reach(outside, INSTANCE, WEB, LONG));
        }
    }

    @Test
    void everyKindOfTrafficCanBeNamed() {
        List<AccessRule> rules = new ArrayList<>();
        List<PortRange> ports = List.of(new PortRange(1, 5), new PortRange(3, 3));
        for (Traffic traffic :
                List.of(
                        new Traffic.Any(),
                        new Traffic.Ports(false, List.of(), ports),
                        new Traffic.Ports(true, ports, List.of()),
                        new Traffic.Ports(false, List.of(), List.of()),
                        new Traffic.Icmp(false, OptionalInt.empty(), OptionalInt.empty()),
                        new Traffic.Icmp(true, OptionalInt.of(128), OptionalInt.of(0)))) {
            for (Action action : Action.values()) {
                for (String network : List.of("10.0.0.0/8", "fd42::/64")) {
                    rules.add(
                            new AccessRule(
                                    rules.size() % 2 == 0,
                                    action,
                                    true,
                                    "all",
                                    only(network),
                                    Optional.empty(),
                                    traffic));
                }
            }
        }
        policy(new Policy(rules, fallback(Action.ALLOW), fallback(Action.ALLOW)));
        Namespaces.inNet(
                host,
                () -> {
                    String text = Nftables.run("list chain inet atoll acl.br0");
                    for (String rule :
                            List.of(
                                    "ip6 saddr fd42::/64 icmpv6 type echo-request",
                                    "ip saddr 10.0.0.0/8 udp dport { 1-5 } reject",
                                    "ip saddr 10.0.0.0/8 tcp sport { 1-5 } reject with tcp reset")) {
                        assertTrue(text.contains(rule), text);
                    }
                    return true;
                });
    }

    @Test
    void overlappingAndMixedAddressesAreRules() {
        IpRange range =
                new IpRange(
                        IpNetwork.parseAddress("192.0.2.1").orElseThrow(),
                        IpNetwork.parseAddress("192.0.2.9").orElseThrow());
        policy(
                new Policy(
                        List.of(
                                new AccessRule(
                                        true,
                                        Action.ALLOW,
                                        true,
                                        "mixed",
                                        Optional.of(
                                                List.of(
                                                        new Subject.Network(net("192.0.2.0/24")),
                                                        new Subject.Network(net("192.0.2.2/32")),
                                                        new Subject.Range(range),
                                                        new Subject.Network(net("fd42::/64")))),
                                        Optional.empty(),
                                        new Traffic.Any())),
                        new Fallback(Action.REJECT, true),
                        fallback(Action.ALLOW)));
        assertEquals(results("oroooroo"), matrix());
    }
}
