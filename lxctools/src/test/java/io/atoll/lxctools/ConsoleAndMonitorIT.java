package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.FdStreams;
import io.atoll.linux.Pty;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What a container's monitor does beside waiting: `lxc.console.path`, `lxc.cgroup.dir.monitor`.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleAndMonitorIT {
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
    void consoleGoesToAFileAsWell() throws IOException {
        Path file = host.base.resolve("console.out");
        Files.writeString(file, "before\n");
        String name = host.define("cfile", "lxc.console.path = " + file);
        host.must("lxc-start", "-n", name);
        LxcHostFixture.until(() -> has(file, "started"), "what init printed is in the file");
        host.inside(name, "echo more >/dev/console");
        LxcHostFixture.until(() -> has(file, "more"), "what is printed later is there too");
        assertTrue(has(file, "before"));
        host.must("lxc-stop", "-n", name, "-k");
        host.must("lxc-start", "-n", name, "-c", "none");
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void consoleIsWorkedOnFromATerminal() throws IOException {
        try (Pty.Pair pty = Pty.open();
                InputStream screen = FdStreams.input(pty.master());
                OutputStream keys = FdStreams.output(pty.master())) {
            String terminal =
                    Files.readSymbolicLink(Path.of("/proc/self/fd", "" + pty.slave().number()))
                            .toString();
            String name = host.define("cterm", "lxc.init.cmd = /bin/sh");
            host.must("lxc-start", "-n", name, "-c", terminal);
            assertTrue(modes(terminal).contains("-icanon"), modes(terminal));
            keys.write("echo $((6*7))\r".getBytes(StandardCharsets.UTF_8));
            keys.flush();
            StringBuilder seen = new StringBuilder();
            while (seen.indexOf("42") < 0) {
                int next = screen.read();
                assertTrue(next >= 0, seen.toString());
                seen.append((char) next);
            }
            host.must("lxc-stop", "-n", name, "-k");
            assertFalse(modes(terminal).contains("-icanon"), modes(terminal));
        }
    }

    private static String modes(String terminal) {
        return LxcHostFixture.sh("stty -a <" + terminal);
    }

    @Test
    void consoleThatCannotBeOpenedIsNamed() {
        String relative = host.define("crel", "lxc.console.path = console.out");
        ToolRun run = host.run("lxc-start", "-n", relative);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("lxc.console.path = console.out"), run.err());
        String directory = host.define("cdir", "lxc.console.path = " + host.base);
        run = host.run("lxc-start", "-n", directory);
        assertEquals(1, run.status());
        assertTrue(run.err().contains(host.base.toString()), run.err());
        assertEquals("STOPPED", host.state(directory));
    }

    @Test
    void monitorHasACgroupOfItsOwn() {
        String pivot = host.name("pivot");
        String own = host.name("mon") + "/one";
        Path pidFile = host.base.resolve("monitor.pid");
        String name =
                host.define(
                        "cgm",
                        "lxc.cgroup.dir.container = " + host.name("pay") + "/one",
                        "lxc.cgroup.dir.monitor = " + own,
                        "lxc.cgroup.dir.monitor.pivot = " + pivot);
        host.must("lxc-start", "-n", name, "-p", pidFile.toString());
        String cgroups = LxcHostFixture.sh("cat /proc/$(cat " + pidFile + ")/cgroup");
        assertTrue(cgroups.lines().allMatch(l -> l.endsWith("/" + own)), cgroups);
        assertFalse(host.inside(name, "cat /proc/1/cgroup").contains(own));
        host.must("lxc-stop", "-n", name, "-k");
        assertEquals("", cgroupsNamed(own));
        LxcHostFixture.sh(
                "find /sys/fs/cgroup -depth -type d '(' -name "
                        + pivot
                        + " -o -name "
                        + host.name("mon")
                        + " -o -name "
                        + host.name("pay")
                        + " ')' -exec rmdir {} +");
    }

    private static String cgroupsNamed(String path) {
        return LxcHostFixture.sh("find /sys/fs/cgroup -type d -path '*/" + path + "'");
    }

    @Test
    void cgroupsOfContainerAndMonitorGoTogether() {
        String name = host.define("cgx", "lxc.cgroup.dir.monitor = x");
        ToolRun run = host.run("lxc-start", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("need each other"), run.err());
    }

    private static boolean has(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
