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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every kind of device, asked for with the distribution's `lxc`: it can be added to
/// a stopped and to a running instance, changed and removed while that runs, it survives a restart
/// of the daemon, one that fails half-way leaves all as it was, and the host looks afterwards as it
/// did before.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceContractTest {
    private static final Room ROOM = Room.take("e2edv", 83);
    private static final String MARKER = ROOM.name();
    private static final String BRIDGE = MARKER + "br";
    private static final String NAME = MARKER + "1";
    private static final String CARD = MARKER + "ph0";
    private static final Path SOURCE = Path.of("/tmp/atoll-" + MARKER + "-source");

    private static final Path VENDOR = Path.of("/run/cdi", MARKER + ".yaml");

    /// Before commands that are not meant for the instance.
    private static final String ON_HOST = "host ";

    private static final Duration SOON = Duration.ofSeconds(20);

    /// A kind of device.
    ///
    /// @param options as on the command line, type first
    /// @param change one option with another value
    /// @param failing further options with which it fails after it has begun
    /// @param inside a shell command inside that succeeds while the device is there
    /// @param changed one that succeeds once it is changed
    private record Kind(
            String name,
            List<String> options,
            String change,
            List<String> failing,
            String inside,
            String changed) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Kind> kinds() {
        return Stream.of(
                new Kind(
                        "directory",
                        List.of("disk", "source=" + SOURCE, "path=/srv/d"),
                        "readonly=true",
                        List.of("path=/etc/passwd/x"),
                        "grep -q hello /srv/d/file",
                        "grep -q hello /srv/d/file && ! touch /srv/d/new"),
                new Kind(
                        "read-only directory",
                        List.of("disk", "source=" + SOURCE, "path=/srv/d", "readonly=true"),
                        "readonly=false",
                        List.of("path=/etc/passwd/x"),
                        "grep -q hello /srv/d/file && ! touch /srv/d/file"
                                + " && ! mount -o remount,rw,bind /srv/d",
                        "touch /srv/d/file"),
                new Kind(
                        "file",
                        List.of("disk", "source=" + SOURCE.resolve("file"), "path=/etc/shown"),
                        "path=/etc/shown2",
                        List.of("path=/etc/passwd/x"),
                        "grep -q hello /etc/shown",
                        "grep -q hello /etc/shown2 && ! grep -q hello /etc/shown"),
                new Kind(
                        "limited disk",
                        List.of("disk", "source=" + SOURCE, "path=/srv/d", "limits.read=10MB"),
                        "limits.read=20MB",
                        List.of("path=/etc/passwd/x"),
                        "grep -q hello /srv/d/file",
                        "grep -q hello /srv/d/file"),
                new Kind(
                        "volume",
                        List.of("disk", "pool=default", "source=" + MARKER, "path=/srv/v"),
                        "readonly=true",
                        List.of("path=/etc/passwd/x"),
                        "grep -q ' /srv/v ' /proc/mounts && touch /srv/v/new",
                        "grep -q ' /srv/v ' /proc/mounts && ! touch /srv/v/new"),
                new Kind(
                        "memory",
                        List.of("disk", "source=tmpfs:", "path=/srv/t", "size=1MiB"),
                        "size=2MiB",
                        List.of("path=/etc/passwd/x"),
                        "df -k /srv/t | grep -q ' 1024 '",
                        "df -k /srv/t | grep -q ' 2048 '"),
                new Kind(
                        "character device",
                        List.of("unix-char", "source=/dev/zero", "path=/dev/sub/mine"),
                        "mode=0600",
                        List.of("path=/etc/passwd/x"),
                        "test \"$(head -c 3 /dev/sub/mine | wc -c)\" = 3",
                        "ls -l /dev/sub/mine | grep -q ^crw-------"),
                new Kind(
                        "character device outside of dev",
                        List.of("unix-char", "major=1", "minor=5", "path=/srv/mine"),
                        "uid=7",
                        List.of("path=/etc/passwd/x"),
                        "test \"$(head -c 3 /srv/mine | wc -c)\" = 3",
                        "ls -ln /srv/mine | grep -q ' 7 '"),
                new Kind(
                        "block device",
                        List.of("unix-block", "major=7", "minor=0", "path=/dev/sub/disk"),
                        "mode=0600",
                        List.of("path=/etc/passwd/x"),
                        "ls -l /dev/sub/disk | grep -q '^brw-rw----.* 7, *0 '",
                        "ls -l /dev/sub/disk | grep -q ^brw-------"),
                new Kind(
                        "device of a vendor's file",
                        List.of("gpu", "id=example.com/" + MARKER + "=0"),
                        "mode=0600",
                        // The node is there already when its file has no place.
                        List.of("id=example.com/" + MARKER + "=bad"),
                        "test \"$(head -c 3 /dev/gpu0 | wc -c)\" = 3"
                                + " && grep -q hello /etc/gpu.conf && ! touch /etc/gpu.conf"
                                + " && test \"$CARD\" = of"
                                + MARKER,
                        "ls -l /dev/gpu0 | grep -q ^crw-------"),
                new Kind(
                        "bridged",
                        List.of("nic", "network=" + BRIDGE, "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "bridged with filters, limits and routes",
                        List.of(
                                "nic",
                                "network=" + BRIDGE,
                                "name=in1",
                                "limits.ingress=10Mbit",
                                "limits.egress=5Mbit",
                                "security.ipv4_filtering=true",
                                "ipv4.address=" + ROOM.ipv4("7.9"),
                                "ipv4.routes=" + ROOM.ipv4("99.0/24")),
                        "limits.egress=6Mbit",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1"),
                new Kind(
                        "bridged by name of the bridge",
                        List.of(
                                "nic",
                                "nictype=bridged",
                                "parent=" + BRIDGE,
                                "name=in1",
                                "limits.priority=5",
                                "host_name=" + MARKER + "h1"),
                        "host_name=" + MARKER + "h2",
                        List.of("name=lo"),
                        "host ip link show "
                                + MARKER
                                + "h1 && nft list table netdev atoll"
                                + " | grep -q 'meta priority set 0:5'",
                        "host ip link show "
                                + MARKER
                                + "h2 | grep -q UP && nft list table netdev"
                                + " atoll | grep -q 'device \""
                                + MARKER
                                + "h2\"'"),
                new Kind(
                        "p2p",
                        List.of("nic", "nictype=p2p", "name=in1", "host_name=" + MARKER + "h"),
                        "ipv4.routes=" + ROOM.ipv4("98.0/24"),
                        List.of("host_name=" + BRIDGE),
                        "ip link show in1",
                        "ip link show in1"),
                new Kind(
                        "macvlan",
                        List.of("nic", "nictype=macvlan", "parent=" + CARD, "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "routed",
                        List.of(
                                "nic",
                                "nictype=routed",
                                "parent=" + BRIDGE,
                                "name=in1",
                                "ipv4.address=" + ROOM.ipv4("97.9"),
                                "ipv4.host_table=" + ROOM.port(7700),
                                "ipv6.address=fd42:83:97::9"),
                        "ipv4.address=" + ROOM.ipv4("97.10"),
                        List.of("name=lo"),
                        "ip addr show in1 | grep -q "
                                + ROOM.ipv4("97.9/32")
                                + " && ip route | grep -q 'default via 169.254.0.1'",
                        "host ip route show table "
                                + ROOM.port(7700)
                                + " | grep -q "
                                + ROOM.ipv4("97.10")),
                new Kind(
                        "proxy from the host",
                        List.of(
                                "proxy",
                                "listen=tcp:127.0.0.1:" + ROOM.port(18731) + "-" + ROOM.port(18732),
                                "connect=tcp:127.0.0.1:81"),
                        "listen=tcp:127.0.0.1:" + ROOM.port(18733),
                        // The first port is taken before the second turns out to be impossible.
                        List.of(
                                "listen=tcp:127.0.0.1:"
                                        + ROOM.port(18734)
                                        + ","
                                        + ROOM.port(18734)),
                        "host ss -ltn | grep -q 127.0.0.1:" + ROOM.port(18731),
                        "host ss -ltn | grep -q 127.0.0.1:" + ROOM.port(18733)),
                new Kind(
                        "proxy from inside",
                        List.of(
                                "proxy",
                                "bind=instance",
                                "listen=tcp:127.0.0.1:" + ROOM.port(18735),
                                "connect=unix:/no/such/socket"),
                        "listen=tcp:127.0.0.1:" + ROOM.port(18736),
                        List.of("listen=tcp:10.250.250.250:" + ROOM.port(18735)),
                        "netstat -ltn | grep -q 127.0.0.1:" + ROOM.port(18735),
                        "netstat -ltn | grep -q 127.0.0.1:" + ROOM.port(18736)),
                new Kind(
                        "proxy from a socket inside",
                        List.of(
                                "proxy",
                                "bind=instance",
                                "listen=unix:/root/sock",
                                "connect=tcp:127.0.0.1:9",
                                "uid=5",
                                "mode=0600"),
                        "mode=0660",
                        List.of("listen=unix:/no/such/directory/sock"),
                        "ls -ln /root/sock | grep -q '^srw-------.* 5 '",
                        "ls -ln /root/sock | grep -q '^srw-rw----.* 5 '"),
                new Kind(
                        "physical",
                        List.of("nic", "nictype=physical", "parent=" + CARD, "name=in1"),
                        "name=in2",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in2"));
    }

    /// Kinds of which some kernels have no code.
    static Stream<Kind> kindsOfSomeKernels() {
        String port = MARKER + "v1";
        return Stream.of(
                new Kind(
                        "ipvlan",
                        List.of(
                                "nic",
                                "nictype=ipvlan",
                                "parent=" + CARD,
                                "name=in1",
                                "ipv4.address=" + ROOM.ipv4("96.9")),
                        "ipv4.address=" + ROOM.ipv4("96.10"),
                        List.of("name=lo"),
                        "ip addr show in1 | grep -q " + ROOM.ipv4("96.9/32"),
                        "ip addr show in1 | grep -q " + ROOM.ipv4("96.10/32")),
                new Kind(
                        "8021q",
                        List.of("nic", "nictype=macvlan", "parent=" + CARD, "vlan=5", "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "vlan_filtering",
                        List.of(
                                "nic",
                                "network=" + BRIDGE,
                                "name=in1",
                                "host_name=" + port,
                                "vlan=7",
                                "vlan.tagged=8-9"),
                        "vlan=6",
                        List.of("name=lo"),
                        "host bridge vlan show dev " + port + " | grep -q '7 PVID'",
                        "host bridge vlan show dev " + port + " | grep -q '6 PVID'"));
    }

    private static boolean kernelHas(String what) {
        if (!what.equals("vlan_filtering")) {
            return Program.of("sh").run("-c", "modprobe --quiet " + what).exit() == 0;
        }
        return Files.exists(Path.of("/sys/class/net", BRIDGE, "bridge", what));
    }

    @RegisterExtension final Leaks leaks = Leaks.of(NAME);

    private TestDaemon daemon = TestDaemon.launch("atoll-" + MARKER);
    private Program client = daemon.lxc();
    private List<String> before = List.of();

    @BeforeAll
    void prepare() throws IOException {
        Files.createDirectories(SOURCE);
        Files.writeString(SOURCE.resolve("file"), "hello\n");
        Files.createDirectories(VENDOR.getParent());
        Files.writeString(VENDOR, vendorFile());
        lxc("storage", "create", "default", "overlay");
        lxc(
                "network",
                "create",
                BRIDGE,
                "ipv6.address=none",
                "ipv4.address=" + ROOM.ipv4("7.1/24"));
        lxc("storage", "volume", "create", "default", MARKER);
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterAll
    void cleanUp() throws IOException {
        daemon.close();
        Files.deleteIfExists(VENDOR);
        Files.deleteIfExists(SOURCE.resolve("file"));
        Files.deleteIfExists(SOURCE);
    }

    @BeforeEach
    void begin() {
        host("ip", "link", "add", CARD, "type", "veth", "peer", "name", MARKER + "ph1");
        host("ip", "link", "set", CARD, "up");
        lxc("init", "busybox", NAME);
        before = facts();
    }

    @AfterEach
    void end() {
        lxc("delete", "--force", NAME);
        // A physical interface of an instance that is gone comes home when the kernel gets to it.
        Program.of("ip").run("link", "delete", CARD);
        Await.until(
                "the host to be as before",
                SOON,
                () -> facts().stream().allMatch(f -> before.contains(f) || f.contains(CARD)));
    }

    private static String vendorFile() {
        return """
        cdiVersion: 0.6.0
        kind: example.com/%1$s
        containerEdits:
          env: [CARD=of%1$s]
        devices:
        - name: "0"
          containerEdits:
            deviceNodes: [{path: /dev/gpu0, hostPath: /dev/zero}]
            mounts: [{hostPath: %2$s, containerPath: /etc/gpu.conf, options: [ro]}]
            hooks:
            - {hookName: createContainer, path: /bin/touch, args: [touch, %2$s.%1$s-made]}
            - {hookName: poststop, path: /bin/rm, args: [rm, %2$s.%1$s-made]}
        - name: bad
          containerEdits:
            deviceNodes: [{path: /dev/gpu0, hostPath: /dev/zero}]
            mounts: [{hostPath: %2$s, containerPath: /etc/passwd/x}]
        - name: failing
          containerEdits:
            hooks:
            - {hookName: createRuntime, path: /bin/touch, args: [touch, %2$s.%1$s-made]}
            - {hookName: createContainer, path: /bin/sh, args: [sh, -c, 'echo no luck >&2; exit 1']}
            - {hookName: poststop, path: /bin/rm, args: [rm, %2$s.%1$s-made]}
        """
                .formatted(MARKER, SOURCE.resolve("file"));
    }

    private Program.Output lxc(String... command) {
        return client.run(command).ok();
    }

    private static Program.Output host(String... command) {
        return Program.of(command[0])
                .run(List.of(command).subList(1, command.length).toArray(String[]::new))
                .ok();
    }

    /// All of the host that devices change: ports of our bridge, rules and routes that name it or
    /// the instance, files.
    private List<String> facts() {
        List<String> out = new ArrayList<>();
        out.addAll(names(Path.of("/sys/class/net", BRIDGE, "brif")));
        out.addAll(names(daemon.state().resolve("networks/" + BRIDGE + "/dnsmasq.hosts")));
        out.addAll(names(daemon.state().resolve("devices/" + NAME)));
        out.addAll(names(daemon.state().resolve("devices/.cdi")));
        // What hooks of the vendor's file made.
        out.addAll(names(SOURCE));
        for (String[] command :
                List.of(
                        new String[] {"nft", "list", "ruleset"},
                        new String[] {"ip", "route", "show", "table", "all"},
                        new String[] {"ip", "neigh", "show", "proxy"},
                        new String[] {"ip", "-6", "neigh", "show", "proxy"},
                        new String[] {"ip", "-oneline", "link"})) {
            host(command)
                    .out()
                    .lines()
                    .filter(line -> line.contains(NAME) || line.contains(ROOM.ipv4("")))
                    .forEach(out::add);
        }
        return out.stream()
                .filter(line -> !line.contains(BRIDGE + " ") || line.contains("via"))
                .toList();
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> folder.getFileName() + "/" + file.getFileName()).toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    private boolean holds(String command) {
        return command.startsWith(ON_HOST)
                ? Program.of("sh").run("-c", command.substring(ON_HOST.length())).exit() == 0
                : client.run("exec", NAME, "--", "sh", "-c", command).exit() == 0;
    }

    private void add(Kind kind) {
        client.run(addition(kind, List.of())).ok();
    }

    /// Later options stand in for earlier ones of the same name.
    private static String[] addition(Kind kind, List<String> more) {
        List<String> command = new ArrayList<>(List.of("config", "device", "add", NAME, "dev1"));
        for (String option : kind.options()) {
            String key = option.substring(0, option.indexOf('=') + 1);
            if (key.isEmpty() || more.stream().noneMatch(m -> m.startsWith(key))) {
                command.add(option);
            }
        }
        command.addAll(more);
        return command.toArray(String[]::new);
    }

    private void change(Kind kind) {
        String[] pair = kind.change().split("=", 2);
        lxc("config", "device", "set", NAME, "dev1", pair[0], pair[1]);
    }

    /// Kinds that this kernel has no code for are refused with its name, and leave nothing.
    @Test
    void whatTheKernelLacksIsNamed() {
        List<String> wanted = List.of("ipvlan", "nictype=ipvlan", "parent=" + CARD);
        Assumptions.assumeFalse(
                Program.of("sh").run("-c", "modprobe ipvlan").exit() == 0,
                "this kernel has ipvlan");
        lxc("start", NAME);
        Program.Output refused =
                client.run(
                                "config",
                                "device",
                                "add",
                                NAME,
                                "dev1",
                                "nic",
                                wanted.get(1),
                                wanted.get(2),
                                "ipv4.address=" + ROOM.ipv4("96.9"))
                        .exits(1);
        assertTrue(refused.err().contains("ipvlan"), refused.err());
        assertEquals(before, facts());
        Program.Output untagged =
                client.run(
                                "config",
                                "device",
                                "add",
                                NAME,
                                "dev1",
                                "nic",
                                "nictype=macvlan",
                                wanted.get(2),
                                "vlan=5",
                                "name=in1")
                        .exits(1);
        assertTrue(untagged.err().contains("vlan"), untagged.err());
        Program.Output functions =
                client.run(
                                "config",
                                "device",
                                "add",
                                NAME,
                                "dev1",
                                "nic",
                                "nictype=sriov",
                                wanted.get(2))
                        .exits(1);
        assertTrue(functions.err().contains("SR-IOV"), functions.err());
        assertEquals(Optional.of(""), devices());
        assertEquals(before, facts());
    }

    /// A device that is none stands in for one of a profile.
    @Test
    void noneHidesADeviceOfAProfile() {
        lxc("profile", "create", MARKER);
        lxc(
                "profile",
                "device",
                "add",
                MARKER,
                "hid",
                "unix-char",
                "source=/dev/zero",
                "path=/dev/hid");
        lxc("profile", "assign", NAME, "default," + MARKER);
        lxc("start", NAME);
        assertTrue(holds("test -c /dev/hid"));
        lxc("config", "device", "add", NAME, "hid", "none");
        assertFalse(holds("test -e /dev/hid"), "hidden live");
        lxc("stop", "--force", NAME);
        lxc("start", NAME);
        assertFalse(holds("test -e /dev/hid"), "hidden from the start");
        lxc("config", "device", "remove", NAME, "hid");
        assertTrue(holds("test -c /dev/hid"), "there again");
        lxc("profile", "assign", NAME, "default");
        lxc("profile", "delete", MARKER);
        assertEquals(before, facts());
    }

    /// A proxy by rules of the host's needs an interface with an address of its own.
    @Test
    void proxyByRulesComesChangesAndGoes() {
        String address = ROOM.ipv4("7.60");
        String port = Integer.toString(ROOM.port(18741));
        String later = Integer.toString(ROOM.port(18742));
        String listen = "listen=tcp:" + ROOM.ipv4("7.1") + ":";
        String connect = "connect=tcp:" + address + ":80";
        lxc(
                "config",
                "device",
                "add",
                NAME,
                "in1",
                "nic",
                "network=" + BRIDGE,
                "ipv4.address=" + address);
        lxc("start", NAME);
        List<String> connected = facts();
        Program.Output refused =
                client.run(
                                "config",
                                "device",
                                "add",
                                NAME,
                                "dev1",
                                "proxy",
                                listen + port,
                                "connect=tcp:" + ROOM.ipv4("7.61") + ":80",
                                "nat=true")
                        .exits(1);
        assertTrue(refused.err().contains("static IPs"), refused.err());
        assertEquals(connected, facts());
        lxc("config", "device", "add", NAME, "dev1", "proxy", listen + port, connect, "nat=true");
        assertTrue(forwarded(port, address));
        daemon.kill();
        daemon.start();
        lxc("config", "device", "set", NAME, "dev1", listen + later);
        assertTrue(forwarded(later, address));
        assertFalse(forwarded(port, address));
        lxc("config", "device", "remove", NAME, "dev1");
        assertEquals(connected, facts());
        lxc("stop", "--force", NAME);
        lxc("config", "device", "add", NAME, "dev1", "proxy", listen + port, connect, "nat=true");
        assertFalse(forwarded(port, address));
        lxc("start", NAME);
        assertTrue(forwarded(port, address), "started with it");
    }

    private static boolean forwarded(String port, String address) {
        return host("nft", "list", "ruleset")
                .out()
                .lines()
                .anyMatch(line ->
                        line.contains("dport " + port)
                                && line.contains("dnat")
                                && line.contains(address));
    }

    /// Programs of a vendor's file run on the host, and one that fails stops the device.
    @Test
    void hooksOfAVendorsFileRun() {
        Path made = SOURCE.resolve("file." + MARKER + "-made");
        String id = "id=example.com/" + MARKER + "=";
        lxc("config", "device", "add", NAME, "dev1", "gpu", id + "0");
        lxc("start", NAME);
        assertTrue(Files.exists(made));
        lxc("stop", "--force", NAME);
        Await.until("the hook of the end", SOON, () -> !Files.exists(made));
        lxc("config", "device", "set", NAME, "dev1", id + "failing");
        Program.Output failed = client.run("start", NAME).exits(1);
        Program.Output log = client.run("info", NAME, "--show-log");
        assertTrue((failed.err() + log.out()).contains("no luck"), failed.err());
        assertFalse(Files.exists(made), "taken back");
        lxc("config", "device", "remove", NAME, "dev1");
        lxc("start", NAME);
        Program.Output refused =
                client.run("config", "device", "add", NAME, "dev1", "gpu", id + "failing").exits(1);
        assertTrue(refused.err().contains("no luck"), refused.err());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kindsOfSomeKernels")
    void comesChangesAndGoesWhereTheKernelHasIt(Kind kind) {
        Assumptions.assumeTrue(kernelHas(kind.name()), "this kernel has no " + kind.name());
        lxc("start", NAME);
        client.run(addition(kind, kind.failing())).exits(1);
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), kind.inside());
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", NAME, "dev1");
        assertEquals(before, facts());
        lxc("stop", "--force", NAME);
        add(kind);
        lxc("start", NAME);
        assertTrue(holds(kind.inside()), "started with it: " + kind.inside());
    }

    private Optional<String> devices() {
        return Optional.of(lxc("config", "device", "list", NAME).out().strip());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void addedStopped(Kind kind) {
        add(kind);
        lxc("start", NAME);
        assertTrue(holds(kind.inside()), kind.inside());
        lxc("stop", "--force", NAME);
        lxc("start", NAME);
        assertTrue(holds(kind.inside()), "after a second start: " + kind.inside());
        lxc("stop", "--force", NAME);
        lxc("config", "device", "remove", NAME, "dev1");
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void addedAndRemovedLive(Kind kind) {
        lxc("start", NAME);
        assertFalse(holds(kind.inside()), kind.inside());
        add(kind);
        assertTrue(holds(kind.inside()), kind.inside());
        lxc("config", "device", "remove", NAME, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), "added again: " + kind.inside());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void updatedLive(Kind kind) {
        lxc("start", NAME);
        add(kind);
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", NAME, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void startedWithThenChangedAndRemovedAfterARestartOfTheDaemon(Kind kind) {
        add(kind);
        lxc("start", NAME);
        daemon.kill();
        daemon.start();
        assertTrue(holds(kind.inside()), kind.inside());
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", NAME, "dev1");
        assertFalse(holds(kind.inside()), kind.inside());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void failingHalfWayLeavesNothing(Kind kind) {
        lxc("start", NAME);
        Program.Output refused = client.run(addition(kind, kind.failing())).exits(1);
        assertTrue(refused.err().contains("dev1"), refused.err());
        assertEquals(Optional.of(""), devices());
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), "added rightly afterwards: " + kind.inside());
        String pair = kind.failing().getFirst();
        client.run(
                        "config",
                        "device",
                        "set",
                        NAME,
                        "dev1",
                        pair.substring(0, pair.indexOf('=')),
                        pair.substring(pair.indexOf('=') + 1))
                .exits(1);
        assertTrue(holds(kind.inside()), "after a change that failed: " + kind.inside());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void failingStartLeavesNothing(Kind kind) {
        client.run(addition(kind, kind.failing())).ok();
        client.run("start", NAME).exits(1);
        assertEquals("STOPPED", lxc("list", NAME, "--format=csv", "--columns=s").out().strip());
        lxc("config", "device", "remove", NAME, "dev1");
        assertEquals(before, facts());
    }
}
