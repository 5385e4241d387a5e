package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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

    /// Whatever the words are, they are sorted or refused with a sentence, and what follows `--`
    /// comes out as it went in.
    @Test
    void survivesAnyWords() {
        List<String> pieces =
                List.of(
                        "-",
                        "--",
                        "-n",
                        "-d",
                        "-dn",
                        "--name",
                        "--name=",
                        "--name=x y",
                        "--na",
                        "--share",
                        "-e",
                        "-eCAP",
                        "=",
                        "",
                        " ",
                        "'",
                        "\"",
                        "$(x)",
                        "a\nb",
                        "\u00e4");
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            List<String> words = new ArrayList<>();
            for (int i = random.nextInt(6); i > 0; i--) {
                String word = pieces.get(random.nextInt(pieces.size()));
                words.add(random.nextBoolean() ? word : word + pieces.get(random.nextInt(20)));
            }
            List<String> after = new ArrayList<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                after.add(pieces.get(random.nextInt(pieces.size())));
            }
            List<String> all = new ArrayList<>(words);
            all.add("--");
            all.addAll(after);
            boolean stops = random.nextBoolean();
            try {
                // A last option that wants a value takes the dashes for it, as getopt(3) does.
                ToolOptions alone = ToolOptions.parse(words, KNOWN, stops);
                assertTrue(alone.words().size() <= words.size(), "seed " + seed);
                List<String> sorted = ToolOptions.parse(all, KNOWN, stops).words();
                assertEquals(
                        after,
                        sorted.subList(sorted.size() - after.size(), sorted.size()),
                        "seed " + seed);
            } catch (UsageException e) {
                assertFalse(e.getMessage().isBlank(), "seed " + seed);
            }
        }
    }
}
