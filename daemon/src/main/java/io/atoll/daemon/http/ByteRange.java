package io.atoll.daemon.http;

import io.atoll.base.InvalidConfigException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The part of a file a client asked for: `[from, from + length)` of `size` bytes. One range only;
/// several are answered with the whole file, as RFC 9110 allows.
record ByteRange(long from, long length, long size, boolean isPartial) {
    private static final Pattern ONE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    /// @param header the `Range` header, if any
    static ByteRange parse(@Nullable String header, long size) {
        ByteRange whole = new ByteRange(0, size, size, false);
        Matcher m = header == null ? ONE.matcher("") : ONE.matcher(header.strip());
        if (!m.matches() || (m.group(1).isEmpty() && m.group(2).isEmpty())) {
            return whole;
        }
        long from;
        long last = size - 1;
        if (m.group(1).isEmpty()) {
            from = Math.max(0, size - Long.parseLong(m.group(2)));
        } else {
            from = Long.parseLong(m.group(1));
            last = m.group(2).isEmpty() ? last : Math.min(last, Long.parseLong(m.group(2)));
        }
        if (from > last) {
            throw new InvalidConfigException(
                    "The range " + header + " is outside the file of " + size + " bytes");
        }
        return new ByteRange(from, last - from + 1, size, true);
    }

    String header() {
        return "bytes " + from + "-" + (from + length - 1) + "/" + size;
    }
}
