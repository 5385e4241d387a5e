package io.atoll.daemon.schedule;

import io.atoll.base.InvalidConfigException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// When something happens: the value of `snapshots.schedule`, cron expressions of five fields
/// (crontab(5)) or words such as `@daily`, separated by `, `. Minutes are the unit.
///
/// @param lines any of them decides
/// @param isAtStartup `@startup` is among them
public record CronSchedule(List<Line> lines, boolean isAtStartup) {
    private static final Map<String, String> WORDS =
            Map.of(
                    "@hourly", "0 * * * *",
                    "@daily", "0 0 * * *",
                    "@midnight", "0 0 * * *",
                    "@weekly", "0 0 * * 0",
                    "@monthly", "0 0 1 * *",
                    "@annually", "0 0 1 1 *",
                    "@yearly", "0 0 1 1 *");
    private static final List<String> MONTHS =
            List.of(
                    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
                    "dec");
    private static final List<String> DAYS =
            List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");

    /// One expression. If both days are restricted either may match, as in cron(8).
    record Line(
            BitSet minutes,
            BitSet hours,
            BitSet monthDays,
            BitSet months,
            BitSet weekDays,
            boolean eitherDay) {
        boolean matches(LocalDateTime time) {
            boolean monthDay = monthDays.get(time.getDayOfMonth());
            boolean weekDay = weekDays.get(time.getDayOfWeek().getValue() % 7);
            return minutes.get(time.getMinute())
                    && hours.get(time.getHour())
                    && months.get(time.getMonthValue())
                    && (eitherDay ? monthDay || weekDay : monthDay && weekDay);
        }
    }

    public CronSchedule {
        lines = List.copyOf(lines);
    }

    /// @throws InvalidConfigException in LXD's words; blank text never happens
    public static CronSchedule parse(String text) {
        List<Line> lines = new ArrayList<>();
        boolean isAtStartup = false;
        for (String part : text.isBlank() ? new String[0] : text.split(",\\s+")) {
            String one = part.strip();
            if (one.equals("@startup")) {
                isAtStartup = true;
            } else if (!one.equals("@never")) {
                lines.add(line(WORDS.getOrDefault(one, one)));
            }
        }
        return new CronSchedule(lines, isAtStartup);
    }

    /// Whether it happens in the minute that begins at `time`.
    public boolean matches(LocalDateTime time) {
        return lines.stream().anyMatch(line -> line.matches(time));
    }

    private static Line line(String text) {
        String[] fields = text.split("\\s+");
        if (fields.length != 5) {
            throw new InvalidConfigException(
                    "Schedule must be of the form: <minute> <hour> <day-of-month> <month> <day-of-week>");
        }
        BitSet weekDays = field(fields[4], 0, 7, DAYS, 0);
        if (weekDays.get(7)) {
            weekDays.set(0);
        }
        return new Line(
                field(fields[0], 0, 59, List.of(), 0),
                field(fields[1], 0, 23, List.of(), 0),
                field(fields[2], 1, 31, List.of(), 0),
                field(fields[3], 1, 12, MONTHS, 1),
                weekDays,
                !fields[2].startsWith("*") && !fields[4].startsWith("*"));
    }

    private static BitSet field(String text, int min, int max, List<String> names, int first) {
        BitSet out = new BitSet(max + 1);
        for (String part : text.split(",", -1)) {
            int slash = part.indexOf('/');
            String range = slash < 0 ? part : part.substring(0, slash);
            int step = slash < 0 ? 1 : number(part.substring(slash + 1), text, 1, max);
            int from = min;
            int to = max;
            if (!range.equals("*")) {
                int dash = range.indexOf('-');
                from =
                        value(
                                dash < 0 ? range : range.substring(0, dash),
                                text,
                                min,
                                max,
                                names,
                                first);
                boolean isOne = dash < 0 && slash < 0;
                to = isOne ? from : max;
                if (dash >= 0) {
                    to = value(range.substring(dash + 1), text, from, max, names, first);
                }
            }
            for (int i = from; i <= to; i += step) {
                out.set(i);
            }
        }
        return out;
    }

    private static int value(
            String word, String field, int min, int max, List<String> names, int first) {
        int name = names.indexOf(word.toLowerCase(Locale.ROOT));
        return name >= 0 ? name + first : number(word, field, min, max);
    }

    private static int number(String word, String field, int min, int max) {
        if (word.matches("\\d{1,4}")) {
            int n = Integer.parseInt(word);
            if (n >= min && n <= max) {
                return n;
            }
        }
        throw new InvalidConfigException(
                "Error parsing schedule: bad field \"" + field + "\": not in " + min + "-" + max);
    }
}
