package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.RestClient;
import io.atoll.client.Target;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `warning`: what the server says is degraded.
final class WarningCommands {
    private static final String COLUMNS = "utSscpLl";
    private static final String ONE = "[<remote>:]<warning-uuid> [flags]";

    private WarningCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "warning",
                "Show and acknowledge what the server warns of",
                List.of("acknowledge", "delete", "list", "show"),
                WarningCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "acknowledge", "ack" ->
                    Optional.of(
                            CommandSpec.of("acknowledge", ONE, "Take a warning off the list")
                                    .alias("ack")
                                    .args(1, 1)
                                    .run(WarningCommands::acknowledge));
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of("delete", ONE, "Delete a warning")
                                    .alias("rm")
                                    .args(0, 1)
                                    .flag('a', "all", "Delete all warnings")
                                    .run(WarningCommands::delete));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List warnings")
                                    .alias("ls")
                                    .detail(
                                            "Columns: u uuid, t type, S status, s severity, c count,",
                                            "p project, f first seen, l last seen, L location (of clusters).",
                                            "What was acknowledged is left out unless --all is given.")
                                    .args(0, 1)
                                    .flag('a', "all", "Also those that were acknowledged")
                                    .value('c', "columns", COLUMNS, "Columns to show")
                                    .format()
                                    .run(WarningCommands::list));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", ONE, "Show a warning as YAML")
                                    .args(1, 1)
                                    .run(WarningCommands::show));
            default -> Optional.empty();
        };
    }

    private static String target(String uuid) {
        return Target.of("warnings", uuid).toString();
    }

    private static int acknowledge(Context context) {
        Ref ref = context.refAt(0);
        RestClient rest = context.client(ref).rest();
        RestClient.Answer _ =
                rest.call(
                        "PUT", target(ref.name()), Json.object().put("status", "acknowledged"), "");
        return 0;
    }

    private static int delete(Context context) {
        boolean isAll = context.args().flag("all");
        Ref ref = context.refAt(0);
        if (isAll != ref.name().isEmpty()) {
            throw new CliException("Give either a warning or --all");
        }
        RestClient rest = context.client(ref).rest();
        List<String> targets =
                isAll
                        ? rest.get("/1.0/warnings").asList().stream().map(Json::asString).toList()
                        : List.of(target(ref.name()));
        for (String target : targets) {
            RestClient.Answer _ = rest.call("DELETE", target, null, "");
        }
        return 0;
    }

    private static int show(Context context) {
        Ref ref = context.refAt(0);
        context.output().print(Yaml.render(context.client(ref).rest().get(target(ref.name()))));
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        // Locations mean something in clusters only.
        String columns = context.args().value("columns").replace(",", "").replace("L", "");
        List<String> header = new ArrayList<>();
        columns.chars().forEach(c -> header.add(title((char) c, columns)));
        Table table = new Table(header);
        ZoneId zone = Format.zone(context.invocation().env("TZ"));
        Json.Arr shown = Json.array();
        for (Json warning :
                context.client(context.refAt(0)).rest().get("/1.0/warnings?recursion=1").asList()) {
            boolean isSeen = warning.get("status").asString().equals("acknowledged");
            if (context.args().flag("all") || !isSeen) {
                shown.items().add(warning);
                table.add(columns.chars().mapToObj(c -> cell((char) c, warning, zone)).toList());
            }
        }
        context.output().print(table.render(format, shown));
        return 0;
    }

    private static String title(char column, String columns) {
        return switch (column) {
            case 'c' -> "COUNT";
            case 'f' -> "FIRST SEEN";
            case 'l' -> "LAST SEEN";
            case 'p' -> "PROJECT";
            case 's' -> "SEVERITY";
            case 'S' -> "STATUS";
            case 't' -> "TYPE";
            case 'u' -> "UUID";
            default -> throw InstanceColumns.unknown(column, columns);
        };
    }

    private static String cell(char column, Json warning, ZoneId zone) {
        return switch (column) {
            case 'c' -> Long.toString(warning.get("count").asLong());
            case 'f' -> Format.longDate(warning.get("first_seen_at").asString(), zone);
            case 'l' -> Format.longDate(warning.get("last_seen_at").asString(), zone);
            case 'p' -> warning.get("project").asString();
            case 's' -> warning.get("severity").asString().toUpperCase(Locale.ROOT);
            case 'S' -> warning.get("status").asString().toUpperCase(Locale.ROOT);
            case 't' -> warning.get("type").asString();
            default -> warning.get("uuid").asString();
        };
    }
}
