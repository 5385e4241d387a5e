package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
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
}
