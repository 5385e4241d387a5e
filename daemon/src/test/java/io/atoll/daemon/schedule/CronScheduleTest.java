package io.atoll.daemon.schedule;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CronScheduleTest {
    /// A Wednesday.
    private static final LocalDateTime TIME = LocalDateTime.of(2025, 1, 15, 6, 30);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "* * * *",
                "60 * * * *",
                "* 24 * * *",
                "* * 0 * *",
                "* * * 13 *",
                "* * * * 8",
                "5-1 * * * *",
                "*/0 * * * *",
                "a * * * *",
                "1, * * * *",
                "-1 * * * *",
                "99999999999 * * * *",
                "@sometimes"
            })
    void refuses(String text) {
        assertThrows(InvalidConfigException.class, () -> CronSchedule.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "* * * * *",
                "30 6 * * *",
                "*/15 * * * *",
                "0-40/10 6 * * *",
                "30 6 15 jan wed",
                "30 6 1 * 3",
                "30 6 15 * 0",
                "1,30 * * * *",
                "@daily, 30 6 * * *",
                "30/5 * * * *"
            })
    void matches(String text) {
        assertTrue(CronSchedule.parse(text).matches(TIME));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "@never",
                "@startup",
                "@hourly",
                "31 * * * *",
                "30 6 * 2 *",
                "*/20 * * * *",
                "30 6 * * 7"
            })
    void doesNotMatch(String text) {

        assertFalse(CronSchedule.parse(text).matches(TIME));
    }

    @Test
    void knowsTheStart() {
        assertTrue(CronSchedule.parse("@startup").isAtStartup());
        assertFalse(CronSchedule.parse("@daily").isAtStartup());
    }

    @Test
    void countsSundayTwice() {
        LocalDateTime sunday = LocalDateTime.of(2025, 1, 19, 0, 0);
        assertTrue(CronSchedule.parse("0 0 * * 7").matches(sunday));
        assertTrue(CronSchedule.parse("@weekly").matches(sunday));
    }
}
