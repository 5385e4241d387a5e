package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ToolRunnerTest {
    @Test
    void printsVersionOnStdout() {
        ToolRun run = ToolRun.of(Map.of(), "lxc-freeze", "--version");
        assertEquals(0, run.status());
        assertEquals("5.0.2\n", run.out());
    }

    @Test
    void everyToolHasHelpOnStderrAndEndsWell() {
        for (String tool : Tools.names()) {
            ToolRun run = ToolRun.of(Map.of(), tool, "--help");
            assertEquals(0, run.status(), tool);
            assertTrue(run.err().startsWith("Usage: " + tool), run.err());
            assertEquals("", run.out());
        }
    }

    @Test
    void showsHelpForUnknownOptions() {
        ToolRun run = ToolRun.of(Map.of(), "lxc-freeze", "--nonsense");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("unrecognized option '--nonsense'"), run.err());
        assertTrue(run.err().contains("Usage: lxc-freeze"), run.err());
    }

    @Test
    void asksForTheName() {
        ToolRun run = ToolRun.of(Map.of(), "lxc-freeze");
        assertEquals(1, run.status());
        assertEquals("lxc-freeze: No container name specified\n", run.err());
    }

    @Test
    void namesTheToolsWhenThereIsNoSuchTool() {
        ToolRun run = ToolRun.of(Map.of(), "lxc-nonsense");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("lxc-freeze"), run.err());
    }

    @Test
    void showsDefaultsOfLxcConf() {
        Map<String, String> env = Map.of("HOME", "/nonexistent");
        ToolRun run = ToolRun.of(env, "lxc-config", "lxc.bdev.zfs.root");
        assertEquals("lxc\n", run.out());
        run = ToolRun.of(env, "lxc-config", "lxc.nonsense");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("Unknown configuration item: lxc.nonsense"), run.err());
    }
}
