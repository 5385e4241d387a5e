package io.atoll.e2e;

import static io.atoll.e2e.LxcMachine.inside;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.TestImages;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What people build of LXC's containers: services on several of them, shared data, addresses that
/// move, copies for a build, containers in containers, whole distributions.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LxcServicesTest {
    private LxcHost host;

    @BeforeAll
    void start() {
        Object unused = TestImages.debian(); // Made before the machine is, which sees the old /var.
        host = LxcMachine.launch("atoll-lxcsrv");
        host.must("lxc-net start");
    }

    @BeforeEach
    void create() {
        LxcMachine.create(host, "p1");
    }

    @AfterEach
    void destroyAll() {
        host.must("for c in $(lxc-ls -1); do lxc-destroy -f -n $c; done");
    }

    @AfterAll
    void close() {
        host.close();
    }

    private void replaceNetwork(String name, String... lines) {
        host.must("sed -i '/^lxc[.]net[.]/d' /var/lib/lxc/" + name + "/config");
        LxcMachine.configure(host, name, lines);
    }

    /// A vxlan moved into the container as a whole.
    @Test
    void b0_05_09_aTunnelPassedThrough() {
        host.must("ip link add vx1 type vxlan id 43 remote 10.1.1.1 dev eth0 dstport 4790");
        host.mustOutside(
                "ip link add vx1 type vxlan id 43 remote 10.1.1.10 dev up0 dstport 4790;"
                        + " ip addr add 192.168.8.50/24 dev vx1; ip link set vx1 up");
        replaceNetwork(
                "p1",
                "lxc.net.0.type = phys",
                "lxc.net.0.link = vx1",
                "lxc.net.0.name = tunnel0",
                "lxc.net.0.flags = up",
                "lxc.net.0.ipv4.address = 192.168.8.10/24");
        host.must("lxc-start -n p1");
        host.until("lxc-attach -n p1 -- ping -c 1 -W 1 192.168.8.50");
        host.must("lxc-stop -k -n p1");
        host.must("ip link show vx1 && ip link del vx1");
    }

    /// What VRRP does: an address and its announcement move; multicast passes the bridge.
    @Test
    void b0_18_anAddressThatMoves() {
        host.must("lxc-copy -n p1 -N p2; lxc-start -n p1; lxc-start -n p2");
        LxcMachine.address(host, "p1");
        LxcMachine.address(host, "p2");
        String take =
                "ip addr add 10.0.3.250/32 dev eth0; arping -c 1 -U -I eth0 10.0.3.250 || true";
        inside(host, "p1", take);
        host.must("ping -c 1 -W 3 10.0.3.250");
        inside(host, "p2", "ip route add 224.0.0.0/4 dev eth0");
        inside(host, "p1", "echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts || true");
        String before = inside(host, "p1", "cat /sys/class/net/eth0/statistics/rx_packets");
        host.sh("lxc-attach -n p2 -- ping -c 2 -W 1 224.0.0.18");
        assertTrue(
                Long.parseLong(inside(host, "p1", "cat /sys/class/net/eth0/statistics/rx_packets"))
                        >= Long.parseLong(before) + 2);
        host.must("lxc-freeze -n p1");
        inside(host, "p2", take);
        host.until("ping -c 1 -W 1 10.0.3.250");
        host.must("lxc-unfreeze -n p1");
    }

    @Test
    void x3_23_aSwapFileInUse() {
        LxcMachine.onlyAtoll(host, "cannot remove the container and leaves half of it");
        host.must("lxc-start -n p1");
        inside(
                host,
                "p1",
                "dd if=/dev/zero of=/swap bs=1M count=2 2>/dev/null; chmod 600 /swap; mkswap /swap");
        if (host.sh("lxc-attach -n p1 -- swapon /swap").exit() != 0) {
            org.junit.jupiter.api.Assumptions.abort("this machine has no swap");
        }
        host.must("lxc-destroy -f -n p1");
        host.must("! test -e /var/lib/lxc/p1 && ! grep -q /swap /proc/swaps");
    }

    @Test
    void x3_26_aLoopDeviceAfterTheMonitorDied() {
        host.must("lxc-create -n looped -t busybox -B loop --fssize 48M");
        host.must("lxc-start -n looped");
        String init = LxcMachine.init(host, "looped");
        host.must("kill -9 $(sed -n 's/^PPid:\\t//p' /proc/" + init + "/status)");
        host.sh("sleep 1; lxc-stop -k -n looped");
        host.until("! losetup -a | grep -q /looped/");
        host.must("lxc-start -n looped");
        assertEquals("RUNNING", host.must("lxc-info -n looped -sH"));
        host.must("lxc-stop -k -n looped");
        host.until("! losetup -a | grep -q /looped/");
    }
}
