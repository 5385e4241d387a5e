package io.atoll.base;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A number of bytes, not negative, written as in LXD: an integer and an optional unit of 1000
/// (`kB`, `MB`, …) or 1024 (`KiB`, `MiB`, …), or ` bytes`.
public record ByteSize(long bytes) implements Comparable<ByteSize> {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,19})( ?bytes|[A-Za-z]*)");
    private static final Map<String, Long> UNITS =
            Map.ofEntries(
                    Map.entry("", 1L),
                    Map.entry("B", 1L),
                    Map.entry("bytes", 1L),
                    Map.entry(" bytes", 1L),
                    Map.entry("kB", 1000L),
                    Map.entry("MB", 1000_000L),
                    Map.entry("GB", 1000_000_000L),
                    Map.entry("TB", 1000_000_000_000L),
                    Map.entry("PB", 1000_000_000_000_000L),
                    Map.entry("EB", 1000_000_000_000_000_000L),
                    Map.entry("KiB", 1L << 10),
                    Map.entry("MiB", 1L << 20),
                    Map.entry("GiB", 1L << 30),
                    Map.entry("TiB", 1L << 40),
                    Map.entry("PiB", 1L << 50),
                    Map.entry("EiB", 1L << 60));

    public ByteSize {
        if (bytes < 0) {
            throw new InvalidConfigException("size is negative: " + bytes);
        }
    }

    /// @throws InvalidConfigException with LXD's words if the text is no size or leaves 63 bits
    public static ByteSize parse(String text) {
        Matcher m = TEXT.matcher(text.strip());
        Long unit = m.matches() ? UNITS.get(m.group(2)) : null;
        if (unit == null) {
            throw new InvalidConfigException("Invalid value: " + text);
        }
        try {
            return new ByteSize(Math.multiplyExact(Long.parseLong(m.group(1)), unit));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new InvalidConfigException("Invalid value: " + text + " is larger than 8EiB", e);
        }
    }

    @Override
    public int compareTo(ByteSize other) {
        return Long.compare(bytes, other.bytes);
    }

    /// As LXD's command line prints sizes: two digits after the point, units of 1024, `12.50MiB`.
    public String render() {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + "B"
                : String.format(java.util.Locale.ROOT, "%.2f%s", value, units[unit]);
    }
}
