package io.atoll.cli.command;

import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.text.Table;
import java.util.List;
import java.util.Optional;

/// `lxd cluster`: LXD's tools for a cluster's database. Ours is in no cluster, which is what they
/// say.
final class LowClusterCommands {
    private static final String ABSENT = "Clusters are not supported by this server";

    private LowClusterCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "cluster",
                "Inspect the database of a cluster",
                List.of(
                        "edit",
                        "list-database",
                        "recover-from-quorum-loss",
                        "remove-raft-node",
                        "show"),
                LowClusterCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "edit" -> Optional.of(absent("edit", "Change the members as YAML"));
            case "list-database", "ls" ->
                    Optional.of(
                            CommandSpec.of("list-database", "[flags]", "List the members with data")
                                    .alias("ls")
                                    .run(context -> {
                                        context.output().print(new Table("ADDRESS").renderTable());
                                        return 0;
                                    }));
            case "recover-from-quorum-loss" ->
                    Optional.of(absent("recover-from-quorum-loss", "Go on after most were lost"));
            case "remove-raft-node" ->
                    Optional.of(
                            CommandSpec.of(
                                            "remove-raft-node",
                                            "<address> [flags]",
                                            "Remove a member from the database")
                                    .args(1, 1)
                                    .run(context -> {
                                        throw new CliException(
                                                "No raft node with address \""
                                                        + context.args().at(0)
                                                        + "\"");
                                    }));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", "[flags]", "Show the members as YAML")
                                    .run(context -> {
                                        context.output().line("members: []");
                                        return 0;
                                    }));
            default -> Optional.empty();
        };
    }

    private static CommandSpec absent(String name, String about) {
        return CommandSpec.of(name, "[flags]", about)
                .run(_ -> {
                    throw new CliException(ABSENT);
                });
    }
}
