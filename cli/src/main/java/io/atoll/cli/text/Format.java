package io.atoll.cli.text;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/// Numbers and dates for people.
public final class Format {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    private static final String[] DECIMAL_UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    private Format() {}

    /// Bytes in powers of 1024 with two decimals: `1.08MiB`, `744B`.
    public static String bytes(long bytes) {
        return scaled(bytes, 1024, UNITS);
    }

    /// Bytes in powers of 1000 with two decimals: `1.13MB`.
    public static String decimalBytes(long bytes) {
        return scaled(bytes, 1000, DECIMAL_UNITS);
    }

    private static String scaled(long bytes, int base, String[] units) {
        if (bytes < base) {
            return bytes + "B";
        }
        double value = bytes;
        int unit = 0;
        while (value >= base && unit < units.length - 1) {
            value /= base;
            unit++;
        }
        return decimal(value, 2) + units[unit];
    }

    /// A number with a fixed count of decimals. By hand: a formatter costs a cold start more than
    /// the whole table.
    public static String decimal(double value, int decimals) {
        long factor = 1;
        for (int i = 0; i < decimals; i++) {
            factor *= 10;
        }
        long scaled = Math.round(Math.abs(value) * factor);
        String fraction = Long.toString(scaled % factor);
        StringBuilder out =
                new StringBuilder(value < 0 && scaled > 0 ? "-" : "").append(scaled / factor);
        if (decimals > 0) {
            out.append('.').repeat("0", decimals - fraction.length()).append(fraction);
        }
        return out.toString();
    }

    /// Whether a date of the API is set: the server says year 1 or 1970 for never.
    public static boolean isSet(String date) {
        return !date.isEmpty()
                && !date.startsWith("0001-")
                && !date.startsWith("1970-01-01T00:00:00");
    }

    /// A date of the API in the user's time zone, `2026/11/21 00:31 UTC`; empty if it is not set.
    public static String date(String date, ZoneId zone) {
        return isSet(date) ? render(date, zone, "yyyy/MM/dd HH:mm z") : "";
    }

    /// The same as image listings show it: `Nov 21, 2026 at 12:31am (UTC)`.
    public static String longDate(String date, ZoneId zone) {
        return isSet(date)
                ? render(date, zone, "MMM d, yyyy 'at' h:mma (z)")
                        .replace("AM (", "am (")
                        .replace("PM (", "pm (")
                : "";
    }

    private static String render(String date, ZoneId zone, String pattern) {
        try {
            Instant instant = OffsetDateTime.parse(date).toInstant();
            return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH)
                    .format(ZonedDateTime.ofInstant(instant, zone));
        } catch (DateTimeParseException _) {
            return date;
        }
    }

    /// The time zone of an environment's `TZ`, else the system's.
    public static ZoneId zone(String tz) {
        try {
            return tz.isEmpty()
                    ? ZoneId.systemDefault()
                    : ZoneId.of(tz.startsWith(":") ? tz.substring(1) : tz);
        } catch (java.time.DateTimeException _) {
            return ZoneId.systemDefault();
        }
    }
}
