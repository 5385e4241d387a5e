package io.atoll.linux;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Signal numbers by name; signal(7), the same on x86-64 and arm64.
public final class Signals {
    public static final int SIGHUP = 1;
    public static final int SIGINT = 2;
    public static final int SIGQUIT = 3;
    public static final int SIGKILL = 9;
    public static final int SIGUSR1 = 10;
    public static final int SIGUSR2 = 12;
    public static final int SIGTERM = 15;
    public static final int SIGCONT = 18;
    public static final int SIGSTOP = 19;
    public static final int SIGWINCH = 28;
    public static final int SIGPWR = 30;

    /// First real-time signal as the kernel counts; the C library keeps two for itself.
    public static final int SIGRTMIN = 34;

    public static final int SIGRTMAX = 64;

    private static final Map<String, Integer> NUMBERS =
            Map.ofEntries(
                    Map.entry("HUP", 1),
                    Map.entry("INT", 2),
                    Map.entry("QUIT", 3),
                    Map.entry("ILL", 4),
                    Map.entry("TRAP", 5),
                    Map.entry("ABRT", 6),
                    Map.entry("BUS", 7),
                    Map.entry("FPE", 8),
                    Map.entry("KILL", 9),
                    Map.entry("USR1", 10),
                    Map.entry("SEGV", 11),
                    Map.entry("USR2", 12),
                    Map.entry("PIPE", 13),
                    Map.entry("ALRM", 14),
                    Map.entry("TERM", 15),
                    Map.entry("STKFLT", 16),
                    Map.entry("CHLD", 17),
                    Map.entry("CONT", 18),
                    Map.entry("STOP", 19),
                    Map.entry("TSTP", 20),
                    Map.entry("TTIN", 21),
                    Map.entry("TTOU", 22),
                    Map.entry("URG", 23),
                    Map.entry("XCPU", 24),
                    Map.entry("XFSZ", 25),
                    Map.entry("VTALRM", 26),
                    Map.entry("PROF", 27),
                    Map.entry("WINCH", 28),
                    Map.entry("IO", 29),
                    Map.entry("PWR", 30),
                    Map.entry("SYS", 31),
                    Map.entry("RTMIN", SIGRTMIN),
                    Map.entry("RTMAX", SIGRTMAX));

    private Signals() {}

    /// The number of `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`; empty if there is no such
    /// signal.
    public static Optional<Integer> number(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        name = name.startsWith("SIG") ? name.substring(3) : name;
        try {
            int number;
            if (name.startsWith("RTMIN+")) {
                number = SIGRTMIN + Integer.parseInt(name.substring(6));
            } else if (name.startsWith("RTMAX-")) {
                number = SIGRTMAX - Integer.parseInt(name.substring(6));
            } else if (NUMBERS.containsKey(name)) {
                number = NUMBERS.get(name);
            } else {
                number = Integer.parseInt(name);
            }
            return number >= 1 && number <= SIGRTMAX ? Optional.of(number) : Optional.empty();
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }
}
