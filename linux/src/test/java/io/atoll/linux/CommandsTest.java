package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class CommandsTest {
    @Test
    void givesOutputAndACleanEnvironment() {
        String text = Commands.run(Command.of("env").environment("A", "b")).text();
        assertEquals("A=b\nLC_ALL=C.UTF-8\nPATH=" + Commands.PATH + "\n", sorted(text));
    }

    private static String sorted(String text) {
        return text.lines().sorted().reduce("", (a, b) -> a + b + "\n");
    }

    @Test
    void feedsInput() {
        byte[] input = "x".repeat(300_000).getBytes(StandardCharsets.UTF_8);
        assertEquals(300_000, Commands.run(Command.of("cat").input(input)).output().length);
    }

    @Test
    void saysStatusAndComplaint() {
        CommandFailed e =
                assertThrows(
                        CommandFailed.class,
                        () -> Commands.run(Command.of("sh", "-c", "echo no luck >&2; exit 3")));
        assertEquals("sh: exit status 3: no luck", e.getMessage());
        assertEquals(3, e.exit());
    }

    @Test
    void refusesTooMuchOutput() {
        Command loud = Command.of("head", "-c", "100000", "/dev/zero").outputMax(1000);
        assertTrue(
                assertThrows(CommandFailed.class, () -> Commands.run(loud))
                        .getMessage()
                        .contains("1000 bytes"));
    }

    @Test
    void stopsASlowCommandAndItsChildren() {
        Command slow =
                Command.of("sh", "-c", "sleep 987 & echo $!; wait").timeout(Duration.ofMillis(300));
        assertThrows(CommandFailed.class, () -> Commands.run(slow));
    }

    @Test
    void saysWhichCommandIsMissing() {
        CommandFailed e =
                assertThrows(
                        CommandFailed.class, () -> Commands.run(Command.of("no-such-command")));
        assertEquals("no-such-command: command not found", e.getMessage());
    }
}
