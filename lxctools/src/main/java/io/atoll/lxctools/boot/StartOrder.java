package io.atoll.lxctools.boot;

import io.atoll.runtime.lxc.LxcConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Which containers start with the host, and in what order: `lxc.start.auto`, `lxc.start.order`,
/// `lxc.start.delay` and `lxc.group`. Pure.
final class StartOrder {
    /// The group of containers that have none.
    private static final String NO_GROUP = "";

    private final boolean isDescending;

    /// @param isDescending true where a higher `lxc.start.order` is earlier, as in LXC 1.x
    StartOrder(boolean isDescending) {
        this.isDescending = isDescending;
    }

    /// A container as far as starting goes.
    record Entry(
            String name,
            boolean isAutomatic,
            int order,
            int delaySeconds,
            List<String> groups,
            boolean hasLegacyKeys) {
        Entry {
            groups = List.copyOf(groups);
        }

        static Entry of(String name, LxcConfig config) {
            return new Entry(
                    name,
                    config.find("lxc.start.auto").orElse("0").equals("1"),
                    Integer.decode(config.find("lxc.start.order").orElse("0").strip()),
                    Integer.decode(config.find("lxc.start.delay").orElse("0").strip()),
                    config.all("lxc.group").stream()
                            .flatMap(value -> Arrays.stream(value.split("[,\\s]+")))
                            .filter(group -> !group.isEmpty())
                            .toList(),
                    config.hasLegacyKeys());
        }

        private boolean isIn(String group) {
            return group.equals(NO_GROUP) ? groups.isEmpty() : groups.contains(group);
        }
    }

    /// Groups out of values of `-g`: parts between commas, an empty one for the containers that
    /// have no group. Without any value only those count.
    static List<String> groups(List<String> values) {
        if (values.isEmpty()) {
            return List.of(NO_GROUP);
        }
        Set<String> groups = new LinkedHashSet<>();
        values.forEach(value ->
                Arrays.stream(value.split(",", -1)).map(String::strip).forEach(groups::add));
        return List.copyOf(groups);
    }

    /// Those of the groups, group by group as they are named, in the order of starting.
    ///
    /// @param ignoresGroups all groups count, in one order
    /// @param ignoresAuto also those that do not start by themselves
    List<Entry> toStart(
            List<Entry> all, List<String> groups, boolean ignoresGroups, boolean ignoresAuto) {
        List<Entry> wanted =
                all.stream()
                        .filter(entry -> ignoresAuto || entry.isAutomatic())
                        .sorted(byOrder(isDescending))
                        .toList();
        return ignoresGroups ? wanted : inGroups(wanted, groups);
    }

    /// As [#toStart], in the order of stopping: the other way round.
    List<Entry> toStop(
            List<Entry> all, List<String> groups, boolean ignoresGroups, boolean ignoresAuto) {
        List<Entry> wanted =
                all.stream()
                        .filter(entry -> ignoresAuto || entry.isAutomatic())
                        .sorted(byOrder(isDescending).reversed())
                        .toList();
        return ignoresGroups ? wanted : inGroups(wanted, groups);
    }

    private static List<Entry> inGroups(List<Entry> wanted, List<String> groups) {
        Set<Entry> chosen = new LinkedHashSet<>();
        for (String group : groups) {
            wanted.stream().filter(entry -> entry.isIn(group)).forEach(chosen::add);
        }
        return new ArrayList<>(chosen);
    }

    private static Comparator<Entry> byOrder(boolean isDescending) {
        Comparator<Entry> order = Comparator.comparingInt(Entry::order);
        return (isDescending ? order.reversed() : order).thenComparing(Entry::name);
    }
}
