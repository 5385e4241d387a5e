package io.atoll.lxctools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.lxctools.ToolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamePatternTest {
    @ParameterizedTest
    @CsvSource({
        "web[[:digit:]]+, web12, true",
        "web[[:digit:]]+, webdigit, false",
        "[[:alpha:]_]+, a_b, true",
        "[^[:upper:]]+, abC, false",
        "'(web|db)[0-9]{1,2}', db7, true",
        "p., p1, true"
    })
    void matchesAsRegexDoes(String pattern, String name, boolean isMatch) {
        assertEquals(isMatch, NamePattern.compile(pattern).matcher(name).matches());
    }

    @Test
    void hasAllClasses() {
        String all = "alnum alpha blank cntrl digit graph lower print punct space upper xdigit";
        for (String name : all.split(" ")) {
            NamePattern.compile("[[:" + name + ":]]*");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "a(", "*", "[[:nonsense:]]"})
    void refusesWhatIsNone(String text) {
        assertThrows(ToolException.class, () -> NamePattern.compile(text));
    }
}
