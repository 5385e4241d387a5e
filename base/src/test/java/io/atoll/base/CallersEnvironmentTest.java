package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class CallersEnvironmentTest {
    @Test
    void theCallersLocaleComesBack() {
        assertEquals(
                Map.of("HOME", "/root", "LC_ALL", "de_DE.UTF-8"),
                CallersEnvironment.of(
                        Map.of(
                                "HOME",
                                "/root",
                                "LC_ALL",
                                "C.UTF-8",
                                "ATOLL_CALLERS_LC_ALL",
                                "de_DE.UTF-8")));
    }

    @Test
    void whatTheCallerDidNotSetGoesAgain() {
        assertEquals(
                Map.of("LANG", "C"),
                CallersEnvironment.of(
                        Map.of("LANG", "C", "LC_ALL", "C.UTF-8", "ATOLL_CALLERS_LC_ALL", "")));
    }

    @Test
    void withoutTheLauncherNothingChanges() {
        Map<String, String> own = Map.of("LC_ALL", "C", "PATH", "/bin");
        assertEquals(own, CallersEnvironment.of(own));
    }
}
