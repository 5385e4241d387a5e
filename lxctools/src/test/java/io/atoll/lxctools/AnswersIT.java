package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Answers and exit codes that scripts read, as LXC 5.0.2 gives them side by side.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AnswersIT {
    private LxcHostFixture host;

    @BeforeAll
    void open() {
        host = new LxcHostFixture();
    }

    @AfterAll
    void close() {
        host.close();
    }

    private String item(String name, String key) {
        return host.must("lxc-info", "-n", name, "-c", key).strip();
    }

    @Test
    void keysAreAnsweredByTheirElements() {
        String name =
                host.define(
                        "items",
                        "lxc.cap.drop = sys_module mac_admin",
                        "lxc.cap.drop = sys_time",
                        "lxc.group = a,b",
                        "lxc.signal.halt = SIGUSR1",
                        "lxc.monitor.signal.pdeath = SIGTERM",
                        "lxc.start.order = -3",
                        "lxc.log.level = 2",
                        "lxc.environment = A=b c",
                        "lxc.environment = D=e",
                        "lxc.cgroup.devices.allow = c 1:3 rwm",
                        "lxc.cgroup.memory.limit_in_bytes = 64M",
                        "lxc.prlimit.core = unlimited",
                        "lxc.net.0.type = veth",
                        "lxc.net.1.type = empty");
        Map<String, String> expected =
                Map.ofEntries(
                        Map.entry("lxc.cap.drop", "sys_module\nmac_admin\nsys_time"),
                        Map.entry("lxc.group", "a\nb"),
                        Map.entry("lxc.signal.halt", "10"),
                        Map.entry("lxc.monitor.signal.pdeath", "15"),
                        Map.entry("lxc.start.order", "-3"),
                        Map.entry("lxc.log.level", "INFO"),
                        Map.entry("lxc.environment", "A=b c\nD=e"),
                        Map.entry("lxc.net", "veth\nempty"),
                        Map.entry("lxc.rootfs.path", host.rootOf(name).toString()),
                        Map.entry("lxc.prlimit", "lxc.prlimit.core = unlimited"),
                        Map.entry(
                                "lxc.cgroup",
                                "lxc.cgroup.devices.allow = c 1:3 rwm\n"
                                        + "lxc.cgroup.memory.limit_in_bytes = 64M"));
        expected.forEach((key, value) -> assertEquals(key + " = " + value, item(name, key)));
    }

    /// On a host of 64-bit x86, where the peer was asked.
    @Test
    void architecturesAndSizesAreAnsweredAsTheyWork() {
        Map<String, String> machines =
                Map.of(
                        "amd64", "x86_64",
                        "linux64", "x86_64",
                        "x86", "i686",
                        "athlon", "i686",
                        "linux32", "i686",
                        "armhf", "i686");
        machines.forEach((written, answer) -> assertOne("lxc.arch", written, answer));
        Map<String, String> sizes =
                Map.of(
                        "auto", "131072",
                        "64KB", "65536",
                        "100KB", "131072",
                        "1 MB", "1048576",
                        "10 mB", "16777216",
                        "3gb", "4294967296",
                        "100", "4096",
                        "0", "4096");
        for (String key : List.of("lxc.console.size", "lxc.console.buffer.size")) {
            sizes.forEach((written, answer) -> assertOne(key, written, answer));
            assertEquals(key + " = 0", item(defineOnly(""), key));
            for (String wrong : List.of("kb", "-5", "5x", "10M", "2000000000000")) {
                String name = defineOnly(key + " = " + wrong);
                ToolRun run = host.run("lxc-info", "-n", name, "-c", key);
                assertEquals(1, run.status(), wrong);
                assertTrue(run.err().contains(key + " = " + wrong), run.err());
            }
        }
    }

    private void assertOne(String key, String written, String answer) {
        String name = defineOnly(key + " = " + written);
        assertEquals(key + " = " + answer, item(name, key), written);
    }

    private String defineOnly(String line) {
        String name = host.name("only");
        try {
            Path directory = Files.createDirectories(host.lxcPath.resolve(name));
            Files.writeString(directory.resolve("config"), line + "\n");
            return name;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void numbersThatNobodySetAreAnsweredToo() {
        String name = host.define("unset");
        for (String key :
                List.of("lxc.start.auto", "lxc.start.delay", "lxc.ephemeral", "lxc.signal.halt")) {
            assertEquals(key + " = 0", item(name, key));
        }
        assertEquals("lxc.autodev = 1", item(name, "lxc.autodev"));
        assertEquals("lxc.log.level = NOTSET", item(name, "lxc.log.level"));
        assertEquals("lxc.hook.start =", item(name, "lxc.hook.start"));
        assertEquals("0\n", host.must("lxc-info", "-n", name, "-H", "-c", "lxc.start.auto"));
        assertEquals(
                "STOPPED\n0\n", host.must("lxc-info", "-n", name, "-Hs", "-c", "lxc.start.auto"));
        ToolRun wrong = host.run("lxc-info", "-n", name, "-c", "lxc.nonsense");
        assertEquals(0, wrong.status());
        assertTrue(wrong.err().contains("lxc.nonsense invalid"), wrong.err());
    }

    private void exits(int status, String tool, String... words) {
        ToolRun run = host.run(tool, words);
        assertEquals(status, run.status(), tool + " " + String.join(" ", words) + ": " + run.err());
    }

    @Test
    void exitCodesAreThoseOfLxc() {
        String name = host.define("codes");
        exits(1, "lxc-copy", "-n", name, "-N", host.name("other"), "-e", "-R");
        assertTrue(Files.exists(host.lxcPath.resolve(name)), "its name is still its own");
        exits(1, "lxc-autostart", "-t", "soon");
        exits(1, "lxc-wait", "-n", name, "-s", "stopped", "-t", "1");
        exits(1, "lxc-wait", "-n", name, "-s", "|", "-t", "1");
        exits(0, "lxc-wait", "-n", name, "-s", "|STOPPED", "-t", "1");
        exits(0, "lxc-unfreeze", "-n", name);
        exits(1, "lxc-unfreeze", "-n", host.name("nobody"));
        exits(1, "lxc-freeze", "-n", name);
        // Columns are those of the table, and nobody asked for one.
        assertTrue(host.must("lxc-ls", "-F", "STATE").contains(name));
    }

    private String unshared(String... words) {
        return host.must("lxc-unshare", words).strip();
    }

    @Test
    void commandsInNewNamespacesAreTheFirstThere() {
        assertEquals("1 0", unshared("-s", "PID", "--", "sh", "-c", "echo $$ $PPID"));
        String here = LxcHostFixture.sh("readlink /proc/self/ns/pid").strip();
        assertEquals(here, unshared("-s", "NETWORK", "--", "readlink", "/proc/self/ns/pid"));
        String memory = "stat -c %d /dev/shm";
        String[] inside =
                unshared("-s", "PID|MOUNT", "-M", "--", "sh", "-c", "echo $$; ps ax; " + memory)
                        .split("\n");
        // Of processes there are the heading and two.
        assertEquals(5, inside.length, String.join("\n", inside));
        assertEquals("1", inside[0]);
        assertNotEquals(LxcHostFixture.sh(memory).strip(), inside[4]);
        exits(1, "lxc-unshare", "-s", "PID", "-M", "--", "true");
        assertEquals("foo", unshared("-s", "UTSNAME", "-H", "foo", "--", "hostname"));
        exits(1, "lxc-unshare", "-s", "PID", "-H", "foo", "--", "true");
        exits(1, "lxc-unshare", "-s", "MOUNT", "-i", "eth9", "--", "true");
        exits(1, "lxc-unshare", "-s", "PID|BOGUS", "--", "true");
        exits(1, "lxc-unshare", "--", "true");
        exits(1, "lxc-unshare", "-s", "PID");
        exits(3, "lxc-unshare", "-s", "PID", "--", "sh", "-c", "exit 3");
        assertEquals("65534", unshared("-s", "IPC", "-u", "nobody", "--", "id", "-u"));
        assertEquals("1234", unshared("-s", "USER", "-u", "1234", "--", "id", "-u"));
        exits(1, "lxc-unshare", "-s", "IPC", "-u", "no such one", "--", "true");
        for (String command : List.of("/nonexistent", "/etc/passwd")) {
            ToolRun run = host.run("lxc-unshare", "-s", "PID", "--", command);
            assertEquals(1, run.status());
            assertTrue(run.err().contains(command), run.err());
        }
    }

    @Test
    void theCallerIsMappedBehindAllOthers() {
        String show = "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u";
        assertEquals(
                " 0 100000 10\n 50 100050 3\n 53 0 1\n 0 100000 10\n 10 0 1\n0",
                mapped("-s", "-m", "b:0:100000:10", "-m", "u:50:100050:3", "--", "sh", "-c", show));
        assertEquals(
                " 0 100000 10\n 0 100000 10\n0",
                mapped("-m", "b:0:100000:10", "--", "sh", "-c", show));
        exits(5, "lxc-usernsexec", "-m", "b:0:100000:10", "--", "sh", "-c", "exit 5");
        exits(1, "lxc-usernsexec", "-m", "b:0:100000", "--", "true");
        exits(1, "lxc-usernsexec", "-m", "x:0:100000:1", "--", "true");
        ToolRun script =
                host.reading("echo as $(id -u)\n", "lxc-usernsexec", "-m", "b:0:100000:10");
        assertEquals("as 0\n", script.out());
    }

    private String mapped(String... words) {
        return host.must("lxc-usernsexec", words).stripTrailing();
    }
}
