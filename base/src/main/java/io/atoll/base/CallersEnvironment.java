package io.atoll.base;

import java.util.HashMap;
import java.util.Map;

/// The environment that a command was called in. The launcher starts the JVM in a locale of its
/// own, in which every name of a file is a text; programs that the command runs get the caller's.
public final class CallersEnvironment {
    private static final String LOCALE = "LC_ALL";
    private static final String CALLERS = "ATOLL_CALLERS_LC_ALL";

    private CallersEnvironment() {}

    /// @param environment of this process, left as it is
    public static Map<String, String> of(Map<String, String> environment) {
        Map<String, String> callers = new HashMap<>(environment);
        restore(callers);
        return callers;
    }

    /// Changes an environment that a child process is to get. Does nothing if it was not the
    /// launcher that started this process.
    public static void restore(Map<String, String> environment) {
        String locale = environment.remove(CALLERS);
        if (locale == null) {
            return;
        }
        if (locale.isEmpty()) {
            environment.remove(LOCALE);
        } else {
            environment.put(LOCALE, locale);
        }
    }
}
