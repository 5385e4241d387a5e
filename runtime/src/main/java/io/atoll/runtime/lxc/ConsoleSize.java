package io.atoll.runtime.lxc;

import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes of the console's ring buffer and of its log file. Units count by 1024 whatever their case,
/// and what comes out is a power of two and at least a page, as liblxc's.
final class ConsoleSize {
    /// What `auto` means, and the log's size where only rotating is asked for.
    static final long AUTO_BYTES = 128 << 10;

    private static final long MIN_BYTES = 4096;
    private static final long MAX_BYTES = 1L << 40;
    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,13})\\s*(?:([KMG])i?B)?", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SHIFTS = Map.of("K", 10, "M", 20, "G", 30);

    private ConsoleSize() {}

    /// Bytes; empty if the text is no size, or one of more than a tebibyte.
    static OptionalLong find(String text) {
        if (text.equals("auto")) {
            return OptionalLong.of(AUTO_BYTES);
        }
        Matcher m = TEXT.matcher(text.strip());
        if (!m.matches()) {
            return OptionalLong.empty();
        }
        int shift = m.group(2) == null ? 0 : SHIFTS.get(m.group(2).toUpperCase(Locale.ROOT));
        long number = Long.parseLong(m.group(1));
        return number > MAX_BYTES >> shift
                ? OptionalLong.empty()
                : OptionalLong.of(powerOfTwo(number << shift));
    }

    private static long powerOfTwo(long bytes) {
        long down = Long.highestOneBit(Math.max(bytes, MIN_BYTES));
        return down < bytes ? down << 1 : down;
    }
}
