package io.atoll.image;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// Formats times by an example, the way patterns for LXD write them: `2006-01-02_15-04-05` stands
/// for year, month, day, hour, minute, second.
final class GoTime {
    /// Longer before shorter where one begins another.
    private static final Map<String, String> PARTS = new LinkedHashMap<>();

    static {
        PARTS.put("2006", "yyyy");
        PARTS.put("January", "MMMM");
        PARTS.put("Jan", "MMM");
        PARTS.put("Monday", "EEEE");
        PARTS.put("Mon", "EEE");
        PARTS.put("MST", "zzz");
        PARTS.put("-07:00", "xxx");
        PARTS.put("-0700", "xx");
        PARTS.put("Z07:00", "XXX");
        PARTS.put("01", "MM");
        PARTS.put("02", "dd");
        PARTS.put("03", "hh");
        PARTS.put("04", "mm");
        PARTS.put("05", "ss");
        PARTS.put("06", "yy");
        PARTS.put("15", "HH");
        PARTS.put(".000000000", ".nnnnnnnnn");
        PARTS.put(".000000", ".SSSSSS");
        PARTS.put(".000", ".SSS");
        PARTS.put("_2", "ppd");
        PARTS.put("PM", "a");
        PARTS.put("1", "M");
        PARTS.put("2", "d");
        PARTS.put("3", "h");
        PARTS.put("4", "m");
        PARTS.put("5", "s");
    }

    private GoTime() {}

    static String format(ZonedDateTime time, String layout) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < layout.length()) {
            String part = partAt(layout, i);
            if (part.isEmpty()) {
                out.append(layout.charAt(i++));
            } else {
                out.append(
                        DateTimeFormatter.ofPattern(PARTS.getOrDefault(part, ""), Locale.ROOT)
                                .format(time));
                i += part.length();
            }
        }
        return out.toString();
    }

    private static String partAt(String layout, int index) {
        return PARTS.keySet().stream()
                .filter(p -> layout.startsWith(p, index))
                .findFirst()
                .orElse("");
    }
}
