package io.atoll.cli.command;

import io.atoll.base.ByteSize;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.ClientConfig;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Table;
import io.atoll.client.AtollClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `project`: name spaces for instances and what belongs to them, with limits and restrictions.
final class ProjectCommands {
    private static final String DEFAULT = "default";

    private static final RecordCommands RECORDS =
            new RecordCommands(
                    "Project",
                    "[<remote>:]<project>",
                    AtollClient::projects,
                    List.of("config", "description"));

    private static final List<String> FEATURES =
            List.of(
                    "features.images",
                    "features.profiles",
                    "features.storage.volumes",
                    "features.networks");

    private ProjectCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "project",
                "Manage projects",
                List.of(
                        "create", "delete", "edit", "get", "info", "list", "rename", "set", "show",
                        "switch", "unset"),
                ProjectCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "create" ->
                    Optional.of(
                            CommandSpec.of(
                                            "create",
                                            "[<remote>:]<project> [flags]",
                                            "Create a project")
                                    .args(1, 1)
                                    .values(
                                            'c',
                                            "config",
                                            "Configuration of the project, KEY=VALUE")
                                    .run(ProjectCommands::create));
            case "info" ->
                    Optional.of(
                            CommandSpec.of(
                                            "info",
                                            "[<remote>:]<project> [flags]",
                                            "Show what a project uses of its limits")
                                    .args(1, 1)
                                    .format()
                                    .run(ProjectCommands::info));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List projects")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(ProjectCommands::list));
            case "switch" ->
                    Optional.of(
                            CommandSpec.of(
                                            "switch",
                                            "[<remote>:]<project> [flags]",
                                            "Choose the project that commands speak about")
                                    .args(1, 1)
                                    .run(ProjectCommands::switchTo));
            default -> RECORDS.make(name);
        };
    }

    private static int create(Context context) {
        Ref ref = context.refAt(0);
        Json.Obj config = Json.object();
        for (String word : context.args().values("config")) {
            Pairs.putInto(config, word);
        }
        context.await(
                context.client(ref)
                        .projects()
                        .create(Json.object().put("name", ref.name()).put("config", config)));
        RecordCommands.say(context, "Project " + ref.name() + " created");
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        Ref ref = context.refAt(0);
        String current = context.servers().projectOf(ref.remote());
        List<Json> all = context.client(ref).projects().list();
        Table table =
                new Table(
                        "NAME",
                        "IMAGES",
                        "PROFILES",
                        "STORAGE VOLUMES",
                        "NETWORKS",
                        "DESCRIPTION",
                        "USED BY");
        for (Json it : all) {
            String name = it.get("name").asString();
            boolean isCurrent = name.equals(current.isEmpty() ? DEFAULT : current);
            List<String> row = new ArrayList<>();
            row.add(isCurrent ? name + " (current)" : name);
            for (String feature : FEATURES) {
                boolean has = it.get("config").get(feature).asString().equals("true");
                row.add(has ? "YES" : "NO");
            }
            row.add(it.get("description").asString());
            row.add(String.valueOf(it.get("used_by").asList().size()));
            table.add(row.toArray(String[]::new));
        }
        context.output().print(table.sort().render(format, Json.array(all)));
        return 0;
    }

    private static int info(Context context) {
        String format = ListCommand.formatOf(context);
        Ref ref = context.refAt(0);
        Json state =
                context.client(ref)
                        .rest()
                        .get(context.client(ref).projects().target(ref.name(), "state").toString());
        Table table = new Table("RESOURCE", "LIMIT", "USAGE");
        state.get("resources")
                .asMap()
                .forEach((name, it) -> {
                    long limit = it.get("Limit").asLong();
                    boolean isSize = name.equals("memory") || name.equals("disk");
                    table.add(
                            name.toUpperCase(Locale.ROOT),
                            limit < 0 ? "UNLIMITED" : shown(limit, isSize),
                            shown(it.get("Usage").asLong(), isSize));
                });
        context.output().print(table.sort().render(format, state));
        return 0;
    }

    private static String shown(long amount, boolean isSize) {
        return isSize ? new ByteSize(amount).render() : Long.toString(amount);
    }

    private static int switchTo(Context context) throws IOException {
        Ref ref = context.refAt(0);
        Json unused = context.client(ref).projects().get(ref.name()).value();
        ClientConfig config = context.servers().config();
        String remote = ref.remote().isEmpty() ? config.defaultRemote() : ref.remote();
        config.add(
                config.find(remote)
                        .orElseThrow(() ->
                                new CliException("The remote \"" + remote + "\" doesn't exist"))
                        .withProject(ref.name()));
        config.save();
        return 0;
    }
}
