package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ToolOptionsTest {
    private static final List<ToolOption> KNOWN =
            List.of(
                    ToolOption.value('n', "name", "NAME", ""),
                    ToolOption.flag('d', "daemon", ""),
                    ToolOption.flag("share-net", ""),
                    ToolOption.flag("share-ipc", ""),
                    ToolOption.optional('e', "elevated", "WHAT", ""));

    private static ToolOptions parse(String... args) {
        return ToolOptions.parse(List.of(args), KNOWN, false);
    }

    @Test
    void mixesOptionsAndWords() {
        ToolOptions options = parse("add", "-n", "p1", "/dev/x");
        assertEquals(Optional.of("p1"), options.value("name"));
        assertEquals(List.of("add", "/dev/x"), options.words());
    }

    @Test
    void takesJoinedAndGluedValues() {
        assertEquals(Optional.of("p1"), parse("-dnp1").value("name"));
        assertEquals(Optional.of("p1"), parse("--name=p1").value("name"));
        assertEquals(Optional.of("CAP"), parse("-eCAP").value("elevated"));
        assertEquals(Optional.of("CAP"), parse("-e=CAP").value("elevated"));
        assertEquals(Optional.of(""), parse("-e", "CAP").value("elevated"));
    }

    @Test
    void takesUniqueBeginnings() {
        assertTrue(parse("--dae").has("daemon"));
        assertThrows(UsageException.class, () -> parse("--share"));
    }

    @Test
    void endsOptionsAtTwoDashes() {
        assertEquals(List.of("ls", "-d"), parse("--", "ls", "-d").words());
        assertEquals(
                List.of("ls", "-d"), ToolOptions.parse(List.of("ls", "-d"), KNOWN, true).words());
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThrows(UsageException.class, () -> parse("-x"));
        assertThrows(UsageException.class, () -> parse("-n"));
        assertThrows(UsageException.class, () -> parse("--daemon=1"));
    }
}
