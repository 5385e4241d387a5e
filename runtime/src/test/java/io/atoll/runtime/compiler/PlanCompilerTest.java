package io.atoll.runtime.compiler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.plan.Place;
import io.atoll.plan.PlanDecoder;
import io.atoll.plan.PlanEncoder;
import io.atoll.plan.PlanPrinter;
import io.atoll.plan.Propagation;
import io.atoll.plan.StartPlan;
import io.atoll.plan.Step;
import io.atoll.plan.Tokens;
import io.atoll.runtime.criu.DevEntry;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.CgroupSpec;
import io.atoll.runtime.spec.ConsoleSpec;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.Interception;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NamespaceSpec;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import io.atoll.runtime.spec.ProcessSpec;
import io.atoll.runtime.spec.ProfileSpec;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.RootfsSpec.Layer;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SecuritySpec;
import io.atoll.runtime.spec.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// Compares plans with the texts in `src/test/resources/plan`. Run with `-Dplans.accept=true` to
/// write them anew, then read the difference: every line of it is a decision.
class PlanCompilerTest {
    private static final Path GOLDEN = Path.of("src/test/resources/plan");
    private static final MonitorFiles FILES = new MonitorFiles(Path.of("/run/atoll/monitors/c1"));
    private static final Idmap IDMAP = Idmap.range(1_000_000, 65_536);

    private static final RootfsSpec OVERLAY =
            new RootfsSpec.Overlay(
                    List.of(new Layer(Path.of("/pool/images/f1/rootfs"), true)),
                    new Layer(Path.of("/pool/containers/c1"), true),
                    "upper",
                    "work",
                    List.of("index=on", "redirect_dir=on", "xino=on"),
                    false);

    private static final RootfsSpec DIRECTORY =
            new RootfsSpec.Directory(new Layer(Path.of("/pool/containers/c1/rootfs"), true), false);

    private static final ContainerSpec BUSYBOX = ContainerSpec.of("c1", OVERLAY, IDMAP);

    @Test
    void unprivilegedOnHybrid() {
        golden("unprivileged-hybrid", BUSYBOX, Hosts.hybrid());
    }

    @Test
    void unprivilegedOnVersion2() {
        golden("unprivileged-v2", BUSYBOX, Hosts.pureV2());
    }

    @Test
    void unprivilegedOnVersion1() {
        golden("unprivileged-v1", BUSYBOX, Hosts.pureV1());
    }

    private static ContainerSpec confined(ContainerSpec spec) {
        ProfileSpec profile =
                new ProfileSpec(
                        "atoll-c1",
                        "profile \"atoll-c1\" {\n}\n",
                        Path.of("/sbin/apparmor_parser"),
                        Path.of("/var/lib/atoll/security/apparmor/profiles/atoll-c1"),
                        Path.of("/var/lib/atoll/security/apparmor/cache"),
                        Path.of("/sys/kernel/security/apparmor"),
                        Optional.of("atoll-c1"));
        return spec.withSecurity(spec.security().withProfile(Optional.of(profile)));
    }

    @Test
    void aProfileOfItsOwn() {
        golden("apparmor", confined(BUSYBOX), Hosts.apparmor());
    }

    /// At an exec to another profile the kernel would forget the signal.
    @Test
    void aProfileDoesNotTakeAwayTheSignalAtTheMonitorsDeath() {
        ProcessSpec dies =
                new ProcessSpec(
                        List.of(),
                        OptionalInt.empty(),
                        Map.of(),
                        Map.of(),
                        OptionalInt.empty(),
                        OptionalInt.of(9),
                        false,
                        false,
                        Optional.empty());
        golden("apparmor-dies", confined(BUSYBOX).withProcess(dies), Hosts.apparmor());
    }

    /// What was saved under another name, or by another daemon, had another profile.
    @Test
    void whatIsRestoredHasTheProfileOfTheContainerThatItBecomes() {
        ContainerSpec spec = confined(ContainerSpec.of("c1", DIRECTORY, Idmap.NONE));
        String text = PlanPrinter.print(restored(spec, saved(), Hosts.apparmor()));
        assertTrue(text.contains("--lsm-profile apparmor:atoll-c1//&:atoll-c1:"), text);
    }

    private static CriuRestore saved() {
        return new CriuRestore(
                "criu",
                Path.of("/saved"),
                false,
                Optional.empty(),
                Optional.empty(),
                "",
                List.of());
    }

