package io.atoll.lxctools.command;

import io.atoll.base.DomainException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// `lxc-ls`: the containers there are.
public final class LsTool implements Tool {
    private static final int WIDTH = 80;
    private static final int NESTING_MAX = 16;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "[-1 | -f [-F COLUMNS]] [--active] [REGEX]",
                        "Lists containers.",
                        ToolOption.flag('1', "line", "One name a line"),
                        ToolOption.flag('f', "fancy", "A table"),
                        ToolOption.value(
                                'F',
                                "fancy-format",
                                "COLUMNS",
                                "Columns of the table, out of " + String.join(",", LsColumns.ALL)),
                        ToolOption.flag("active", "Only those that run or are frozen"),
                        ToolOption.flag("running", "Only those that run"),
                        ToolOption.flag("frozen", "Only those that are frozen"),
                        ToolOption.flag("stopped", "Only those that do not run"),
                        ToolOption.flag("defined", "Only those with a configuration"),
                        new ToolOption(
                                '\0',
                                "nesting",
                                ToolOption.Value.OPTIONAL,
                                "DEPTH",
                                "Also those inside of running ones"),
                        ToolOption.value("filter", "REGEX", "Only those whose name matches"),
                        ToolOption.value(
                                'g', "groups", "GROUPS", "Only those in all of these groups"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        Pattern filter = filter(call);
        List<LsRow> rows = new ArrayList<>();
        collect(call, call.path(), filter, 0, depth(call), rows);
        if (rows.isEmpty()) {
            return 0;
        }
        if (call.options().has("fancy")) {
            call.print(LsColumns.table(columns(call), rows));
        } else if (call.options().has("line")) {
            rows.forEach(row -> call.line(row.shownName()));
        } else {
            call.print(inColumns(call, rows));
        }
        return 0;
    }

    private static Pattern filter(Call call) {
        String text =
                call.options()
                        .value("filter")
                        .orElseGet(() -> call.words().isEmpty() ? "" : call.words().getFirst());
        return NamePattern.compile(text);
    }

    private static int depth(Call call) {
        if (!call.options().has("nesting")) {
            return 0;
        }
        String text = call.options().value("nesting").orElse("");
        return text.isEmpty()
                ? NESTING_MAX
                : Math.clamp(call.number("nesting").orElse(0L), 0, NESTING_MAX);
    }

    private static List<String> columns(Call call) {
        return call.options()
                .value("fancy-format")
                .map(text -> List.of(text.split(",")))
                .orElseGet(() ->
                        call.invocation().env("LXC_LS_STYLE").startsWith("1.")
                                ? LsColumns.OLD
                                : LsColumns.DEFAULT);
    }

    private static void collect(
            Call call, LxcPath path, Pattern filter, int level, int depth, List<LsRow> out) {
        TreeSet<String> active = new TreeSet<>(path.activeNames());
        TreeSet<String> names = new TreeSet<>(path.names());
        names.addAll(active);
        boolean isOldStyle = call.invocation().env("LXC_LS_STYLE").startsWith("1.");
        for (String name : names) {
            if (!filter.matcher(name).find()) {
                continue;
            }
            LsRow row;
            try {
                LxcContainer container = path.container(name);
                LxcState state = active.contains(name) ? container.state() : LxcState.STOPPED;
                container.config();
                row = new LsRow(container, state, level, isOldStyle);
            } catch (DomainException e) {
                call.note("Failed to load config for " + name + ": " + e.getMessage());
                continue;
            }
            if (isWanted(call, row)) {
                out.add(row);
            }
            if (depth > 0 && row.state() != LxcState.STOPPED) {
                nested(call, row, filter, level, depth, out);
            }
        }
    }

    /// Containers inside of one that runs, seen through its root. Their states are those of the
    /// monitors in its own `/run`.
    private static void nested(
            Call call, LsRow row, Pattern filter, int level, int depth, List<LsRow> out) {
        int pid = row.container().mustRun().initPid();
        Path root = Path.of("/proc", Integer.toString(pid), "root");
        Path inside = root.resolve(call.path().directory().toString().substring(1));
        if (Files.isDirectory(inside)) {
            try (LxcPath path = LxcPath.seenThrough(root, call.path().directory(), call.system())) {
                collect(call, path, filter, level + 1, depth - 1, out);
            }
        }
    }

    private static boolean isWanted(Call call, LsRow row) {
        boolean isActive = row.state() != LxcState.STOPPED;
        Map<String, Boolean> tests = new LinkedHashMap<>();
        tests.put("active", isActive);
        tests.put("running", isActive);
        tests.put("frozen", row.state() == LxcState.FROZEN);
        tests.put("stopped", !isActive);
        tests.put("defined", row.container().isDefined());
        for (Map.Entry<String, Boolean> test : tests.entrySet()) {
            if (call.options().has(test.getKey()) && !test.getValue()) {
                return false;
            }
        }
        List<String> wanted = new ArrayList<>();
        call.options()
                .values("groups")
                .forEach(text -> {
                    for (String word : text.split("[\\s,]+")) {
                        if (!word.isEmpty()) {
                            wanted.add(word);
                        }
                    }
                });
        return row.groups().containsAll(wanted);
    }

    private static String inColumns(Call call, List<LsRow> rows) {
        int widest = rows.stream().mapToInt(row -> row.shownName().length()).max().orElse(0) + 2;
        int terminal =
                call.invocation().host().isTerminal(1)
                        ? call.invocation().host().windowSize().map(s -> s.columns()).orElse(WIDTH)
                        : 1;
        int perLine = Math.max(1, terminal / widest);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            text.append(String.format(Locale.ROOT, "%-" + widest + "s", rows.get(i).shownName()));
            if ((i + 1) % perLine == 0 || i + 1 == rows.size()) {
                text.append('\n');
            }
        }
        return text.toString();
    }
}
