package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.Idmap;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.FileStat;
import io.atoll.runtime.spec.Capability;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NamespaceSpec;
import io.atoll.runtime.spec.ProcessSpec;
import io.atoll.runtime.spec.Rlimit;
import io.atoll.runtime.spec.SecuritySpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What a container may not do, and that what it is given is right.
@Tag("privileged")
class ConfinementIT {
    private Traces before;
    private BusyboxHost host;

    @BeforeEach
    void open() {
        before = Traces.now();
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        host.close();
        before.assertNothingNew();
    }

    private Container start(ContainerSpec spec) {
        return host.containers().start(spec);
    }

    @Test
    void idsAreShiftedAndUnshiftedOnDisk() {
        Container container = start(host.spec("ids"));
        assertEquals(
                "0 1000000 65536",
                host.run(container, "cat /proc/self/uid_map").replaceAll(" +", " ").strip());
        host.run(container, "touch /made");
        Path made = host.base().resolve("instances/ids/upper/made");
        assertEquals(0, FileStat.of(made.toString()).uid());
        assertEquals("0 0", host.run(container, "stat -c '%u %g' /made /bin/busybox | head -1"));
        assertEquals("0", host.run(container, "stat -c %u /bin/busybox"));
    }

    @Test
    void deviceNodesOfAnImageAreNone() {
        // One that the device cgroup allows, so that only the mount is in the way.
        Path node = host.lower().resolve("smuggled");
        Commands.Result unused =
                Commands.run(Command.of("mknod", "-m", "666", node.toString(), "c", "1", "5"));
        Container container = start(host.spec("nodes"));
        assertEquals("denied", host.run(container, "head -c 1 /smuggled || echo denied"));
        assertEquals("denied", host.run(container, "echo > /smuggled || echo denied"));
        assertEquals("1", host.run(container, "head -c 1 /dev/zero | wc -c"));
    }

    @Test
    void devicesAreThereAndNoOthers() {
        ContainerSpec spec =
                host.spec("dev")
                        .withDevices(
                                DeviceSpec.DEFAULT
                                        .plus(
                                                new DeviceNode(
                                                        new GuestPath("/dev/net/tun"),
                                                        DeviceNode.Type.CHAR,
                                                        10,
                                                        200,
                                                        0660,
                                                        0,
                                                        100))
                                        .plus(DeviceNode.character("/opt/zero", 1, 5)));
        Container container = start(spec);
        assertEquals(
                "console fd full mqueue net null ptmx pts random shm stderr stdin stdout tty urandom zero",
                host.run(container, "echo $(ls /dev)"));
        assertEquals(
                "660 0 100 a c8", host.run(container, "stat -c '%a %u %g %t %T' /dev/net/tun"));
        assertEquals("4", host.run(container, "head -c 4 /opt/zero | wc -c"));
        host.run(container, "head -c 4 /dev/urandom > /dev/null; echo x > /dev/null");
        assertEquals(
                "refused", host.run(container, "mknod /tmp/sda b 8 0 2>/dev/null || echo refused"));
        Container privileged = start(host.spec("devp", Idmap.NONE));
        // Making is allowed, using is not.
        host.run(privileged, "mknod /tmp/mem c 1 1");
        assertEquals(
                "refused", host.run(privileged, "head -c 1 /tmp/mem 2>/dev/null || echo refused"));
    }

    @Test
    void remountingDevPtsNeverReachesTheHost() throws Exception {
        String options = hostPts();
        Container container = start(host.spec("pts", Idmap.NONE));
        host.run(container, "mount -o remount,ro /dev/pts");
        assertTrue(host.run(container, "grep ' /dev/pts ' /proc/mounts").contains("ro,"));
        host.run(container, "mount -o remount,ro /dev/console || true");
        assertEquals(options, hostPts());
    }

    private static String hostPts() throws java.io.IOException {
        return Files.readString(Path.of("/proc/self/mountinfo"))
                .lines()
                .filter(l -> l.contains("devpts"))
                .toList()
                .toString();
    }

    @Test
    void refusesSystemCalls() {
        Container container = start(host.spec("seccomp", Idmap.NONE));
        assertEquals(
                "2", host.run(container, "grep ^Seccomp: /proc/self/status").replaceAll("\\D", ""));
        assertEquals(
                "refused",
                host.run(
                        container,
                        "mkdir /tmp/m; mount -t tmpfs x /tmp/m && umount -f /tmp/m 2>/dev/null || echo refused"));
        try (Shell free =
                Shell.start(
                        container,
                        new ExecSpec(
                                List.of("/bin/grep", "^Seccomp:", "/proc/self/status"),
                                Map.of(),
                                "/",
                                0,
                                0,
                                List.of(),
                                new ExecSpec.Stdio.None(),
                                java.util.Set.of(),
                                true,
                                true))) {
            assertEquals("0", free.output().replaceAll("\\D", ""));
        }
    }

