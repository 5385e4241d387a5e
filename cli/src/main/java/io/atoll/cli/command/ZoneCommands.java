package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.client.AtollClient;
import io.atoll.client.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `network zone`: DNS zones that other name servers fetch.
final class ZoneCommands {
    private static final String ARGUMENT = "[<remote>:]<Zone>";
    private static final String ENTRIES = "entries";

    private static final RecordCommands ZONES =
            new RecordCommands(
                    "Network Zone",
                    ARGUMENT,
                    AtollClient::networkZones,
                    List.of("config", "description"));

    private static final SubRecordCommands RECORDS =
            new SubRecordCommands(
                    "Network zone record",
                    "[<remote>:]<zone> <record>",
                    List.of("config", "description", ENTRIES),
                    ZoneCommands::records,
                    false);

    private ZoneCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "zone",
                "Manage DNS zones",
                List.of(
                        "create", "delete", "edit", "get", "list", "record", "set", "show",
                        "unset"),
                ZoneCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "create" -> Optional.of(ZONES.create("Create a zone", "Network Zone"));
            case "list", "ls" -> Optional.of(ZONES.list("List zones"));
            case "record" ->
                    Optional.of(
                            CommandGroup.of(
                                    "record",
                                    "Manage what you add to a zone",
                                    List.of(
                                            "create", "delete", "edit", "entry", "get", "list",
                                            "set", "show", "unset"),
                                    ZoneCommands::makeRecord));
            case "rename", "mv" -> Optional.empty();
            default -> ZONES.make(name);
        };
    }

    private static Optional<CommandNode> makeRecord(String name) {
        return switch (name) {
            case "create" ->
                    RECORDS.command(
                            "create",
                            " [key=value...]",
                            "Create a record",
                            2,
                            ZoneCommands::createRecord);
            case "list", "ls" ->
                    RECORDS.list(
                            "[<remote>:]<zone> [flags]",
                            "List the records of a zone",
                            ZoneCommands::row,
                            "NAME",
                            "DESCRIPTION",
                            "ENTRIES");
            case "entry" ->
                    Optional.of(
                            CommandGroup.of(
                                    "entry",
                                    "Manage the lines of a record",
                                    List.of("add", "remove"),
                                    ZoneCommands::makeEntry));
            default -> RECORDS.make(name);
        };
    }

    private static Optional<CommandNode> makeEntry(String name) {
        String usage = "[<remote>:]<zone> <record> <type> <value> [flags]";
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of("add", usage, "Add a line to a record")
                                    .value("ttl", "How many seconds others may keep it")
                                    .args(4, 4)
                                    .run(ZoneCommands::addEntry));
            case "remove" ->
                    Optional.of(
                            CommandSpec.of("remove", usage, "Remove a line of a record")
                                    .args(4, 4)
                                    .run(ZoneCommands::removeEntry));
            default -> Optional.empty();
        };
    }

    private static Records records(Context context) {
        return context.client(context.refAt(0)).networkZoneRecords(context.refAt(0).name());
    }

    private static List<String> row(Json record) {
        List<String> lines =
                record.get(ENTRIES).asList().stream()
                        .map(e -> e.get("type").asString() + " " + e.get("value").asString())
                        .toList();
        return List.of(
                record.get("name").asString(),
                record.get("description").asString(),
                String.join("\n", lines));
    }

    private static int createRecord(Context context) {
        String name = context.args().at(1);
        context.await(
                records(context)
                        .create(
                                Json.object()
                                        .put("name", name)
                                        .put(
                                                "config",
                                                Pairs.from(context.args().positional(), 2))));
        RecordCommands.say(context, "Network zone record " + name + " created");
        return 0;
    }

    private static int addEntry(Context context) {
        String ttl = context.args().value("ttl");
        if (!ttl.matches("\\d{0,10}")) {
            throw new CliException("Not a number of seconds: " + ttl);
        }
        return RECORDS.change(
                context,
                body -> {
                    List<Json> lines = new ArrayList<>(body.get(ENTRIES).asList());
                    lines.add(
                            Json.object()
                                    .put("type", context.args().at(2))
                                    .put("ttl", ttl.isEmpty() ? 0 : Long.parseLong(ttl))
                                    .put("value", context.args().at(3)));
                    body.put(ENTRIES, Json.array(lines));
                });
    }

    private static int removeEntry(Context context) {
        return RECORDS.change(
                context,
                body -> {
                    List<Json> lines = new ArrayList<>(body.get(ENTRIES).asList());
                    boolean isFound =
                            lines.removeIf(line ->
                                    line.get("type").asString().equals(context.args().at(2))
                                            && line.get("value")
                                                    .asString()
                                                    .equals(context.args().at(3)));
                    if (!isFound) {
                        throw new CliException("Couldn't find a matching entry");
                    }
                    body.put(ENTRIES, Json.array(lines));
                });
    }
}
