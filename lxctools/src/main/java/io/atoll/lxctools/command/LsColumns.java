package io.atoll.lxctools.command;

import io.atoll.lxctools.ToolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// The columns of `lxc-ls -f`.
final class LsColumns {
    static final List<String> ALL =
            List.of(
                    "NAME",
                    "STATE",
                    "PID",
                    "RAM",
                    "SWAP",
                    "AUTOSTART",
                    "GROUPS",
                    "INTERFACE",
                    "IPV4",
                    "IPV6",
                    "UNPRIVILEGED");

    static final List<String> DEFAULT =
            List.of("NAME", "STATE", "AUTOSTART", "GROUPS", "IPV4", "IPV6", "UNPRIVILEGED");

    /// Those of LXC 1.0.
    static final List<String> OLD = List.of("NAME", "STATE", "IPV4", "IPV6", "AUTOSTART");

    private static final double MEGABYTE = 1024 * 1024;

    private LsColumns() {}

    /// A header and a line for each container; every cell is followed by a blank.
    static String table(List<String> wanted, List<LsRow> rows) {
        List<String> columns =
                wanted.stream().map(c -> c.strip().toUpperCase(Locale.ROOT)).toList();
        for (String column : columns) {
            if (!ALL.contains(column)) {
                throw new ToolException(
                        "Invalid key: " + column + "; there are " + String.join(" ", ALL));
            }
        }
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns);
        for (LsRow row : rows) {
            lines.add(columns.stream().map(column -> cell(column, row)).toList());
        }
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            for (int i = 0; i < columns.size(); i++) {
                int at = i;
                int width = lines.stream().mapToInt(l -> l.get(at).length()).max().orElse(1);
                text.append(String.format(Locale.ROOT, "%-" + width + "s ", line.get(i)));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static String cell(String column, LsRow row) {
        return switch (column) {
            case "NAME" -> row.shownName();
            case "STATE" -> row.state().name();
            case "PID" -> row.isRunning() ? "" + row.container().mustRun().initPid() : "-";
            case "RAM" -> memory(row, row.isRunning() ? memoryBytes(row) : -1);
            case "SWAP" -> memory(row, row.isRunning() ? swapBytes(row) : -1);
            case "AUTOSTART" -> autostart(row);
            case "GROUPS" -> row.groups().isEmpty() ? "-" : String.join(", ", row.groups());
            case "INTERFACE" -> interfaces(row);
            case "IPV4" -> addresses(row, false);
            case "IPV6" -> addresses(row, true);
            default -> Boolean.toString(!row.container().idmap().isPrivileged());
        };
    }

    private static String memory(LsRow row, long bytes) {
        return !row.isRunning() || bytes < 0
                ? "-"
                : String.format(Locale.ROOT, "%.2fMB", bytes / MEGABYTE);
    }

    private static long memoryBytes(LsRow row) {
        return row.container().mustRun().stats().memoryBytes();
    }

    private static long swapBytes(LsRow row) {
        return row.container().mustRun().stats().swapBytes();
    }

    private static String autostart(LsRow row) {
        boolean isOn =
                row.container().config().find("lxc.start.auto").filter("1"::equals).isPresent();
        if (!row.isOldStyle()) {
            return isOn ? "1" : "0";
        }
        String groups = row.groups().isEmpty() ? "" : " (" + String.join(", ", row.groups()) + ")";
        return isOn ? "YES" + groups : "NO";
    }

    private static String interfaces(LsRow row) {
        if (!row.isRunning()) {
            return "-";
        }
        return row.container().interfaces().stream()
                .map(nic -> nic.link().name())
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String addresses(LsRow row, boolean isV6) {
        List<String> all = row.isRunning() ? row.container().addresses(isV6) : List.of();
        return all.isEmpty() ? "-" : String.join(", ", all);
    }
}