    @Test
    void capabilitiesAreBounded() {
        ContainerSpec spec = host.spec("caps");
        SecuritySpec security = spec.security().dropping(Capability.NET_RAW, Capability.SYS_MODULE);
        Container container = start(spec.withSecurity(security));
        String bounding =
                host.run(container, "grep CapBnd /proc/self/status").replaceAll(".*\\s", "");
        long mask = Long.parseUnsignedLong(bounding, 16);
        assertEquals(0, mask & (Capability.NET_RAW.bit() | Capability.SYS_MODULE.bit()));
        assertNotEquals(0, mask & Capability.SYS_ADMIN.bit());
        String init = host.run(container, "grep CapEff /proc/1/status").replaceAll(".*\\s", "");
        assertEquals(bounding, init);
    }

    @Test
    void limitsHold() {
        LimitsSpec limits =
                new LimitsSpec(
                        new LimitsSpec.Memory(
                                Optional.of(ByteSize.parse("32MiB")),
                                Optional.empty(),
                                Optional.of(new ByteSize(0)),
                                OptionalInt.empty()),
                        new LimitsSpec.Cpu(
                                OptionalLong.of(512),
                                OptionalLong.of(10_000),
                                OptionalLong.empty(),
                                Optional.of("0"),
                                Optional.empty()),
                        OptionalLong.of(20),
                        LimitsSpec.Io.NONE,
                        List.of(),
                        List.of());
        Container container = start(host.spec("limits").withLimits(limits));
        CgroupStats stats = container.stats();
        assertEquals(32L << 20, stats.memoryLimitBytes());
        assertEquals(20, stats.pidsLimit());
        assertTrue(
                stats.pids() >= 1 && stats.cpuNanos() > 0 && stats.memoryBytes() > 0,
                stats.toString());
        assertEquals(
                "0",
                host.run(container, "grep Cpus_allowed_list /proc/self/status")
                        .replaceAll(".*\\s", ""));
        // More than there is: killed by the kernel.
        try (Shell greedy =
                Shell.start(container, "exec dd if=/dev/zero of=/dev/null bs=64M count=1")) {
            assertEquals(137, greedy.waitExit());
        }
        assertEquals(
                "refused",
                host.run(
                        container,
                        "(for i in $(seq 40); do sleep 2 & done; wait) 2>&1 | grep -q fork && echo refused"));
        container.updateLimits(LimitsSpec.NONE);
        assertEquals(CgroupStats.UNLIMITED, container.stats().memoryLimitBytes());
        assertEquals(CgroupStats.UNLIMITED, container.stats().pidsLimit());
        try (Shell greedy =
                Shell.start(container, "exec dd if=/dev/zero of=/dev/null bs=64M count=1")) {
            assertEquals(0, greedy.waitExit());
        }
    }

    @Test
    void processAttributes() {
        ProcessSpec process =
                new ProcessSpec(
                        List.of(new Rlimit(Rlimit.Resource.NOFILE, 123, 456)),
                        OptionalInt.of(500),
                        Map.of("net.ipv4.ip_forward", "1"),
                        Map.of(),
                        OptionalInt.empty());
        Container container = start(host.spec("process").withProcess(process));
        assertEquals("500", host.run(container, "cat /proc/1/oom_score_adj"));
        assertTrue(
                host.run(container, "grep 'Max open files' /proc/1/limits")
                        .matches("Max open files +123 +456 .*"));
        assertEquals("1", host.run(container, "cat /proc/sys/net/ipv4/ip_forward"));
    }

    @Test
    void bootIdIsItsOwn() throws Exception {
        Container container = start(host.spec("bootid"));
        String file = "/proc/sys/kernel/random/boot_id";
        String id = host.run(container, "cat " + file);
        assertTrue(id.matches("[0-9a-f]{8}-[0-9a-f-]{27}"), id);
        assertNotEquals(Files.readString(Path.of(file)).strip(), id);
    }

    @Test
    void mountsWhatItIsTold() throws Exception {
        Path share = Files.createDirectories(host.base().resolve("share/deep"));
        Files.writeString(share.resolve("file"), "shared");
        ContainerSpec spec =
                host.spec("mounts")
                        .withMounts(
                                List.of(
                                        MountSpec.Bind.of(
                                                share,
                                                new GuestPath("/mnt/share"),
                                                true,
                                                MountSpec.Create.DIR),
                                        MountSpec.Bind.of(
                                                share.resolve("file"),
                                                new GuestPath("/etc/one"),
                                                false,
                                                MountSpec.Create.FILE,
                                                MountFlag.RO),
                                        new MountSpec.FileSystem(
                                                "tmpfs",
                                                "scratch",
                                                new GuestPath("/scratch"),
                                                java.util.Set.of(MountFlag.NODEV),
                                                List.of("size=1m"),
                                                MountSpec.Create.DIR,
                                                false),
                                        new MountSpec.Bind(
                                                Path.of("/no/such/thing"),
                                                new GuestPath("/optional"),
                                                java.util.Set.of(),
                                                true,
                                                false,
                                                false,
                                                Optional.empty(),
                                                MountSpec.Create.DIR,
                                                true)));
        Container container = start(spec);
        assertEquals("shared", host.run(container, "cat /mnt/share/file"));
        host.run(container, "echo from inside > /mnt/share/new");
        assertEquals(0, FileStat.of(share.resolve("new").toString()).uid());
        assertEquals(
                "refused", host.run(container, "echo x > /etc/one 2>/dev/null || echo refused"));
        assertTrue(host.run(container, "grep /scratch /proc/mounts").contains("size=1024k"));
        assertEquals("started", host.run(container, "ls /mnt >/dev/null && echo started"));
    }

