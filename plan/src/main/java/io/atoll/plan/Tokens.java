package io.atoll.plan;

/// Marks inside a plan's texts that the shim replaces when it runs the step, because only then the
/// value exists. They are understood in `WriteFile` content, in values of mount options, in `Mount`
/// sources and data, and in arguments and environment of hooks.
public final class Tokens {
    /// The child's pid in the host's pid namespace, decimal; known from section *gate* on.
    public static final String CHILD_PID = "\u0002";

    /// Why section *gone* runs: `stop` or `reboot`.
    public static final String TARGET = "\u0003";

    /// A fresh random UUID, different at every start.
    public static final String UUID = "\u0004";

    /// The monitor's pid in the host's pid namespace, decimal; in sections that it runs a process
    /// for.
    public static final String MONITOR_PID = "\u0005";

    static final char SLOT_MARK = '\u0001';
    static final char SLOT_BASE = '@';

    private Tokens() {}

    /// `/proc/self/fd/N` of the descriptor in the slot.
    public static String pathOf(Slot slot) {
        if (slot.isNone()) {
            throw new InvalidPlanException("a path needs a slot");
        }
        return "" + SLOT_MARK + (char) (SLOT_BASE + slot.number());
    }

    /// The text as people read it: every mark in angle brackets.
    static String describe(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case SLOT_MARK -> {
                    i++;
                    out.append("<slot ")
                            .append(i < text.length() ? text.charAt(i) - SLOT_BASE : -1)
                            .append('>');
                }
                case '\u0002' -> out.append("<child pid>");
                case '\u0003' -> out.append("<target>");
                case '\u0004' -> out.append("<uuid>");
                case '\u0005' -> out.append("<monitor pid>");
                case '\n' -> out.append("\\n");
                default -> out.append(c);
            }
        }
        return out.toString();
    }
}
