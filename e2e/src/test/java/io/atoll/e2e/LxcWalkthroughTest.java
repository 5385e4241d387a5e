package io.atoll.e2e;

import static io.atoll.e2e.LxcMachine.inside;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.LxcHost;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// The walk-through of LXC on Ubuntu 12.04, command for command on a machine of its own: what is on
/// the host after the installation, after `lxc-create`, after `lxc-start`, and how it looks inside.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LxcWalkthroughTest {
    /// Everything that creating must leave alone.
    private static final String HOST_STATE =
            "ip -o link | sed 's/ *promiscuity.*//'; ip -o addr | grep -v ' fe80::' | sed 's/ *valid_lft.*//';"
                    + " ip route; cut -d' ' -f4- /proc/self/mountinfo;"
                    + " ls /sys/fs/cgroup/*/ | grep 'walk[12]';"
                    + " own=$(readlink /proc/self/ns/net); for p in /proc/[0-9]*; do"
                    + " [ \"$(readlink $p/ns/net)\" != \"$own\" ] || cat $p/comm; done >/tmp/ps 2>&1;"
                    + " sort /tmp/ps; true";

    private static final List<String> CONTROLLERS =
            List.of("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory");

    private LxcHost host;
    private String before;
    private String created;
    private String routesBefore;
    private String address;

    /// The machine that it is typed on.
    LxcHost launch() {
        return LxcMachine.launch("atoll-lxcwalk");
    }

    @BeforeAll
    void installAndStart() {
        host = launch();
        routesBefore = host.must("ip route");
        host.must("lxc-net start");
        before = host.must(HOST_STATE);
        LxcMachine.create(host, "walk1");
        LxcMachine.create(host, "walk2");
        created = host.must(HOST_STATE);
        host.must("lxc-start -n walk1");
        address = LxcMachine.address(host, "walk1");
    }

    @AfterAll
    void close() {
        if (host != null) {
            host.close();
        }
    }

    @Test
    void l2_04_l1_15_theBridge() {
        String bridge = host.must("ip addr show lxcbr0");
        assertTrue(bridge.contains("inet 10.0.3.1/24 brd 10.0.3.255"), bridge);
        assertTrue(bridge.matches("(?s).*<[^>]*BROADCAST,MULTICAST,UP[^>]*> mtu 1500.*"), bridge);
        host.until("ip addr show lxcbr0 | grep -q 'inet6 fe80::'");
    }

    @Test
    void l2_05_routes() {
        String routes = host.must("ip route");
        for (String old : routesBefore.split("\n")) {
            assertTrue(routes.contains(old), routes);
        }
        assertTrue(routes.contains("10.0.3.0/24 dev lxcbr0"), routes);
    }

    @Test
    void l2_06_dnsmasq() {
        String line =
                host.must("tr '\\0' ' ' </proc/$(cat /run/lxc/dnsmasq.pid)/cmdline").strip() + " ";
        for (String word :
                List.of(
                        "dnsmasq ",
                        "--strict-order ",
                        "--bind-interfaces ",
                        "--pid-file=/run/lxc/dnsmasq.pid ",
                        "--conf-file=",
                        "--listen-address 10.0.3.1 ",
                        "--dhcp-range 10.0.3.2,10.0.3.254 ",
                        "--dhcp-lease-max=253 ",
                        "--dhcp-no-override ",
                        "--except-interface=lo ",
                        "--interface=lxcbr0 ")) {
            assertTrue(line.contains(word), word + " is not in " + line);
        }
        assertTrue(line.matches(".* -u (lxc-dnsmasq|dnsmasq|nobody) .*"), line);
    }

    @Test
    void l2_07_l1_11_l1_42_addressesByDhcp() {
        assertTrue(isLent(address), address);
        String info = host.must("lxc-info -n walk1");
        assertTrue(info.contains("IP:             " + address), info);
        String leases = host.must("cat /var/lib/misc/dnsmasq.lxcbr0.leases");
        String mac = inside(host, "walk1", "cat /sys/class/net/eth0/address");
        assertTrue(leases.contains(" " + mac + " " + address + " "), leases);
        // Whoever asks is answered by the bridge, with the same address again.
        String asked =
                host.sh("lxc-attach -n walk1 -- udhcpc -fnq -i eth0 -s /bin/true").ok().toString();
        assertTrue(asked.contains(address + " obtained from 10.0.3.1"), asked);
        // Another container has another one, out of the same range.
        host.must("lxc-start -n walk2");
        try {
            String other = LxcMachine.address(host, "walk2");
            assertTrue(!other.equals(address) && isLent(other), other + " beside " + address);
            inside(host, "walk2", "ping -c 1 -W 3 " + address);
        } finally {
            host.must("lxc-stop -k -n walk2");
        }
    }

    private static boolean isLent(String address) {
        int last = Integer.parseInt(address.substring(address.lastIndexOf('.') + 1));
        return address.startsWith("10.0.3.") && last >= 2 && last <= 254;
    }

    @Test
    void l2_10_creatingChangesNothingElse() {
        assertEquals(before, created);
    }

    @Test
    void l2_09_createdInTheUsualPlace() {
        host.must("test -d /var/lib/lxc/walk1/rootfs && test -f /var/lib/lxc/walk2/config");
        assertEquals("770", host.must("stat -c %a /var/lib/lxc/walk1"));
        assertEquals("640", host.must("stat -c %a /var/lib/lxc/walk1/config"));
        assertEquals("STOPPED", host.must("lxc-info -n walk2 -sH"));
    }

    @Test
    void l2_12_theHostsEndOfTheVeth() {
        String link = host.must("lxc-info -n walk1 | sed -n 's/^Link: *//p'");
        assertTrue(link.matches("veth[A-Za-z0-9]{6}"), link);
        String shown = host.must("ip addr show " + link);
        assertTrue(shown.contains("master lxcbr0") && shown.contains("mtu 1500"), shown);
        assertTrue(shown.contains("qlen 1000") && shown.contains("UP"), shown);
        assertTrue(shown.contains("link/ether fe:"), shown);
        assertTrue(shown.contains("inet6 fe80::"), shown);
    }

    @Test
    void l2_13_14_theTreeOfProcesses() {
        String init = LxcMachine.init(host, "walk1");
        String monitor = host.must("sed -n 's/^PPid:\\t//p' /proc/" + init + "/status");
        String title = host.must("tr '\\0' ' ' </proc/" + monitor + "/cmdline");
        assertEquals("[lxc monitor] /var/lib/lxc walk1", title);
        assertEquals("lxc-start", host.must("cat /proc/" + monitor + "/comm"));
        assertEquals(init, host.must("cat /proc/" + monitor + "/task/*/children").strip());
        assertFalse(host.must("cat /proc/" + init + "/task/*/children").isBlank());
    }

    @Test
    void l2_15_16_cgroups() {
        String init = LxcMachine.init(host, "walk1");
        String groups = host.must("cat /proc/" + init + "/cgroup");
        for (String controller : CONTROLLERS) {
            assertTrue(
                    groups.matches("(?s).*:" + controller + "(,[^:]*)?:/[^\\n]*walk1.*"),
                    controller + " in " + groups);
        }
        String path = groups.lines().filter(l -> l.contains(":memory:")).findFirst().orElseThrow();
        TreeSet<Long> tasks =
                numbers(
                        host.must(
                                "cat /sys/fs/cgroup/memory/"
                                        + path.substring(path.indexOf('/'))
                                        + "/tasks"));
        TreeSet<Long> family =
                ProcessHandle.of(Long.parseLong(init))
                        .orElseThrow()
                        .descendants()
                        .map(ProcessHandle::pid)
                        .collect(Collectors.toCollection(TreeSet::new));
        family.add(Long.parseLong(init));
        assertEquals(family, tasks);
    }

    private static TreeSet<Long> numbers(String lines) {
        return Arrays.stream(lines.split("\\s+"))
                .map(Long::parseLong)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void l2_17_30_limits() {
        assertEquals("1024", host.must("lxc-cgroup -n walk1 cpu.shares").strip());
        assertTrue(
                Long.parseLong(host.must("lxc-cgroup -n walk1 memory.limit_in_bytes").strip())
                        > 1L << 60);
        assertEquals("-1", host.must("lxc-cgroup -n walk1 cpu.cfs_quota_us").strip());
        host.must("lxc-cgroup -n walk1 cpu.cfs_period_us 50000");
        host.must("lxc-cgroup -n walk1 cpu.cfs_quota_us 25000");
        assertEquals("25000", host.must("lxc-cgroup -n walk1 cpu.cfs_quota_us").strip());
        host.must("lxc-cgroup -n walk1 cpu.cfs_quota_us -- -1");
        if (host.sh("test -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us").exit() == 0) {
            // Of what the cgroup above has to give away.
            host.must("lxc-cgroup -n walk1 cpu.rt_runtime_us 1000");
            assertEquals("1000", host.must("lxc-cgroup -n walk1 cpu.rt_runtime_us").strip());
        }
    }

    @Test
    void l2_18_eth0Inside() {
        String shown = inside(host, "walk1", "ip addr show eth0");
        assertTrue(shown.contains("inet " + address + "/24 brd 10.0.3.255"), shown);
        assertTrue(shown.contains("mtu 1500"), shown);
        LxcMachine.onlyAtoll(
                host, "flushes all addresses with DHCP and has no template of the MAC address");
        host.until("lxc-attach -n walk1 -- ip addr show eth0 | grep -q 'inet6 fe80::'");
        assertTrue(shown.contains("link/ether 00:16:3e:"), shown);
        assertTrue(inside(host, "walk1", "ip addr show eth0").contains("fe80::216:3eff:"), shown);
    }

    @Test
    void l2_19_lo() {
        String shown = inside(host, "walk1", "ip addr show lo");
        assertTrue(shown.contains("inet 127.0.0.1/8") && shown.contains("inet6 ::1/128"), shown);
    }

    @Test
    void l2_22_23_routesAndNames() {
        host.until("lxc-attach -n walk1 -- ip route | grep -q ^default");
        String routes = inside(host, "walk1", "ip route");
        assertTrue(routes.contains("default via 10.0.3.1 dev eth0"), routes);
        assertTrue(routes.contains("10.0.3.0/24 dev eth0"), routes);
        assertEquals(
                "nameserver 10.0.3.1",
                inside(host, "walk1", "grep ^nameserver /etc/resolv.conf | head -n 1"));
        // The bridge's dnsmasq asks the host's server.
        String found = inside(host, "walk1", "nslookup neighbour.example 10.0.3.1");
        assertTrue(found.contains("10.1.1.1"), found);
    }

    @Test
    void l2_24_theHostName() {
        assertEquals("walk1", inside(host, "walk1", "hostname"));
        LxcMachine.onlyAtoll(host, "leaves /etc/hostname to the template, whose busybox has none");
        assertEquals("walk1", inside(host, "walk1", "cat /etc/hostname"));
    }

    @Test
    void l2_26_27_theWayOutAndIn() {
        inside(host, "walk1", "ping -c 1 -W 3 10.1.1.1");
        // Packets leave with the host's address, so the neighbour needs no route.
        assertFalse(host.mustOutside("ip route").contains("10.0.3."));
        inside(host, "walk1", "(echo hello | nc -l -p 8022) >/dev/null 2>&1 &");
        host.until("lxc-attach -n walk1 -- netstat -ltn | grep -q :8022");
        host.must(
                "nft 'add table ip walk; add chain ip walk in { type nat hook prerouting priority"
                        + " dstnat; }; add rule ip walk in tcp dport 2222 dnat to "
                        + address
                        + ":8022'");
        assertEquals("hello", host.mustOutside("busybox nc -w 3 10.1.1.10 2222 </dev/null"));
    }

    @Test
    void l2_28_filesFromTheHost() {
        host.must(
                "printf '#!/bin/sh\\necho copied to $(hostname)\\n' >/var/lib/lxc/walk1/rootfs/bin/hi;"
                        + " chmod 755 /var/lib/lxc/walk1/rootfs/bin/hi");
        assertEquals("copied to walk1", host.must("lxc-attach -n walk1 -- /bin/hi"));
    }

    @Test
    void l2_29_countersMirror() {
        String link = host.must("lxc-info -n walk1 | sed -n 's/^Link: *//p'");
        String[] counters =
                host.must(
                                "cat /sys/class/net/"
                                        + link
                                        + "/statistics/rx_packets;"
                                        + " lxc-attach -n walk1 -- cat"
                                        + " /sys/class/net/eth0/statistics/tx_packets;"
                                        + " cat /sys/class/net/"
                                        + link
                                        + "/statistics/rx_packets")
                        .split("\n");
        long sent = Long.parseLong(counters[1]);
        assertTrue(Long.parseLong(counters[0]) <= sent, String.join(" ", counters));
        assertTrue(sent <= Long.parseLong(counters[2]), String.join(" ", counters));
        String info = host.must("lxc-info -n walk1 -S");
        assertTrue(info.contains(" TX bytes:") && info.contains(" RX bytes:"), info);
    }
}
