package io.atoll.e2e;

import static io.atoll.e2e.LxcMachine.inside;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Terminal;
import io.atoll.testkit.TestImages;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/// What people build of LXC's containers: services on several of them, shared data, addresses that
/// move, copies for a build, containers in containers, whole distributions.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LxcServicesTest {
    private static final String DISTRIBUTION = "/var/lib/distribution";

    private final ExecutorService beside = Executors.newSingleThreadExecutor();
    private LxcHost host;

    /// Unpacked and installed while the other tests run, which wait most of their time.
    private Future<?> distribution;

    private Future<LxcHost> debian;

    @BeforeAll
    void start() {
        Object unused = TestImages.debian(); // Made before the machine is, which sees the old /var.
        host = LxcMachine.launchWarm("atoll-lxcsrv");
        LxcMachine.bridge(host);
        distribution = beside.submit(this::unpackDistribution);
        debian = beside.submit(LxcServicesTest::installDebian);
    }

    private void unpackDistribution() {
        host.must(
                "mkdir -p "
                        + DISTRIBUTION
                        + " && tar -xzf "
                        + TestImages.debian()
                        + " -C "
                        + DISTRIBUTION
                        + " rootfs");
    }

    /// A machine of its own with the container d1, made by the template of Debian out of Debian's
    /// packages.
    private static LxcHost installDebian() {
        LxcHost machine = LxcMachine.launchWarm("atoll-lxcsrvdeb");
        try {
            LxcMachine.bridge(machine);
            if (machine.kind() == LxcHost.Kind.ATOLL) {
                machine.mustOnline(debian("d1"));
            }
            return machine;
        } catch (RuntimeException | AssertionError failure) {
            machine.close();
            throw failure;
        }
    }

    private static String debian(String name) {
        return "lxc-create -n " + name + " -t debian -- --user=ubuntu --password=ubuntu";
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
    void close() throws Exception {
        try (beside) {
            debian.get().close();
        } finally {
            host.close();
        }
    }

    private void replaceNetwork(String name, String... lines) {
        host.must("sed -i '/^lxc[.]net[.]/d' /var/lib/lxc/" + name + "/config");
        LxcMachine.configure(host, name, lines);
    }

    @Test
    void b0_04_x3_08_aBridgeMadeByHand() {
        host.must(
                "ip link add br0 type bridge; ip addr add 192.168.7.1/24 dev br0; ip link set br0 up");
        try {
            replaceNetwork(
                    "p1",
                    "lxc.net.0.type = veth",
                    "lxc.net.0.link = br0",
                    "lxc.net.0.flags = up",
                    "lxc.net.0.ipv4.address = 192.168.7.10/24",
                    "lxc.net.0.ipv4.gateway = auto");
            host.must("lxc-start -n p1");
            assertTrue(inside(host, "p1", "ip route").contains("default via 192.168.7.1"));
            host.must("ping -c 1 -W 3 192.168.7.10");

            // A tunnel on that bridge joins the neighbour's network to it.
            host.must(
                    "ip link add vx0 type vxlan id 42 remote 10.1.1.1 dev eth0 dstport 4789;"
                            + " ip link set vx0 master br0 up");
            host.mustOutside(
                    "ip link add vx0 type vxlan id 42 remote 10.1.1.10 dev up0 dstport 4789;"
                            + " ip addr add 192.168.7.50/24 dev vx0; ip link set vx0 up");
            host.until("lxc-attach -n p1 -- ping -c 1 -W 1 192.168.7.50");
        } finally {
            host.sh("lxc-stop -k -n p1; ip link del br0; ip link del vx0");
        }
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

    /// tinc joins the bridges of two hosts: containers of the one and of the other are neighbours.
    /// What tinc needs of the kernel a container may have too.
    @Test
    void b0_10_tincJoinsTheBridgesOfTwoHosts() {
        LxcMachine.needs(host, "tincd");
        host.must("lxc-copy -n p1 -N p2");
        replaceNetwork(
                "p2",
                "lxc.net.0.type = veth",
                "lxc.net.0.link = lxcbr0",
                "lxc.net.0.flags = up",
                "lxc.net.0.ipv4.address = 10.0.3.60/24");
        LxcMachine.configure(
                host,
                "p1",
                "lxc.cgroup.devices.allow = c 10:200 rwm",
                "lxc.mount.entry = /dev/net/tun dev/net/tun none bind,create=file");
        host.must(
                """
                for n in one two; do
                    mkdir -p /etc/tinc/$n/hosts
                    printf 'Name = %s\nMode = switch\nInterface = tinc-%s\n' $n $n >/etc/tinc/$n/tinc.conf
                    printf '#!/bin/sh\nip link set $INTERFACE up master lxcbr0\n' >/etc/tinc/$n/tinc-up
                    chmod 755 /etc/tinc/$n/tinc-up
                    tincd -n $n -K 1024 </dev/null
                done
                echo 'ConnectTo = one' >>/etc/tinc/two/tinc.conf
                echo 'Address = 10.1.1.10' >>/etc/tinc/one/hosts/one
                cp /etc/tinc/one/hosts/one /etc/tinc/two/hosts/
                cp /etc/tinc/two/hosts/two /etc/tinc/one/hosts/
                """);
        try {
            host.must("tincd -n one --pidfile=/run/one.pid");
            host.mustNextDoor(
                    "ip link add lxcbr0 type bridge; ip link set lxcbr0 up;"
                            + " tincd -n two --pidfile=/run/two.pid; lxc-start -n p2");
            host.must("lxc-start -n p1");
            String first = LxcMachine.address(host, "p1");
            host.until("lxc-attach -n p1 -- ping -c 1 -W 1 10.0.3.60");
            inside(host, "p2", "ping -c 1 -W 5 " + first);
            assertTrue(inside(host, "p2", "ip neigh").contains(first), "on one network");
            inside(host, "p1", "busybox tunctl -t tap7 && ip link show tap7");
        } finally {
            host.sh("lxc-stop -k -n p2; tincd -n one --pidfile=/run/one.pid -k");
            host.mustNextDoor("tincd -n two --pidfile=/run/two.pid -k; ip link del lxcbr0; true");
        }
    }

    @Test
    void b0_13_14_ephemeralCopiesShareData() {
        host.must("mkdir -p /var/lib/shared");
        LxcMachine.configure(
                host, "p1", "lxc.mount.entry = /var/lib/shared srv none bind,create=dir 0 0");
        host.must("lxc-copy -n p1 -N e1 -e");
        host.must("lxc-copy -n p1 -N e2 -e");
        inside(host, "e1", "echo kept >/srv/data; echo lost >/lost");
        assertEquals("kept", inside(host, "e2", "cat /srv/data"));
        host.sh("lxc-attach -n e2 -- test -e /lost").exits(1);
        host.must("lxc-stop -k -n e1; lxc-stop -k -n e2");
        host.until("! test -e /var/lib/lxc/e1 && ! test -e /var/lib/lxc/e2");
        assertEquals("kept", host.must("cat /var/lib/shared/data"));
        host.must("test ! -e /var/lib/lxc/p1/rootfs/lost");
    }

    /// One dies, the other still answers; both are known by name.
    @Test
    void b0_15_17_twoServersBehindTheBridge() {
        for (String address : twoServers()) {
            assertTrue(page(address).startsWith("here is p"));
        }
        String second = LxcMachine.address(host, "p2");
        assertEquals("here is p2", inside(host, "p1", request(second)));
        host.must("lxc-stop -k -n p1");
        assertEquals("here is p2", page(second));
    }

    /// Starts p1 and p2 with a page each.
    ///
    /// @return their addresses
    private List<String> twoServers() {
        host.must("lxc-copy -n p1 -N p2");
        List<String> addresses = new ArrayList<>();
        for (String name : List.of("p1", "p2")) {
            host.must("lxc-start -n " + name);
            addresses.add(LxcMachine.address(host, name));
            inside(
                    host,
                    name,
                    "mkdir -p /www; echo here is $(hostname) >/www/index.html; httpd -p 80 -h /www");
            assertEquals("here is " + name, page(addresses.getLast()));
        }
        return addresses;
    }

    /// HAProxy on the host asks both in turn, and whoever is left.
    @Test
    void b0_16_haproxyInFrontOfTwoServers() {
        LxcMachine.needs(host, "haproxy");
        List<String> addresses = twoServers();
        host.must(
                """
                cat >/run/haproxy.cfg <<'EOF'
                defaults
                    mode http
                    timeout connect 500ms
                    timeout client 5s
                    timeout server 5s
                    option redispatch 1
                    retries 3
                listen web
                    bind 10.1.1.10:80
                    default-server check inter 300ms fall 1 rise 1
                    server p1 FIRST:80
                    server p2 SECOND:80
                EOF
                haproxy -D -p /run/haproxy.pid -f /run/haproxy.cfg
                """
                        .replace("FIRST", addresses.getFirst())
                        .replace("SECOND", addresses.getLast()));
        try {
            // The neighbour knows the host's address only.
            String ask = "for i in 1 2 3 4; do " + request("10.1.1.10") + "; done | sort -u";
            assertEquals("here is p1\nhere is p2", host.mustOutside(ask));
            inside(host, "p1", "killall httpd");
            assertEquals("here is p2", host.mustOutside(ask));
            inside(host, "p1", "httpd -p 80 -h /www");
            host.until("test $(" + ask + " | wc -l) = 2");
            host.must("lxc-stop -k -n p2");
            assertEquals("here is p1", host.mustOutside(ask));
        } finally {
            host.sh("kill $(cat /run/haproxy.pid)");
        }
    }

    private static String request(String address) {
        return "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 "
                + address
                + " 80 | tail -n 1";
    }

    private String page(String address) {
        return host.must(request(address));
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

    @Test
    void l1_03_aHungryProcessIsEnded() {
        LxcMachine.configure(host, "p1", "lxc.cgroup.memory.limit_in_bytes = 24M");
        host.must("lxc-start -n p1");
        assertEquals(
                137,
                host.sh("lxc-attach -n p1 -- sh -c 'exec tail -c 200m /dev/zero'").exit(),
                "the kernel ends it");
        assertEquals("RUNNING", host.must("lxc-info -n p1 -sH"));
    }

    @Test
    @Order(Integer.MAX_VALUE - 1)
    void l1_54_l2_20_aWholeDistribution() throws Exception {
        Object unused = distribution.get();
        host.must("mkdir -p /var/lib/lxc/deb && mv " + DISTRIBUTION + "/rootfs /var/lib/lxc/deb/");
        String share =
                host.kind() == LxcHost.Kind.ATOLL
                        ? LxcHost.home().resolve("share/lxc").toString()
                        : "/usr/share/lxc";
        host.must(
                """
                cat >/var/lib/lxc/deb/config <<'EOF'
                lxc.include = SHARE/config/common.conf
                lxc.rootfs.path = dir:/var/lib/lxc/deb/rootfs
                lxc.uts.name = deb
                lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
                lxc.net.0.type = veth
                lxc.net.0.link = lxcbr0
                lxc.net.0.flags = up
                EOF
                """
                        .replace("SHARE", share));
        bootsAsAWhole(host, "deb");
    }

    private static void bootsAsAWhole(LxcHost host, String name) {
        host.must("lxc-start -n " + name);
        host.until(
                "lxc-attach -n "
                        + name
                        + " -- systemctl is-system-running | grep -Eq 'running|degraded'");
        assertEquals("systemd", inside(host, name, "cat /proc/1/comm"));
        // Of common.seccomp, for what is attached too.
        assertEquals(
                "Seccomp:\t2",
                inside(host, name, "grep -h ^Seccomp: /proc/1/status /proc/self/status | sort -u"));
        assertEquals("active", inside(host, name, "systemctl is-active systemd-journald"));
        for (int tty = 1; tty <= 4; tty++) {
            host.must("lxc-attach -n " + name + " -- test -c /dev/tty" + tty);
        }
        LxcMachine.address(host, name);
        String first = LxcMachine.init(host, name);
        host.must("lxc-stop -n " + name + " -r -t 60");
        assertFalse(first.equals(LxcMachine.init(host, name)));
        host.until("lxc-attach -n " + name + " -- systemctl is-active systemd-journald");
        host.must("lxc-stop -n " + name + " -t 60");
        assertEquals("STOPPED", host.must("lxc-info -n " + name + " -sH"));
    }

    /// Debian out of its own packages: the second time comes from the cache, by then without
    /// network.
    @Test
    @Order(Integer.MAX_VALUE)
    void l1_26_l2_09_25_theTemplateOfDebian() throws Exception {
        LxcMachine.onlyAtoll(host, "has no such template in its package");
        LxcHost machine = debian.get();
        machine.must(debian("d2"));
        assertEquals("d1", machine.must("cat /var/lib/lxc/d1/rootfs/etc/hostname"));
        String hosts = machine.must("cat /var/lib/lxc/d2/rootfs/etc/hosts");
        for (String line :
                new String[] {
                    "127.0.0.1\\s+localhost",
                    "127.0.1.1\\s+d2",
                    "::1\\s.*ip6-localhost ip6-loopback",
                    "fe00::0\\s+ip6-localnet",
                    "ff00::0\\s+ip6-mcastprefix",
                    "ff02::1\\s+ip6-allnodes",
                    "ff02::2\\s+ip6-allrouters"
                }) {
            assertTrue(hosts.lines().anyMatch(l -> l.strip().matches(line)), line + " in " + hosts);
        }
        bootsAsAWhole(machine, "d1");
        machine.must("lxc-start -n d2");
        for (String service : new String[] {"cron", "ssh", "rsyslog"}) {
            machine.until("lxc-attach -n d2 -- systemctl is-active " + service);
        }
        // Nothing else was asked for: the host's release and architecture, or the last known one.
        assertEquals(
                machine.must(
                        ". /etc/os-release; [ $ID = debian ] && echo $VERSION_CODENAME || echo bookworm"),
                inside(machine, "d2", ". /etc/os-release; echo $VERSION_CODENAME"));
        assertEquals(
                machine.must("dpkg --print-architecture"),
                inside(machine, "d2", "dpkg --print-architecture"));
        whatRunsInside(machine);
        threeWaysIn(machine);
        Object unused = machine.sh("lxc-attach -n d2 -- poweroff");
        machine.must("lxc-wait -n d2 -s STOPPED -t 60");
    }

    /// The walk-through's list of processes, and its routes.
    private static void whatRunsInside(LxcHost machine) {
        String address = LxcMachine.address(machine, "d2");
        String processes = inside(machine, "d2", "ps -e -o pid=,tty=,args=");
        assertTrue(processes.matches("(?s) *1 [?] +/sbin/init\\s.*"), processes);
        for (String program :
                new String[] {
                    "/usr/sbin/rsyslogd",
                    "dhclient .*eth0",
                    "/usr/sbin/sshd -D",
                    "/usr/sbin/cron -f"
                }) {
            assertTrue(
                    processes.matches("(?s).*[ /]" + program + "\\b.*"),
                    program + " in " + processes);
        }
        String device = "stat -Lc %t,%T ";
        for (int tty = 1; tty <= 4; tty++) {
            machine.until(
                    "lxc-attach -n d2 -- sh -c 'for p in $(pidof agetty); do "
                            + device
                            + "/proc/$p/fd/0; done | grep -qx $("
                            + device
                            + "/dev/tty"
                            + tty
                            + ")'");
        }
        String routes = inside(machine, "d2", "ip route");
        assertTrue(routes.contains("default via 10.0.3.1 dev eth0 metric 100"), routes);
        assertTrue(
                routes.contains("10.0.3.0/24 dev eth0 proto kernel scope link src " + address),
                routes);
    }

    /// By the console, by lxc-attach and by ssh, the last with the password of the template's user.
    private static void threeWaysIn(LxcHost machine) {
        try (Terminal console = machine.terminal("lxc-console", "-n", "d2")) {
            console.expect("Connected to tty 1");
            console.typeUntil("\r", "d2 login:");
            console.type("ubuntu\r");
            console.expect("Password:");
            console.type("ubuntu\r");
            console.expect("ubuntu@d2:~$");
            console.type("ps -o comm= -t $(tty) | sort | tr '\\n' ' '\r");
            console.expect("bash login ps");
            console.type(
                    "[ $(stat -Lc %T /proc/self/fd/0) = $(stat -Lc %T /dev/tty1) ] && echo on-tty'1'\r");
            console.expect("on-tty1");
            console.type("exit\r");
            console.expect("d2 login:");
            console.type("\u0001q");
            assertEquals(0, console.exit());
        }
        assertEquals("d2", machine.must("lxc-attach -n d2 -- hostname"));
        String address = machine.must("lxc-info -n d2 | sed -n 's/^IP: *//p' | head -n 1");
        assertTrue(address.startsWith("10.0.3."), address);
        try (Terminal ssh =
                machine.terminal(
                        "ssh",
                        "-o",
                        "StrictHostKeyChecking=no",
                        "-o",
                        "UserKnownHostsFile=/dev/null",
                        "-o",
                        "PubkeyAuthentication=no",
                        "ubuntu@" + address)) {
            ssh.expect("password:");
            ssh.type("ubuntu\r");
            ssh.expect("ubuntu@d2:~$");
            ssh.type("echo $SSH_CONNECTION; exit 4\r");
            ssh.expect(" " + address + " 22");
            assertEquals(4, ssh.exit());
        }
    }

    /// The bridge of LXD 2.0, beside that of lxc-net and without touching it.
    @Test
    void x3_08_theBridgeOfLxd20() {
        LxcMachine.onlyAtoll(host, "has no lxd-bridge");
        String rules = host.must("nft list table ip lxc | grep -c masquerade");
        host.must(
                "printf 'LXD_BRIDGE=lxdbr7\\nLXD_IPV4_ADDR=10.0.7.1\\nLXD_IPV4_NETWORK=10.0.7.0/24\\n"
                        + "LXD_IPV4_DHCP_RANGE=10.0.7.2,10.0.7.9\\n' >/etc/default/lxd-bridge");
        host.must("lxd-bridge start");
        assertTrue(host.must("ip -4 addr show lxdbr7").contains("10.0.7.1/24"));
        assertEquals("running on lxdbr7", host.must("lxd-bridge status"));
        replaceNetwork(
                "p1", "lxc.net.0.type = veth", "lxc.net.0.link = lxdbr7", "lxc.net.0.flags = up");
        host.must("lxc-start -n p1");
        host.until("lxc-info -n p1 -iH | grep -q '^10[.]0[.]7[.][2-9]$'");
        host.must("lxc-stop -k -n p1");
        host.must("lxd-bridge stop");
        assertTrue(host.sh("ip link show lxdbr7").exit() != 0);
        assertEquals(rules, host.must("nft list table ip lxc | grep -c masquerade"));
        assertEquals("running on lxcbr0", host.must("lxc-net status"));
        host.must("printf 'LXD_IPV4_ADDR=\\n' >/etc/default/lxd-bridge");
        assertTrue(host.sh("lxd-bridge start").err().contains("LXD_IPV4_ADDR is empty"));
    }

    /// Six copies of one build environment at once, each with files, processes and networks of its
    /// own, in each of several rounds.
    @Test
    void x3_27_severalBuildsAtOnce() {
        LxcMachine.configure(host, "p1", "lxc.net.0.flags = up");
        for (int round = 0; round < 3; round++) {
            String done =
                    host.must(
                            """
                            for i in 1 2 3 4 5 6; do
                                (lxc-copy -n p1 -N b$i -e >/tmp/b$i.log 2>&1 &&
                                    lxc-attach -n b$i -- sh -c "
                                        echo $i >/tmp/result && sleep 0.2 && ls /tmp | wc -l
                                        cat /tmp/result; hostname" >/tmp/b$i.out &&
                                    lxc-stop -k -n b$i || { echo b$i failed; cat /tmp/b$i.log; }) &
                            done
                            wait
                            for i in 1 2 3 4 5 6; do tr '\\n' ' ' </tmp/b$i.out; done
                            """);
            StringBuilder expected = new StringBuilder();
            for (int i = 1; i <= 6; i++) {
                expected.append("1 " + i + " b" + i + " ");
            }
            assertEquals(expected.toString().strip(), done);
            host.until("test \"$(lxc-ls -1)\" = p1");
        }
    }

    /// One that has a container itself. The outer one is the host's root with directories of its
    /// own for containers and what runs.
    @Test
    void l1_02_containersInContainers() {
        LxcMachine.onlyAtoll(host, "cannot start a container on the host's root file system here");
        String share = LxcHost.home().resolve("share/lxc").toString();
        host.must(
                "mkdir -p /var/lib/lxc/outer && cat >/var/lib/lxc/outer/config <<EOF\n"
                        + "lxc.include = "
                        + share
                        + "/config/common.conf\nlxc.include = "
                        + share
                        + "/config/nesting.conf\n"
                        + "lxc.seccomp.profile = /var/lib/lxc/refused\n"
                        + "lxc.rootfs.path = dir:/\n"
                        + "lxc.uts.name = outer\n"
                        + "lxc.mount.entry = tmpfs run tmpfs rw 0 0\n"
                        + "lxc.mount.entry = tmpfs var/lib/lxc tmpfs rw 0 0\n"
                        + "lxc.net.0.type = empty\nEOF");
        host.must("printf '2\\ndenylist\\nswapon errno 1\\n' >/var/lib/lxc/refused");
        host.must("lxc-start -n outer -- sleep 100000");
        host.must("lxc-attach -n outer -- lxc-create -n inner -t busybox -f /dev/null");
        host.must("lxc-attach -n outer -- lxc-start -n inner");
        assertEquals("inner", host.must("lxc-attach -n outer -- lxc-attach -n inner -- hostname"));
        String table = host.must("lxc-ls --nesting -f");
        assertTrue(table.contains("outer") && table.contains("inner"), table);
        assertTrue(table.lines().anyMatch(line -> line.matches(".*inner +RUNNING.*")), table);
        String pid = host.must("lxc-ls --nesting -f -F NAME,PID | sed -n 's/.*inner *//p'").strip();
        assertEquals("inner", host.must("nsenter --target=" + pid + " --uts hostname"));
        host.must("lxc-attach -n outer -- lxc-stop -n inner -k");
        assertTrue(host.must("lxc-ls --nesting -f").matches("(?s).*inner +STOPPED.*"));
        host.must(
                "lxc-attach -n outer -- sh -c \"printf '2\\ndenylist\\nmkdir errno 122\\nmkdirat errno"
                        + " 122\\n' >/var/lib/lxc/full; echo lxc.seccomp.profile = /var/lib/lxc/full"
                        + " >>/var/lib/lxc/inner/config\"");
        assertEquals(
                "Disk quota exceeded", makesDirectory(), "its filter is on top of the outer's");
        host.must(
                "lxc-attach -n outer -- sh -c 'echo lxc.seccomp.allow_nesting = 0"
                        + " >>/var/lib/lxc/inner/config'");
        assertEquals("made", makesDirectory(), "its filter is left out below another one");
        host.must("lxc-stop -n outer -k");
    }

    /// Starts the inner container, tries, and stops it.
    private String makesDirectory() {
        host.must("lxc-attach -n outer -- lxc-start -n inner");
        String inner = "lxc-attach -n outer -- lxc-attach -n inner -- ";
        String said =
                host.must(inner + "sh -c 'mkdir /made 2>&1 && echo made || true'")
                        .replaceAll(".*: ", "");
        host.must("lxc-attach -n outer -- lxc-stop -n inner -k");
        return said;
    }
}
