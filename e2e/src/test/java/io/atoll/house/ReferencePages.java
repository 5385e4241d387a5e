package io.atoll.house;

import io.atoll.api.Extensions;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Option;
import io.atoll.cli.command.Commands;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.instance.config.ConfigKey;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.server.ServerKey;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Renders the pages of `docs/reference` from the declarations in the code.
final class ReferencePages {
    private static final String GENERATED =
            "<!-- Rendered by `./mk docs` from the code; changes by hand are lost. -->\n\n";

    private ReferencePages() {}

    /// File name to text.
    static Map<String, String> render(List<Route> routes) {
        Map<String, String> pages = new TreeMap<>();
        pages.put("README.md", index());
        pages.put("instance-options.md", instanceOptions());
        pages.put("server-options.md", serverOptions());
        pages.put("api.md", api(routes));
        pages.put("lxc-keys.md", lxcKeys());
        pages.put("lxc-rows.md", lxcRows());
        pages.put("lxd-rows.md", lxdRows());
        pages.put("commands.md", commands());
        pages.replaceAll((_, text) -> GENERATED + text);
        return pages;
    }

    private static String index() {
        return """
        # Reference

        * [Commands](commands.md) of `atoll` and `lxd`
        * [Options of instances and profiles](instance-options.md)
        * [Options of the server](server-options.md)
        * [Endpoints and extensions of the API](api.md)
        * [Keys of `lxc.container.conf`](lxc-keys.md)
        * [What is shown of LXC, and by which test](lxc-rows.md)
        * [What is shown of LXD, and by which test](lxd-rows.md)
        * [Errors](../errors.md), [plans and the shim's protocol](../plan.md), [kernel features](../kernel.md)
        """;
    }

    private static String row(String... cells) {
        return "| "
                + List.of(cells).stream()
                        .map(cell -> cell.replace("|", "\\|"))
                        .collect(Collectors.joining(" | "))
                + " |\n";
    }

    private static String code(String text) {
        return "`" + text + "`";
    }

    private static String instanceOptions() {
        StringBuilder out = new StringBuilder("# Options of instances and profiles\n\n");
        out.append("A name that ends in `*` holds for all keys that begin so. ");
        out.append("What is *live* takes effect on a running instance at once.\n\n");
        out.append(row("key", "where", "live", "meaning")).append("|---|---|---|---|\n");
        for (ConfigKey<?> key : ConfigKeys.all()) {
            String where =
                    switch (key.place()) {
                        case ANYWHERE -> "instances, profiles";
                        case MACHINES -> "profiles, virtual machines";
                        case INSTANCES -> "instances";
                    };
            out.append(
                    row(
                            code(key.name() + (key.isPrefix() ? "*" : "")),
                            where,
                            key.isLive() ? "live" : "",
                            key.doc()));
        }
        return out.toString();
    }

    private static String serverOptions() {
        StringBuilder out = new StringBuilder("# Options of the server\n\n");
        out.append("Keys below `user.` are free.\n\n");
        out.append(row("key", "default", "")).append("|---|---|---|\n");
        for (ServerKey key : ServerKey.values()) {
            out.append(
                    row(
                            code(key.key()),
                            key.fallback().isEmpty() ? "" : code(key.fallback()),
                            key.isSupported() ? "" : "cannot be set: that part is missing"));
        }
        return out.toString();
    }

    private static String api(List<Route> routes) {
        Map<String, Map<String, Set<HttpMethod>>> byPath = new TreeMap<>();
        for (Route route : routes) {
            byPath.computeIfAbsent(route.path(), _ -> new TreeMap<>())
                    .computeIfAbsent(route.right().name(), _ -> EnumSet.noneOf(HttpMethod.class))
                    .add(route.method());
        }
        StringBuilder out = new StringBuilder("# API\n\n");
        out.append(
                "The right is what a caller needs; all callers of the unix socket have all.\n\n");
        out.append(row("path", "methods", "right")).append("|---|---|---|\n");
        byPath.forEach((path, rights) ->
                rights.forEach((right, methods) ->
                        out.append(
                                row(
                                        code(path),
                                        methods.stream()
                                                .map(HttpMethod::name)
                                                .collect(Collectors.joining(" ")),
                                        right.toLowerCase(java.util.Locale.ROOT)))));
        out.append("\n## Extensions\n\n");
        Extensions.ALL.forEach(name -> out.append("* `").append(name).append("`\n"));
        return out.toString();
    }

