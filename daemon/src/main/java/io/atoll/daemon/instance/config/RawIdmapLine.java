package io.atoll.daemon.instance.config;

import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One line of `raw.idmap`, `uid|gid|both HOST[-END] INSIDE[-END]`: these ids inside are exactly
/// those of the host.
///
/// @param kinds users, groups or both
/// @param hostId first id of the host
/// @param nsId first id inside
/// @param count how many
public record RawIdmapLine(Set<IdmapEntry.Kind> kinds, long hostId, long nsId, long count) {
    private static final Pattern LINE =
            Pattern.compile(
                    "(uid|gid|both)\\s+(\\d{1,10})(?:-(\\d{1,10}))?\\s+(\\d{1,10})(?:-(\\d{1,10}))?");

    /// @throws InvalidConfigException if a line is malformed or its two ranges differ in length
    public static List<RawIdmapLine> parseAll(String text) {
        List<RawIdmapLine> out = new ArrayList<>();
        for (String line : text.split("\n")) {
            if (!line.isBlank()) {
                out.add(parse(line.strip()));
            }
        }
        return List.copyOf(out);
    }

    private static RawIdmapLine parse(String line) {
        Matcher m = LINE.matcher(line);
        if (!m.matches()) {
            throw new InvalidConfigException("Invalid raw.idmap line \"" + line + "\"");
        }
        long host = Long.parseLong(m.group(2));
        long inside = Long.parseLong(m.group(4));
        long hostCount = m.group(3) == null ? 1 : Long.parseLong(m.group(3)) - host + 1;
        long insideCount = m.group(5) == null ? 1 : Long.parseLong(m.group(5)) - inside + 1;
        if (hostCount != insideCount || hostCount < 1) {
            throw new InvalidConfigException(
                    "The ids mapped by raw.idmap line \""
                            + line
                            + "\" are not ranges of the same length");
        }
        Set<IdmapEntry.Kind> kinds =
                switch (m.group(1)) {
                    case "uid" -> Set.of(IdmapEntry.Kind.UID);
                    case "gid" -> Set.of(IdmapEntry.Kind.GID);
                    default -> Set.of(IdmapEntry.Kind.UID, IdmapEntry.Kind.GID);
                };
        return new RawIdmapLine(kinds, host, inside, hostCount);
    }
}
