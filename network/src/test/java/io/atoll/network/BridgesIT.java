package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Directories;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Nftables;
import io.atoll.linux.Opens;
import io.atoll.linux.PidFd;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Processes;
import io.atoll.linux.Signals;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import io.atoll.linux.net.Rtnetlink.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bridges in a network namespace of the test's own, with real clients in namespaces behind them.
@Tag("privileged")
final class BridgesIT {
    private static final MacAddress MAC = new MacAddress("00:16:3e:aa:bb:cc");

    private Path directory;
    private Bridges bridges;
    private Fd host;

    @BeforeEach
    void open() throws Exception {
        assumeTrue(Nftables.isAvailable(), "libnftables1");
        assumeTrue(Commands.find("dnsmasq").isPresent(), "dnsmasq-base");
        assumeTrue(Commands.find("busybox").isPresent(), "busybox-static");
        directory = Files.createTempDirectory("atoll-linux-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        bridges = new Bridges(directory);
        host = Namespaces.withOwnNet(Namespaces::ownNet);
        try (Netlink netlink = Netlink.openIn(host)) {
            netlink.run(Rtnetlink.setUp("lo", true));
        }
    }

    @AfterEach
    void close() throws IOException {
        onHost(() -> {
            for (Directories.Entry entry : list(directory)) {
                bridges.delete(entry.name());
            }
            return null;
        });
        host.close();
        try (Fd parent = Opens.open("/tmp", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteTree(parent, directory.getFileName().toString());
        }
    }

    private static List<Directories.Entry> list(Path directory) {
        try (Fd fd = Opens.open(directory.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            return Directories.list(fd);
        }
    }

    private <T> T onHost(Callable<T> work) {
        return Namespaces.inNet(host, work);
    }

    private static BridgeConfig config(String... pairs) {
        Map<String, String> config =
                new TreeMap<>(Map.of("ipv4.address", "10.77.3.1/24", "ipv4.nat", "true"));
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return BridgeConfig.parse("atolinbr0", config);
    }

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    /// A namespace with `eth0` behind the bridge.
    private Fd client() {
        Fd inside = Namespaces.withOwnNet(Namespaces::ownNet);
        onHost(() -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.run(
                        Rtnetlink.veth(
                                "c0",
                                LinkOptions.UP,
                                Optional.of("atolinbr0"),
                                "eth0",
                                LinkOptions.DOWN.mac(MAC),
                                new Target.Descriptor(inside.number())));
            }
            return null;
        });
        try (Netlink netlink = Netlink.openIn(inside)) {
            netlink.run(Rtnetlink.setUp("eth0", true));
        }
        return inside;
    }

    /// Runs a DHCP client, configures what it got, and returns address, router, DNS server and
    /// domain.
    private String[] dhcp(Fd inside) throws IOException {
        Path answer = directory.resolve("answer");
        Path script = directory.resolve("script");
        Files.writeString(
                script,
                "#!/bin/sh\n[ \"$1\" = bound ] && echo \"$ip/$mask $router $dns $domain\" > "
                        + answer
                        + "\nexit 0\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        run(
                inside,
                "busybox",
                "udhcpc",
                "-i",
                "eth0",
                "-n",
                "-q",
                "-f",
                "-t",
                "10",
                "-T",
                "1",
                "-s",
                script.toString());
        String[] got = Files.readString(answer).strip().split(" ");
        Files.delete(answer);
        Files.delete(script);
        try (Netlink netlink = Netlink.openIn(inside)) {
            netlink.run(Rtnetlink.addAddress("eth0", net(got[0])));
            netlink.run(
                    Rtnetlink.addRoute("eth0", net("0.0.0.0/0"), IpNetwork.parseAddress(got[1])));
        }
        return got;
    }

    private static String run(Fd inside, String... argv) {
        return Namespaces.inNet(inside, () -> Commands.run(Command.of(argv)).text());
    }

    @Test
    void givesAddressesNamesAndAWayOut() throws Exception {
        onHost(() -> {
            bridges.create(config());
            return null;
        });
        try (Fd inside = client();
                Fd outside = Namespaces.withOwnNet(Namespaces::ownNet)) {
            StaticHost card =
                    new StaticHost(
                            "c1.eth0", MAC, Optional.empty(), Optional.empty(), Optional.of("c1"));
            onHost(() -> {
                bridges.putStaticHost("atolinbr0", card);
                return null;
            });
            String[] got = dhcp(inside);
            assertTrue(net(got[0]).overlaps(net("10.77.3.0/24")), got[0]);
            assertEquals("10.77.3.1", got[1]);
            assertEquals("10.77.3.1", got[2]);
            assertEquals("lxd", got[3]);
            run(inside, "busybox", "ping", "-c", "1", "-W", "5", "10.77.3.1");
            String address = IpNetwork.text(net(got[0]).address());
            String names = run(inside, "busybox", "nslookup", "c1.lxd", "10.77.3.1");
            assertTrue(names.contains(address), names);
            assertTrue(
                    run(inside, "busybox", "nslookup", "_gateway.lxd", "10.77.3.1")
                            .contains("10.77.3.1"));
            // One that has its address without asking is found like the others.
            onHost(() -> {
                bridges.putName(config(), "app.eth0", "app", InetAddress.ofLiteral("10.77.3.222"));
                return null;
            });
            awaitName(inside, "app.lxd", "10.77.3.222", true);
            awaitName(inside, "app", "10.77.3.222", true);
            awaitName(inside, "10.77.3.222", "app.lxd", true);
            onHost(() -> {
                bridges.removeStaticHost("atolinbr0", "app.eth0");
                return null;
            });
            awaitName(inside, "app.lxd", "10.77.3.222", false);

            List<Lease> leases = onHost(() -> bridges.leases(config()));
            assertEquals("atolinbr0.gw", leases.getFirst().hostname());
            Lease lease = leases.get(1);
            assertEquals("c1", lease.hostname());
            assertEquals(Optional.of(MAC), lease.mac());
            assertEquals(address, IpNetwork.text(lease.address()));

            wayOut(outside);
            // The outside has no route back to 10.77.3.0/24: an answer means that the source was
            // rewritten.
            run(inside, "busybox", "ping", "-c", "1", "-W", "5", "192.0.2.2");

            onHost(() -> {
                bridges.releaseLeases(config(), new MacAddress("00:16:3e:00:00:01"));
                bridges.releaseLeases(config(), MAC);
                return null;
            });
            awaitLeases(1);
        }
    }

    private static void awaitName(Fd inside, String asked, String answer, boolean isThere)
            throws InterruptedException {
        String script = "busybox nslookup " + asked + " 10.77.3.1 2>&1 || true";
        String said = "";
        for (int i = 0; i < 100; i++) {
            said = run(inside, "sh", "-c", script);
            if (said.contains(answer) == isThere) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new AssertionError(asked + ": " + said);
    }

    private void awaitLeases(int count) throws InterruptedException {
        for (int i = 0; i < 100 && onHost(() -> bridges.leases(config())).size() > count; i++) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
        assertEquals(count, onHost(() -> bridges.leases(config())).size());
    }

    private void wayOut(Fd outside) {
        onHost(() -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.run(
                        Rtnetlink.veth(
                                "up0",
                                LinkOptions.UP,
                                Optional.empty(),
                                "eth0",
                                LinkOptions.DOWN,
                                new Target.Descriptor(outside.number())));
                netlink.run(Rtnetlink.addAddress("up0", net("192.0.2.1/24")));
            }
            return null;
        });
        try (Netlink netlink = Netlink.openIn(outside)) {
            netlink.run(Rtnetlink.addAddress("eth0", net("192.0.2.2/24")));
            netlink.run(Rtnetlink.setUp("eth0", true));
        }
    }

