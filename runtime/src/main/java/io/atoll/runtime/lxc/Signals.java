package io.atoll.runtime.lxc;

import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/// Signal names; signal(7). Numbers are those of x86 and ARM.
public final class Signals {
    /// The first real-time signal that programs may use with glibc, whose threads take the two
    /// before it.
    public static final int SIGRTMIN = 34;

    /// The last signal.
    public static final int SIGRTMAX = 64;

    private static final String[] NAMES = {
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
        "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"
    };

    private static final Map<String, Integer> BY_NAME = byName();

    private Signals() {}

    private static Map<String, Integer> byName() {
        Map<String, Integer> out = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 1; i < NAMES.length; i++) {
            out.put(NAMES[i], i);
        }
        out.put("IOT", 6);
        out.put("CLD", 17);
        out.put("POLL", 29);
        out.put("UNUSED", 31);
        return out;
    }

    /// The number of `SIGPWR`, `PWR`, `30`, `SIGRTMIN+3` or `RTMAX-1`, in any case; empty if there
    /// is no such signal.
    public static OptionalInt find(String text) {
        String name = text.strip().toUpperCase(java.util.Locale.ROOT);
        name = name.startsWith("SIG") ? name.substring(3) : name;
        if (name.startsWith("RTMIN") || name.startsWith("RTMAX")) {
            return realTime(name);
        }
        Integer known = BY_NAME.get(name);
        if (known != null) {
            return OptionalInt.of(known);
        }
        return inRange(number(name), 1);
    }

    private static OptionalInt realTime(String name) {
        int base = name.startsWith("RTMIN") ? SIGRTMIN : SIGRTMAX;
        String rest = name.substring(5);
        if (rest.isEmpty()) {
            return OptionalInt.of(base);
        }
        char sign = rest.charAt(0);
        if (sign != (base == SIGRTMIN ? '+' : '-')) {
            return OptionalInt.empty();
        }
        int offset = number(rest.substring(1));
        return offset < 0
                ? OptionalInt.empty()
                : inRange(sign == '+' ? base + offset : base - offset, SIGRTMIN);
    }

    private static OptionalInt inRange(int number, int min) {
        return number >= min && number <= SIGRTMAX ? OptionalInt.of(number) : OptionalInt.empty();
    }

    private static int number(String digits) {
        boolean isNumber =
                !digits.isEmpty()
                        && digits.length() < 4
                        && digits.chars().allMatch(Character::isDigit);
        return isNumber ? Integer.parseInt(digits) : -1;
    }
}
