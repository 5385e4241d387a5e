package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.HostProbe;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.RootfsSpec.Layer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The code for hosts with version 2 only, on a host that has it beside version 1: nothing of
/// version 1 is known here.
@Tag("privileged")
class UnifiedIT {
    private static final Path DEBIAN =
            Path.of(System.getProperty("atoll.debian", "/tmp/atoll-runtime-debian"));

    private Traces before;
    private BusyboxHost host;

    @BeforeEach
    void open() {
        HostFacts all = HostProbe.probe();
        Assumptions.assumeTrue(all.cgroups().unified().isPresent(), "no cgroup2 file system");
        before = Traces.now();
        host =
                new BusyboxHost(
                        new HostFacts(
                                new CgroupLayout(List.of(all.cgroups().unified().get())),
                                all.hasDetachedLayers(),
                                all.isHostRoot(),
                                all.hasTtyGroup(),
                                all.isChrooted(),
                                "",
                                "",
                                all.delegatedFiles(),
                                all.kernelMounts(),
                                all.lsm()));
    }

    @AfterEach
    void close() {
        if (host != null) {
            host.close();
            before.assertNothingNew();
        }
    }

    @Test
    void isBornInItsCgroupAndSeesItAsRoot() {
        Container container = host.containers().start(host.spec("v2"));
        assertEquals("0::/", host.run(container, "grep ^0:: /proc/1/cgroup"));
        assertTrue(host.run(container, "grep ' /sys/fs/cgroup ' /proc/mounts").contains("cgroup2"));
        assertEquals("0", host.run(container, "stat -c %u /sys/fs/cgroup/cgroup.procs"));
        // A cgroup of its own below.
        host.run(container, "mkdir /sys/fs/cgroup/sub");
        assertTrue(container.stop(Duration.ofSeconds(10)));
    }

    @Test
    void devicesAreFilteredByProgram() {
        Container container = host.containers().start(host.spec("v2dev", Idmap.NONE));
        host.run(container, "mknod /tmp/mem c 1 1; head -c 1 /dev/zero > /dev/null");
        assertEquals(
                "refused", host.run(container, "head -c 1 /tmp/mem 2>/dev/null || echo refused"));
    }

    @Test
    void freezesThawsAndKills() {
        Container container = host.containers().start(host.spec("v2freeze"));
        container.freeze();
        assertEquals(ContainerState.FROZEN, container.state());
        container.thaw();
        assertEquals("ok", host.run(container, "echo ok"));
        container.freeze();
        container.kill();
        assertFalse(host.containers().find(Traces.MARK + "v2freeze").isPresent());
    }

    @Test
    void commandsLeaveInitFreeToPassControllersOn() {
        Container container = host.containers().start(host.spec("v2leaf"));
        assertEquals("0::/.lxc", host.run(container, "grep ^0:: /proc/self/cgroup"));
        // What systemd does at its start, done for an init that does not.
        host.run(
                container,
                "cd /sys/fs/cgroup && mkdir init"
                        + " && for p in $(cat cgroup.procs); do echo $p > init/cgroup.procs || [ ! -e /proc/$p ]; done"
                        + " && for c in $(cat cgroup.controllers); do echo +$c > cgroup.subtree_control; done");
        assertEquals("0::/.lxc", host.run(container, "grep ^0:: /proc/self/cgroup"));
    }

    @Test
    void systemdRuns() {
        Assumptions.assumeTrue(
                Files.isDirectory(DEBIAN.resolve("usr")), "no Debian root at " + DEBIAN);
        var spec = host.spec("v2debian");
        RootfsSpec.Overlay like = (RootfsSpec.Overlay) spec.rootfs();
        RootfsSpec root =
                new RootfsSpec.Overlay(
                        List.of(new Layer(DEBIAN, true)),
                        like.writable(),
                        "upper",
                        "work",
                        List.of(),
                        false);
        Container container =
                host.containers()
                        .start(
                                io.atoll.runtime.spec.ContainerSpec.of(
                                        spec.id(), root, BusyboxHost.IDMAP));
        Traces.until(() -> state(container).equals("running"), () -> "state " + state(container));
        assertTrue(host.run(container, "cat /proc/1/cgroup").contains("0::/init.scope"));
        assertTrue(container.stop(Duration.ofSeconds(20)));
    }

    @Test
    void layersThatHaveToBeAttachedFirst() {
        HostFacts all = HostProbe.probe();
        HostFacts older =
                new HostFacts(
                        all.cgroups(),
                        false,
                        all.isHostRoot(),
                        all.hasTtyGroup(),
                        all.isChrooted(),
                        all.cpus(),
                        all.mems(),
                        all.delegatedFiles(),
                        all.kernelMounts(),
                        all.lsm());
        try (BusyboxHost bookworm = new BusyboxHost(older)) {
            Container container = bookworm.containers().start(bookworm.spec("older"));
            bookworm.run(container, "touch /written");
            assertEquals("0", bookworm.run(container, "stat -c %u /written"));
            // Nothing of the layers is left in sight.
            assertEquals("1", bookworm.run(container, "grep -c ' / ' /proc/mounts"));
            container.kill();
        }
    }

    private static String state(Container container) {
        try (Shell shell = Shell.start(container, "systemctl is-system-running")) {
            return shell.output().strip();
        }
    }
}