    /// No node is made, and the process that makes the child enters the cgroups for it.
    @Test
    void aPlainUser() {
        golden("plain-user", ContainerSpec.of("c1", DIRECTORY, IDMAP), Hosts.plainUser());
    }

    /// Controllers are passed on below the scope, limits are written, devices are not filtered, and
    /// the interface is asked for.
    @Test
    void aPlainUserOnVersion2() {
        LimitsSpec limits =
                new LimitsSpec(
                        new LimitsSpec.Memory(
                                Optional.of(ByteSize.parse("256MiB")),
                                Optional.empty(),
                                Optional.empty(),
                                OptionalInt.empty()),
                        LimitsSpec.Cpu.NONE,
                        OptionalLong.of(100),
                        LimitsSpec.Io.NONE,
                        List.of(),
                        List.of());
        HookSpec ask =
                new HookSpec(
                        HookSpec.Phase.START_HOST,
                        List.of("/lxc-user-nic", "create", Tokens.CHILD_PID, "lxcbr0"),
                        Map.of(),
                        Duration.ofMinutes(1));
        HookSpec giveBack =
                new HookSpec(
                        HookSpec.Phase.POST_STOP,
                        List.of("/lxc-user-nic", "delete", "lxcbr0"),
                        Map.of(),
                        Duration.ofMinutes(1));
        NicSpec nic =
                new NicSpec(
                        "eth0",
                        new NicLink.Granted(ask, giveBack),
                        Optional.of(new MacAddress("00:16:3e:00:00:09")),
                        OptionalInt.of(1400),
                        true,
                        List.of("10.0.3.9/24"),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of());
        golden(
                "plain-user-v2",
                ContainerSpec.of("c1", DIRECTORY, IDMAP)
                        .withLimits(limits)
                        .withNetwork(new NetworkSpec(List.of(nic), true)),
                Hosts.plainUserV2());
    }

    @Test
    void layersAreAttachedOnOlderKernels() {
        golden("overlay-bookworm", BUSYBOX, Hosts.bookworm());
    }

    @Test
    void monitorWithATerminalAndACgroup() {
        golden(
                "monitor",
                ContainerSpec.of("c1", DIRECTORY, IDMAP)
                        .withCgroup(
                                new CgroupSpec(
                                        "lxc/c1",
                                        true,
                                        Optional.of(new CgroupSpec.Monitor("mon/c1", "lxc.pivot")),
                                        Optional.of(Hosts.belowAService())))
                        .withConsole(
                                new ConsoleSpec(
                                        true,
                                        0,
                                        Optional.empty(),
                                        0,
                                        Optional.of(Path.of("/dev/tty8"))))
                        .withNetwork(new NetworkSpec(List.of(ipvlanThatIsAnsweredFor()), true))
                        .withProcess(
                                new ProcessSpec(
                                        List.of(),
                                        OptionalInt.empty(),
                                        Map.of(),
                                        Map.of(),
                                        OptionalInt.empty(),
                                        OptionalInt.empty(),
                                        true,
                                        true,
                                        Optional.of(
                                                new ProcessSpec.Title(
                                                        "lxc-start",
                                                        "lxc monitor",
                                                        "/var/lib/lxc web")))),
                Hosts.pureV2().withCgroups(Hosts.belowAService()));
    }

    @Test
    void theKeyringHasTheContextOfTheContainerOrOneOfItsOwn() {
        SecuritySpec base = BUSYBOX.security();
        Function<Optional<String>, String> plan =
                label ->
                        PlanPrinter.print(
                                compile(
                                        BUSYBOX.withSecurity(
                                                new SecuritySpec(
                                                        base.bounding(),
                                                        false,
                                                        base.seccomp(),
                                                        Optional.of("a:b:lxc_t:s0"),
                                                        true,
                                                        Optional.empty(),
                                                        Set.of(),
                                                        SecuritySpec.PATIENCE,
                                                        label,
                                                        Optional.empty())),
                                        Hosts.selinux()));
        String file = " to /proc/thread-self/attr/keycreate";
        String same = plan.apply(Optional.empty());
        assertTrue(same.contains("write \"a:b:lxc_t:s0\"" + file), same);
        String other = plan.apply(Optional.of("a:b:key_t:s0"));
        assertTrue(other.contains("write \"a:b:key_t:s0\"" + file), other);
    }

