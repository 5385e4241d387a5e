package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What the seeds show of containers' networks, on bridges of the test's own.
@Tag("privileged")
class NetworkRowsIT {
    private static final String LXCBR = "lxtbr0";
    private static final String VIRBR = "lxtbr1";
    private static final String ETH2 = "lxteth2";

    private LxcHostFixture host;

    @BeforeEach
    void open() {
        deleteLinks();
        LxcHostFixture.sh(
                "set -e; ip link add lxtbr0 type bridge; ip addr add 10.218.3.1/24 dev lxtbr0;"
                        + " ip link set lxtbr0 up; ip link add lxtbr1 type bridge;"
                        + " ip link set lxtbr1 up;"
                        + " ip link add lxteth2 type veth peer name lxtpeer2");
        host = new LxcHostFixture();
    }

    @AfterEach
    void close() {
        host.close();
        deleteLinks();
    }

    private static void deleteLinks() {
        LxcHostFixture.sh("for l in lxtbr0 lxtbr1 lxteth2; do ip link del $l 2>&-; done; true");
    }

    /// The article's configuration, word for word but for the names of the host's links.
    private static final String THREE =
            """
            lxc.network.type = veth
            lxc.network.hwaddr = 00:16:3e:3a:f1:c1
            lxc.network.flags = up
            lxc.network.link = lxtbr0
            lxc.network.name = eth0
            lxc.network.type = veth
            lxc.network.link = lxtbr1
            lxc.network.name = virt0
            lxc.network.type = phys
            lxc.network.link = lxteth2
            lxc.network.name = eth1
            """;

    /// The kernel takes pairs away some time after their namespace.
    private static void awaitFreeBridges() {
        LxcHostFixture.until(
                () ->
                        LxcHostFixture.sh(
                                        "ls /sys/class/net/lxtbr0/brif /sys/class/net/lxtbr1/brif | grep veth; true")
                                .isBlank(),
                "the bridges have no ports");
    }

