package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Room;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.xbill.DNS.Name;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;
import org.xbill.DNS.ZoneTransferException;
import org.xbill.DNS.ZoneTransferIn;

/// Networks with the distribution's `lxc`, and a network namespace as the neighbour outside.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetworksTest {
    private static final Room ROOM = Room.take("e2enw", 82);
    private static final String MARKER = ROOM.name();
    private static final String BRIDGE = MARKER + "br";
    private static final String CARD = MARKER + "ph0";
    private static final String OUTSIDE = MARKER + "out";
    private static final String HOST = ROOM.ipv4("1.1");
    private static final Duration SOON = Duration.ofSeconds(20);

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER + "c");

    private final TestDaemon daemon = TestDaemon.launch("atoll-" + MARKER);
    private final Program client = daemon.lxc();

    @BeforeAll
    void prepare() {
        lxc("storage", "create", "default", "overlay");
        lxc(
                "network",
                "create",
                BRIDGE,
                "ipv6.address=none",
                "ipv4.address=" + ROOM.ipv4("7.1/24"));
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
        ip("netns", "add", OUTSIDE);
        ip("link", "add", CARD, "type", "veth", "peer", "name", "eth0", "netns", OUTSIDE);
        ip("address", "add", HOST + "/24", "dev", CARD);
        ip("link", "set", CARD, "up");
        ip("-netns", OUTSIDE, "address", "add", ROOM.ipv4("1.2/24"), "dev", "eth0");
        ip("-netns", OUTSIDE, "link", "set", "eth0", "up");
        ip("-netns", OUTSIDE, "route", "add", "default", "via", HOST);
    }

    @AfterAll
    void cleanUp() {
        Program.of("ip").run("link", "delete", CARD);
        Program.of("ip").run("netns", "delete", OUTSIDE);
        daemon.close();
    }

    @BeforeEach
    void launch() {
        lxc("init", "busybox", MARKER + "c1");
        lxc(
                "config",
                "device",
                "add",
                MARKER + "c1",
                "eth0",
                "nic",
                "network=" + BRIDGE,
                "name=eth0",
                "ipv4.address=" + ROOM.ipv4("7.20"));
    }

    @AfterEach
    void delete() {
        for (String name : lxc("list", "--format=csv", "--columns=n").out().lines().toList()) {
            lxc("delete", "--force", name);
        }
    }

    @AfterEach
    void unfilter() {
        client.run("network", "unset", BRIDGE, "security.acls");
    }

    private Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    private static void ip(String... command) {
        Program.of("ip").run(command).ok();
    }

    private void startWebServer() {
        lxc("start", MARKER + "c1");
        lxc(
                "exec",
                MARKER + "c1",
                "--",
                "sh",
                "-c",
                "ip addr add "
                        + ROOM.ipv4("7.20/24")
                        + " dev eth0; ip route add default via "
                        + ROOM.ipv4("7.1")
                        + ";"
                        + " mkdir /www; echo inside > /www/index.html; httpd -p 8080 -h /www");
    }

    /// Whether the neighbour outside gets the page.
    private static boolean isServed(String url) {
        return Program.of("ip")
                .run("netns", "exec", OUTSIDE, "curl", "--silent", "--max-time", "2", url)
                .out()
                .equals("inside\n");
    }

    @Test
    void forwardsLeadInside() {
        startWebServer();
        assertFalse(isServed("http://" + HOST + ":80/"));
        lxc("network", "forward", "create", BRIDGE, HOST);
        lxc(
                "network",
                "forward",
                "port",
                "add",
                BRIDGE,
                HOST,
                "tcp",
                "80,90-91",
                ROOM.ipv4("7.20"),
                "8080");
        assertTrue(isServed("http://" + HOST + ":80/"));
        assertTrue(isServed("http://" + HOST + ":91/"));
        assertTrue(lxc("network", "forward", "show", BRIDGE, HOST).out().contains("80,90-91"));
        lxc("network", "forward", "port", "remove", BRIDGE, HOST, "tcp", "80,90-91");
        assertFalse(isServed("http://" + HOST + ":80/"));
        lxc("network", "forward", "set", BRIDGE, HOST, "target_address=" + ROOM.ipv4("7.20"));
        assertTrue(isServed("http://" + HOST + ":8080/"));
        daemon.kill();
        daemon.start();
        assertTrue(isServed("http://" + HOST + ":8080/"), "after a restart of the daemon");
        lxc("network", "forward", "delete", BRIDGE, HOST);
        assertFalse(isServed("http://" + HOST + ":8080/"));
        assertFalse(Program.of("nft").run("list", "ruleset").ok().out().contains(HOST));
    }

    @Test
    void wrongForwardsAreRefusedAndChangeNothing() {
        lxc("network", "forward", "create", BRIDGE, HOST);
        for (String[] wrong :
                new String[][] {
                    {"create", BRIDGE, HOST},
                    {"create", BRIDGE, "nowhere"},
                    {"port", "add", BRIDGE, HOST, "tcp", "80", "10.99.0.1"},
                    {"port", "add", BRIDGE, HOST, "icmp", "80", ROOM.ipv4("7.20")},
                    {"port", "add", BRIDGE, HOST, "tcp", "80-90", ROOM.ipv4("7.20"), "1-3"},
                    {"port", "add", BRIDGE, HOST, "tcp", "0", ROOM.ipv4("7.20")},
                    {"create", BRIDGE, "2001:db8::1"},
                    {"set", BRIDGE, HOST, "target_address=10.99.0.1"},
                    {"show", BRIDGE, ROOM.ipv4("1.77")}
                }) {
            String[] command = new String[wrong.length + 2];
            command[0] = "network";
            command[1] = "forward";
            System.arraycopy(wrong, 0, command, 2, wrong.length);
            client.run(command).exits(1);
        }
        assertTrue(lxc("network", "forward", "show", BRIDGE, HOST).out().contains("ports: []"));
        lxc("network", "forward", "delete", BRIDGE, HOST);
    }

    @Test
    void listsOfRulesDecideWhatPassesTheBridge() {
        String acl = MARKER + "acl";
        startWebServer();
        ip("-netns", OUTSIDE, "route", "replace", ROOM.ipv4("7.0/24"), "via", HOST);
        String page = "http://" + ROOM.ipv4("7.20") + ":8080/";
        assertTrue(isServed(page));
        lxc("network", "acl", "create", acl);
        lxc("network", "set", BRIDGE, "security.acls", acl);
        assertFalse(isServed(page), "rejected by default");
        lxc(
                "network",
                "acl",
                "rule",
                "add",
                acl,
                "ingress",
                "action=allow",
                "protocol=tcp",
                "destination_port=8080",
                "source=" + ROOM.ipv4("1.0/24") + ",@internal",
                "state=logged");
        assertTrue(isServed(page));
        Await.until(
                "the packet to be written down",
                SOON,
                () -> lxc("network", "acl", "show-log", acl).out().contains("DPT=8080"));
        String named = acl + "3";
        lxc("network", "acl", "create", named);
        lxc(
                "network",
                "acl",
                "rule",
                "add",
                named,
                "ingress",
                "action=drop",
                "protocol=udp",
                "destination_port=9",
                "source=" + acl);
        lxc("network", "set", BRIDGE, "security.acls", acl + "," + named);
        assertTrue(
                Program.of("nft")
                        .run("list", "ruleset")
                        .ok()
                        .out()
                        .lines()
                        .anyMatch(line ->
                                line.contains("saddr")
                                        && line.contains(ROOM.ipv4("7.0/24"))
                                        && line.contains("udp dport 9 ")),
                "a list stands for the addresses of its bridges");
        lxc("network", "set", BRIDGE, "security.acls", acl);
        lxc("network", "acl", "delete", named);
        String[] ask = {"exec", MARKER + "c1", "--", "nslookup", "_gateway.lxd", ROOM.ipv4("7.1")};
        assertTrue(
                client.run(ask).out().contains("Address: " + ROOM.ipv4("7.1")),
                "DNS of the bridge");
        client.run("exec", MARKER + "c1", "--", "ping", "-c", "1", "-W", "1", ROOM.ipv4("1.2"))
                .exits(1);
        daemon.kill();
        daemon.start();
        assertTrue(isServed(page), "after a restart of the daemon");
        lxc(
                "network",
                "acl",
                "rule",
                "add",
                acl,
                "egress",
                "action=allow",
                "protocol=icmp4",
                "icmp_type=8");
        lxc("exec", MARKER + "c1", "--", "ping", "-c", "1", "-W", "2", ROOM.ipv4("1.2"));
        assertTrue(lxc("network", "acl", "show", acl).out().contains("/1.0/networks/" + BRIDGE));
        for (String[] wrong :
                new String[][] {
                    {"create", acl},
                    {"create", "0wrong"},
                    {"delete", acl},
                    {"rename", acl, acl + "2"},
                    {"rule", "add", acl, "ingress", "action=maybe"},
                    {"rule", "add", acl, "ingress", "action=allow", "source=nosuchacl"},
                    {"rule", "add", acl, "ingress", "action=allow", "source=10.0.0.0/99"},
                    {"rule", "add", acl, "ingress", "action=allow", "source=10.0.0.9-10.0.0.1"},
                    {"rule", "add", acl, "ingress", "action=allow", "destination_port=80"},
                    {"rule", "add", acl, "egress", "action=allow", "protocol=tcp", "icmp_type=8"},
                }) {
            String[] command = new String[wrong.length + 2];
            command[0] = "network";
            command[1] = "acl";
            System.arraycopy(wrong, 0, command, 2, wrong.length);
            client.run(command).exits(1);
        }
        client.run("network", "set", BRIDGE, "security.acls", "nosuchacl").exits(1);
        client.run("network", "set", BRIDGE, "security.acls.default.ingress.action", "x").exits(1);
        assertTrue(isServed(page), "after changes that were refused");
        lxc(
                "network",
                "acl",
                "rule",
                "remove",
                acl,
                "ingress",
                "action=allow",
                "destination_port=8080");
        assertFalse(isServed(page));
        lxc("network", "set", BRIDGE, "security.acls.default.ingress.action", "allow");
        assertTrue(isServed(page));
        lxc("network", "unset", BRIDGE, "security.acls");
        lxc("network", "unset", BRIDGE, "security.acls.default.ingress.action");
        lxc("network", "acl", "rename", acl, acl + "2");
        lxc("network", "acl", "delete", acl + "2");
        assertFalse(Program.of("nft").run("list", "ruleset").ok().out().contains("acl." + BRIDGE));
    }

    private static List<String> transferred(String zone, int port) {
        try {
            ZoneTransferIn transfer =
                    ZoneTransferIn.newAXFR(
                            Name.fromString(zone + "."), "127.0.0.1", port, (TSIG) null);
            transfer.run();
            return transfer.getAXFR().stream()
                    .map(r ->
                            r.getName() + " " + Type.string(r.getType()) + " " + r.rdataToString())
                    .toList();
        } catch (IOException | ZoneTransferException e) {
            return List.of("failed: " + e.getMessage());
        }
    }

    @Test
    void otherNameServersFetchZones() {
        String zone = MARKER + ".example";
        String reverse =
                String.join(".", List.of(ROOM.ipv4("7").split("\\.")).reversed()) + ".in-addr.arpa";
        String c1 = MARKER + "c1";
        int port = ROOM.port(18810);
        lxc("network", "zone", "create", zone, "peers.ns.address=127.0.0.1");
        lxc("network", "zone", "create", reverse, "peers.ns.address=127.0.0.1");
        client.run("network", "set", BRIDGE, "dns.zone.forward", "no.such.zone").exits(1);
        lxc("network", "set", BRIDGE, "dns.zone.forward", zone);
        lxc("network", "set", BRIDGE, "dns.zone.reverse.ipv4", reverse);
        lxc("config", "set", "core.dns_address", "127.0.0.1:" + port);
        lxc("start", c1);
        lxc("network", "zone", "record", "create", zone, "www");
        lxc("network", "zone", "record", "entry", "add", zone, "www", "CNAME", c1, "--ttl", "60");
        List<String> forward = transferred(zone, port);
        assertTrue(forward.getFirst().contains("SOA"), forward.toString());
        assertTrue(
                forward.contains(c1 + "." + zone + ". A " + ROOM.ipv4("7.20")), forward.toString());
        assertTrue(
                forward.contains("www." + zone + ". CNAME " + c1 + "." + zone + "."),
                forward.toString());
        List<String> pointers = transferred(reverse, port);
        assertTrue(
                pointers.contains("20." + reverse + ". PTR " + c1 + "." + zone + "."),
                pointers.toString());
        daemon.kill();
        daemon.start();
        assertEquals(forward.size(), transferred(zone, port).size(), "after a restart");
        lxc("network", "zone", "set", zone, "peers.ns.address=192.0.2.1");
        assertTrue(transferred(zone, port).getFirst().startsWith("failed"), "a stranger");
        for (String[] wrong :
                new String[][] {
                    {"create", zone},
                    {"create", "two..dots"},
                    {"set", zone, "peers.ns.address=nowhere"},
                    {"set", zone, "nosuch.key=1"},
                    {"record", "create", zone, "www"},
                    {"record", "entry", "add", zone, "www", "A", "nowhere"},
                    {"record", "entry", "remove", zone, "www", "A", "10.0.0.1"},
                    {"record", "show", zone, "nosuch"},
                    {"delete", zone},
                }) {
            String[] command = new String[wrong.length + 2];
            command[0] = "network";
            command[1] = "zone";
            System.arraycopy(wrong, 0, command, 2, wrong.length);
            client.run(command).exits(1);
        }
        assertTrue(lxc("network", "zone", "show", zone).out().contains("/1.0/networks/" + BRIDGE));
        lxc("network", "zone", "record", "delete", zone, "www");
        lxc("network", "unset", BRIDGE, "dns.zone.forward");
        lxc("network", "unset", BRIDGE, "dns.zone.reverse.ipv4");
        lxc("network", "zone", "delete", zone);
        lxc("network", "zone", "delete", reverse);
        lxc("config", "unset", "core.dns_address");
        assertTrue(transferred(zone, port).getFirst().startsWith("failed"), "not listening");
    }

    /// Who asked for the page last, as the instance saw it.
    private String lastAsker() {
        return lxc("exec", MARKER + "c1", "--", "tail", "-n", "1", "/log").out();
    }

    @Test
    void joinedBridgesSeeEachOthersAddresses() {
        String other = MARKER + "b2";
        String c2 = MARKER + "c2";
        startWebServer();
        lxc(
                "exec",
                MARKER + "c1",
                "--",
                "sh",
                "-c",
                "httpd -f -v -p 8081 -h /www > /log 2>&1 < /dev/null &");
        String range = ROOM.ipv4("8.1/24");
        lxc(
                "network",
                "create",
                other,
                "ipv6.address=none",
                "ipv4.address=" + range,
                "ipv4.nat=true");
        lxc("network", "set", BRIDGE, "ipv4.nat", "true");
        try {
            lxc("init", "busybox", c2);
            lxc("config", "device", "add", c2, "eth0", "nic", "network=" + other);
            lxc("start", c2);
            String[] get = {
                "exec",
                c2,
                "--",
                "sh",
                "-c",
                "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc -w 3 "
                        + ROOM.ipv4("7.20")
                        + " 8081 | tail -n 1"
            };
            lxc(
                    "exec",
                    c2,
                    "--",
                    "sh",
                    "-c",
                    "ip addr add "
                            + ROOM.ipv4("8.20/24")
                            + " dev eth0; ip route add default via "
                            + ROOM.ipv4("8.1"));
            assertEquals("inside\n", lxc(get).out());
            assertFalse(lastAsker().contains(ROOM.ipv4("8.20")), "hidden behind the host");
            client.run("network", "peer", "create", BRIDGE, "p", "nosuch").exits(1);
            client.run("network", "peer", "create", BRIDGE, "p", BRIDGE).exits(1);
            lxc("network", "peer", "create", other, "there", BRIDGE);
            assertTrue(lxc("network", "peer", "list", other).out().contains("PENDING"));
            lxc("network", "peer", "create", BRIDGE, "back", other);
            assertTrue(lxc("network", "peer", "show", other, "there").out().contains("Created"));
            assertEquals("inside\n", lxc(get).out());
            assertTrue(lastAsker().contains(ROOM.ipv4("8.20")), lastAsker());
            daemon.kill();
            daemon.start();
            assertEquals("inside\n", lxc(get).out());
            assertTrue(lastAsker().contains(ROOM.ipv4("8.20")), "after a restart");
            client.run("network", "peer", "create", BRIDGE, "again", other).exits(1);
            lxc("delete", "--force", c2);
            client.run("network", "delete", other).exits(1);
            lxc("network", "peer", "delete", BRIDGE, "back");
            assertTrue(lxc("network", "peer", "list", other).out().contains("PENDING"));
            assertFalse(
                    Program.of("nft")
                            .run("list", "ruleset")
                            .ok()
                            .out()
                            .contains("peerpstrt." + MARKER));
            lxc("network", "peer", "delete", other, "there");
        } finally {
            client.run("delete", "--force", c2);
            client.run("network", "delete", other);
            client.run("network", "unset", BRIDGE, "ipv4.nat");
        }
    }

    @Test
    void portsAreOfferedWithAndWithoutAProcess() {
        String c1 = MARKER + "c1";
        startWebServer();
        String nat = ":" + ROOM.port(18820) + "/";
        String through = ":" + ROOM.port(18821);
        lxc(
                "config",
                "device",
                "add",
                c1,
                "web",
                "proxy",
                "nat=true",
                "listen=tcp:" + HOST + ":" + ROOM.port(18820),
                "connect=tcp:" + ROOM.ipv4("7.20") + ":8080");
        assertTrue(isServed("http://" + HOST + nat));
        assertTrue(
                Program.of("ss").run("-Hltn").ok().out().lines().noneMatch(l -> l.contains(nat)));
        daemon.atoll().run("port-forward", c1, HOST + through + ":8080").ok();
        assertTrue(isServed("http://" + HOST + through + "/"));
        daemon.atoll().run("port-forward", c1, HOST + through + ":8080").exits(1);
        daemon.kill();
        assertTrue(isServed("http://" + HOST + nat), "while no daemon runs");
        assertTrue(isServed("http://" + HOST + through + "/"), "while no daemon runs");
        daemon.start();
        daemon.atoll().run("port-forward", c1, HOST + through + ":8080", "--remove").ok();
        assertFalse(isServed("http://" + HOST + through + "/"));
        client.run("config", "device", "set", c1, "web", "connect", "unix:/no/such/socket")
                .exits(1);
        Program.Output elsewhere =
                client.run("config", "device", "set", c1, "web", "connect", "tcp:192.0.2.9:8080")
                        .exits(1);
        assertTrue(elsewhere.err().contains("static IPs"), elsewhere.err());
        assertTrue(isServed("http://" + HOST + nat), "after changes that were refused");
        lxc("stop", "--force", c1);
        assertFalse(Program.of("nft").run("list", "ruleset").ok().out().contains(c1 + ".web"));
        lxc("config", "device", "remove", c1, "web");
    }

    /// What is refused when it is written down, though the instance does not run.
    @Test
    void devicesOfWhatIsNotThereAreRefused() {
        String c1 = MARKER + "c1";
        for (String[] wrong :
                new String[][] {
                    {"nic", "network=nosuch"},
                    {"nic", "network=" + BRIDGE, "nictype=macvlan"},
                    {"nic", "network=" + BRIDGE, "ipv4.address=10.99.0.1"},
                    {"nic", "network=" + BRIDGE, "ipv6.address=fd42::1"},
                    {"disk", "source=/no/such/path", "path=/x"},
                    {"none", "foo=bar"},
                    {"proxy", "listen=tcp:127.0.0.1:9", "connect=tcp:127.0.0.1:9", "mode=0600"}
                }) {
            List<String> command = new ArrayList<>(List.of("config", "device", "add", c1, "bad"));
            command.addAll(List.of(wrong));
            Program.Output refused = client.run(command.toArray(String[]::new)).exits(1);
            assertTrue(refused.err().contains("bad"), refused.err());
        }
        lxc("config", "device", "add", c1, "one", "disk", "source=/tmp", "path=/x");
        client.run("config", "device", "add", c1, "two", "disk", "source=/srv", "path=/x/")
                .exits(1);
        lxc("config", "device", "set", c1, "one", "readonly=true");
        lxc("config", "device", "unset", c1, "one", "readonly");
        assertFalse(lxc("config", "device", "show", c1).out().contains("readonly"));
    }

    @Test
    void natLeadsOut() {
        startWebServer();
        Await.until(
                "the neighbour to be reached",
                SOON,
                () ->
                        client.run(
                                                "exec",
                                                MARKER + "c1",
                                                "--",
                                                "ping",
                                                "-c",
                                                "1",
                                                "-W",
                                                "1",
                                                ROOM.ipv4("1.2"))
                                        .exit()
                                == 0);
    }

    @Test
    void aNetworkOfAnotherTypeStandsForItsParent() {
        String name = MARKER + "mv";
        lxc("network", "create", name, "--type=macvlan", "parent=" + CARD, "mtu=1400");
        try {
            lxc("start", MARKER + "c1");
            lxc("config", "device", "add", MARKER + "c1", "eth1", "nic", "network=" + name);
            String link = lxc("exec", MARKER + "c1", "--", "ip", "link", "show", "eth1").out();
            assertTrue(link.contains("mtu 1400"), link);
            lxc(
                    "exec",
                    MARKER + "c1",
                    "--",
                    "ip",
                    "addr",
                    "add",
                    ROOM.ipv4("1.9/24"),
                    "dev",
                    "eth1");
            assertEquals(
                    0,
                    Program.of("ip")
                            .run(
                                    "netns",
                                    "exec",
                                    OUTSIDE,
                                    "ping",
                                    "-c",
                                    "1",
                                    "-W",
                                    "2",
                                    ROOM.ipv4("1.9"))
                            .exit());
            client.run("network", "delete", name).exits(1);
            assertTrue(
                    lxc("network", "list", "--format=csv").out().contains(name + ",macvlan,YES"));
            lxc("config", "device", "remove", MARKER + "c1", "eth1");
        } finally {
            lxc("network", "delete", name);
        }
        client.run("network", "create", name, "--type=macvlan", "parent=nosuch0").exits(1);
        client.run("network", "create", name, "--type=physical").exits(1);
        client.run("network", "create", name, "--type=nonsense").exits(1);
        assertFalse(lxc("network", "list", "--format=csv").out().contains(name));
    }
}
