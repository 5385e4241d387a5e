package io.atoll.linux.cgroup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Against texts of hosts of each kind. Those named `v2-debian12` and `v2-container` were recorded,
/// on a Debian 12 and in a container on it; the others are written after the kernel's documents.
final class CgroupLayoutTest {
    private static String text(String name) {
        try (var in = CgroupLayoutTest.class.getResourceAsStream("/cgroup/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CgroupLayout layout(String host, String controllers) {
        return CgroupLayout.parse(
                text(host + ".mountinfo"), text(host + ".cgroup"), mount -> controllers);
    }

    @Test
    void findsPureVersion2UnderSystemd() {
        CgroupLayout layout = layout("v2-systemd", "cpuset cpu io memory hugetlb pids rdma misc\n");
        assertEquals(CgroupLayout.Kind.V2, layout.kind());
        CgroupHierarchy tree = layout.unified().orElseThrow();
        assertEquals("/sys/fs/cgroup", tree.mountPoint());
        assertEquals("/system.slice/atolld.service", tree.ownPath());
        assertEquals("/sys/fs/cgroup/system.slice/atolld.service", tree.directory(tree.ownPath()));
        assertEquals(tree, layout.controller("memory").orElseThrow());
        assertEquals(tree, layout.controller("freezer").orElseThrow());
        assertTrue(layout.controller("net_cls").isEmpty());
        assertTrue(layout.legacy().isEmpty());
    }

    @Test
    void findsPureVersion2AsDebianHasIt() {
        CgroupLayout host = layout("v2-debian12", "cpuset cpu io memory hugetlb pids rdma misc\n");
        assertEquals(CgroupLayout.Kind.V2, host.kind());
        assertEquals(
                "/user.slice/user-0.slice/session-2.scope", host.unified().orElseThrow().ownPath());
        assertTrue(host.controller("net_cls").isEmpty());

        CgroupLayout inside =
                layout("v2-container", "cpuset cpu io memory hugetlb pids rdma misc\n");
        assertEquals(CgroupLayout.Kind.V2, inside.kind());
        assertEquals(
                "/sys/fs/cgroup/.lxc",
                inside.unified().orElseThrow().directory(inside.unified().orElseThrow().ownPath()));
        assertEquals(1, inside.hierarchies().size());
    }

    /// A cgroup with processes passes on what it passes on already, the root all.
    @Test
    void theCallersCgroupOfVersion2HasTheControllersThatItPassesOn() {
        CgroupLayout host = layout("v2-debian12", "cpuset cpu io memory hugetlb pids rdma misc\n");
        CgroupHierarchy tree = host.below(_ -> "memory pids\n").unified().orElseThrow();
        assertEquals("/sys/fs/cgroup/user.slice/user-0.slice/session-2.scope", tree.directory("/"));
        assertEquals(Set.of("memory", "pids"), tree.controllers());
        assertEquals(Set.of(), host.below(_ -> "").unified().orElseThrow().controllers());
        CgroupLayout atRoot =
                CgroupLayout.parse(text("v2-debian12.mountinfo"), "0::/\n", _ -> "cpu memory\n");
        assertEquals(
                Set.of("cpu", "memory"),
                atRoot.below(_ -> "").unified().orElseThrow().controllers());
    }

    @Test
    void findsTheHybridLayoutWithJoinedControllers() {
        CgroupLayout layout = layout("hybrid-systemd", "");
        assertEquals(CgroupLayout.Kind.HYBRID, layout.kind());
        assertEquals("/sys/fs/cgroup/unified", layout.unified().orElseThrow().mountPoint());
        CgroupHierarchy cpu = layout.controller("cpu").orElseThrow();
        assertEquals(Set.of("cpu", "cpuacct"), cpu.controllers());
        assertEquals("/sys/fs/cgroup/cpu,cpuacct", cpu.mountPoint());
        assertEquals(cpu, layout.controller("cpuacct").orElseThrow());
        assertEquals("/user.slice", layout.controller("memory").orElseThrow().ownPath());
        CgroupHierarchy named = layout.controller("name=systemd").orElseThrow();
        assertTrue(named.isNamed());
        assertEquals("/user.slice/user-1000.slice/session-1.scope", named.ownPath());
    }

    @Test
    void findsVersion1WithAMountPerController() {
        CgroupLayout layout = layout("v1-plain", "");
        assertEquals(CgroupLayout.Kind.V1, layout.kind());
        assertTrue(layout.unified().isEmpty());
        assertEquals(5, layout.legacy().size());
        assertEquals("/cgroup/devices", layout.controller("devices").orElseThrow().mountPoint());
        assertTrue(layout.controller("pids").isEmpty());
    }

    @Test
    void seesOwnPathBelowAPartialMount() {
        CgroupLayout layout = layout("v1-inside", "");
        CgroupHierarchy memory = layout.controller("memory").orElseThrow();
        assertEquals("/", memory.ownPath());
        assertEquals("/sub", layout.controller("pids").orElseThrow().ownPath());
    }

    @Test
    void hasNothingWithoutMounts() {
        CgroupLayout layout =
                CgroupLayout.parse("22 1 0:20 / /proc rw - proc proc rw\n", "0::/\n", mount -> "");
        assertEquals(CgroupLayout.Kind.NONE, layout.kind());
    }

    @Test
    void readsTheRunningHost() {
        CgroupLayout.detect()
                .hierarchies()
                .forEach(h -> assertTrue(h.mountPoint().startsWith("/"), h.toString()));
    }

    @Test
    void aPlainUserHasWhatIsDelegatedToIt() {
        CgroupLayout layout =
                new CgroupLayout(
                        java.util.List.of(
                                new CgroupHierarchy(
                                        1, "/c/memory", java.util.Set.of("memory"), "/user/ann"),
                                new CgroupHierarchy(1, "/c/pids", java.util.Set.of("pids"), "/")));
        assertEquals(layout, layout.usable(path -> path.equals("/c/memory")));
        CgroupLayout own = layout.usable(path -> path.equals("/c/memory/user/ann"));
        assertEquals(1, own.hierarchies().size());
        assertEquals(
                "/c/memory/user/ann/lxc.payload.c1",
                own.hierarchies().getFirst().directory("lxc.payload.c1"));
        assertEquals(CgroupLayout.Kind.NONE, layout.usable(_ -> false).kind());
    }

    /// A scope that `systemd-run --user --scope -p Delegate=yes` made, before and after the user's
    /// processes went into the leaf.
    @Test
    void aPlainUserOfVersion2HasItsScope() {
        String scope = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1f7.scope";
        for (String own : java.util.List.of(scope, scope + "/" + CgroupLayout.COMMANDS)) {
            CgroupLayout whole =
                    CgroupLayout.parse(
                            text("v2-systemd.mountinfo"),
                            "0::" + own + "\n",
                            _ -> "cpuset cpu io memory pids\n");
            CgroupLayout usable = whole.usable(path -> path.startsWith("/sys/fs/cgroup" + scope));
            assertEquals(CgroupLayout.Kind.V2, usable.kind());
            assertEquals("/sys/fs/cgroup" + scope, usable.unified().orElseThrow().mountPoint());
        }
        // A cgroup of that name whose parent is not the user's is nothing special.
        String leaf = "/sys/fs/cgroup" + scope + "/" + CgroupLayout.COMMANDS;
        CgroupLayout given =
                CgroupLayout.parse(
                                text("v2-systemd.mountinfo"),
                                "0::" + scope + "/" + CgroupLayout.COMMANDS + "\n",
                                _ -> "memory\n")
                        .usable(leaf::equals);
        assertEquals(leaf, given.unified().orElseThrow().mountPoint());
        // A login session's own scope is root's.
        assertEquals(
                CgroupLayout.Kind.NONE,
                CgroupLayout.parse(
                                text("v2-systemd.mountinfo"),
                                "0::/user.slice/user-1000.slice/session-2.scope\n",
                                _ -> "memory\n")
                        .usable(path -> path.contains("user@1000.service"))
                        .kind());
    }
}
