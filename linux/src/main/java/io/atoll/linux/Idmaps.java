package io.atoll.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which ids a user may give to containers; subuid(5), subgid(5).
public final class Idmaps {
    /// A range of host ids.
    public record Range(long base, long count) {}

    /// What the users `root` may use for users and groups alike where the files say nothing.
    public static final Range DEFAULT = new Range(1_000_000, 1_000_000_000);

    /// Smallest range that is enough for one container.
    public static final long COUNT_MIN = 65_536;

    private Idmaps() {}

    /// The range of root on this host: the largest that holds for users and groups alike, else
    /// [#DEFAULT] when neither file gives root anything.
    ///
    /// @return empty if the files give root something, but nothing usable
    public static Optional<Range> ofRoot() {
        String users = ProcFiles.readIfPresent("/etc/subuid").orElse("");
        String groups = ProcFiles.readIfPresent("/etc/subgid").orElse("");
        return choose(parse(users, "root", 0), parse(groups, "root", 0));
    }

    static Optional<Range> choose(List<Range> users, List<Range> groups) {
        if (users.isEmpty() && groups.isEmpty()) {
            return Optional.of(DEFAULT);
        }
        Range best = new Range(0, 0);
        for (Range user : users) {
            for (Range group : groups) {
                long base = Math.max(user.base(), group.base());
                long end = Math.min(user.base() + user.count(), group.base() + group.count());
                if (end - base > best.count()) {
                    best = new Range(base, end - base);
                }
            }
        }
        return best.count() >= COUNT_MIN ? Optional.of(best) : Optional.empty();
    }

    /// The lines of a user, by name or number. Lines that are no range are left out, as the tools
    /// that own these files do.
    public static List<Range> parse(String text, String name, long id) {
        List<Range> ranges = new ArrayList<>();
        text.lines()
                .forEach(line -> {
                    String[] fields = line.strip().split(":");
                    if (fields.length == 3
                            && (fields[0].equals(name) || fields[0].equals(Long.toString(id)))) {
                        range(fields[1], fields[2]).ifPresent(ranges::add);
                    }
                });
        return ranges;
    }

    private static Optional<Range> range(String base, String count) {
        try {
            Range range = new Range(Long.parseLong(base), Long.parseLong(count));
            boolean isValid =
                    range.base() >= 0
                            && range.count() > 0
                            && range.base() + range.count() <= 0xFFFF_FFFFL;
            return isValid ? Optional.of(range) : Optional.empty();
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }
}
