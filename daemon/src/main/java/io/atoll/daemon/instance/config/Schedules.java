package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// The value of `snapshots.schedule`: cron expressions of five fields, or words such as `@daily`,
/// separated by `, `.
final class Schedules {
    private static final Set<String> WORDS =
            Set.of(
                    "@hourly",
                    "@daily",
                    "@midnight",
                    "@weekly",
                    "@monthly",
                    "@annually",
                    "@yearly",
                    "@startup",
                    "@never");
    private static final Pattern FIELD = Pattern.compile("[0-9A-Za-z*/,-]+");

    private Schedules() {}

    static List<String> parse(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        List<String> all = Arrays.stream(text.split(", ")).map(String::strip).toList();
        for (String one : all) {
            if (!WORDS.contains(one)) {
                checkCron(one);
            }
        }
        return all;
    }

    private static void checkCron(String text) {
        String[] fields = text.split("\\s+");
        if (fields.length != 5) {
            throw new InvalidConfigException(
                    "Schedule must be of the form: <minute> <hour> <day-of-month> <month> <day-of-week>");
        }
        for (String field : fields) {
            if (!FIELD.matcher(field).matches()) {
                throw new InvalidConfigException(
                        "Error parsing schedule: \"" + text + "\": bad field \"" + field + "\"");
            }
        }
    }
}
