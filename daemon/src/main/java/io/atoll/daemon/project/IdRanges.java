package io.atoll.daemon.project;

import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Ids of the host that a project's instances may map in: `1000,2000-2999`.
record IdRanges(List<Range> ranges) {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,10})(?:-(\\d{1,10}))?");

    /// First and last id.
    record Range(long first, long last) {}

    IdRanges {
        ranges = List.copyOf(ranges);
    }

    static void check(String text) {
        IdRanges unused = parse(text);
    }

    /// @throws InvalidConfigException if it is no list of ids
    static IdRanges parse(String text) {
        List<Range> out = new ArrayList<>();
        for (String part : text.split(",")) {
            Matcher m = RANGE.matcher(part.strip());
            if (!m.matches()) {
                throw new InvalidConfigException("Invalid range of ids \"" + part + "\"");
            }
            long first = Long.parseLong(m.group(1));
            long last = m.group(2) == null ? first : Long.parseLong(m.group(2));
            if (last < first) {
                throw new InvalidConfigException("Invalid range of ids \"" + part + "\"");
            }
            out.add(new Range(first, last));
        }
        return new IdRanges(out);
    }

    /// True if one of the ranges holds all of the other.
    boolean holds(Range wanted) {
        return ranges.stream().anyMatch(r -> r.first <= wanted.first && wanted.last <= r.last);
    }
}
