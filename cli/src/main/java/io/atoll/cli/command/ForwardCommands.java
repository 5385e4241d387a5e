package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.client.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `network forward`: addresses of the host whose traffic goes to instances.
final class ForwardCommands {
    private static final String ONE = "[<remote>:]<network> <listen_address>";

    private static final SubRecordCommands FORWARDS =
            new SubRecordCommands(
                    "Network forward",
                    ONE,
                    List.of("config", "description", "ports"),
                    ForwardCommands::all,
                    true);

    private ForwardCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "forward",
                "Manage addresses that lead to instances",
                List.of("create", "delete", "edit", "get", "list", "port", "set", "show", "unset"),
                ForwardCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "create" ->
                    FORWARDS.command(
                            "create",
                            " [key=value...]",
                            "Create a forward",
                            2,
                            ForwardCommands::create);
            case "list", "ls" ->
                    FORWARDS.list(
                            "[<remote>:]<network> [flags]",
                            "List the forwards of a network",
                            ForwardCommands::row,
                            "LISTEN ADDRESS",
                            "DESCRIPTION",
                            "DEFAULT TARGET ADDRESS",
                            "PORTS");
            case "port" ->
                    Optional.of(
                            CommandGroup.of(
                                    "port",
                                    "Manage the ports of a forward",
                                    List.of("add", "remove"),
                                    ForwardCommands::makePort));
            default -> FORWARDS.make(name);
        };
    }

    private static Optional<CommandNode> makePort(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            FORWARDS.targeted(
                                            CommandSpec.of(
                                                    "add",
                                                    ONE
                                                            + " <protocol> <port> <target_address>"
                                                            + " [<target_port>] [flags]",
                                                    "Add ports"))
                                    .args(5, 6)
                                    .run(ForwardCommands::addPort));
            case "remove" ->
                    Optional.of(
                            FORWARDS.targeted(
                                            CommandSpec.of(
                                                    "remove",
                                                    ONE + " [<protocol>] [<port(s)>] [flags]",
                                                    "Remove ports"))
                                    .flag("force", "Remove all ports that match")
                                    .args(2, 4)
                                    .run(ForwardCommands::removePort));
            default -> Optional.empty();
        };
    }

    private static Records all(Context context) {
        return context.client(context.refAt(0)).networkForwards(context.refAt(0).name());
    }

    private static int create(Context context) {
        String address = context.args().at(1);
        context.await(
                all(context)
                        .create(
                                Json.object()
                                        .put("listen_address", address)
                                        .put(
                                                "config",
                                                Pairs.from(context.args().positional(), 2))));
        RecordCommands.say(context, "Network forward " + address + " created");
        return 0;
    }

    private static List<String> row(Json forward) {
        return List.of(
                forward.get("listen_address").asString(),
                forward.get("description").asString(),
                forward.get("config").get("target_address").asString(),
                String.valueOf(forward.get("ports").asList().size()));
    }

    private static int addPort(Context context) {
        Json.Obj port =
                Json.object()
                        .put("protocol", context.args().at(2))
                        .put("listen_port", context.args().at(3))
                        .put("target_address", context.args().at(4))
                        .put("target_port", context.args().count() > 5 ? context.args().at(5) : "");
        return FORWARDS.change(
                context,
                body -> {
                    List<Json> ports = new ArrayList<>(body.get("ports").asList());
                    ports.add(port);
                    body.put("ports", Json.array(ports));
                });
    }

    private static int removePort(Context context) {
        return FORWARDS.change(
                context,
                body -> {
                    List<Json> ports = new ArrayList<>(body.get("ports").asList());
                    List<Json> found =
                            ports.stream().filter(port -> isMeant(context, port)).toList();
                    if (found.isEmpty()) {
                        throw new CliException("No matching port(s) found");
                    }
                    if (found.size() > 1 && !context.args().flag("force")) {
                        throw new CliException(
                                "Multiple ports match. Use --force to remove them all");
                    }
                    ports.removeAll(found);
                    body.put("ports", Json.array(ports));
                });
    }

    private static boolean isMeant(Context context, Json port) {
        int count = context.args().count();
        return (count < 3 || port.get("protocol").asString().equals(context.args().at(2)))
                && (count < 4 || port.get("listen_port").asString().equals(context.args().at(3)));
    }
}