    @Test
    void cve_2015_1335_aHostileRootCannotMoveMountTargetsOutside() throws Exception {
        Path trap = Files.createDirectories(host.base().resolve("trap"));
        ContainerSpec spec = host.spec("trap");
        Path upper = host.base().resolve("instances/trap/upper");
        Files.createDirectories(upper.resolve("mnt"));
        // Absolute link that would lead out of the root if it were followed by the host.
        Files.createSymbolicLink(upper.resolve("mnt/link"), trap);
        Container container =
                start(
                        spec.withMounts(
                                List.of(
                                        new MountSpec.FileSystem(
                                                "tmpfs",
                                                "x",
                                                new GuestPath("/mnt/link/made"),
                                                java.util.Set.of(),
                                                List.of(),
                                                MountSpec.Create.DIR,
                                                true))));
        try (var left = Files.list(trap)) {
            assertEquals(0, left.count());
        }
        container.kill();
    }

    @Test
    void clocksMayBeMoved() {
        NamespaceSpec moved =
                new NamespaceSpec(
                        java.util.Set.of(),
                        Map.of(),
                        Optional.of(new NamespaceSpec.TimeOffsets(0, 1_000_000L * 1_000_000_000L)));
        Container container = start(host.spec("time").withNamespaces(moved));
        long uptime =
                Long.parseLong(host.run(container, "cat /proc/uptime").replaceAll("[. ].*", ""));
        assertTrue(uptime > 1_000_000, "uptime " + uptime);
    }

    @Test
    void namespacesMayBeSharedWithAnother() {
        Container first = start(host.spec("share1"));
        Path net = Path.of("/proc/" + first.initPid() + "/ns/net");
        Container second =
                start(
                        host.spec("share2")
                                .withNamespaces(
                                        new NamespaceSpec(
                                                java.util.Set.of(),
                                                Map.of(
                                                        io.atoll.runtime.spec.NamespaceKind.NET,
                                                        net),
                                                Optional.empty())));
        String inFirst = host.run(first, "readlink /proc/self/ns/net");
        assertEquals(inFirst, host.run(second, "readlink /proc/1/ns/net"));
        assertEquals(inFirst, host.run(second, "readlink /proc/self/ns/net"));
        assertNotEquals(
                host.run(first, "readlink /proc/self/ns/uts"),
                host.run(second, "readlink /proc/self/ns/uts"));
    }

    @Test
    void privilegesMayBeGivenUpForGood() {
        ContainerSpec spec = host.spec("nnp");
        SecuritySpec all = spec.security();
        Container container =
                start(
                        spec.withSecurity(
                                        new SecuritySpec(
                                                all.bounding(),
                                                true,
                                                all.seccomp(),
                                                all.lsmLabel(),
                                                all.hasOwnKeyring()))
                                .withProcess(
                                        new ProcessSpec(
                                                List.of(),
                                                OptionalInt.empty(),
                                                Map.of(),
                                                Map.of(),
                                                OptionalInt.of(ProcessSpec.PER_LINUX32))));
        assertEquals(
                "1", host.run(container, "grep NoNewPrivs /proc/1/status").replaceAll("\\D", ""));
        assertEquals(
                "1",
                host.run(container, "grep NoNewPrivs /proc/self/status").replaceAll("\\D", ""));
        assertEquals("00000008", host.run(container, "cat /proc/self/personality"));
    }

    @Test
    void ttysLeadToTheMonitor() {
        Container container =
                start(
                        host.spec("tty")
                                .withDevices(
                                        new DeviceSpec(
                                                true, 2, List.of(), DeviceSpec.defaultRules())));
        try (io.atoll.linux.Fd tty = container.tty(1)) {
            host.run(container, "echo over here > /dev/tty1");
            byte[] chunk = new byte[100];
            int n = io.atoll.linux.FdIo.read(tty, chunk, 0, chunk.length);
            assertEquals(
                    "over here",
                    new String(chunk, 0, n, java.nio.charset.StandardCharsets.UTF_8).strip());
        }
        assertTrue(
                host.run(container, "cat /proc/1/environ").contains("container_ttys=pts/1 pts/2"));
    }
}
