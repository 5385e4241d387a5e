package io.atoll.daemon.instance.config;

import io.atoll.daemon.schedule.CronSchedule;
import java.util.Arrays;
import java.util.List;

/// The value of `snapshots.schedule`: cron expressions of five fields, or words such as `@daily`,
/// separated by `, `.
final class Schedules {
    private Schedules() {}

    /// @throws io.atoll.base.InvalidConfigException with the range that a field may have
    static List<String> parse(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        CronSchedule unused = CronSchedule.parse(text);
        return Arrays.stream(text.split(", ")).map(String::strip).toList();
    }
}
