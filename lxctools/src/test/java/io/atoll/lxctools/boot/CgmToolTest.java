package io.atoll.lxctools.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.lxctools.ToolRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CgmToolTest {
    private static ToolRun cgm(String... words) {
        return ToolRun.of(Map.of(), "cgm", words);
    }

    private static void refused(String why, String... words) {
        ToolRun run = cgm(words);
        String what = String.join(" ", words) + ": " + run;
        assertEquals(1, run.status(), what);
        assertTrue(run.err().contains(why), what);
    }

    /// CGManager let callers leave their cgroup by the names of others: nothing of a path leads up
    /// here, whatever is asked for, for root as for everybody.
    @Test
    void cve_2014_1425_pathsStayBelowTheCallersCgroup() {
        String controller = cgm("listcontrollers").out().lines().findFirst().orElse("all");
        for (String path :
                List.of("..", "../other", "a/../../b", "./..", "/..", "/a/../..", "a//../..")) {
            for (String rest :
                    List.of(
                            "create",
                            "remove",
                            "chown 0 0",
                            "movepid 1",
                            "getvalue tasks",
                            "setvalue tasks 1",
                            "listchildren",
                            "gettasks")) {
                List<String> words = new ArrayList<>(Arrays.asList(rest.split(" ")));
                words.addAll(1, List.of(controller, path));
                refused("not a cgroup: " + path, words.toArray(String[]::new));
            }
        }
        for (String file : List.of("../tasks", "/etc/passwd", "a/b", "..", ".hidden", "")) {
            refused("not a file of a cgroup", "getvalue", controller, ".", file);
            refused("not a file of a cgroup", "setvalue", controller, ".", file, "1");
        }
    }
}
