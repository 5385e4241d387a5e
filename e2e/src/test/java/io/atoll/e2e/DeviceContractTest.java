package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import io.atoll.testkit.Room;
import io.atoll.testkit.TestDaemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Devices that any host has, or can have by commands alone.
@Tag("privileged")
@Tag("e2e")
class DeviceContractTest extends DeviceContract {
    private static final Room ROOM = Room.take("e2edv", 83);
    private static final Path SOURCE = Path.of("/tmp/atoll-" + ROOM.name() + "-source");
    private static final Path VENDOR = Path.of("/run/cdi", ROOM.name() + ".yaml");

    DeviceContractTest() {
        super(ROOM, TestDaemon.launch("atoll-" + ROOM.name()));
    }

    @Override
    Stream<Kind> kinds() {
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
                        List.of("disk", "pool=default", "source=" + room.name(), "path=/srv/v"),
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
                        List.of("gpu", "id=example.com/" + room.name() + "=0"),
                        "mode=0600",
                        // The node is there already when its file has no place.
                        List.of("id=example.com/" + room.name() + "=bad"),
                        "test \"$(head -c 3 /dev/gpu0 | wc -c)\" = 3"
                                + " && grep -q hello /etc/gpu.conf && ! touch /etc/gpu.conf"
                                + " && test \"$card\" = of"
                                + room.name(),
                        "ls -l /dev/gpu0 | grep -q ^crw-------"),
                new Kind(
                        "bridged",
                        List.of("nic", "network=" + bridge, "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "bridged with filters, limits and routes",
                        List.of(
                                "nic",
                                "network=" + bridge,
                                "name=in1",
                                "limits.ingress=10Mbit",
                                "limits.egress=5Mbit",
                                "security.ipv4_filtering=true",
                                "ipv4.address=" + room.ipv4("7.9"),
                                "ipv4.routes=" + room.ipv4("99.0/24")),
                        "limits.egress=6Mbit",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1"),
                new Kind(
                        "bridged by name of the bridge",
                        List.of(
                                "nic",
                                "nictype=bridged",
                                "parent=" + bridge,
                                "name=in1",
                                "limits.priority=5",
                                "host_name=" + room.name() + "h1"),
                        "host_name=" + room.name() + "h2",
                        List.of("name=lo"),
                        "host ip link show "
                                + room.name()
                                + "h1 && nft list table netdev atoll"
                                + " | grep -q 'meta priority set 0:5'",
                        "host ip link show "
                                + room.name()
                                + "h2 | grep -q UP && nft list table netdev"
                                + " atoll | grep -q 'device \""
                                + room.name()
                                + "h2\"'"),
                new Kind(
                        "p2p",
                        List.of("nic", "nictype=p2p", "name=in1", "host_name=" + room.name() + "h"),
                        "ipv4.routes=" + room.ipv4("98.0/24"),
                        List.of("host_name=" + bridge),
                        "ip link show in1",
                        "ip link show in1"),
                new Kind(
                        "macvlan",
                        List.of("nic", "nictype=macvlan", "parent=" + card, "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "routed",
                        List.of(
                                "nic",
                                "nictype=routed",
                                "parent=" + bridge,
                                "name=in1",
                                "ipv4.address=" + room.ipv4("97.9"),
                                "ipv4.host_table=" + room.port(7700),
                                "ipv6.address=fd42:83:97::9"),
                        "ipv4.address=" + room.ipv4("97.10"),
                        List.of("name=lo"),
                        "ip addr show in1 | grep -q "
                                + room.ipv4("97.9/32")
                                + " && ip route | grep -q 'default via 169.254.0.1'",
                        "host ip route show table "
                                + room.port(7700)
                                + " | grep -q "
                                + room.ipv4("97.10")),
                new Kind(
                        "proxy from the host",
                        List.of(
                                "proxy",
                                "listen=tcp:127.0.0.1:" + room.port(18731) + "-" + room.port(18732),
                                "connect=tcp:127.0.0.1:81"),
                        "listen=tcp:127.0.0.1:" + room.port(18733),
                        // The first port is taken before the second turns out to be impossible.
                        List.of(
                                "listen=tcp:127.0.0.1:"
                                        + room.port(18734)
                                        + ","
                                        + room.port(18734)),
                        "host ss -ltn | grep -q 127.0.0.1:" + room.port(18731),
                        "host ss -ltn | grep -q 127.0.0.1:" + room.port(18733)),
                new Kind(
                        "proxy from inside",
                        List.of(
                                "proxy",
                                "bind=instance",
                                "listen=tcp:127.0.0.1:" + room.port(18735),
                                "connect=unix:/no/such/socket"),
                        "listen=tcp:127.0.0.1:" + room.port(18736),
                        List.of("listen=tcp:10.250.250.250:" + room.port(18735)),
                        "netstat -ltn | grep -q 127.0.0.1:" + room.port(18735),
                        "netstat -ltn | grep -q 127.0.0.1:" + room.port(18736)),
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
                        List.of("nic", "nictype=physical", "parent=" + card, "name=in1"),
                        "name=in2",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in2"));
    }

    /// Kinds of which some kernels have no code.
    Stream<Kind> kindsOfSomeKernels() {
        String port = room.name() + "v1";
        return Stream.of(
                new Kind(
                        "ipvlan",
                        List.of(
                                "nic",
                                "nictype=ipvlan",
                                "parent=" + card,
                                "name=in1",
                                "ipv4.address=" + room.ipv4("96.9")),
                        "ipv4.address=" + room.ipv4("96.10"),
                        List.of("name=lo"),
                        "ip addr show in1 | grep -q " + room.ipv4("96.9/32"),
                        "ip addr show in1 | grep -q " + room.ipv4("96.10/32")),
                new Kind(
                        "8021q",
                        List.of("nic", "nictype=macvlan", "parent=" + card, "vlan=5", "name=in1"),
                        "mtu=1400",
                        List.of("name=lo"),
                        "ip link show in1",
                        "ip link show in1 | grep -q 'mtu 1400'"),
                new Kind(
                        "vlan_filtering",
                        List.of(
                                "nic",
                                "network=" + bridge,
                                "name=in1",
                                "host_name=" + port,
                                "vlan=7",
                                "vlan.tagged=8-9"),
                        "vlan=6",
                        List.of("name=lo"),
                        "host bridge vlan show dev " + port + " | grep -q '7 PVID'",
                        "host bridge vlan show dev "
                                + port
                                + " | grep -q '6 PVID' && ! bridge vlan show dev "
                                + port
                                + " | grep -qw 7"));
    }

    private boolean kernelHas(String what) {
        if (!what.equals("vlan_filtering")) {
            return Program.of("sh").run("-c", "modprobe --quiet " + what).exit() == 0;
        }
        return Files.exists(Path.of("/sys/class/net", bridge, "bridge", what));
    }

    @BeforeAll
    void prepare() throws IOException {
        Files.createDirectories(SOURCE);
        Files.writeString(SOURCE.resolve("file"), "hello\n");
        Files.createDirectories(VENDOR.getParent());
        Files.writeString(VENDOR, vendorFile());
        lxc("storage", "volume", "create", "default", room.name());
    }

    @AfterAll
    void cleanUp() throws IOException {
        daemon.close();
        Files.deleteIfExists(VENDOR);
        Files.deleteIfExists(SOURCE.resolve("file"));
        Files.deleteIfExists(SOURCE);
    }

    /// What hooks of the vendor's file made.
    @Override
    List<String> ownFacts() {
        return names(SOURCE);
    }

    private String vendorFile() {
        return """
        cdiVersion: 0.6.0
        kind: example.com/%1$s
        containerEdits:
          env: [card=of%1$s]
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
                .formatted(room.name(), SOURCE.resolve("file"));
    }

    /// Kinds that this kernel has no code for are refused with its name, and leave nothing.
    @Test
    void whatTheKernelLacksIsNamed() {
        List<String> wanted = List.of("ipvlan", "nictype=ipvlan", "parent=" + card);
        Assumptions.assumeFalse(
                Program.of("sh").run("-c", "modprobe ipvlan").exit() == 0,
                "this kernel has ipvlan");
        lxc("start", name);
        Program.Output refused =
                client.run(
                                "config",
                                "device",
                                "add",
                                name,
                                "dev1",
                                "nic",
                                wanted.get(1),
                                wanted.get(2),
                                "ipv4.address=" + room.ipv4("96.9"))
                        .exits(1);
        assertTrue(refused.err().contains("ipvlan"), refused.err());
        assertEquals(before, facts());
        Program.Output untagged =
                client.run(
                                "config",
                                "device",
                                "add",
                                name,
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
                                name,
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
        lxc("profile", "create", room.name());
        lxc(
                "profile",
                "device",
                "add",
                room.name(),
                "hid",
                "unix-char",
                "source=/dev/zero",
                "path=/dev/hid");
        lxc("profile", "assign", name, "default," + room.name());
        lxc("start", name);
        assertTrue(holds("test -c /dev/hid"));
        lxc("config", "device", "add", name, "hid", "none");
        assertFalse(holds("test -e /dev/hid"), "hidden live");
        lxc("stop", "--force", name);
        lxc("start", name);
        assertFalse(holds("test -e /dev/hid"), "hidden from the start");
        lxc("config", "device", "remove", name, "hid");
        assertTrue(holds("test -c /dev/hid"), "there again");
        lxc("profile", "assign", name, "default");
        lxc("profile", "delete", room.name());
        assertEquals(before, facts());
    }

    /// A proxy by rules of the host's needs an interface with an address of its own.
    @Test
    void proxyByRulesComesChangesAndGoes() {
        String address = room.ipv4("7.60");
        String port = Integer.toString(room.port(18741));
        String later = Integer.toString(room.port(18742));
        String listen = "listen=tcp:" + room.ipv4("7.1") + ":";
        String connect = "connect=tcp:" + address + ":80";
        lxc(
                "config",
                "device",
                "add",
                name,
                "in1",
                "nic",
                "network=" + bridge,
                "ipv4.address=" + address);
        lxc("start", name);
        List<String> connected = facts();
        Program.Output refused =
                client.run(
                                "config",
                                "device",
                                "add",
                                name,
                                "dev1",
                                "proxy",
                                listen + port,
                                "connect=tcp:" + room.ipv4("7.61") + ":80",
                                "nat=true")
                        .exits(1);
        assertTrue(refused.err().contains("static IPs"), refused.err());
        assertEquals(connected, facts());
        lxc("config", "device", "add", name, "dev1", "proxy", listen + port, connect, "nat=true");
        assertTrue(forwarded(port, address));
        daemon.kill();
        daemon.start();
        lxc("config", "device", "set", name, "dev1", listen + later);
        assertTrue(forwarded(later, address));
        assertFalse(forwarded(port, address));
        lxc("config", "device", "remove", name, "dev1");
        assertEquals(connected, facts());
        lxc("stop", "--force", name);
        lxc("config", "device", "add", name, "dev1", "proxy", listen + port, connect, "nat=true");
        assertFalse(forwarded(port, address));
        lxc("start", name);
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
        Path made = SOURCE.resolve("file." + room.name() + "-made");
        String id = "id=example.com/" + room.name() + "=";
        lxc("config", "device", "add", name, "dev1", "gpu", id + "0");
        lxc("start", name);
        assertTrue(Files.exists(made));
        lxc("stop", "--force", name);
        Await.until("the hook of the end", SOON, () -> !Files.exists(made));
        lxc("config", "device", "set", name, "dev1", id + "failing");
        Program.Output failed = client.run("start", name).exits(1);
        Program.Output log = client.run("info", name, "--show-log");
        assertTrue((failed.err() + log.out()).contains("no luck"), failed.err());
        assertFalse(Files.exists(made), "taken back");
        lxc("config", "device", "remove", name, "dev1");
        lxc("start", name);
        Program.Output refused =
                client.run("config", "device", "add", name, "dev1", "gpu", id + "failing").exits(1);
        assertTrue(refused.err().contains("no luck"), refused.err());
        assertEquals(before, facts());
    }

    @ParameterizedTest
    @MethodSource("kindsOfSomeKernels")
    void comesChangesAndGoesWhereTheKernelHasIt(Kind kind) {
        Assumptions.assumeTrue(kernelHas(kind.name()), "this kernel has no " + kind.name());
        lxc("start", name);
        client.run(addition(kind, kind.failing())).exits(1);
        assertEquals(before, facts());
        add(kind);
        assertTrue(holds(kind.inside()), kind.inside());
        change(kind);
        assertTrue(holds(kind.changed()), kind.changed());
        lxc("config", "device", "remove", name, "dev1");
        assertEquals(before, facts());
        lxc("stop", "--force", name);
        add(kind);
        lxc("start", name);
        assertTrue(holds(kind.inside()), "started with it: " + kind.inside());
    }
}