    private static String lxcKeys() {
        StringBuilder out = new StringBuilder("# Keys of lxc.container.conf\n\n");
        out.append("A *list* adds up over its lines; of the others the last one counts.\n\n");
        out.append(row("key", "list", "older name", "meaning")).append("|---|---|---|---|\n");
        for (LxcKey key : LxcConfig.keys()) {
            out.append(
                    row(
                            code(key.pattern()),
                            key.isList() ? "list" : "",
                            key.legacy().stream()
                                    .map(ReferencePages::code)
                                    .collect(Collectors.joining(", ")),
                            key.doc()));
        }
        return out.toString();
    }

    private static String lxcRows() {
        StringBuilder out = new StringBuilder("# What is shown of LXC, and by which test\n\n");
        out.append(
                "The rows are what articles and walk-throughs about LXC show: L1 a series about ");
        out.append(
                "LXC 1.0, L2 a walk-through on Ubuntu 12.04, B0 a report on first use, X3 slides ");
        out.append("on LXC and LXD. The walk-through and the article's scenarios run with the ");
        out.append("distribution's LXC 5.0.2 too, which tests the tests; ");
        out.append("`./mk e2e -Datoll.lxc=debian '-Dtest=Lxc*Test'` does so with the rest.\n\n");
        return rows(out, ShownRows.ofLxc());
    }

    private static String lxdRows() {
        StringBuilder out = new StringBuilder("# What is shown of LXD, and by which test\n\n");
        out.append(
                "The rows are what an article on LXD 0.7 to 0.13 (D4) and slides on LXC and LXD ");
        out.append("(X3) show. Most run with the distribution's `lxc` 5.0.2 and with ours.\n\n");
        return rows(out, ShownRows.ofLxd());
    }

    private static String rows(StringBuilder out, List<ShownRows.Row> rows) {
        out.append(row("row", "", "what is seen", "shown by", "remark"))
                .append("|---|---|---|---|---|\n");
        for (ShownRows.Row it : rows) {
            out.append(
                    row(
                            it.id(),
                            it.importance(),
                            it.what(),
                            it.tests().stream()
                                    .map(ReferencePages::code)
                                    .collect(Collectors.joining(", ")),
                            it.remark()));
        }
        return out.toString();
    }

    private static String commands() {
        StringBuilder out = new StringBuilder("# Commands\n\n");
        out.append("`lxc` is another name of `atoll`.\n");
        commands(out, "atoll", Commands.root("atoll"));
        commands(out, "lxd", Commands.root("lxd"));
        commands(out, "lxd-images", Commands.root("lxd-images"));
        return out.toString();
    }

    private static void commands(StringBuilder out, String path, CommandGroup group) {
        List<CommandGroup> below = new ArrayList<>();
        for (String name : group.members()) {
            CommandNode node =
                    group.find(name).filter(Predicate.not(CommandNode::isHidden)).orElse(null);
            switch (node) {
                case null -> {}
                case CommandGroup lower -> below.add(lower);
                case CommandSpec command -> command(out, path + " " + name, command);
            }
        }
        below.forEach(lower -> commands(out, path + " " + lower.name(), lower));
    }

    private static void command(StringBuilder out, String path, CommandSpec command) {
        String usage = command.usage().isEmpty() ? "" : " " + command.usage();
        out.append("\n## ").append(path).append("\n\n");
        out.append("    ").append(path).append(usage).append("\n\n");
        out.append(command.about()).append(".\n");
        if (!command.aliases().isEmpty()) {
            out.append("Also called ").append(quoted(command.aliases())).append(".\n");
        }
        if (!command.options().isEmpty()) {
            out.append('\n').append(row("option", "meaning")).append("|---|---|\n");
            command.options().forEach(option -> out.append(row(option(option), option.about())));
        }
    }

    private static String quoted(Collection<String> names) {
        return names.stream().map(ReferencePages::code).collect(Collectors.joining(", "));
    }

    private static String option(Option option) {
        String letter = option.shorthand() == 0 ? "" : "`-" + option.shorthand() + "`, ";
        String value =
                switch (option.kind()) {
                    case FLAG -> "";
                    case VALUE -> " VALUE";
                    case VALUES -> " VALUE ...";
                    case OPTIONAL -> "[=VALUE]";
                };
        return letter + "`--" + option.name() + value + "`";
    }
}
