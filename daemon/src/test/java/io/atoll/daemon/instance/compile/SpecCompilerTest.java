package io.atoll.daemon.instance.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.CpuSet;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.device.attach.FakeDeviceHost;
import io.atoll.daemon.device.attach.Site;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.spec.Capability;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.Interception;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.ProfileSpec;
import io.atoll.runtime.spec.Rlimit;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.storage.NestedDirectory;
import io.atoll.storage.RootfsLayers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SpecCompilerTest {
    private static final HostResources HOST = new HostResources(1000 << 20, CpuSet.parse("0-3"));
    private static final Idmap IDS = Idmap.range(100_000, 65_536);
    private static final RootfsLayers OVERLAY =
            new RootfsLayers.Overlay(
                    List.of(Path.of("/p/images/f/rootfs")),
                    Path.of("/p/containers/c1/data/upper"),
                    Path.of("/p/containers/c1/data/work"),
                    RootfsLayers.Ids.UNSHIFTED);

    private static final CpuSet CHOSEN = CpuSet.of(List.of(1, 3));

    private static ContainerSpec compile(
            Map<String, String> config, Map<String, Map<String, String>> devices, Idmap ids) {
        return compile(config, devices, ids, AppArmor.NONE);
    }

    private static ContainerSpec compile(
            Map<String, String> config,
            Map<String, Map<String, String>> devices,
            Idmap ids,
            AppArmor appArmor) {
        return compile(config, devices, ids, appArmor, "x86_64");
    }

    private static ContainerSpec compile(
            Map<String, String> config,
            Map<String, Map<String, String>> devices,
            Idmap ids,
            AppArmor appArmor,
            String architecture) {
        List<DeviceConfig> parsed = Devices.parseAll(devices);
        Site site = new Site("c1", ProjectName.DEFAULT, "c1", ids, new java.util.TreeMap<>());
        return new SpecCompiler(HOST)
                .compile(
                        new SpecInputs(
                                "c1",
                                "atoll/c1",
                                "c1",
                                architecture,
                                new InstanceConfig(config),
                                CHOSEN,
                                new AttachedDevices(new FakeDeviceHost()).plan(site, parsed),
                                ids,
                                OVERLAY,
                                List.of(
                                        new NestedDirectory(
                                                Path.of("/p/nested"), "/var/lib/docker")),
                                List.of(),
                                appArmor,
                                Path.of("/security"),
                                "atoll-c1",
                                Path.of("/logs/console.log")));
    }

    @Test
    void d4_24_programsOf32BitsSeeSuchAMachine() {
        for (String architecture : List.of("i686", "armv7l")) {
            assertEquals(
                    OptionalInt.of(8),
                    compile(Map.of(), Map.of(), IDS, AppArmor.NONE, architecture)
                            .process()
                            .personality());
        }
        assertTrue(compile().process().personality().isEmpty());
    }

    private static ContainerSpec compile(String... keysAndValues) {
        Map<String, String> config = new java.util.TreeMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            config.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return compile(config, Map.of(), IDS);
    }

    @Test
    void aProfileOfAppArmorIsMadeWhereThereIsAny() {
        AppArmor host =
                new AppArmor(Optional.of(Path.of("/policy")), Optional.of(Path.of("/parser")));
        ProfileSpec profile =
                compile(Map.of("raw.apparmor", "deny /x w,"), Map.of(), IDS, host)
                        .security()
                        .profile()
                        .orElseThrow();
        assertEquals("atoll-c1", profile.label());
        assertTrue(profile.text().contains("\n  deny /x w,\n}"), profile.text());
        assertFalse(profile.text().contains("sysfs"), profile.text());
        assertTrue(
                compile(Map.of(), Map.of(), Idmap.NONE, host)
                        .security()
                        .profile()
                        .orElseThrow()
                        .text()
                        .contains("sysfs"));
        ContainerSpec named =
                compile(Map.of("raw.lxc", "lxc.apparmor.profile=unconfined"), Map.of(), IDS, host);
        assertTrue(named.security().profile().isEmpty());
        assertEquals(Optional.of("unconfined"), named.security().label());
    }

    @Test
    void systemCallsAreAnsweredOnRequest() {
        assertTrue(compile().security().interceptions().isEmpty());
        Map<String, String> all =
                Map.of(
                        "security.syscalls.intercept.bpf",
                        "true",
                        "security.syscalls.intercept.mknod",
                        "true",
                        "security.syscalls.intercept.sysinfo",
                        "true",
                        "security.syscalls.intercept.setxattr",
                        "false");
        assertEquals(
                Set.of(Interception.BPF, Interception.MKNOD, Interception.SYSINFO),
                compile(all, Map.of(), IDS).security().interceptions());
        assertEquals(
                Set.of(Interception.SYSINFO),
                compile(all, Map.of(), Idmap.NONE).security().interceptions());
    }

    @Test
    void rawAppArmorNeedsAppArmor() {
        assertTrue(compile().security().profile().isEmpty());
        assertThrows(UnsupportedException.class, () -> compile("raw.apparmor", "deny /x w,"));
    }

    @Test
    void theRootIsTheVolumesOverlayMappedByTheKernel() {
        RootfsSpec.Overlay root = assertInstanceOf(RootfsSpec.Overlay.class, compile().rootfs());
        assertEquals(new RootfsSpec.Layer(Path.of("/p/containers/c1/data"), true), root.writable());
        assertEquals("upper", root.upper());
        assertEquals("work", root.work());
        assertEquals(RootfsLayers.Overlay.OPTIONS, root.options());
        RootfsSpec.Overlay privileged =
                assertInstanceOf(
                        RootfsSpec.Overlay.class, compile(Map.of(), Map.of(), Idmap.NONE).rootfs());
        assertFalse(privileged.writable().isShifted());
    }

    @Test
    void nicsGetTheirNamesAndBridge() {
        ContainerSpec spec =
                compile(
                        Map.of(),
                        Map.of(
                                "eth0",
                                Map.of(
                                        "type",
                                        "nic",
                                        "network",
                                        "n",
                                        "mtu",
                                        "1400",
                                        "host_name",
                                        "veth1")),
                        IDS);
        assertEquals("eth0", spec.network().nics().getFirst().name());
        assertEquals(1400, spec.network().nics().getFirst().mtu().getAsInt());
        NicLink.Veth link =
                assertInstanceOf(NicLink.Veth.class, spec.network().nics().getFirst().link());
        assertEquals(Optional.of("veth1"), link.hostName());
        assertEquals(Optional.of("br0"), link.bridge());
    }

    @Test
    void memoryIsHardUnlessSaidOtherwise() {
        LimitsSpec.Memory hard = compile("limits.memory", "100MB").limits().memory();
        assertEquals(Optional.of(new ByteSize(100_000_000)), hard.hard());
        assertEquals(Optional.of(new ByteSize(90_000_000)), hard.soft());
        assertEquals(Optional.of(new ByteSize(0)), hard.swapMax());
        LimitsSpec.Memory soft =
                compile("limits.memory", "50%", "limits.memory.enforce", "soft").limits().memory();
        assertEquals(Optional.empty(), soft.hard());
        assertEquals(Optional.of(new ByteSize((1000L << 20) / 100 * 50)), soft.soft());
        assertEquals(
                0,
                compile("limits.memory.swap", "false").limits().memory().swappiness().getAsInt());
    }

    @Test
    void cpusAreCountedPinnedAndShared() {
        LimitsSpec.Cpu counted = compile("limits.cpu", "2").limits().cpu();
        assertEquals(2, CpuSet.parse(counted.cpus().orElseThrow()).count());
        assertTrue(compile("limits.cpu", "4").limits().cpu().cpus().isEmpty());
        assertEquals(Optional.of("1,3"), compile("limits.cpu", "1,3").limits().cpu().cpus());
        assertThrows(InvalidConfigException.class, () -> compile("limits.cpu", "7-7"));
        LimitsSpec.Cpu quota = compile("limits.cpu.allowance", "25ms/100ms").limits().cpu();
        assertEquals(25_000, quota.quotaMicros().getAsLong());
        assertEquals(100_000, quota.periodMicros().getAsLong());
        assertEquals(
                512, compile("limits.cpu.allowance", "50%").limits().cpu().shares().getAsLong());
    }

    @Test
    void rlimitsSysctlsAndEnvironmentArePassed() {
        ContainerSpec spec =
                compile(
                        "limits.kernel.nofile", "1000:2000",
                        "linux.sysctl.net.ipv4.ip_forward", "1",
                        "environment.A", "b");
        assertEquals(
                List.of(new Rlimit(Rlimit.Resource.NOFILE, 1000, 2000)), spec.process().rlimits());
        assertEquals(Map.of("net.ipv4.ip_forward", "1"), spec.process().sysctls());
        assertEquals("b", spec.init().env().get("A"));
        assertEquals("lxc", spec.init().env().get("container"));
        assertThrows(InvalidConfigException.class, () -> compile("limits.kernel.sandwiches", "1"));
    }

    @Test
    void nestingShowsWhatNestedManagersNeed() {
        assertTrue(compile("security.nesting", "true").autoMounts().isNestable());
        assertTrue(
                compile("security.nesting", "true").mounts().stream()
                        .anyMatch(m -> m.target().value().equals("/var/lib/docker")));
        assertTrue(
                compile().mounts().stream()
                        .noneMatch(m -> m.target().value().equals("/var/lib/docker")));
    }

    @Test
    void aMissingSourceStopsTheStartUnlessItIsOptional() {
        Map<String, String> disk =
                new java.util.TreeMap<>(
                        Map.of("type", "disk", "source", "/no/such/path", "path", "/mnt"));
        Exception e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> compile(Map.of(), Map.of("d", disk), IDS));
        assertTrue(e.getMessage().contains("Missing source path \"/no/such/path\" for disk \"d\""));
        disk.put("required", "false");
        assertTrue(
                compile(Map.of(), Map.of("d", disk), IDS).mounts().stream()
                        .noneMatch(m -> m.target().value().equals("/mnt")));
    }

    @Test
    void systemCallsAreDeniedAsWritten() {
        SeccompSpec more =
                compile("security.syscalls.deny", "mkdir\nchmod errno 1\n# x\nmount kill")
                        .security()
                        .seccomp();
        List<SeccompSpec.Rule> rules =
                more.rules().subList(SeccompSpec.DEFAULT.rules().size(), more.rules().size());
        assertEquals(
                List.of(
                        new SeccompSpec.Rule("mkdir", new SeccompSpec.Action.Errno(1), List.of()),
                        new SeccompSpec.Rule("chmod", new SeccompSpec.Action.Errno(1), List.of()),
                        new SeccompSpec.Rule(
                                "mount", new SeccompSpec.Action.KillProcess(), List.of())),
                rules);
        assertTrue(
                compile("security.syscalls.deny_default", "false").security().seccomp().isNone());
        assertTrue(compile("security.syscalls.allow", "read").security().seccomp().isAllowList());
        assertThrows(
                InvalidConfigException.class,
                () -> compile("security.syscalls.deny", "mount sometimes"));
    }

    @Test
    void aWholeProfileReplacesTheLists() {
        SeccompSpec spec =
                compile("raw.seccomp", "2\ndenylist\n[all]\nmount errno 38\n").security().seccomp();
        assertEquals(List.of(SeccompSpec.Rule.errno("mount", 38)), spec.rules());
        assertTrue(
                compile("security.syscalls.deny_compat", "true")
                        .security()
                        .seccomp()
                        .isNativeOnly());
    }

    @Test
    void rawLinesOfLxcComeOnTop() {
        ContainerSpec spec =
                compile(
                        "raw.lxc",
                        """
                        lxc.mount.entry = /srv srv none bind,create=dir 0 0
                        lxc.environment = GREETING=hello
                        lxc.cap.drop = sys_boot
                        lxc.prlimit.nofile = 1000:2000
                        lxc.signal.halt = SIGUSR1
                        lxc.hook.post-stop = /bin/true
                        """,
                        "limits.kernel.nofile",
                        "5");
        assertTrue(spec.mounts().stream().anyMatch(m -> m.target().value().equals("/srv")));
        assertEquals("hello", spec.init().env().get("GREETING"));
        assertTrue(!spec.security().bounding().contains(Capability.SYS_BOOT));
        assertTrue(spec.security().bounding().contains(Capability.CHOWN));
        assertEquals(
                List.of(new Rlimit(Rlimit.Resource.parse("nofile"), 1000, 2000)),
                spec.process().rlimits());
        assertEquals(10, spec.signals().halt().orElseThrow());
        assertEquals(HookSpec.Phase.POST_STOP, spec.hooks().getFirst().phase());
        assertEquals(1, spec.hooks().size());
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> compile("raw.lxc", "lxc.rootfs.path = dir:/"));
        assertTrue(String.valueOf(e.getMessage()).contains("lxc.rootfs.path"), e.getMessage());
    }

    @Test
    void theHostIsRead() {
        HostResources host =
                HostReader.of(List.of("MemTotal:       16 kB", "MemFree: 1 kB"), "0-1,3\n");
        assertEquals(16_384, host.memoryBytes());
        assertEquals(CpuSet.parse("0-1,3"), host.cpus());
    }
}
