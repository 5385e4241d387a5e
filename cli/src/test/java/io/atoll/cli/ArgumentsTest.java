package io.atoll.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
    private static final List<Option> OPTIONS =
            CommandSpec.of("x", "", "")
                    .flag('f', "force", "")
                    .flag('q', "quiet", "")
                    .value('c', "columns", "ns", "")
                    .values('e', "env", "")
                    .optional("console", "console", "")
                    .value('\0', "timeout", "-1", "")
                    .options();

    private static Arguments parse(String... words) {
        return Arguments.parse(List.of(words), OPTIONS);
    }

    @Test
    void mixesOptionsAndArguments() {
        Arguments arguments = parse("a", "-f", "b", "--columns", "n", "c");
        assertEquals(List.of("a", "b", "c"), arguments.positional());
        assertTrue(arguments.flag("force"));
        assertEquals("n", arguments.value("columns"));
    }

    @Test
    void joinsLettersAndValues() {
        Arguments arguments = parse("-fqcns4", "-e=A=1", "-e", "B=2", "--env=C=3", "--timeout=5");
        assertTrue(arguments.flag("force") && arguments.flag("quiet"));
        assertEquals("ns4", arguments.value("columns"));
        assertEquals(List.of("A=1", "B=2", "C=3"), arguments.values("env"));
        assertEquals(5, arguments.number("timeout"));
    }

    @Test
    void stopsAtTwoDashes() {
        Arguments arguments = parse("c1", "--", "ls", "-l", "--all", "--");
        assertEquals(List.of("c1", "ls", "-l", "--all", "--"), arguments.positional());
    }

    @Test
    void knowsOptionalValuesAndFalse() {
        assertEquals("console", parse("--console").value("console"));
        assertEquals("vga", parse("--console=vga", "x").value("console"));
        assertFalse(parse().has("console"));
        assertFalse(parse("--force=false").flag("force"));
        assertEquals(List.of("-"), parse("-").positional());
    }

    @Test
    void fallsBack() {
        assertEquals("ns", parse().value("columns"));
        assertEquals(-1, parse().number("timeout"));
        assertEquals("", parse().at(3));
    }

    @Test
    void explainsWhatIsWrong() {
        assertEquals("unknown flag: --foo", wrong("--foo=1"));
        assertEquals("unknown shorthand flag: 'Z' in -fZ", wrong("-fZ"));
        assertEquals("flag needs an argument: --columns", wrong("--columns"));
        assertEquals("flag needs an argument: 'c' in -c", wrong("-c"));
        assertTrue(
                wrong("--force=maybe")
                        .startsWith("invalid argument \"maybe\" for \"--force\" flag"));
        assertThrows(CliException.class, () -> parse("--timeout", "soon").number("timeout"));
    }

    private static String wrong(String... words) {
        return assertThrows(CliException.class, () -> parse(words)).getMessage();
    }
}
