package io.atoll.lxcfs.view;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/// Parsing of the small texts of /proc and cgroup files. Anything unparsable is absent, never an
/// exception: the kernel of tomorrow may write what today's does not.
public final class Text {
    private Text() {}

    /// A decimal number of 64 bits.
    public static OptionalLong parseLong(String text) {
        String s = text.strip();
        if (s.isEmpty() || s.length() > 19) {
            return OptionalLong.empty();
        }
        long value = 0;
        for (int i = 0; i < s.length(); i++) {
            int digit = s.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return OptionalLong.empty();
            }
            value = value * 10 + digit;
        }
        return value < 0 ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /// Adds a number with two digits after the point, not negative, to a text; quicker than any
    /// formatter.
    static StringBuilder appendHundredths(StringBuilder out, double value) {
        long hundredths = Math.round(value * 100);
        long fraction = hundredths % 100;
        return out.append(hundredths / 100).append(fraction < 10 ? ".0" : ".").append(fraction);
    }

    /// Lines `KEY NUMBER`, as in memory.stat and cpu.stat.
    public static Map<String, Long> parseFlatKeyed(String text) {
        Map<String, Long> out = new LinkedHashMap<>();
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            int space = text.indexOf(' ', start);
            if (space > start && space < end) {
                OptionalLong value = parseLong(text.substring(space + 1, end));
                if (value.isPresent()) {
                    out.put(text.substring(start, space), value.getAsLong());
                }
            }
            start = end + 1;
        }
        return out;
    }
}
