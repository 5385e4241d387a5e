package io.atoll.e2e;

import static io.atoll.e2e.LxcMachine.inside;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.e2e.LxcMachine.Expected;
import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import io.atoll.testkit.Terminal;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What the series of articles about LXC 1.0 shows: two containers, their start with the host,
/// three interfaces, the tools one after the other. Configurations are those of the article.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LxcArticleTest {
    private static final String[] THREE_INTERFACES = {
        "lxc.network.type = veth",
        "lxc.network.hwaddr = 00:16:3e:3a:f1:c1",
        "lxc.network.flags = up",
        "lxc.network.link = lxcbr0",
        "lxc.network.name = eth0",
        "lxc.network.type = veth",
        "lxc.network.link = virbr0",
        "lxc.network.name = virt0",
        "lxc.network.type = phys",
        "lxc.network.link = eth2",
        "lxc.network.name = eth1"
    };

    private LxcHost host;

    /// The machine that it is typed on.
    LxcHost launch() {
        return LxcMachine.launchWarm("atoll-lxcart");
    }

    @BeforeAll
    void start() {
        host = launch();
        LxcMachine.bridge(host);
        host.must(
                "ip link add virbr0 type bridge; ip link set virbr0 up;"
                        + " ip link add eth2 type veth peer name eth2peer");
    }

    @BeforeEach
    void createTwo() {
        LxcMachine.create(host, "p1");
        LxcMachine.create(host, "p2");
    }

    @AfterEach
    void destroyAll() {
        host.must("for c in $(lxc-ls -1); do lxc-destroy -f -n $c; done");
    }

    @AfterAll
    void close() {
        if (host != null) {
            host.close();
        }
    }

    /// The article's containers: p1 in a group, p2 with a delay and an order.
    private void markForStart() {
        markForStart(5);
    }

    private void markForStart(int delay) {
        LxcMachine.configure(host, "p1", "lxc.start.auto = 1", "lxc.group = Ubuntu");
        LxcMachine.configure(
                host,
                "p2",
                "lxc.start.auto = 1",
                "lxc.start.delay = " + delay,
                "lxc.start.order = 100");
    }

    private long seconds(String script) {
        long start = System.nanoTime();
        host.must(script);
        return (System.nanoTime() - start) / 1_000_000_000L;
    }

    @Test
    void l1_28_29_32_33_startingWithTheHost() {
        markForStart();
        LxcMachine.create(host, "p3");
        LxcMachine.configure(host, "p3", "lxc.start.auto = 1", "lxc.group = onboot");
        long taken = seconds("LXC_BRIDGE_PATIENCE=1 lxc-containers start");
        assertTrue(taken >= 5 && taken < 10, "5 s after p2 is all: " + taken + " s");
        assertEquals("STOPPED", host.must("lxc-info -n p1 -sH"));
        assertEquals("RUNNING", host.must("lxc-info -n p2 -sH"));
        assertTrue(startTicks("p3") <= startTicks("p2"), "the group onboot goes first");
        host.must("lxc-containers stop");
        assertEquals("", host.must("lxc-ls --active"));
    }

    @Test
    void l1_36_37_39_allWhateverTheGroup() {
        markForStart();
        LxcMachine.configure(host, "p1", "lxc.start.order = 200");
        assertEquals("p2 5\np1 0", host.must("lxc-autostart -a -L"));
        assertEquals("", host.must("lxc-ls --active"), "listing does nothing");
        startsTheSecondFirst();
        assertEquals("RUNNING", host.must("lxc-info -n p1 -sH"));
        assertEquals("p1\np2", host.must("lxc-autostart -a -k -L"));
        host.must("lxc-autostart -a -k");
        assertEquals("", host.must("lxc-ls --active"));
    }

    /// p2, five seconds, p1, and the command returns.
    private void startsTheSecondFirst() {
        long taken = seconds("lxc-autostart -a");
        assertTrue(taken >= 5 && taken < 10, "the sum of the delays is 5 s: " + taken + " s");
        assertEquals("RUNNING", host.must("lxc-info -n p2 -sH"));
        long between = startTicks("p1") - startTicks("p2");
        assertTrue(between >= 500 && between < 1000, between + " ticks from p2 to p1");
    }

    /// When its init was started, in hundredths of a second.
    private long startTicks(String name) {
        String stat = host.must("cat /proc/" + LxcMachine.init(host, name) + "/stat");
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19]);
    }

    /// In the article, of 1.0's time, the higher order is first.
    @Test
    void l1_30_37_theOrderOfTheArticle() {
        LxcMachine.onlyAtoll(host, "has turned the order of 1.0 round for good");
        markForStart();
        host.must("echo 'lxc.start.order.mode = descending' >/etc/lxc/lxc.conf");
        try {
            assertEquals("p2 5\np1 0", host.must("lxc-autostart -a -L"));
            startsTheSecondFirst();
            host.must("lxc-autostart -a -k");
        } finally {
            host.must("rm /etc/lxc/lxc.conf");
        }
        assertEquals("p1 0\np2 5", host.must("lxc-autostart -a -L"));
        // A configuration of that time says it by itself.
        host.must(
                "sed -i 's/^lxc[.]net[.]0[.]/lxc.network./; s/^lxc[.]uts[.]name/lxc.utsname/'"
                        + " /var/lib/lxc/p2/config");
        assertEquals("p2 5\np1 0", host.must("lxc-autostart -a -L"));
    }

    @Test
    void l1_38_restartingAGroup() {
        markForStart(0);
        host.must("lxc-autostart -a");
        String one = LxcMachine.init(host, "p1");
        String two = LxcMachine.init(host, "p2");
        assertEquals("p1 0", host.must("lxc-autostart -r -g Ubuntu -L"));
        host.must("lxc-autostart -r -g Ubuntu");
        host.until("p=$(lxc-info -n p1 -pH) && test -n \"$p\" && test $p != " + one);
        assertEquals(two, LxcMachine.init(host, "p2"));
        assertEquals(0, host.sh("lxc-autostart -s -A -a -t 20").exit());
    }

    @Test
    void l1_31_34_groupsAndTheTable() {
        markForStart(5);
        host.must("lxc-start -n p1");
        String address = LxcMachine.address(host, "p1");
        List<String> table = host.must("lxc-ls --fancy").lines().toList();
        assertEquals(
                "NAME STATE AUTOSTART GROUPS IPV4 IPV6 UNPRIVILEGED",
                String.join(" ", table.getFirst().split(" +")));
        assertEquals(
                "p1 RUNNING 1 Ubuntu " + address + " - false",
                String.join(" ", table.get(1).split(" +")));
        assertEquals("p2 STOPPED 1 - - - false", String.join(" ", table.get(2).split(" +")));
        assertEquals(
                "p1 RUNNING " + address + " - 1",
                String.join(
                        " ",
                        host.must("lxc-ls -f -F NAME,STATE,IPV4,IPV6,AUTOSTART")
                                .lines()
                                .toList()
                                .get(1)
                                .split(" +")));
        LxcMachine.onlyAtoll(host, "has no style of 1.0");
        String old = host.must("LXC_LS_STYLE=1.0 lxc-ls --fancy");
        assertTrue(
                String.join(" ", old.lines().toList().get(1).split(" +"))
                        .equals("p1 RUNNING " + address + " - YES (Ubuntu)"),
                old);
    }

    @Test
    void l1_43_44_45_46_threeInterfaces() {
        LxcMachine.onlyAtoll(host, "refuses the names of 1.0");
        host.must("sed -i '/^lxc[.]net[.]/d' /var/lib/lxc/p1/config");
        LxcMachine.configure(host, "p1", THREE_INTERFACES);
        threeInterfaces();
    }

    @Test
    void l1_43_44_threeInterfacesUpdated() {
        host.must("sed -i '/^lxc[.]net[.]/d' /var/lib/lxc/p1/config");
        LxcMachine.configure(host, "p1", THREE_INTERFACES);
        host.must("lxc-update-config -c /var/lib/lxc/p1/config");
        assertEquals("3", host.must("grep -c '^lxc.net.[012].type' /var/lib/lxc/p1/config"));
        threeInterfaces();
    }

    private void threeInterfaces() {
        String mac = host.must("cat /sys/class/net/eth2/address");
        host.must("lxc-start -n p1");
        assertEquals("00:16:3e:3a:f1:c1", inside(host, "p1", "cat /sys/class/net/eth0/address"));
        assertTrue(inside(host, "p1", "ip link show eth0").contains(",UP"));
        assertFalse(inside(host, "p1", "ip link show virt0").contains(",UP"));
        assertEquals(mac, inside(host, "p1", "cat /sys/class/net/eth1/address"));
        host.sh("ip link show eth2").exits(1);
        assertEquals("1", host.must("ip -o link show master virbr0 | wc -l"));
        String random = inside(host, "p1", "cat /sys/class/net/virt0/address");
        host.must("lxc-stop -n p1 -k");
        assertEquals(mac, host.must("cat /sys/class/net/eth2/address"));
        host.must("lxc-start -n p1");
        assertNotEquals(random, inside(host, "p1", "cat /sys/class/net/virt0/address"));
        host.must("lxc-stop -n p1 -k");
        host.must("ip link show eth2");
    }

    @Test
    void l1_35_addressesOfIpv6() {
        host.must(
                "cp /etc/default/lxc-net /tmp/kept; "
                        + "lxc-net stop; printf 'LXC_IPV6_ADDR=fd42:1::1\\nLXC_IPV6_MASK=64\\n"
                        + "LXC_IPV6_NETWORK=fd42:1::/64\\nUSE_LXC_BRIDGE=true\\n'"
                        + " >/etc/default/lxc-net; lxc-net start");
        try {
            host.must("sed -i '/hwaddr/d' /var/lib/lxc/p1/config");
            LxcMachine.configure(host, "p1", "lxc.net.0.hwaddr = 00:16:3e:b1:4c:7f");
            host.must("lxc-start -n p1");
            String expected = "fd42:1::216:3eff:feb1:4c7f";
            host.until("lxc-attach -n p1 -- ip -6 addr show eth0 | grep -q " + expected);
            assertTrue(host.must("lxc-ls -f -F IPV6").contains(expected));
        } finally {
            host.must(
                    "lxc-stop -n p1 -k; lxc-net stop; rm /etc/default/lxc-net;"
                            + " mv /tmp/kept /etc/default/lxc-net; lxc-net start");
        }
    }

    @Test
    void l1_07_17_18_19_21_templates() {
        Program.Output help = host.sh("lxc-create -t busybox -h");
        assertTrue((help.out() + help.err()).contains("--busybox-path"), help.toString());
        host.must(
                """
                cat >/tmp/template <<'EOF'
                #!/bin/sh
                echo "$@" >/tmp/arguments
                [ -e /tmp/rpm ] || { echo 'rpm is missing, please install "rpm"' >&2; exit 1; }
                for a in "$@"; do case $a in --rootfs=*) touch ${a#*=}/made;; esac; done
                EOF
                chmod 755 /tmp/template
                """);
        Expected.of(
                        "lxc-create -n t1 -t /tmp/template -- -a i386 --other",
                        1,
                        "please install \"rpm\"")
                .check(host);
        assertEquals(
                "--path=/var/lib/lxc/t1 --name=t1 --rootfs=/var/lib/lxc/t1/rootfs -a i386 --other",
                host.must("cat /tmp/arguments"));
        host.sh("test -e /var/lib/lxc/t1").exits(1);
        host.must("touch /tmp/rpm");
        host.must("lxc-create -n t1 -t /tmp/template -- -a i386");
        host.must("test -f /var/lib/lxc/t1/rootfs/made && ! test -e /var/lib/lxc/t1/partial");
        Expected.of("lxc-create -n t1 -t /tmp/template", 1, "Container already exists").check(host);
        Expected.of("lxc-create -n t2", 1, "A template must be specified").check(host);
    }

    @Test
    void l1_16_19_templatesOfDistributions() {
        LxcMachine.onlyAtoll(host, "has four templates in its package");
        String folder = LxcHost.home().resolve("share/lxc/templates").toString();
        for (String name :
                List.of(
                        "alpine",
                        "altlinux",
                        "archlinux",
                        "busybox",
                        "centos",
                        "cirros",
                        "debian",
                        "fedora",
                        "openmandriva",
                        "opensuse",
                        "oracle",
                        "plamo",
                        "sshd",
                        "ubuntu-cloud",
                        "ubuntu",
                        "download",
                        "local",
                        "oci")) {
            String help = host.must(folder + "/lxc-" + name + " --help 2>&1");
            assertFalse(help.isBlank(), name);
        }
        if (host.sh("command -v dnf || command -v yum").exit() != 0) {
            Expected.of("lxc-create -n t1 -t oracle -- -a i386", 1, "missing, please install \"")
                    .check(host);
            host.must("! test -e /var/lib/lxc/t1");
        }
    }

    /// What the configuration does not allow cannot be used; with a line more it can, from the next
    /// start on.
    @Test
    void l1_51_devicesAreFiltered() {
        LxcMachine.configure(
                host,
                "p1",
                "lxc.cgroup.devices.deny = a",
                "lxc.cgroup.devices.allow = c *:* m",
                "lxc.cgroup.devices.allow = c 1:3 rwm",
                "lxc.cgroup.devices.allow = c 5:* rwm",
                "lxc.cgroup.devices.allow = c 136:* rwm");
        host.must("lxc-start -n p1");
        inside(host, "p1", "mknod /root/zero c 1 5");
        String read = "lxc-attach -n p1 -- dd if=/root/zero bs=1 count=1";
        Expected.of(read, 1, "Operation not permitted").check(host);
        String list =
                "/sys/fs/cgroup/devices/$(sed -n 's/.*:devices:.//p' /proc/$(lxc-info -n p1 -pH)/cgroup)"
                        + "/devices.list";
        assertFalse(host.must("cat " + list).contains("c 1:5 "));
        host.must("lxc-stop -n p1 -k");
        LxcMachine.configure(host, "p1", "lxc.cgroup.devices.allow = c 1:5 rwm");
        host.must("lxc-start -n p1");
        Expected.of(read, 0, "1+0 records").check(host);
        assertTrue(host.must("cat " + list).contains("c 1:5 rwm"));
    }

    /// The programs as they are installed.
    @Test
    void b0_01_everyCommandExplainsItself() {
        for (String name :
                List.of(
                        "attach",
                        "autostart",
                        "cgroup",
                        "checkconfig",
                        "checkpoint",
                        "config",
                        "console",
                        "copy",
                        "create",
                        "destroy",
                        "device",
                        "execute",
                        "freeze",
                        "info",
                        "ls",
                        "monitor",
                        "snapshot",
                        "start",
                        "stop",
                        "top",
                        "unfreeze",
                        "unshare",
                        "wait")) {
            boolean hasOptions = !List.of("checkconfig", "config").contains(name);
            Expected.of(
                            "lxc-" + name + " --help",
                            0,
                            hasOptions
                                    ? new String[] {"lxc-" + name, "--lxcpath=PATH", "--quiet"}
                                    : new String[0])
                    .check(host);
        }
    }

    @Test
    void l1_52_aDeviceNodeOfTheHost() {
        LxcMachine.onlyAtoll(host, "looks at the name inside on the host");
        host.must("lxc-start -n p1; mknod /run/ttyUSB0 c 188 0");
        host.must("lxc-device add -n p1 /run/ttyUSB0 /dev/ttyS0");
        assertEquals("bc,0", inside(host, "p1", "stat -c %t,%T /dev/ttyS0"));
        host.must("lxc-device -n p1 del /dev/ttyS0 /run/ttyUSB0; rm /run/ttyUSB0");
    }

    @Test
    void l1_53_anInterfaceOfTheHost() {
        LxcMachine.onlyAtoll(host, "needs /proc/1/ns/net, which some machines forbid");
        host.must("lxc-start -n p1; ip link add eth5 type veth peer name eth5peer");
        host.must("lxc-device -n p1 add eth5 eth1");
        assertTrue(inside(host, "p1", "ip link show eth1").contains("eth1"));
        host.must("lxc-device -n p1 del eth1 eth5");
        host.must("ip link del eth5");
    }

    @Test
    void l1_09_theConsole() {
        host.must("lxc-start -n p1");
        try (Terminal console = host.terminal("lxc-console", "-n", "p1")) {
            console.expect("Connected to tty 1");
            console.expect(
                    "Type <Ctrl+a q> to exit the console, <Ctrl+a Ctrl+a> to enter Ctrl+a itself");
            console.typeUntil("\r", "login:");
            console.type("\u0001q");
            assertEquals(0, console.exit());
        }
        assertEquals("RUNNING", host.must("lxc-info -n p1 -sH"));
        Expected.of("lxc-console -n p2 </dev/null", 1, "p2 is not running").check(host);
    }

    @Test
    void l1_23_24_theForeground() {
        try (Terminal console = host.terminal("lxc-start", "-n", "p1", "-F")) {
            host.until("test \"$(lxc-info -n p1 -sH)\" = RUNNING");
            console.type("\u0001q");
            assertEquals("RUNNING", host.must("lxc-info -n p1 -sH"), "there is no key to leave it");
            host.must("lxc-stop -n p1 -k");
            assertEquals(0, console.exit());
        }
        // A signal goes to the container's init, which stops here.
        try (Terminal console =
                host.terminal("sh", "-c", "echo $$ >/tmp/start.pid; exec lxc-start -n p1 -F")) {
            host.until("test \"$(lxc-info -n p1 -sH)\" = RUNNING");
            // By then init has its handlers.
            host.until("pgrep -P $(lxc-info -n p1 -pH)");
            host.must("kill -USR1 $(cat /tmp/start.pid)");
            host.must("lxc-wait -n p1 -s STOPPED -t 20");
            assertEquals(0, console.exit());
        }
    }

    /// The best of three, for what else runs here.
    @Test
    void l1_55_creatingAndDestroyingIsLight() {
        long[] best = {Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE};
        String[] steps = {
            "lxc-create -n light -t busybox", "lxc-start -n light", "lxc-destroy -f -n light"
        };
        for (int round = 0; round < 3; round++) {
            for (int step = 0; step < steps.length; step++) {
                long start = System.nanoTime();
                host.must(steps[step]);
                best[step] = Math.min(best[step], (System.nanoTime() - start) / 1_000_000);
            }
        }
        assertTrue(
                best[0] < 2000 && best[1] < 1000 && best[2] < 1000, Arrays.toString(best) + " ms");
    }

    @Test
    void l1_47_48_49_50_attach() {
        host.must("lxc-start -n p1");
        for (Expected one :
                List.of(
                        Expected.of("lxc-attach -n p1 -- sh -c 'exit 5'", 5),
                        Expected.of("lxc-attach -n p1 -- sh -c 'kill -9 $$'", 137),
                        Expected.of("lxc-attach -n p1 -- nonexistent", 127, "Failed to exec"),
                        Expected.of("lxc-attach -n p1 -- /etc/passwd", 126, "Permission denied"),
                        Expected.of("echo 'echo piped; exit 9' | lxc-attach -n p1", 9, "piped"),
                        Expected.of("lxc-attach -n p1 -s NONSENSE -- true", 1),
                        Expected.of("lxc-attach -n p2 -- true", 1),
                        Expected.of(
                                "lxc-attach -n p1 -e -s'NETWORK|UTSNAME' -- sh -c"
                                        + " 'hostname; ip link show eth0; test -d /var/lib/lxc/p1'",
                                0,
                                "p1",
                                "eth0"),
                        Expected.of(
                                "lxc-attach -n p1 -s 'PID|NETWORK' -R -- cat /proc/1/comm",
                                0,
                                "init"))) {
            one.check(host);
        }
    }

    /// A shell of the host's that is root at p1: its interfaces and name, everything else as
    /// outside.
    @Test
    void l1_49_aShellInTheContainersNetwork() {
        host.must("lxc-start -n p1");
        String address = LxcMachine.address(host, "p1");
        try (Terminal shell = host.terminal("lxc-attach", "-n", "p1", "-e", "-sNETWORK|UTSNAME")) {
            shell.typeUntil("\r", "root@p1:");
            shell.type("busybox ifconfig -a\r");
            shell.expect("eth0");
            shell.expect(address);
            shell.type("echo is-$(ls -d /var/lib/lxc/p1)\r");
            shell.expect("is-/var/lib/lxc/p1");
            shell.type("exit 3\r");
            assertEquals(3, shell.exit());
        }
        String groups = "cat /proc/self/cgroup";
        assertEquals(
                host.must(groups),
                host.must("lxc-attach -n p1 -e -s'NETWORK|UTSNAME' -- " + groups),
                "the limits of the container's cgroups do not hold");
    }

    @Test
    void l1_13_14_40_41_statesAndStatuses() {
        for (Expected one :
                List.of(
                        Expected.of("lxc-stop -n p1", 2, "p1 is not running"),
                        Expected.of("lxc-stop -n nobody", 2, "nobody is not running"),
                        Expected.of("lxc-info -n nobody", 1, "nobody doesn't exist"),
                        Expected.of("lxc-info", 1, "No container name specified"),
                        Expected.of("lxc-start -n nobody", 1, "No container config specified"),
                        Expected.of("lxc-freeze -n p1", 1),
                        Expected.of("lxc-cgroup -n p1 memory.limit_in_bytes", 1, "is not running"),
                        Expected.of("lxc-wait -n p1 -s RUNNING -t 1", 1),
                        Expected.of("lxc-wait -n p1 -s STOPPED", 0),
                        Expected.of("lxc-wait -n p1 -s NONSENSE", 1, "invalid state 'NONSENSE'"),
                        Expected.of("lxc-start -n p1", 0),
                        Expected.of("lxc-start -n p1", 0, "Container is already running"),
                        Expected.of("lxc-destroy -n p1", 1, "p1 is running"),
                        Expected.of("lxc-freeze -n p1", 0),
                        Expected.of("lxc-info -n p1 -s", 0, "State:          FROZEN"),
                        Expected.of("lxc-freeze -n p1", 0),
                        Expected.of("lxc-ls -1 --frozen", 0, "p1"),
                        Expected.of("lxc-unfreeze -n p1", 0),
                        Expected.of("lxc-info -n p1 -sH", 0, "RUNNING"),
                        Expected.of("lxc-stop -n p1 -k --nokill", 1, "can't be used with --nokill"),
                        Expected.of("lxc-stop -n p1 -k -r", 1, "can't be used with -r"),
                        Expected.of("lxc-stop -n p1 -k -t 3", 1, "doesn't allow timeouts"),
                        Expected.of("lxc-stop -n p1 --nolock", 1, "only be used with -k"),
                        Expected.of("lxc-stop -n p1 -r", 0),
                        Expected.of("lxc-stop -n p1", 0),
                        Expected.of("lxc-start -n p1 && lxc-stop -n p1 -k", 0),
                        Expected.of("lxc-config nonsense", 1, "Unknown configuration item"),
                        Expected.of("lxc-config lxc.lxcpath", 0, "/var/lib/lxc"),
                        Expected.of("lxc-info --nonsense", 1, "unrecognized option"),
                        Expected.of("lxc-info --version", 0, "5.0.2"))) {
            one.check(host);
        }
    }

    /// A frozen process is there, keeps what it has, and does not get on.
    @Test
    void l1_40_41_nothingIsScheduled() {
        host.must("lxc-start -n p1");
        inside(host, "p1", "(while :; do echo x >>/tmp/count; sleep 0.02; done) >/dev/null 2>&1 &");
        String size = "stat -c %s /var/lib/lxc/p1/rootfs/tmp/count";
        host.until(size);
        host.must("lxc-freeze -n p1");
        String one = host.must(size);
        host.must("sleep 0.3");
        assertEquals(one, host.must(size));
        host.must("lxc-unfreeze -n p1");
        host.until("test $(" + size + ") -gt " + one);
    }

    @Test
    void l1_12_poweroffInside() {
        host.must("lxc-start -n p1");
        Program.Output unused = host.sh("lxc-attach -n p1 -- poweroff -f");
        host.must("lxc-wait -n p1 -s STOPPED -t 20");
    }
}