    @Test
    void aSupervisorIsAskedByTheMonitor() {
        SecuritySpec base = BUSYBOX.security();
        Optional<Supervisor> proxy = Optional.of(new Supervisor("/run/proxy", "c1"));
        SecuritySpec none = base.withSupervisor(proxy);
        assertFalse(plan(none).contains("/run/proxy"));
        SecuritySpec asks =
                none.withSeccomp(
                        base.seccomp()
                                .plus(
                                        List.of(
                                                new SeccompSpec.Rule(
                                                        "mknod",
                                                        new SeccompSpec.Action.Notify(),
                                                        List.of()))));
        assertTrue(
                plan(asks).contains("in the monitor, which asks /run/proxy with cookie c1"),
                plan(asks));
        SecuritySpec nobody = asks.withSupervisor(Optional.empty());
        assertTrue(plan(nobody).contains("answers after 1 ms"), plan(nobody));
        SecuritySpec intercepted = asks.withInterceptions(Set.of(Interception.MKNOD));
        assertFalse(plan(intercepted).contains("/run/proxy"), "the daemon goes first");
    }

    private static String plan(SecuritySpec security) {
        return PlanPrinter.print(compile(BUSYBOX.withSecurity(security), Hosts.pureV2()));
    }

    private static NicSpec ipvlanThatIsAnsweredFor() {
        return new NicSpec(
                "eth0",
                new NicLink.Ipvlan(
                        "eth0", NicLink.Ipvlan.IpvlanMode.L3S, NicLink.Ipvlan.Isolation.BRIDGE),
                Optional.empty(),
                OptionalInt.empty(),
                true,
                List.of("10.0.3.9/32", "fd00::9/128"),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Optional.of("eth0"));
    }

    @Test
    void chrootGetsARootOfItsOwn() {
        golden("chroot", BUSYBOX, Hosts.chroot());
    }

    @Test
    void privilegedDirectory() {
        golden(
                "privileged-directory",
                ContainerSpec.of("c1", DIRECTORY, Idmap.NONE),
                Hosts.pureV2());
    }

    @Test
    void nesting() {
        ContainerSpec spec =
                ContainerSpec.of("c1", DIRECTORY, IDMAP)
                        .withAutoMounts(AutoMounts.DEFAULT.nestable())
                        .withReboot(true)
                        .withMounts(
                                List.of(
                                        MountSpec.Bind.of(
                                                Path.of("/pool/nested/c1"),
                                                new GuestPath("/var/lib/docker"),
                                                true,
                                                MountSpec.Create.DIR,
                                                MountFlag.NODEV)));
        golden("nesting", spec, Hosts.pureV2());
    }

    @Test
    void everythingOfANetwork() {
        NicSpec bridged =
                new NicSpec(
                        "eth0",
                        NicLink.Veth.on("br0"),
                        Optional.of(new MacAddress("00:16:3e:00:00:01")),
                        OptionalInt.of(1400),
                        true,
                        List.of("10.0.3.77/24", "fd00::77/64"),
                        List.of("10.0.3.1", "fe80::1"),
                        List.of(new NicSpec.Route("192.0.2.0/24", Optional.of("10.0.3.9"))),
                        List.of(),
                        List.of());
        NicSpec macvlan =
                NicSpec.of(
                        "eth1",
                        new NicLink.Macvlan("wan0", NicLink.Macvlan.MacvlanMode.BRIDGE),
                        Optional.empty());
        NicSpec physical = NicSpec.of("eth2", new NicLink.Phys("wan1"), Optional.empty());
        golden(
                "network",
                BUSYBOX.withNetwork(new NetworkSpec(List.of(bridged, macvlan, physical), true)),
                Hosts.pureV2());
    }

    /// Ports are taken out of the bridge's VLAN and put into others, by `RTM_SETLINK`, 0x13.
    @Test
    void vlansOfAPort() {
        NicLink port =
                new NicLink.Veth(
                        Optional.of("port0"),
                        Optional.of("br0"),
                        OptionalInt.of(7),
                        List.of(8, 9),
                        List.of(),
                        Optional.empty(),
                        false);
        golden(
                "vlans",
                BUSYBOX.withNetwork(
                        new NetworkSpec(List.of(NicSpec.of("eth0", port, Optional.empty())), true)),
                Hosts.pureV2());
    }

