package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.time.OffsetDateTime;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The value of `snapshots.expiry`: for how long a snapshot is kept, `1M 2H 3d 4w 5m 6y`.
///
/// @param parts how many of each unit; each unit at most once
public record Expiry(Map<Unit, Integer> parts) {
    private static final Pattern PART = Pattern.compile("(\\d{1,9})([SMHdwmy])");

    /// Units of time; the letter's case tells minutes from months.
    public enum Unit {
        S,
        M,
        H,
        D,
        W,
        MONTH,
        Y;

        static Unit of(String letter) {
            return switch (letter) {
                case "S" -> S;
                case "M" -> M;
                case "H" -> H;
                case "m" -> MONTH;
                default -> valueOf(letter.toUpperCase(Locale.ROOT));
            };
        }
    }

    public Expiry {
        parts = Map.copyOf(parts);
    }

    /// @throws InvalidConfigException in LXD's words
    public static Expiry parse(String text) {
        Map<Unit, Integer> parts = new EnumMap<>(Unit.class);
        for (String word : text.strip().split("\\s+")) {
            if (word.isEmpty()) {
                continue;
            }
            Matcher m = PART.matcher(word);
            if (!m.matches()
                    || parts.put(Unit.of(m.group(2)), Integer.parseInt(m.group(1))) != null) {
                throw new InvalidConfigException("Invalid expiry expression");
            }
        }
        return new Expiry(parts);
    }

    /// True if the text was empty: snapshots are kept for ever.
    public boolean isNever() {
        return parts.isEmpty();
    }

    /// The instant at which a snapshot taken at `from` expires.
    public OffsetDateTime after(OffsetDateTime from) {
        OffsetDateTime at = from;
        for (Map.Entry<Unit, Integer> part : parts.entrySet()) {
            int n = part.getValue();
            at =
                    switch (part.getKey()) {
                        case S -> at.plusSeconds(n);
                        case M -> at.plusMinutes(n);
                        case H -> at.plusHours(n);
                        case D -> at.plusDays(n);
                        case W -> at.plusWeeks(n);
                        case MONTH -> at.plusMonths(n);
                        case Y -> at.plusYears(n);
                    };
        }
        return at;
    }
}
