package io.atoll.runtime.apparmor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Compares profiles with the texts in `src/test/resources/apparmor`. Run with
/// `-Dplans.accept=true` to write them anew, then read the difference: every line is a decision.
class ProfileTextTest {
    private static final Path GOLDEN = Path.of("src/test/resources/apparmor");
    private static final Path USUAL = Path.of("/var/lib/atoll");

    private static void golden(String name, ProfileText text) throws IOException {
        Path file = GOLDEN.resolve(name);
        if (Boolean.getBoolean("plans.accept")) {
            Path unused = Files.writeString(file, text.render());
        }
        assertEquals(Files.readString(file), text.render());
    }

    private static ProfileText of(boolean isPrivileged, boolean isNestable, List<String> raw) {
        return new ProfileText(
                "atoll-c1",
                isPrivileged,
                isNestable,
                isNestable ? Optional.of("atoll-c1") : Optional.empty(),
                raw);
    }

    @Test
    void unprivileged() throws IOException {
        golden("unprivileged", of(false, false, List.of()));
    }

    @Test
    void privileged() throws IOException {
        golden("privileged", of(true, false, List.of()));
    }

    @Test
    void nesting() throws IOException {
        golden("nesting", of(false, true, List.of()));
    }

    @Test
    void privilegedNesting() throws IOException {
        golden("privileged-nesting", of(true, true, List.of()));
    }

    @Test
    void rawLinesComeLast() throws IOException {
        golden("raw", of(false, false, AppArmor.lines("deny /secret rw,\n\n  capability,\n")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\"", "a\n}", "-a", "a/b", "a*", "@{x}"})
    void aNameIsOnlyAName(String name) {
        assertThrows(
                IllegalArgumentException.class,
                () -> new ProfileText(name, false, false, Optional.empty(), List.of()));
    }

    @Test
    void containersOfOtherDirectoriesHaveOtherNames() {
        assertEquals("atoll-c1", ProfileText.name("atoll-c1", USUAL, USUAL));
        String other = ProfileText.name("atoll-c1", Path.of("/srv/atoll"), USUAL);
        assertNotEquals("atoll-c1", other);
        assertNotEquals(other, ProfileText.name("atoll-c1", Path.of("/srv/two"), USUAL));
    }
}
