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

    /// Also in a warm process, which is root of the user's namespace itself.
    @Test
    void rootOfAUsersNamespaceIsThatUser() {
        ToolRun run =
                ToolRun.of(
                        Map.of("ATOLL_ROOTLESS", "1000", "HOME", "/home/ann"),
                        "lxc-config",
                        "lxc.lxcpath");
        assertEquals("/home/ann/.local/share/lxc\n", run.out());
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
        assertEquals("Unknown configuration item: lxc.nonsense\n", run.out());
    }
}
