package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("privileged")
class LeaksTest {
    private static final String MARKER = "atlktest";
    private static final Duration SHORT = Duration.ofMillis(500);

    @Test
    void namesALinkThatWasLeft() {
        Leaks leaks = Leaks.of(MARKER);
        leaks.beforeEach(null);
        Program.of("ip", "link", "add", MARKER, "type", "bridge").run().ok();
        try {
            AssertionError failure =
                    assertThrows(AssertionError.class, () -> leaks.assertNothingNew(SHORT));
            assertTrue(failure.getMessage().contains("link " + MARKER), failure.getMessage());
        } finally {
            Program.of("ip", "link", "delete", MARKER).run().ok();
        }
        leaks.assertNothingNew();
    }

    @Test
    void namesAProcessThatWasLeft() {
        Leaks leaks = Leaks.of(MARKER);
        leaks.beforeEach(null);
        Process process = Program.of("sh", "-c", "read x; : " + MARKER).start();
        try {
            AssertionError failure =
                    assertThrows(AssertionError.class, () -> leaks.assertNothingNew(SHORT));
            assertTrue(
                    failure.getMessage().contains("process " + process.pid()),
                    failure.getMessage());
        } finally {
            process.destroyForcibly();
        }
        leaks.assertNothingNew();
    }
}