    @Test
    void limitsAndDevices() {
        LimitsSpec limits =
                new LimitsSpec(
                        new LimitsSpec.Memory(
                                Optional.of(ByteSize.parse("256MiB")),
                                Optional.empty(),
                                Optional.of(new ByteSize(0)),
                                OptionalInt.empty()),
                        new LimitsSpec.Cpu(
                                OptionalLong.of(512),
                                OptionalLong.of(25_000),
                                OptionalLong.empty(),
                                Optional.of("1"),
                                Optional.empty()),
                        OptionalLong.of(100),
                        new LimitsSpec.Io(
                                OptionalInt.empty(),
                                List.of(new LimitsSpec.Throttle(8, 0, 1 << 20, 0, 0, 100))),
                        List.of(),
                        List.of(
                                new LimitsSpec.RawKey(
                                        LimitsSpec.RawKey.Version.V1, "memory.swappiness", "0"),
                                new LimitsSpec.RawKey(
                                        LimitsSpec.RawKey.Version.V2, "memory.high", "200M")));
        ContainerSpec spec =
                BUSYBOX.withLimits(limits)
                        .withDevices(
                                new DeviceSpec(true, 2, List.of(), DeviceSpec.defaultRules())
                                        .plus(DeviceNode.character("/dev/net/tun", 10, 200))
                                        .plus(DeviceNode.character("/opt/kvm", 10, 232)));
        golden("limits-v2", spec, Hosts.pureV2());
        // Throttling has no controller on this one.
        LimitsSpec noIo =
                new LimitsSpec(
                        limits.memory(),
                        limits.cpu(),
                        limits.pidsMax(),
                        LimitsSpec.Io.NONE,
                        List.of(),
                        limits.raw());
        golden("limits-v1", spec.withLimits(noIo), Hosts.pureV1());
        assertThrows(UnsupportedException.class, () -> compile(spec, Hosts.pureV1()));
    }

    @Test
    void hooksAndHostNetwork() {
        HookSpec start = hook(HookSpec.Phase.PRE_START);
        HookSpec mount = hook(HookSpec.Phase.MOUNT);
        HookSpec stop = hook(HookSpec.Phase.POST_STOP);
        golden(
                "hooks-host-network",
                BUSYBOX.withHooks(List.of(start, mount, stop))
                        .withNamespaces(NamespaceSpec.DEFAULT.keeping(NamespaceKind.NET)),
                Hosts.pureV2());
    }

    private static HookSpec hook(HookSpec.Phase phase) {
        return new HookSpec(
                phase,
                List.of("/hooks/" + phase.name().toLowerCase(java.util.Locale.ROOT)),
                Map.of("LXC_NAME", "c1", "LXC_ROOTFS_MOUNT", "/run/c1"),
                Duration.ofSeconds(5));
    }

    @Test
    void aUserNamespaceThatIsGivenIsNotMade() {
        StartPlan plan =
                new PlanCompiler(
                                Hosts.pureV2(),
                                _ -> new byte[8],
                                LinkNames.random(new java.util.Random(1)))
                        .compile(
                                BUSYBOX,
                                new MonitorFiles(Path.of("/run/m/c1")),
                                false,
                                new PlanCompiler.Given(true, false));
        String text = PlanPrinter.print(plan);
        assertTrue(
                text.contains("idmapped by slot 0") && !text.contains("make user namespace"), text);
    }

    @Test
    void everyPlanSurvivesTheWire() {
        for (HostFacts host :
                List.of(Hosts.hybrid(), Hosts.pureV1(), Hosts.pureV2(), Hosts.bookworm())) {
            StartPlan plan = compile(BUSYBOX, host);
            assertEquals(
                    PlanPrinter.print(plan),
                    PlanPrinter.print(PlanDecoder.decode(PlanEncoder.encode(plan))));
        }
    }

    @Test
    void refusesInterfacesInAForeignNetwork() {
        ContainerSpec spec =
                BUSYBOX.withNamespaces(NamespaceSpec.DEFAULT.keeping(NamespaceKind.NET))
                        .withNetwork(
                                new NetworkSpec(
                                        List.of(
                                                NicSpec.of(
                                                        "eth0",
                                                        NicLink.Veth.on("br0"),
                                                        Optional.empty())),
                                        true));
        assertThrows(InvalidConfigException.class, () -> compile(spec, Hosts.pureV2()));
    }

