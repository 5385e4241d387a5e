package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Keys whose effect is seen only while a container runs.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeysIT {
    private LxcHostFixture host;

    @BeforeAll
    void open() {
        host = new LxcHostFixture();
    }

    @AfterAll
    void close() {
        host.close();
    }

    @Test
    void relativeCgroupsAreBelowTheCallers() throws Exception {
        String name = host.define("relative", "lxc.cgroup.relative = 1");
        List<CgroupHierarchy> trees = CgroupLayout.detect().hierarchies();
        String own = host.name("service");
        trees.forEach(tree -> makeCgroup(tree, own));
        Process caller = new ProcessBuilder("sleep", "1000").start();
        try (LxcPath path = host.open()) {
            for (CgroupHierarchy tree : trees) {
                Path procs = Path.of(tree.directory(own), "cgroup.procs");
                Files.writeString(procs, "" + caller.pid());
            }
            int init =
                    path.container(name).start(LxcStart.DEFAULT.withCaller(caller.pid())).initPid();
            String below = "/" + own + "/lxc.payload." + name;
            String cgroups = ProcFiles.read("/proc/" + init + "/cgroup");
            for (String line : cgroups.lines().toList()) {
                assertTrue(line.endsWith(":/") || line.contains(below), cgroups);
            }
            assertTrue(cgroups.contains(":" + below), cgroups);
            // A cgroup of version 2 that has processes, as the caller's, has no controllers below.
            if (!LxcHostFixture.hasOnlyCgroup2()) {
                assertEquals("max", host.must("lxc-cgroup", "-n", name, "pids.max").strip());
                assertTrue(host.must("lxc-info", "-n", name).contains("Memory use:"));
            }
            host.must("lxc-freeze", "-n", name);
            host.must("lxc-unfreeze", "-n", name);
            host.must("lxc-stop", "-n", name, "-k");
            for (CgroupHierarchy tree : trees) {
                Path payload = Path.of(tree.directory(own), "lxc.payload." + name);
                assertFalse(Files.exists(payload), payload.toString());
            }
        } finally {
            caller.destroyForcibly().waitFor();
            for (CgroupHierarchy tree : trees) {
                Path mine = Path.of(tree.directory(own));
                LxcHostFixture.until(() -> removed(mine), "removed " + mine);
            }
        }
    }

    private static void makeCgroup(CgroupHierarchy tree, String name) {
        Path directory = Path.of(tree.directory(name));
        try {
            Files.createDirectory(directory);
            if (tree.version() == 1 && tree.controllers().contains("cpuset")) {
                for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
                    Path top = Path.of(tree.mountPoint(), file);
                    Files.writeString(directory.resolve(file), Files.readString(top));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// A process that has just ended may still be there.
    private static boolean removed(Path cgroup) {
        try {
            return Files.deleteIfExists(cgroup) || !Files.exists(cgroup);
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void variablesAreForInitForHooksOrForBoth() {
        Path said = host.base.resolve("said");
        String name =
                host.define(
                        "variables",
                        "lxc.environment = BOTH=1",
                        "lxc.environment.runtime = INSIDE=2",
                        "lxc.environment.hooks = OUTSIDE=3",
                        "lxc.hook.pre-start = echo $BOTH-$INSIDE-$OUTSIDE >" + said + "; :");
        host.must("lxc-start", "-n", name);
        assertEquals("1--3", LxcHostFixture.sh("cat " + said).strip());
        String inside =
                "tr '\\0' '\\n' </proc/1/environ | grep -c -e ^BOTH=1 -e ^INSIDE=2 -e ^OUTSIDE";
        assertEquals("2", host.inside(name, inside));
        assertEquals("1-2-", host.inside(name, "echo $BOTH-$INSIDE-$OUTSIDE"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void pseudoTerminalsAreCounted() {
        String name = host.define("ptys", "lxc.pty.max = 3");
        host.must("lxc-start", "-n", name);
        String options = host.inside(name, "grep ' /dev/pts ' /proc/mounts");
        // Console, two ttys, and three of its own.
        assertTrue(options.contains("max=6"), options);
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void mountsOfHooksStayInTheMonitor() throws IOException {
        Path place = Files.createDirectories(host.base.resolve("place"));
        String mount = "lxc.hook.pre-start = mount -t tmpfs of" + host.mark + " " + place + "; :";
        String umount = "lxc.hook.post-stop = umount " + place + " && touch " + place + ".done; :";
        String name = host.define("unshared", mount, umount, "lxc.monitor.unshare = 1");
        host.must("lxc-start", "-n", name);
        assertFalse(ProcFiles.read("/proc/self/mountinfo").contains(place.toString()));
        host.must("lxc-stop", "-n", name, "-k");
        assertTrue(Files.exists(Path.of(place + ".done")), "the last hook found what it made");
        String seen = host.define("shared", mount, umount);
        host.must("lxc-start", "-n", seen);
        assertTrue(ProcFiles.read("/proc/self/mountinfo").contains(place.toString()));
        host.must("lxc-stop", "-n", seen, "-k");
    }
}
