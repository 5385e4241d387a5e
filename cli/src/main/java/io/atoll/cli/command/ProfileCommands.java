package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `profile`: configuration that instances share.
final class ProfileCommands {
    static final List<String> EDITABLE = List.of("config", "description", "devices");

    private static final RecordCommands RECORDS =
            new RecordCommands("Profile", "[<remote>:]<profile>", AtollClient::profiles, EDITABLE);

    private ProfileCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "profile",
                "Manage profiles",
                List.of(
                        "add", "assign", "copy", "create", "delete", "device", "edit", "get",
                        "list", "remove", "rename", "set", "show", "unset"),
                ProfileCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of(
                                            "add",
                                            "[<remote>:]<instance> <profile> [flags]",
                                            "Add a profile to an instance")
                                    .args(2, 2)
                                    .run(ProfileCommands::add));
            case "assign", "apply" ->
                    Optional.of(
                            CommandSpec.of(
                                            "assign",
                                            "[<remote>:]<instance> <profiles> [flags]",
                                            "Replace the profiles of an instance")
                                    .alias("apply")
                                    .detail(
                                            "Profiles are separated by commas; an empty word removes all.")
                                    .args(2, 2)
                                    .run(ProfileCommands::assign));
            case "copy", "cp" ->
                    Optional.of(
                            CommandSpec.of(
                                            "copy",
                                            "[<remote>:]<profile> [<remote>:]<profile> [flags]",
                                            "Copy a profile")
                                    .alias("cp")
                                    .args(2, 2)
                                    .value("target-project", "Copy into another project")
                                    .run(ProfileCommands::copy));
            case "create" ->
                    Optional.of(
                            CommandSpec.of(
                                            "create",
                                            "[<remote>:]<profile> [flags]",
                                            "Create a profile")
                                    .args(1, 1)
                                    .run(ProfileCommands::create));
            case "device" ->
                    Optional.of(
                            new DeviceCommands("profile", AtollClient::profiles, false).group());
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List profiles")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(ProfileCommands::list));
            case "remove" ->
                    Optional.of(
                            CommandSpec.of(
                                            "remove",
                                            "[<remote>:]<instance> <profile> [flags]",
                                            "Remove a profile from an instance")
                                    .args(2, 2)
                                    .run(ProfileCommands::remove));
            default -> RECORDS.make(name);
        };
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        List<Json> all = context.client(context.refAt(0)).profiles().list();
        Table table = new Table("NAME", "DESCRIPTION", "USED BY");
        for (Json it : all) {
            table.add(
                    it.get("name").asString(),
                    it.get("description").asString(),
                    String.valueOf(it.get("used_by").asList().size()));
        }
        context.output().print(table.sort().render(format, Json.array(all)));
        return 0;
    }

    private static int create(Context context) throws IOException {
        Ref ref = context.refAt(0);
        Json given = Json.object();
        if (!context.invocation().host().isTerminal(0)) {
            String text =
                    new String(context.invocation().in().readAllBytes(), StandardCharsets.UTF_8);
            given = text.isBlank() ? given : Yaml.parseMap(text);
        }
        Json.Obj body = RecordCommands.normalised(RecordCommands.pick(given, EDITABLE));
        context.await(context.client(ref).profiles().create(body.put("name", ref.name())));
        RecordCommands.say(context, "Profile " + ref.name() + " created");
        return 0;
    }

    private static int copy(Context context) {
        Ref from = context.refAt(0);
        Ref to = context.refAt(1);
        Json source = context.client(from).profiles().get(from.name()).value();
        String project = context.args().value("target-project");
        AtollClient target =
                project.isEmpty()
                        ? context.client(to)
                        : context.servers().client(to.remote(), project);
        context.await(
                target.profiles()
                        .create(RecordCommands.pick(source, EDITABLE).put("name", to.name())));
        return 0;
    }

    private static int add(Context context) {
        String profile = context.args().at(1);
        change(context, profiles -> profiles.add(profile));
        RecordCommands.say(context, "Profile " + profile + " added to " + context.refAt(0).name());
        return 0;
    }

    private static int remove(Context context) {
        String profile = context.args().at(1);
        String instance = context.refAt(0).name();
        change(
                context,
                profiles -> {
                    if (!profiles.remove(profile)) {
                        throw new CliException(
                                "Profile " + profile + " isn't currently applied to " + instance);
                    }
                });
        RecordCommands.say(context, "Profile " + profile + " removed from " + instance);
        return 0;
    }

    private static int assign(Context context) {
        String wanted = context.args().at(1);
        change(
                context,
                profiles -> {
                    profiles.clear();
                    for (String name : wanted.split(",")) {
                        if (!name.isEmpty()) {
                            profiles.add(name);
                        }
                    }
                });
        String shown = wanted.isEmpty() ? "(none)" : wanted;
        RecordCommands.say(context, "Profiles " + shown + " applied to " + context.refAt(0).name());
        return 0;
    }

    private static void change(Context context, java.util.function.Consumer<List<String>> edit) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        Entity now = client.instances().records().get(ref.name());
        List<String> profiles = new ArrayList<>(now.value().get("profiles").asStrings());
        edit.accept(profiles);
        Json.Obj body =
                RecordCommands.pick(now.value(), ConfigCommands.EDITABLE).put("profiles", profiles);
        context.await(client.instances().records().replace(ref.name(), body, now.etag()));
    }
}