    @Test
    void whatIsMountedAnywayIsMountedOnce() {
        ContainerSpec spec =
                BUSYBOX.plusMount(
                        MountSpec.Bind.of(
                                Path.of("/sys/kernel/debug"),
                                new GuestPath("/sys/kernel/debug"),
                                true,
                                MountSpec.Create.NOTHING));
        assertEquals(
                1,
                compile(spec, Hosts.hybrid()).host().stream()
                        .map(step -> step instanceof Step.IfPossible(Step inner) ? inner : step)
                        .filter(step ->
                                step instanceof Step.OpenTree(_, Place.HostPath(String path), _, _)
                                        && path.equals("/sys/kernel/debug"))
                        .count());
    }

    /// A namespace that hears of the host's mounts hands them on; one of which nothing asks for
    /// that hears of none.
    @Test
    void mountsOfTheHostAreHeardOfOnRequest() {
        for (boolean isAsked : new boolean[] {true, false}) {
            MountSpec.Bind bind =
                    new MountSpec.Bind(
                            Path.of("/srv"),
                            new GuestPath("/srv"),
                            Set.of(),
                            true,
                            false,
                            false,
                            isAsked
                                    ? Optional.of(MountSpec.Propagation.SLAVE)
                                    : Optional.of(MountSpec.Propagation.PRIVATE),
                            MountSpec.Create.DIR,
                            false);
            StartPlan plan = compile(BUSYBOX.plusMount(bind), Hosts.bookworm());
            Propagation first =
                    plan.host().stream()
                            .filter(Step.SetMountAttributes.class::isInstance)
                            .map(step -> ((Step.SetMountAttributes) step).propagation())
                            .findFirst()
                            .orElseThrow();
            assertEquals(isAsked ? Propagation.SLAVE : Propagation.PRIVATE, first);
            List<Step> child = plan.child();
            int pivot =
                    child.indexOf(
                            child.stream()
                                    .filter(Step.PivotRoot.class::isInstance)
                                    .findFirst()
                                    .orElseThrow());
            int attached =
                    child.indexOf(
                            child.stream()
                                    .filter(step ->
                                            step instanceof Step.AttachMount attach
                                                    && attach.toString().contains("srv"))
                                    .findFirst()
                                    .orElseThrow());
            assertEquals(isAsked, attached > pivot, "what is there at the pivot becomes private");
        }
    }

    /// A container without ids of its own has those of its starter, and a plain user's commands
    /// have no group 5, which devpts then refuses.
    @Test
    void terminalsHaveTheirGroupWhereThereIsOne() {
        ContainerSpec privileged = ContainerSpec.of("c1", DIRECTORY, Idmap.NONE);
        assertTrue(devpts(privileged, Hosts.pureV1()).contains("gid=5"));
        assertFalse(devpts(privileged, Hosts.plainUser()).contains("gid=5"));
        ContainerSpec mapped = ContainerSpec.of("c1", DIRECTORY, IDMAP);
        assertTrue(devpts(mapped, Hosts.plainUser()).contains("gid=5"));
        ContainerSpec few = ContainerSpec.of("c1", DIRECTORY, Idmap.range(1_000_000, 5));
        assertFalse(devpts(few, Hosts.pureV1()).contains("gid=5"));
    }

