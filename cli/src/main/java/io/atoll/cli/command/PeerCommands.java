package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.Context;
import io.atoll.client.Records;
import java.util.List;

/// `network peer`: bridges that are joined with a network.
final class PeerCommands {
    private static final SubRecordCommands RECORDS =
            new SubRecordCommands(
                    "Network peer",
                    "[<remote>:]<network> <peer_name>",
                    List.of("config", "description"),
                    PeerCommands::all,
                    false);

    private PeerCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "peer",
                "Manage networks that are joined",
                List.of("create", "delete", "edit", "get", "list", "set", "show", "unset"),
                name ->
                        switch (name) {
                            case "create" ->
                                    RECORDS.command(
                                            "create",
                                            " <[target_project/]target_network> [key=value...]",
                                            "Join another network, once that asks for it too",
                                            3,
                                            PeerCommands::create);
                            case "list", "ls" ->
                                    RECORDS.list(
                                            "[<remote>:]<network> [flags]",
                                            "List the networks that are joined",
                                            PeerCommands::row,
                                            "NAME",
                                            "DESCRIPTION",
                                            "PEER",
                                            "STATE");
                            default -> RECORDS.make(name);
                        });
    }

    private static Records all(Context context) {
        return context.client(context.refAt(0)).networkPeers(context.refAt(0).name());
    }

    private static List<String> row(Json peer) {
        return List.of(
                peer.get("name").asString(),
                peer.get("description").asString(),
                peer.get("target_project").asString() + "/" + peer.get("target_network").asString(),
                peer.get("status").asString().toUpperCase(java.util.Locale.ROOT));
    }

    private static int create(Context context) {
        String name = context.args().at(1);
        String target = context.args().at(2);
        int slash = target.indexOf('/');
        context.await(
                all(context)
                        .create(
                                Json.object()
                                        .put("name", name)
                                        .put(
                                                "target_project",
                                                slash < 0 ? "" : target.substring(0, slash))
                                        .put("target_network", target.substring(slash + 1))
                                        .put(
                                                "config",
                                                Pairs.from(context.args().positional(), 3))));
        boolean isMutual =
                all(context).get(name).value().get("status").asString().equals("Created");
        RecordCommands.say(
                context,
                "Network peer "
                        + name
                        + (isMutual
                                ? " created"
                                : " pending (please complete mutual peering on peer network)"));
        return 0;
    }
}