    @Test
    void l1_43_44_45_46_threeInterfaces() {
        awaitFreeBridges();
        String name = host.define("three", THREE);
        String hostMac = mac("/sys/class/net/" + ETH2);
        host.must("lxc-start", "-n", name);
        assertEquals("00:16:3e:3a:f1:c1", host.inside(name, "cat /sys/class/net/eth0/address"));
        String eth0 = host.inside(name, "ip link show eth0");
        assertTrue(eth0.contains("UP"), eth0);
        String virt0 = host.inside(name, "ip link show virt0");
        assertFalse(virt0.contains(",UP"), virt0);
        assertEquals(hostMac, host.inside(name, "cat /sys/class/net/eth1/address"));
        assertFalse(Files.exists(Path.of("/sys/class/net/" + ETH2)));
        String ports = LxcHostFixture.sh("ls /sys/class/net/lxtbr0/brif");
        assertTrue(ports.strip().matches("veth[A-Za-z0-9]{6}"), ports);
        assertEquals(1, LxcHostFixture.sh("ls /sys/class/net/lxtbr1/brif").lines().count());
        String random = host.inside(name, "cat /sys/class/net/virt0/address");

        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(hostMac, mac("/sys/class/net/" + ETH2));
        awaitFreeBridges();

        host.must("lxc-start", "-n", name);
        assertNotEquals(random, host.inside(name, "cat /sys/class/net/virt0/address"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    private static String mac(String link) {
        return LxcHostFixture.sh("cat " + link + "/address").strip();
    }

    @Test
    void l2_12_18_19_22_aVethOnTheBridge() {
        awaitFreeBridges();
        String name =
                host.define(
                        "veth",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.link = " + LXCBR,
                        "lxc.net.0.flags = up",
                        "lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx",
                        "lxc.net.0.ipv4.address = 10.218.3.77/24",
                        "lxc.net.0.ipv4.gateway = auto");
        host.must("lxc-start", "-n", name);
        String port = LxcHostFixture.sh("ls /sys/class/net/lxtbr0/brif").strip();
        assertTrue(port.matches("veth[A-Za-z0-9]{6}"), port);
        assertTrue(mac("/sys/class/net/" + port).startsWith("fe:"));
        assertTrue(
                host.inside(name, "cat /sys/class/net/eth0/address")
                        .matches("00:16:3e(:[0-9a-f]{2}){3}"));
        assertTrue(
                host.inside(name, "ip addr show eth0").contains("10.218.3.77/24 brd 10.218.3.255"));
        assertTrue(host.inside(name, "ip addr show lo").contains("127.0.0.1/8"));
        assertTrue(host.inside(name, "ip route").contains("default via 10.218.3.1 dev eth0"));
        host.inside(name, "ping -c1 -W2 10.218.3.1");
        String info = host.must("lxc-info", "-n", name);
        assertTrue(info.contains("IP:             10.218.3.77\n"), info);
        assertTrue(info.contains("Link:           " + port), info);
        String row = host.must("lxc-ls", "-f", "-F", "NAME,IPV4,INTERFACE").lines().toList().get(1);
        assertTrue(row.contains("10.218.3.77") && row.contains("eth0, lo"), row);
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void l1_53_movesAnInterfaceInAndOut() {
        String name = host.define("move", "lxc.net.0.type = empty");
        host.must("lxc-start", "-n", name);
        host.must("lxc-device", "-n", name, "add", ETH2, "eth1");
        assertTrue(host.inside(name, "ls /sys/class/net").contains("eth1"));
        assertFalse(Files.exists(Path.of("/sys/class/net/" + ETH2)));
        host.must("lxc-device", "-n", name, "del", "eth1", ETH2);
        assertTrue(Files.exists(Path.of("/sys/class/net/" + ETH2)));
        ToolRun missing = host.run("lxc-device", "-n", name, "add", "nonexistent0");
        assertEquals(1, missing.status());
        assertTrue(missing.err().contains("no interface nonexistent0"), missing.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void stacksMacvlansAndShares() {
        String name =
                host.define(
                        "macvlan",
                        "lxc.net.0.type = macvlan",
                        "lxc.net.0.link = " + LXCBR,
                        "lxc.net.0.macvlan.mode = bridge",
                        "lxc.net.0.flags = up");
        host.must("lxc-start", "-n", name);
        assertTrue(host.inside(name, "ip link show eth0").contains("UP"));
        host.must("lxc-stop", "-n", name, "-k");
        String shared = host.define("none", "lxc.net.0.type = none");
        host.must("lxc-start", "-n", shared);
        assertTrue(host.inside(shared, "ip link").contains(LXCBR));
        host.must("lxc-stop", "-n", shared, "-k");
    }

    @Test
    void macvlansKnowAllModes() {
        for (String mode : new String[] {"private", "vepa", "bridge", "passthru"}) {
            String name =
                    host.define(
                            "mv" + mode,
                            "lxc.net.0.type = macvlan",
                            "lxc.net.0.link = " + ETH2,
                            "lxc.net.0.macvlan.mode = " + mode,
                            "lxc.net.0.mtu = 1400",
                            "lxc.net.0.flags = up");
            host.must("lxc-start", "-n", name);
            String init = host.must("lxc-info", "-n", name, "-pH").strip();
            String shown = LxcHostFixture.sh("nsenter -n -t " + init + " ip -d link show eth0");
            assertTrue(shown.contains("macvlan mode " + mode), shown);
            assertTrue(shown.contains("mtu 1400"), shown);
            host.must("lxc-stop", "-n", name, "-k");
        }
    }

    /// Whether this kernel has them or not: what fails says which interface it was.
    @Test
    void ipvlansAndVlansWorkOrSayWhyNot() {
        for (String type : new String[] {"ipvlan", "vlan"}) {
            String name =
                    host.define(
                            type,
                            "lxc.net.0.type = " + type,
                            "lxc.net.0.link = " + ETH2,
                            type.equals("vlan")
                                    ? "lxc.net.0.vlan.id = 7"
                                    : "lxc.net.0.ipvlan.mode = l2",
                            "lxc.net.0.flags = up");
            ToolRun run = host.run("lxc-start", "-n", name);
            if (run.status() == 0) {
                assertTrue(host.inside(name, "ip link show eth0").contains("UP"));
                host.must("lxc-stop", "-n", name, "-k");
            } else {
                assertTrue(run.err().contains("eth0") || run.err().contains(type), run.err());
                assertEquals("STOPPED", host.state(name));
            }
        }
    }

    private String definePhysical(String name) {
        return host.define(
                name,
                "lxc.net.0.type = phys",
                "lxc.net.0.link = " + ETH2,
                "lxc.net.0.name = wan0",
                "lxc.net.0.mtu = 1280",
                "lxc.net.0.hwaddr = 00:16:3e:00:be:ef",
                "lxc.net.1.type = veth",
                "lxc.net.1.link = " + LXCBR);
    }

    @Test
    void b0_05_aPhysicalInterfaceComesBackAsItWas() {
        String name = definePhysical("phys");
        String mac = mac("/sys/class/net/" + ETH2);
        host.must("lxc-start", "-n", name);
        assertEquals("00:16:3e:00:be:ef", host.inside(name, "cat /sys/class/net/wan0/address"));
        assertEquals("1280", host.inside(name, "cat /sys/class/net/wan0/mtu"));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(mac, mac("/sys/class/net/" + ETH2));
        assertEquals("1500", LxcHostFixture.sh("cat /sys/class/net/" + ETH2 + "/mtu").strip());
    }

    @Test
    void aPhysicalInterfaceComesBackWhenInitIsKilled() {
        String name = definePhysical("killed");
        host.must("lxc-start", "-n", name);
        LxcHostFixture.sh("kill -9 " + host.must("lxc-info", "-n", name, "-pH"));
        LxcHostFixture.until(
                () -> Files.exists(Path.of("/sys/class/net/" + ETH2)), ETH2 + " is back");
        LxcHostFixture.until(() -> host.state(name).equals("STOPPED"), "stopped");
    }

    @Test
    void aPhysicalInterfaceComesBackWhenTheMonitorIsKilled() {
        String name = definePhysical("orphan");
        Path pidFile = host.base.resolve("orphan.pid");
        host.must("lxc-start", "-n", name, "-p", pidFile.toString());
        LxcHostFixture.sh("kill -9 $(cat " + pidFile + ")");
        assertEquals("RUNNING", host.state(name), "the container lives on");
        String links = host.inside(name, "ls /sys/class/net");
        assertTrue(links.contains("wan0"), links);
        host.must("lxc-stop", "-n", name, "-k");
        LxcHostFixture.until(
                () -> Files.exists(Path.of("/sys/class/net/" + ETH2)), ETH2 + " is back");
        awaitFreeBridges();
    }

    @Test
    void aStartThatFailsGivesAPhysicalInterfaceBack() {
        String name = host.define("failing", "lxc.hook.start-host = false");
        host.must("lxc-start", "-n", host.define("other", "lxc.net.0.type = empty"));
        ToolRun run =
                host.run(
                        "lxc-start",
                        "-n",
                        name,
                        "-s",
                        "lxc.net.0.type=phys",
                        "-s",
                        "lxc.net.0.link=" + ETH2,
                        "-s",
                        "lxc.net.0.name=wan0");
        assertEquals(1, run.status(), run.err());
        LxcHostFixture.until(
                () -> Files.exists(Path.of("/sys/class/net/" + ETH2)), ETH2 + " is back");
        host.must("lxc-stop", "-n", host.name("other"), "-k");
    }

    @Test
    void theDeviceMayBeTheGateway() {
        String name =
                host.define(
                        "gwdev",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.link = " + LXCBR,
                        "lxc.net.0.flags = up",
                        "lxc.net.0.ipv4.address = 10.218.3.78/24 10.218.3.255",
                        "lxc.net.0.ipv6.address = fd42:9::2/64",
                        "lxc.net.0.ipv4.gateway = dev",
                        "lxc.net.0.ipv6.gateway = dev");
        host.must("lxc-start", "-n", name);
        assertTrue(host.inside(name, "ip route").contains("default dev eth0"));
        assertTrue(host.inside(name, "ip -6 route").contains("default dev eth0"));
        assertTrue(host.inside(name, "ip addr show eth0").contains("fd42:9::2/64"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void emptyNetworksHaveScriptsToo() throws IOException {
        Path out = host.base.resolve("empty");
        String name =
                host.define(
                        "emptynet",
                        "lxc.net.0.type = empty",
                        "lxc.net.0.script.up = echo $LXC_NET_TYPE \"$@\" >>" + out + " ;:",
                        "lxc.net.0.script.down = echo down \"$@\" >>" + out + " ;:");
        host.must("lxc-start", "-n", name);
        assertTrue(host.inside(name, "ip addr show lo").contains("127.0.0.1/8"));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(
                "empty NAME net up empty\ndown NAME net down empty\n".replace("NAME", name),
                Files.readString(out));
    }

    @Test
    void aFailingScriptFailsTheStartAndLeavesNoLink() {
        String name =
                host.define(
                        "badscript",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.link = " + LXCBR,
                        "lxc.net.0.script.up = false");
        ToolRun run = host.run("lxc-start", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("status 1"), run.err());
        assertEquals("STOPPED", host.state(name));
        awaitFreeBridges();
    }

    @Test
    void routesToARoutedVeth() {
        String name =
                host.define(
                        "router",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.veth.mode = router",
                        "lxc.net.0.flags = up",
                        "lxc.net.0.veth.pair = lxtrouter0",
                        "lxc.net.0.ipv4.address = 10.219.7.7/32",
                        "lxc.net.0.ipv4.gateway = 169.254.0.1");
        host.must("lxc-start", "-n", name);
        assertTrue(LxcHostFixture.sh("ip route show 10.219.7.7").contains("dev lxtrouter0"));
        LxcHostFixture.sh("ip addr add 169.254.9.9/32 dev lxtrouter0");
        LxcHostFixture.sh("ping -c1 -W2 -I 169.254.9.9 10.219.7.7");
        host.must("lxc-stop", "-n", name, "-k");
        assertFalse(Files.exists(Path.of("/sys/class/net/lxtrouter0")));
    }

    @Test
    void scriptsGetTheirArguments() throws IOException {
        Path out = host.base.resolve("scripts");
        Path script = host.base.resolve("net.sh");
        Files.writeString(script, "#!/bin/sh\necho \"$@\" $LXC_NET_TYPE >> " + out + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        String name =
                host.define(
                        "script",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.link = " + LXCBR,
                        "lxc.net.0.veth.pair = lxtscript0",
                        "lxc.net.0.script.up = " + script,
                        "lxc.net.0.script.down = " + script);
        host.must("lxc-start", "-n", name);
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(
                "NAME net up veth lxtbr0 lxtscript0 veth\nNAME net down veth lxtbr0 lxtscript0 veth\n"
                        .replace("NAME", name),
                Files.readString(out));
    }

    @Test
    void b0_06_openVSwitchGetsAPortAndLosesIt() throws IOException {
        Path out = host.base.resolve("ovs");
        Path bin = Files.createDirectory(host.base.resolve("bin"));
        Path fake = bin.resolve("ovs-vsctl");
        Files.writeString(fake, "#!/bin/sh\necho \"$@\" >> " + out + "\n");
        Files.setPosixFilePermissions(fake, PosixFilePermissions.fromString("rwxr-xr-x"));
        String name =
                host.define(
                        "ovs",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.link = lxtovs0",
                        "lxc.net.0.veth.pair = lxtport0",
                        "lxc.net.0.veth.vlan.id = 7");
        java.util.Map<String, String> env = new java.util.TreeMap<>(host.env());
        env.put("PATH", bin + ":/usr/sbin:/usr/bin:/sbin:/bin");
        String path = host.lxcPath.toString();
        assertEquals(0, ToolRun.of(env, "lxc-start", "-P", path, "-n", name).status());
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals(
                "--may-exist add-port lxtovs0 lxtport0 tag=7\n--if-exists del-port lxtovs0 lxtport0\n",
                Files.readString(out));
    }

    @Test
    void b0_07_manyNetworkStacksAtOnce() {
        awaitFreeBridges();
        for (int i = 0; i < 10; i++) {
            host.must(
                    "lxc-start",
                    "-n",
                    host.define(
                            "many" + i,
                            "lxc.net.0.type = veth",
                            "lxc.net.0.link = " + VIRBR,
                            "lxc.net.1.type = empty"));
        }
        assertEquals(10, LxcHostFixture.sh("ls /sys/class/net/lxtbr1/brif").lines().count());
        for (int i = 0; i < 10; i++) {
            host.must("lxc-stop", "-n", host.name("many" + i), "-k");
        }
    }

    @Test
    void parentAnswersForAddressesWhileTheContainerRuns() {
        String name =
                host.define(
                        "l2p",
                        "lxc.net.0.type = veth",
                        "lxc.net.0.veth.mode = router",
                        "lxc.net.0.veth.n_rxqueues = 2",
                        "lxc.net.0.veth.n_txqueues = 3",
                        "lxc.net.0.link = " + ETH2,
                        "lxc.net.0.l2proxy = 1",
                        "lxc.net.0.flags = up",
                        "lxc.net.0.ipv4.address = 10.218.9.2/32");
        LxcHostFixture.sh("echo 0 >/proc/sys/net/ipv4/conf/" + ETH2 + "/forwarding");
        ToolRun refused = host.run("lxc-start", "-n", name);
        assertEquals(1, refused.status());
        assertTrue(
                refused.err().contains("net/ipv4/conf/" + ETH2 + "/forwarding=1"), refused.err());
        LxcHostFixture.sh("echo 1 >/proc/sys/net/ipv4/conf/" + ETH2 + "/forwarding");
        host.must("lxc-start", "-n", name);
        assertTrue(proxies().contains("10.218.9.2"), proxies());
        assertEquals(
                "rx-0 rx-1 tx-0 tx-1 tx-2",
                host.inside(name, "ls /sys/class/net/eth0/queues | tr '\\n' ' '"));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("", proxies());
    }

    private static String proxies() {
        return LxcHostFixture.sh("ip neigh show proxy dev " + ETH2).strip();
    }
}