    /// The keys that neither give addresses nor take them.
    @Test
    void isOnTheHostAsItIsConfigured() throws Exception {
        onHost(() -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.run(
                        Rtnetlink.veth(
                                "ext0",
                                LinkOptions.DOWN,
                                Optional.empty(),
                                "ext1",
                                LinkOptions.DOWN,
                                new Target.Here()));
            }
            bridges.create(
                    config(
                            "bridge.hwaddr", "00:16:3e:11:22:33",
                            "bridge.external_interfaces", "ext0",
                            "ipv4.dhcp.ranges", "10.77.3.50-10.77.3.50",
                            "ipv4.nat.address", "192.0.2.9",
                            "ipv4.nat.order", "before",
                            "ipv4.routes", "10.99.0.0/16",
                            "dns.domain", "atoll",
                            "raw.dnsmasq", "address=/raw.example/10.9.9.9"));
            assertEquals("00:16:3e:11:22:33", bridges.state("atolinbr0").orElseThrow().hwaddr());
            try (Netlink netlink = Netlink.open()) {
                Link bridge = netlink.link("atolinbr0").orElseThrow();
                Link port = netlink.link("ext0").orElseThrow();
                assertEquals(OptionalInt.of(bridge.index()), port.masterIndex());
                assertTrue(port.isUp());
                assertTrue(
                        netlink.routes().stream()
                                .anyMatch(r -> r.destination().equals(net("10.99.0.0/16"))));
            }
            return null;
        });
        try (Fd inside = client();
                Fd outside = Namespaces.withOwnNet(Namespaces::ownNet)) {
            String[] got = dhcp(inside);
            assertEquals("10.77.3.50/24", net(got[0]).toString());
            assertEquals("atoll", got[3]);
            assertTrue(
                    run(inside, "busybox", "nslookup", "-type=a", "raw.example", "10.77.3.1")
                            .contains("10.9.9.9"));
            wayOut(outside);
            onHost(() -> {
                try (Netlink netlink = Netlink.open()) {
                    netlink.run(Rtnetlink.addAddress("up0", net("192.0.2.9/32")));
                }
                return null;
            });
            run(inside, "busybox", "ping", "-c", "1", "-W", "5", "192.0.2.2");
            String neighbours = run(outside, "ip", "neigh");
            assertTrue(neighbours.contains("192.0.2.9"), neighbours);
            onHost(() -> {
                bridges.start(
                        config("bridge.hwaddr", "00:16:3e:11:22:33", "ipv4.routing", "false"));
                return null;
            });
            assertThrows(
                    RuntimeException.class,
                    () -> run(inside, "busybox", "ping", "-c", "1", "-W", "1", "192.0.2.2"));
            run(inside, "busybox", "ping", "-c", "1", "-W", "5", "10.77.3.1");
            onHost(() -> {
                bridges.start(config("ipv4.firewall", "false", "ipv4.nat", "false"));
                assertFalse(Nftables.run("list ruleset").contains("atolinbr0"));
                bridges.delete("atolinbr0");
                try (Netlink netlink = Netlink.open()) {
                    assertEquals(
                            OptionalInt.empty(), netlink.link("ext0").orElseThrow().masterIndex());
                }
                return null;
            });
        }
    }

    /// The other end is a tunnel that the host's own program makes.
    @ParameterizedTest
    @CsvSource({"vxlan, id 7 dstport 4789", "gre,"})
    void tunnelsJoinWhatIsElsewhere(String protocol, String options) {
        String kind = protocol.equals("gre") ? "gretap" : protocol;
        String there = "type " + kind + " local 192.0.2.2 remote 192.0.2.1";
        try (Fd outside = Namespaces.withOwnNet(Namespaces::ownNet)) {
            wayOut(outside);
            try {
                run(
                        outside,
                        ("ip link add t0 " + there + (options == null ? "" : " " + options))
                                .split(" "));
            } catch (RuntimeException e) {
                // It names what is missing, and the bridge is not half there.
                onHost(() -> {
                    RuntimeException failure =
                            assertThrows(
                                    RuntimeException.class, () -> bridges.create(tunnel(protocol)));
                    assertTrue(failure.getMessage().contains(kind), failure.getMessage());
                    assertTrue(bridges.state("atolinbr0").isEmpty());
                    return null;
                });
                Assumptions.abort("this kernel has no " + kind);
            }
            run(outside, "ip address add 10.77.3.99/24 dev t0".split(" "));
            run(outside, "ip link set t0 up".split(" "));
            onHost(() -> {
                bridges.create(tunnel(protocol));
                return null;
            });
            try (Fd inside = client()) {
                run(inside, "ip address add 10.77.3.98/24 dev eth0".split(" "));
                run(inside, "busybox", "ping", "-c", "1", "-W", "5", "10.77.3.99");
            }
            onHost(() -> {
                bridges.delete("atolinbr0");
                try (Netlink netlink = Netlink.open()) {
                    assertTrue(netlink.link("atolinbr0-t1").isEmpty());
                }
                return null;
            });
        }
    }

    private static BridgeConfig tunnel(String protocol) {
        List<String> pairs =
                new ArrayList<>(
                        List.of(
                                "tunnel.t1.protocol", protocol,
                                "tunnel.t1.local", "192.0.2.1",
                                "tunnel.t1.remote", "192.0.2.2"));
        if (protocol.equals("vxlan")) {
            pairs.addAll(List.of("tunnel.t1.id", "7", "tunnel.t1.port", "4789"));
        }
        return config(pairs.toArray(String[]::new));
    }

    @Test
    void keepsTheRunningServerUntilItsConfigurationChanges() throws Exception {
        // As a daemon with a umask of 077 leaves it, where dnsmasq could read nothing.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        onHost(() -> {
            bridges.start(config());
            assertEquals(
                    "rwx--x--x",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
            String pid = pid();
            new Bridges(directory).start(config());
            assertEquals(pid, pid());
            bridges.start(config("ipv4.dhcp.expiry", "5m"));
            assertFalse(pid.equals(pid()));
            // A server that died is started again.
            try (Fd pidFd = PidFd.open(Integer.parseInt(pid())).orElseThrow()) {
                PidFd.sendSignal(pidFd, Signals.SIGKILL);
                PidFd.waitGone(pidFd, Duration.ofSeconds(5));
            }
            bridges.start(config());
            assertTrue(new Dnsmasq(directory.resolve("atolinbr0")).isRunning());
            // One whose record was lost with the daemon is found by what it says itself.
            String orphan = pid();
            Files.delete(directory.resolve("atolinbr0/dnsmasq.run"));
            bridges.start(config());
            assertTrue(
                    PidFd.open(Integer.parseInt(orphan))
                            .map(fd -> {
                                try (fd) {
                                    return PidFd.isGone(fd);
                                }
                            })
                            .orElse(true));
            return null;
        });
    }

    private String pid() {
        return ProcFiles.read(directory.resolve("atolinbr0/dnsmasq.pid").toString()).strip();
    }

    @Test
    void changesARunningBridge() {
        onHost(() -> {
            bridges.start(config("ipv6.address", "fd42:77::1/64", "ipv4.routes", "10.99.0.0/16"));
            MacAddress mac =
                    MacAddress.parse(bridges.state("atolinbr0").orElseThrow().hwaddr())
                            .orElseThrow();
            bridges.start(
                    config(
                            "ipv4.address",
                            "10.78.0.1/16",
                            "bridge.mtu",
                            "1400",
                            "ipv4.nat",
                            "false"));
            NetworkState state = bridges.state("atolinbr0").orElseThrow();
            assertEquals(
                    List.of(new NetworkState.Address("inet", "10.78.0.1", "16", "global")),
                    state.addresses());
            assertEquals(1400, state.mtu());
            assertEquals(mac.text(), state.hwaddr());
            assertTrue(state.isUp());
            assertTrue(state.hwaddr().startsWith("00:16:3e:"));
            assertFalse(Nftables.run("list ruleset").contains("masquerade"));
            try (Netlink netlink = Netlink.open()) {
                assertTrue(
                        netlink.routes().stream()
                                .noneMatch(r -> r.destination().equals(net("10.99.0.0/16"))));
            }
            return null;
        });
    }

    @Test
    void worksBesideDocker() {
        onHost(() -> {
            Nftables.run(
                    """
                    add table ip filter
                    add chain ip filter FORWARD { type filter hook forward priority filter; policy drop; }
                    add chain ip filter DOCKER-USER
                    add rule ip filter FORWARD jump DOCKER-USER
                    add rule ip filter DOCKER-USER return
                    """);
            bridges.start(config());
            bridges.start(config());
            String rules = Nftables.run("list chain ip filter DOCKER-USER");
            assertEquals(
                    2, rules.lines().filter(l -> l.contains("atolinbr0\" accept")).count(), rules);
            bridges.stop("atolinbr0");
            assertFalse(Nftables.run("list ruleset").contains("atolinbr0"));
            return null;
        });
    }

    private static String neighbors() {
        return Commands.run(Command.of("ip", "-6", "neighbour", "show", "proxy")).text();
    }

    /// The script is called as dnsmasq calls it.
    @Test
    void theHostAnswersForWhatDhcpGivesOut() {
        onHost(() -> {
            assumeTrue(Sysctls.exists("ipv6/conf/all/forwarding"), "IPv6");
            try (Netlink netlink = Netlink.open()) {
                netlink.run(
                        Rtnetlink.veth(
                                "up0",
                                LinkOptions.UP,
                                Optional.empty(),
                                "up1",
                                LinkOptions.UP,
                                new Target.Here()));
            }
            BridgeConfig config =
                    config("ipv6.address", "fd42:9::5:1/80", "ipv6.neighbor_proxy", "up0");
            bridges.start(config);
            assertTrue(Sysctls.is("ipv6/conf/up0/proxy_ndp", "1"));
            String script = directory.resolve("atolinbr0/neighbors.sh").toString();
            Commands.run(Command.of(script, "add", "00:01:00", "fd42:9::5:7", "c1"));
            Commands.run(Command.of(script, "old", "00:01:01", "fd42:9::5:8", "c2"));
            Commands.run(Command.of(script, "add", "00:16:3e:00:00:01", "10.77.3.9", "c1"));
            Commands.run(Command.of(script, "init"));
            assertTrue(neighbors().contains("fd42:9::5:7 dev up0"), neighbors());
            assertTrue(neighbors().contains("fd42:9::5:8"), neighbors());
            Commands.run(Command.of(script, "del", "00:01:01", "fd42:9::5:8", "c2"));
            assertFalse(neighbors().contains("fd42:9::5:8"), neighbors());
            Files.writeString(
                    directory.resolve("atolinbr0/dnsmasq.hosts/c1.eth0"),
                    "00:16:3e:00:00:01,[fd42:9::5:7],c1\n");
            bridges.stop("atolinbr0");
            assertFalse(neighbors().contains("fd42:9"), neighbors());
            assertThrows(
                    InvalidConfigException.class,
                    () ->
                            bridges.start(
                                    config(
                                            "ipv6.address",
                                            "fd42:9::5:1/80",
                                            "ipv6.neighbor_proxy",
                                            "nosuch0")));
            return null;
        });
    }

    /// A switch that makes interfaces as Open vSwitch does, and writes down what it is asked.
    @Test
    void bridgesOfOpenVswitchAreMadeByItsProgram() {
        List<String> asked = new ArrayList<>();
        OpenVswitch fake =
                new OpenVswitch(arguments -> {
                    asked.add(String.join(" ", arguments));
                    try (Netlink netlink = Netlink.open()) {
                        if (arguments.contains("add-br") && netlink.link("atolinbr0").isEmpty()) {
                            netlink.run(
                                    Rtnetlink.veth(
                                            "atolinbr0",
                                            LinkOptions.DOWN,
                                            Optional.empty(),
                                            "sw1",
                                            LinkOptions.UP,
                                            new Target.Here()));
                        }
                        if (arguments.contains("del-br")) {
                            netlink.run(Rtnetlink.delete("atolinbr0"));
                        }
                    }
                    return arguments.contains("list-br") ? "atolinbr0\n" : "";
                });
        onHost(() -> {
            Bridges switched = new Bridges(directory, fake);
            BridgeConfig config = config("bridge.driver", "openvswitch");
            switched.start(config);
            assertTrue(
                    asked.getFirst().startsWith("--may-exist add-br atolinbr0"), asked.toString());
            switched.start(config);
            assertTrue(switched.isRunning("atolinbr0"));
            assertTrue(Nftables.run("list ruleset").contains("atolinbr0"));
            assertThrows(
                    UnsupportedException.class,
                    () ->
                            switched.start(
                                    config(
                                            "bridge.driver", "openvswitch",
                                            "tunnel.t.protocol", "vxlan")));
            switched.delete("atolinbr0");
            assertTrue(asked.getLast().equals("--if-exists del-br atolinbr0"), asked.toString());
            assertEquals("", Nftables.run("list ruleset"));
            return null;
        });
    }

    @Test
    void aHostWithoutOpenVswitchIsToldSo() {
        assumeTrue(Commands.find("ovs-vsctl").isEmpty(), "there is Open vSwitch");
        onHost(() -> {
            UnavailableException failure =
                    assertThrows(
                            UnavailableException.class,
                            () -> bridges.create(config("bridge.driver", "openvswitch")));
            assertTrue(failure.getMessage().contains("openvswitch-switch"), failure.getMessage());
            assertTrue(list(directory).isEmpty());
            return null;
        });
    }

    @Test
    void seesThatOthersTookRulesAway() {
        onHost(() -> {
            bridges.start(config());
            assertTrue(Firewall.holds(config()));
            assertEquals(List.of(), Firewall.neighbours(config()));
            Nftables.run("flush ruleset");
            assertFalse(Firewall.holds(config()));
            bridges.start(config());
            assertTrue(Firewall.holds(config()));
            // Docker starts later.
            Nftables.run("add table ip filter\nadd chain ip filter DOCKER-USER\n");
            assertFalse(Firewall.holds(config()));
            bridges.start(config());
            assertTrue(Firewall.holds(config()));
            assertTrue(
                    Firewall.neighbours(config()).getFirst().contains("DOCKER-USER"),
                    Firewall.neighbours(config()).toString());
            Nftables.run("flush chain ip filter DOCKER-USER");
            assertFalse(Firewall.holds(config()));
            Nftables.run("add chain ip filter ufw-user-forward");
            assertTrue(
                    Firewall.neighbours(config()).getLast().contains("ufw route allow in on"),
                    Firewall.neighbours(config()).toString());
            Nftables.run("add rule ip filter ufw-user-forward iifname atolinbr0 accept");
            assertEquals("ufw has rules for it", Firewall.neighbours(config()).getLast());
            bridges.stop("atolinbr0");
            return null;
        });
    }

    private static List<String> links() {
        try (Netlink netlink = Netlink.open()) {
            return netlink.links().stream().map(Link::name).toList();
        }
    }

    @Test
    void leavesNothingBehindAfterAFailure() {
        onHost(() -> {
            // A new namespace has lo, and what modules of tunnels bring along.
            List<String> before = links();
            assertThrows(
                    UnavailableException.class,
                    () -> bridges.create(config("raw.dnsmasq", "no-such-option")));
            assertEquals(before, links());
            assertEquals("", Nftables.run("list ruleset"));
            assertTrue(list(directory).isEmpty());
            return null;
        });
    }

    @Test
    void deletesAllOfIt() {
        onHost(() -> {
            bridges.create(config("ipv6.address", "fd42:77::1/64", "ipv6.nat", "true"));
            assertThrows(AlreadyExistsException.class, () -> bridges.create(config()));
            int pid = Integer.parseInt(pid());
            bridges.delete("atolinbr0");
            assertTrue(bridges.state("atolinbr0").isEmpty());
            assertEquals("", Nftables.run("list ruleset"));
            assertTrue(Processes.identity(pid).isEmpty());
            assertTrue(list(directory).isEmpty());
            bridges.delete("atolinbr0");
            return null;
        });
    }

    @Test
    void fillsInFreeNetworks() {
        onHost(() -> {
            Map<String, String> filled = bridges.fill(Map.of("ipv6.address", "none"), List.of());
            assertEquals("true", filled.get("ipv4.nat"));
            assertFalse(filled.containsKey("ipv6.nat"));
            bridges.create(BridgeConfig.parse("atolinbr0", filled));
            assertTrue(bridges.isRunning("atolinbr0"));
            return null;
        });
    }
}
