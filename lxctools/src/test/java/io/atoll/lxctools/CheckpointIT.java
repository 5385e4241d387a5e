package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.FakeCriu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `lxc-checkpoint` with a program in CRIU's place that writes down what it is asked for, makes
/// images, and restores a process of its own. Everything else is real: plan, shim, monitor, cgroups
/// and mounts.
@Tag("privileged")
class CheckpointIT {
    private LxcHostFixture host = new LxcHostFixture();
    private FakeCriu criu = FakeCriu.in(host.base.resolve("criu"));
    private Path images = host.base.resolve("images");

    @AfterEach
    void stop() throws Exception {
        criu.close();
        host.close();
    }

    private String started(String name) {
        String full = host.define(name, "lxc.tty.max = 0");
        host.must("lxc-start", "-n", full);
        return full;
    }

    private TreeMap<String, Long> files() throws IOException {
        TreeMap<String, Long> out = new TreeMap<>();
        try (Stream<Path> all = Files.list(images)) {
            for (Path file : all.toList()) {
                out.put(
                        String.valueOf(file.getFileName()),
                        Files.getLastModifiedTime(file).toMillis());
            }
        }
        return out;
    }

    private String pid(String name) {
        return host.must("lxc-info", "-n", name, "-pH").strip();
    }

    @Test
    void aContainerIsSavedAndComesBack() throws IOException {
        String name = started("saved");
        String before = pid(name);
        host.must("lxc-checkpoint", "-n", name, "-D", images.toString(), "-s");
        host.must("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "20");
        String dump = criu.asked().getLast();
        assertTrue(dump.startsWith("dump --tcp-established "), dump);
        assertTrue(dump.contains(" -t " + before + " "), dump);
        assertTrue(dump.contains(" --cgroup-root "), dump);
        assertTrue(dump.contains(" --ext-mount-map /dev/console:console --external tty[88"), dump);
        assertFalse(dump.contains("--leave-running"), dump);
        host.must("lxc-checkpoint", "-r", "-n", name, "-D", images.toString(), "-v");
        assertEquals("RUNNING", host.state(name));
        String restore = criu.asked().getLast();
        assertTrue(restore.contains("--restore-detached --pidfile "), restore);
        assertTrue(restore.contains(" -v4"), restore);
        assertTrue(restore.contains(" --inherit-fd fd[0]:tty[88"), restore);
        assertTrue(criu.root().contains("etc"));
        assertFalse(Files.readString(Path.of("/proc/mounts")).contains("restored"));
        assertEquals("sleep", Files.readString(Path.of("/proc", pid(name), "comm")).strip());
        assertEquals(
                1, host.run("lxc-checkpoint", "-r", "-n", name, "-D", images.toString()).status());
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("STOPPED", host.state(name));
        // It starts as ever.
        host.must("lxc-start", "-n", name);
        assertEquals("/root", host.inside(name, "cd /root && pwd"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    /// -A both ways, by a name that is the caller's and not CRIU's, and the console of -F.
    @Test
    void scriptsAreRunAndTheConsoleIsShown() throws IOException {
        String name = started("scripted");
        Path script = Files.writeString(host.base.resolve("act"), "#!/bin/sh\n");
        String fromCaller = Path.of("/").relativize(script).toString();
        host.must("lxc-checkpoint", "-n", name, "-D", images.toString(), "-s", "-A", fromCaller);
        host.must("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "20");
        String option = " --action-script " + script;
        assertTrue(criu.asked().getLast().contains(option), criu.asked().getLast());
        try (TypedRun run =
                TypedRun.start(
                        host.env(),
                        "lxc-checkpoint",
                        "-P",
                        host.lxcPath.toString(),
                        "-r",
                        "-n",
                        name,
                        "-D",
                        images.toString(),
                        "-A",
                        fromCaller,
                        "-F")) {
            run.awaitText("back again");
            assertTrue(criu.asked().getLast().contains(option), criu.asked().getLast());
            assertEquals("RUNNING", host.state(name));
            host.must("lxc-stop", "-n", name, "-k");
            assertEquals(0, run.awaitEnd());
        }
        // A command line for a shell is left as it is.
        host.must("lxc-start", "-n", name);
        host.must("lxc-checkpoint", "-n", name, "-D", images.toString(), "-A", "logger dumping");
        assertTrue(criu.asked().getLast().contains(" --action-script logger dumping"));
        host.must("lxc-stop", "-n", name, "-k");
        for (String wrong : new String[] {"-F", "-d"}) {
            assertEquals(
                    1,
                    host.run("lxc-checkpoint", "-n", name, "-D", images.toString(), wrong)
                            .status());
        }
    }

    @Test
    void memoryGoesFirst() throws IOException {
        String name = started("early");
        Path first = host.base.resolve("first");
        host.must("lxc-checkpoint", "-n", name, "-D", first.toString(), "-p");
        assertTrue(criu.asked().getLast().startsWith("pre-dump "), criu.asked().getLast());
        host.must(
                "lxc-checkpoint",
                "-n",
                name,
                "-D",
                images.toString(),
                "--predump-dir",
                first.toString());
        String dump = criu.asked().getLast();
        assertTrue(dump.contains("--prev-images-dir " + first + " --track-mem"), dump);
        assertTrue(dump.endsWith(" --leave-running"), dump);
        assertEquals("RUNNING", host.state(name));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void aFailingDumpLeavesTheContainerRunningAndNoImages() throws IOException {
        String name = started("kept");
        criu.wish("fail");
        ToolRun run = host.run("lxc-checkpoint", "-n", name, "-D", images.toString(), "-s");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("the disk is on fire"), run.err());
        assertEquals("RUNNING", host.state(name));
        assertEquals(List.of("dump.log"), List.copyOf(files().keySet()));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void aFailingRestoreLeavesTheImagesAndNothingElse() throws IOException {
        String name = started("dead");
        host.must("lxc-checkpoint", "-n", name, "-D", images.toString(), "-s");
        host.must("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "20");
        TreeMap<String, Long> before = files();
        criu.wish("fail");
        ToolRun run = host.run("lxc-checkpoint", "-r", "-n", name, "-D", images.toString());
        assertEquals(1, run.status());
        assertTrue(run.err().contains("the disk is on fire"), run.err());
        assertEquals("STOPPED", host.state(name));
        TreeMap<String, Long> after = files();
        after.remove("restore.log");
        assertEquals(before, after);
    }

    /// Whatever the file says, only what CRIU has made becomes the container.
    @Test
    void aStrangersPidIsNotTaken() throws IOException {
        String name = started("strange");
        host.must("lxc-checkpoint", "-n", name, "-D", images.toString(), "-s");
        host.must("lxc-wait", "-n", name, "-s", "STOPPED", "-t", "20");
        criu.wish("stranger");
        assertEquals(
                1, host.run("lxc-checkpoint", "-r", "-n", name, "-D", images.toString()).status());
        assertEquals("STOPPED", host.state(name));
    }

    @Test
    void whatIsInTheWayIsToldBeforeAnythingIsDone() throws IOException {
        String name = host.define("withtty");
        host.must("lxc-start", "-n", name);
        ToolRun terminals = host.run("lxc-checkpoint", "-n", name, "-D", images.toString());
        assertEquals(1, terminals.status());
        assertTrue(terminals.err().contains("lxc.tty.max = 0"), terminals.err());
        criu.wish("old");
        ToolRun old = host.run("lxc-checkpoint", "-n", name, "-D", images.toString());
        assertEquals(1, old.status());
        assertTrue(
                old.err().contains("`criu check` says: vdso: Unexpected rt vDSO area bounds"),
                old.err());
        assertFalse(Files.exists(images));
        host.must("lxc-stop", "-n", name, "-k");
        ToolRun empty =
                host.run("lxc-checkpoint", "-r", "-n", name, "-D", criu.directory().toString());
        assertEquals(1, empty.status());
        assertTrue(empty.err().contains("holds no images of CRIU"), empty.err());
    }
}
