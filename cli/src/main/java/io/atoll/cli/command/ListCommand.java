package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Table;
import java.util.ArrayList;
import java.util.List;

/// `list`: the instances of a server. The one command that is run again and again, so it makes one
/// request and keeps away from everything that is slow the first time.
final class ListCommand {
    private static final String DEFAULT_COLUMNS = "ns46tSL";

    private ListCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of("list", "[<remote>:] [<filter>...] [flags]", "List instances")
                .alias("ls")
                .detail(
                        "A filter is the beginning of a name, a regular expression for a whole name, or KEY=VALUE: a",
                        "configuration key (its parts may be shortened: u.foo for user.foo) or one of type, status,",
                        "architecture, location, ipv4, ipv6. Several filters have to fit all.",
                        "",
                        "Columns: 4 IPv4 address, 6 IPv6 address, a architecture, b storage pool, c created, d description,",
                        "D disk usage, e project, f base image (F in full), l last used, L location, m memory (M in percent),",
                        "n name, N processes, p PID of init, P profiles, s state, S snapshots, t type, u CPU seconds;",
                        "or [config:|devices:]KEY[:TITLE[:WIDTH]].")
                .example(
                        "PROGRAM list -c nsm4,user.comment:NOTE",
                        "PROGRAM list type=container status=running")
                .args(0, CommandSpec.ANY)
                .value(
                        'c',
                        "columns",
                        DEFAULT_COLUMNS,
                        "Columns (default \"" + DEFAULT_COLUMNS + "\")")
                .format()
                .flag("all-projects", "Show the instances of all projects")
                .flag("fast", "Short for --columns=nsacPt")
                .run(ListCommand::run);
    }

    private static int run(Context context) {
        List<String> words = new ArrayList<>(context.args().positional());
        Ref server = new Ref(context.servers().config().defaultRemote(), "");
        if (!words.isEmpty()
                && words.getFirst().indexOf(':') > 0
                && words.getFirst().indexOf('=') < 0) {
            server = context.ref(words.removeFirst());
            if (!server.name().isEmpty()) {
                words.addFirst(server.name());
            }
        }
        String format = formatOf(context);
        boolean allProjects = context.args().flag("all-projects");
        List<InstanceColumns> columns = columns(context, allProjects);
        boolean needsState =
                !format.equals("table") && !format.equals("compact") && !format.equals("csv");
        for (InstanceColumns column : columns) {
            needsState |= column.needsState();
        }
        for (String word : words) {
            needsState |= word.startsWith("ipv4=") || word.startsWith("ipv6=");
        }
        var instances = context.client(server).instances();
        List<Json> all = needsState ? instances.listFull(allProjects) : instances.list(allProjects);
        List<Json> chosen = InstanceFilter.select(all, words);
        context.output().print(table(columns, chosen).render(format, Json.array(chosen)));
        return 0;
    }

    static String formatOf(Context context) {
        String format = context.args().value("format");
        if (!Table.isFormat(format)) {
            throw new CliException(
                    "Invalid format \"" + format + "\"",
                    "formats are table, compact, csv, json and yaml");
        }
        return format;
    }

    private static List<InstanceColumns> columns(Context context, boolean allProjects) {
        String text = context.args().value("columns");
        if (context.args().flag("fast")) {
            if (context.args().has("columns")) {
                throw new CliException("Can't specify --fast with --columns");
            }
            text = "nsacPt";
        }
        if (allProjects && text.equals(DEFAULT_COLUMNS)) {
            text = "e" + text;
        }
        return InstanceColumns.parse(text, text.contains(DEFAULT_COLUMNS));
    }

    private static Table table(List<InstanceColumns> columns, List<Json> instances) {
        List<InstanceColumns> shown = new ArrayList<>(columns.size());
        List<String> header = new ArrayList<>(columns.size());
        for (InstanceColumns column : columns) {
            if (!column.isShownIn(instances)) {
                continue;
            }
            shown.add(column);
            header.add(column.title());
        }
        Table table = new Table(header);
        for (Json instance : instances) {
            List<String> row = new ArrayList<>(shown.size());
            for (InstanceColumns column : shown) {
                row.add(column.cell(instance));
            }
            table.add(row);
        }
        return table.sort();
    }
}
