package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import io.atoll.testkit.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The section of README.md for users of LXC, typed line by line.
@Tag("privileged")
@Tag("e2e")
class LxcReadmeTest {
    private static List<String> commands() throws IOException {
        Path readme = Path.of(System.getProperty("atoll.root"), "README.md");
        String text = Files.readString(readme);
        String section = text.substring(text.indexOf("## With the lxc-* commands"));
        List<String> found = new ArrayList<>();
        for (String line : section.lines().skip(1).takeWhile(l -> !l.startsWith("## ")).toList()) {
            if (line.startsWith("    ")) {
                found.add(line.strip().replaceFirst(" +# .*", ""));
            }
        }
        return found;
    }

    @Test
    void everyLineWorks() throws IOException {
        try (LxcHost host = LxcHost.launch(LxcHost.Kind.ATOLL, "atoll-lxcread")) {
            List<String> commands = commands();
            assertTrue(commands.size() > 10, commands.toString());
            for (String command : commands) {
                if (command.contains("./mk dist") || command.startsWith("sudo -s")) {
                    continue;
                }
                if (command.startsWith("PATH=")) {
                    assertEquals(
                            "PATH=$PWD/dist/atoll/dropin:$PWD/dist/atoll/libexec:$PATH", command);
                    continue;
                }
                if (command.startsWith("lxc-console")) {
                    try (Terminal console = host.terminal("sh", "-c", command)) {
                        console.typeUntil("\r", "login:");
                        console.type("\u0001q");
                        assertEquals(0, console.exit());
                    }
                    continue;
                }
                Program.Output output = host.sh(command).ok();
                assertFalse(output.err().contains("rror"), output.toString());
            }
            assertEquals("p1 p2", host.must("lxc-ls").replaceAll("\\s+", " "));
        }
    }
}
