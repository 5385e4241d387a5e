package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.ClientConfig;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.text.Table;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `alias`: the user's own names for commands.
final class AliasCommands {
    private AliasCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "alias",
                "Manage command aliases",
                List.of("add", "list", "remove", "rename"),
                AliasCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of("add", "<alias> <target> [flags]", "Add an alias")
                                    .detail(
                                            "@ARGS@ in the target stands for the words that follow the alias.")
                                    .example("PROGRAM alias add login \"exec @ARGS@ -- su -l\"")
                                    .args(2, 2)
                                    .run(AliasCommands::add));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[flags]", "List aliases")
                                    .alias("ls")
                                    .format()
                                    .run(AliasCommands::list));
            case "remove", "rm" ->
                    Optional.of(
                            CommandSpec.of("remove", "<alias> [flags]", "Remove an alias")
                                    .alias("rm")
                                    .args(1, 1)
                                    .run(AliasCommands::remove));
            case "rename", "mv" ->
                    Optional.of(
                            CommandSpec.of(
                                            "rename",
                                            "<old alias> <new alias> [flags]",
                                            "Rename an alias")
                                    .alias("mv")
                                    .args(2, 2)
                                    .run(AliasCommands::rename));
            default -> Optional.empty();
        };
    }

    private static int add(Context context) {
        ClientConfig config = context.servers().config();
        String name = context.args().at(0);
        checkFree(config, name);
        config.aliases().put(name, context.args().at(1));
        config.save();
        return 0;
    }

    private static void checkFree(ClientConfig config, String name) {
        if (config.aliases().containsKey(name)) {
            throw new CliException("Alias " + name + " already exists");
        }
    }

    private static String existing(ClientConfig config, String name) {
        String target = config.aliases().get(name);
        if (target == null) {
            throw new CliException("Alias " + name + " doesn't exist");
        }
        return target;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        Map<String, String> aliases = context.servers().config().aliases();
        Table table = new Table("ALIAS", "TARGET");
        for (Map.Entry<String, String> entry : aliases.entrySet()) {
            table.add(entry.getKey(), entry.getValue());
        }
        context.output().print(table.sort().render(format, Json.strings(aliases)));
        return 0;
    }

    private static int remove(Context context) {
        ClientConfig config = context.servers().config();
        existing(config, context.args().at(0));
        config.aliases().remove(context.args().at(0));
        config.save();
        return 0;
    }

    private static int rename(Context context) {
        ClientConfig config = context.servers().config();
        String target = existing(config, context.args().at(0));
        checkFree(config, context.args().at(1));
        config.aliases().remove(context.args().at(0));
        config.aliases().put(context.args().at(1), target);
        config.save();
        return 0;
    }
}