    private static String devpts(ContainerSpec spec, HostFacts host) {
        return PlanPrinter.print(compile(spec, host))
                .lines()
                .filter(line -> line.contains("ptmxmode=0666"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void idsOfAMapAreFound() {
        String map = "         0      54321          1\n   2000000    2000000      65536\n";
        for (long id : List.of(0L, 2_000_000L, 2_065_535L)) {
            assertTrue(HostProbe.isMapped(map, id), "has " + id);
        }
        for (long id : List.of(1L, 5L, 1_999_999L, 2_065_536L)) {
            assertFalse(HostProbe.isMapped(map, id), "has not " + id);
        }
        assertTrue(HostProbe.isMapped("0 0 4294967295\n", 5));
        assertFalse(HostProbe.isMapped("", 5));
    }

    @Test
    void refusesMoreMountsThanAPlanHolds() {
        ContainerSpec spec = BUSYBOX;
        for (int i = 0; i < 80; i++) {
            spec =
                    spec.plusMount(
                            MountSpec.Bind.of(
                                    Path.of("/srv/" + i),
                                    new GuestPath("/srv/" + i),
                                    false,
                                    MountSpec.Create.DIR));
        }
        ContainerSpec tooMany = spec;
        assertTrue(
                assertThrows(InvalidConfigException.class, () -> compile(tooMany, Hosts.pureV2()))
                        .getMessage()
                        .contains("too many mounts"));
    }

    private static StartPlan compile(ContainerSpec spec, HostFacts host) {
        return compiler(host).compile(spec, FILES, false);
    }

    private static PlanCompiler compiler(HostFacts host) {
        LinkNames names =
                new LinkNames() {
                    private int count;

                    @Override
                    public String nextName() {
                        return "veth" + count++;
                    }

                    @Override
                    public MacAddress nextMac() {
                        return new MacAddress("fe:00:00:00:00:01");
                    }
                };
        return new PlanCompiler(host, _ -> new byte[] {6, 0, 0, 0, 0, 0, (byte) 0xFF, 0x7F}, names);
    }

    /// In its first life it comes from images; how it starts later is told besides.
    @Test
    void restoring() {
        ContainerSpec spec =
                ContainerSpec.of("c1", DIRECTORY, Idmap.NONE)
                        .withNetwork(
                                new NetworkSpec(
                                        List.of(
                                                NicSpec.of(
                                                        "eth0",
                                                        NicLink.Veth.on("br0"),
                                                        Optional.empty()),
                                                NicSpec.of(
                                                        "eth1",
                                                        new NicLink.Macvlan(
                                                                "wan0",
                                                                NicLink.Macvlan.MacvlanMode.BRIDGE),
                                                        Optional.empty())),
                                        true))
                        .withMounts(
                                List.of(
                                        MountSpec.Bind.of(
                                                Path.of("/srv/data"),
                                                new GuestPath("/data"),
                                                false,
                                                MountSpec.Create.DIR)));
        CriuRestore from =
                new CriuRestore(
                        "criu",
                        Path.of("/saved/c1"),
                        true,
                        Optional.of("/bin/script"),
                        Optional.of("tty[8800:2a]"),
                        "9e0ab3ab-1f5c-4b5e-8a4e-3c2f7d1d9a10\n",
                        List.of(
                                new DevEntry(DevEntry.Kind.DIR, "hugepages", ""),
                                new DevEntry(DevEntry.Kind.LINK, "log", "/run/log")));
        StartPlan plan = restored(spec, from, Hosts.pureV1());
        assertEquals(plan, PlanDecoder.decode(PlanEncoder.encode(plan)));
        String text = PlanPrinter.print(plan);
        same("restore", text.substring(text.indexOf("\nrestore\n") + 1));
        StartPlan started = compile(spec, Hosts.pureV1());
        assertEquals(started.host(), plan.host());
        assertEquals(started.init(), plan.init());
    }

    private static StartPlan restored(ContainerSpec spec, CriuRestore from, HostFacts host) {
        return compiler(host)
                .compile(spec, FILES, false, PlanCompiler.Given.NOTHING, Optional.of(from));
    }

    @Test
    void whatCannotBeRestoredIsToldBefore() {
        CriuRestore from = saved();
        NicSpec physical = NicSpec.of("eth2", new NicLink.Phys("wan1"), Optional.empty());
        assertThrows(
                UnsupportedException.class,
                () ->
                        restored(
                                BUSYBOX.withNetwork(new NetworkSpec(List.of(physical), true)),
                                from,
                                Hosts.pureV2()));
        assertThrows(
                UnsupportedException.class,
                () ->
                        restored(
                                ContainerSpec.of("c1", DIRECTORY, IDMAP)
                                        .withMounts(
                                                List.of(
                                                        MountSpec.Bind.of(
                                                                Path.of("/srv"),
                                                                new GuestPath("/srv"),
                                                                true,
                                                                MountSpec.Create.DIR))),
                                from,
                                Hosts.pureV2()));
    }

    private static void golden(String name, ContainerSpec spec, HostFacts host) {
        same(name, PlanPrinter.print(compile(spec, host)));
    }

    private static void same(String name, String text) {
        Path file = GOLDEN.resolve(name + ".txt");
        try {
            if (Boolean.getBoolean("plans.accept")) {
                Files.createDirectories(GOLDEN);
                Files.writeString(file, text);
            }
            assertEquals(Files.readString(file), text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
