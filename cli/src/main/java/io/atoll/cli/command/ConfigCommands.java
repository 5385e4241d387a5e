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
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Target;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// `config`: the configuration of instances and of the server.
final class ConfigCommands {
    /// The members of an instance that a change carries.
    static final List<String> EDITABLE =
            List.of(
                    "architecture",
                    "config",
                    "devices",
                    "ephemeral",
                    "profiles",
                    "stateful",
                    "description");

    /// The members of a snapshot in the order LXD's client shows them.
    private static final List<String> SNAPSHOT =
            List.of(
                    "expires_at",
                    "architecture",
                    "config",
                    "created_at",
                    "devices",
                    "ephemeral",
                    "expanded_config",
                    "expanded_devices",
                    "last_used_at",
                    "name",
                    "profiles",
                    "stateful",
                    "size");

    private ConfigCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "config",
                "Manage the configuration of instances and of the server",
                List.of(
                        "device",
                        "edit",
                        "get",
                        "metadata",
                        "set",
                        "show",
                        "template",
                        "trust",
                        "unset"),
                ConfigCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "device" ->
                    Optional.of(
                            new DeviceCommands(
                                            "instance",
                                            client -> client.instances().records(),
                                            true)
                                    .group());
            case "edit" ->
                    targeted(
                            "edit",
                            "[<remote>:][<instance>[/<snapshot>]]",
                            "Change the configuration as YAML",
                            0,
                            1,
                            ConfigCommands::edit);
            case "get" ->
                    targeted(
                            "get",
                            "[<remote>:][<instance>] <key>",
                            "Print a configuration key",
                            1,
                            2,
                            ConfigCommands::get);
            case "metadata" ->
                    Optional.of(
                            CommandGroup.of(
                                    "metadata",
                                    "Manage the metadata of instances",
                                    List.of("edit", "show"),
                                    ConfigCommands::metadata));
            case "set" ->
                    targeted(
                            "set",
                            "[<remote>:][<instance>] <key>=<value>...",
                            "Set configuration keys",
                            1,
                            CommandSpec.ANY,
                            ConfigCommands::set);
            case "trust" -> Optional.of(TrustCommands.group());
            case "show" ->
                    targeted(
                            "show",
                            "[<remote>:][<instance>[/<snapshot>]]",
                            "Show the configuration as YAML",
                            0,
                            1,
                            ConfigCommands::show);
            case "template" ->
                    Optional.of(
                            CommandGroup.of(
                                    "template",
                                    "Manage the file templates of instances",
                                    List.of("create", "delete", "edit", "list", "show"),
                                    ConfigCommands::template));
            case "unset" ->
                    targeted(
                            "unset",
                            "[<remote>:][<instance>] <key>",
                            "Remove a configuration key",
                            1,
                            2,
                            ConfigCommands::unset);
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> targeted(
            String name, String usage, String about, int min, int max, CommandSpec.Code code) {
        CommandSpec spec = CommandSpec.of(name, usage + " [flags]", about).args(min, max).run(code);
        if (name.equals("get") || name.equals("show")) {
            spec.flag('e', "expanded", "With what the profiles add");
        }
        return Optional.of(spec.value("target", "Cluster member"));
    }

    private static Entity load(AtollClient client, Ref ref) {
        return ref.hasChild()
                ? client.instances().snapshots(ref.parent()).get(ref.child())
                : client.instances().records().get(ref.name());
    }

    private static int show(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        if (ref.name().isEmpty()) {
            Json config = client.server().value().get("config");
            context.output().print(Yaml.render(Json.object().put("config", config)));
            return 0;
        }
        Json instance = load(client, ref).value();
        if (ref.hasChild()) {
            context.output().print(Yaml.render(RecordCommands.pick(instance, SNAPSHOT)));
            return 0;
        }
        Json.Obj shown = RecordCommands.pick(instance, EDITABLE);
        if (context.args().flag("expanded")) {
            shown.put("config", instance.get("expanded_config"));
            shown.put("devices", instance.get("expanded_devices"));
        }
        context.output().print(Yaml.render(shown));
        return 0;
    }

    private static int get(Context context) {
        boolean server = context.args().count() == 1;
        Ref ref = server ? context.ref("") : context.refAt(0);
        String key = context.args().at(server ? 0 : 1);
        AtollClient client = context.client(ref);
        Json config;
        if (ref.name().isEmpty()) {
            config = client.server().value().get("config");
        } else {
            Json instance = load(client, ref).value();
            config = instance.get(context.args().flag("expanded") ? "expanded_config" : "config");
        }
        Json value = config.get(key);
        context.output()
                .line(
                        value instanceof Json.Str || value.isNull()
                                ? value.asString()
                                : value.render());
        return 0;
    }

    private static int set(Context context) throws IOException {
        List<String> words = context.args().positional();
        // `set KEY=VALUE` and `set KEY VALUE` mean the server, unless the first word names an
        // instance.
        boolean server =
                words.getFirst().indexOf('=') >= 0
                        || words.size() == 2 && words.get(1).indexOf('=') < 0;
        Ref ref = server ? context.ref("") : context.refAt(0);
        change(context, ref, Pairs.fromSet(context, server ? 0 : 1));
        return 0;
    }

    private static int unset(Context context) {
        boolean server = context.args().count() == 1;
        Ref ref = server ? context.ref("") : context.refAt(0);
        String key = context.args().at(server ? 0 : 1);
        if (!ref.name().isEmpty()
                && load(context.client(ref), ref).value().get("config").get(key).isNull()) {
            throw new CliException("Can't unset key '" + key + "', it's not currently set");
        }
        change(context, ref, Json.object().put(key, ""));
        return 0;
    }

    private static void change(Context context, Ref ref, Json.Obj changes) {
        AtollClient client = context.client(ref);
        if (ref.name().isEmpty()) {
            Entity server = client.server();
            Json.Obj config =
                    RecordCommands.configOf(RecordCommands.pick(server.value(), List.of("config")));
            RecordCommands.applyTo(config, changes);
            client.rest()
                    .call(
                            "PUT",
                            client.scope(Target.of()).toString(),
                            Json.object().put("config", config),
                            server.etag());
            return;
        }
        Entity now = load(client, ref);
        Json.Obj body = RecordCommands.pick(now.value(), EDITABLE);
        RecordCommands.applyTo(RecordCommands.configOf(body), changes);
        context.await(client.instances().records().replace(ref.name(), body, now.etag()));
    }

    private static int edit(Context context) throws IOException {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        if (ref.name().isEmpty()) {
            Entity server = client.server();
            String text = Yaml.render(Json.object().put("config", server.value().get("config")));
            Editor.edit(
                    context,
                    RecordCommands.comment("server", List.of("config")) + text,
                    edited ->
                            client.rest()
                                    .call(
                                            "PUT",
                                            client.scope(Target.of()).toString(),
                                            RecordCommands.normalised(
                                                    RecordCommands.pick(
                                                            Yaml.parseMap(edited),
                                                            List.of("config"))),
                                            server.etag()));
            return 0;
        }
        Entity now = load(client, ref);
        if (ref.hasChild()) {
            List<String> members = List.of("expires_at");
            String text =
                    RecordCommands.comment("snapshot", members)
                            + Yaml.render(RecordCommands.pick(now.value(), members));
            Editor.edit(
                    context,
                    text,
                    edited ->
                            context.await(
                                    client.instances()
                                            .snapshots(ref.parent())
                                            .replace(
                                                    ref.child(),
                                                    RecordCommands.pick(
                                                            Yaml.parseMap(edited), members),
                                                    now.etag())));
            return 0;
        }
        String text =
                RecordCommands.comment("instance", EDITABLE)
                        + Yaml.render(RecordCommands.pick(now.value(), EDITABLE));
        Editor.edit(
                context,
                text,
                edited ->
                        context.await(
                                client.instances()
                                        .records()
                                        .replace(
                                                ref.name(),
                                                RecordCommands.normalised(
                                                        RecordCommands.pick(
                                                                Yaml.parseMap(edited), EDITABLE)),
                                                now.etag())));
        return 0;
    }

    private static Optional<CommandNode> metadata(String name) {
        return switch (name) {
            case "edit" ->
                    Optional.of(
                            CommandSpec.of(
                                            "edit",
                                            "[<remote>:]<instance> [flags]",
                                            "Change the metadata as YAML")
                                    .args(1, 1)
                                    .run(ConfigCommands::editMetadata));
            case "show" ->
                    Optional.of(
                            CommandSpec.of(
                                            "show",
                                            "[<remote>:]<instance> [flags]",
                                            "Show the metadata as YAML")
                                    .args(1, 1)
                                    .run(context -> {
                                        context.output()
                                                .print(
                                                        Yaml.render(
                                                                loadMetadata(context).metadata()));
                                        return 0;
                                    }));
            default -> Optional.empty();
        };
    }

    private static io.atoll.client.RestClient.Answer loadMetadata(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        String target = client.scope(Target.of("instances", ref.name(), "metadata")).toString();
        return client.rest().call("GET", target, null, "");
    }

    private static int editMetadata(Context context) throws IOException {
        var now = loadMetadata(context);
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        String target = client.scope(Target.of("instances", ref.name(), "metadata")).toString();
        Editor.edit(
                context,
                Yaml.render(now.metadata()),
                text -> client.rest().call("PUT", target, Yaml.parseMap(text), now.etag()));
        return 0;
    }

    private static Optional<CommandNode> template(String name) {
        String usage = "[<remote>:]<instance> <template> [flags]";
        return switch (name) {
            case "create" ->
                    Optional.of(
                            CommandSpec.of("create", usage, "Create an empty template")
                                    .args(2, 2)
                                    .run(context -> {
                                        putTemplate(context, "");
                                        return 0;
                                    }));
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of("delete", usage, "Delete a template")
                                    .alias("rm")
                                    .args(2, 2)
                                    .run(context -> {
                                        context.client(context.refAt(0))
                                                .rest()
                                                .call("DELETE", templatePath(context), null, "");
                                        return 0;
                                    }));
            case "edit" ->
                    Optional.of(
                            CommandSpec.of("edit", usage, "Change a template")
                                    .args(2, 2)
                                    .run(context -> {
                                        Editor.edit(
                                                context,
                                                getTemplate(context),
                                                text -> putTemplate(context, text));
                                        return 0;
                                    }));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of(
                                            "list",
                                            "[<remote>:]<instance> [flags]",
                                            "List templates")
                                    .alias("ls")
                                    .args(1, 1)
                                    .format()
                                    .run(ConfigCommands::listTemplates));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", usage, "Show a template")
                                    .args(2, 2)
                                    .run(context -> {
                                        context.output().print(getTemplate(context));
                                        return 0;
                                    }));
            default -> Optional.empty();
        };
    }

    private static String templatePath(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        return client.scope(
                        Target.of("instances", ref.name(), "metadata", "templates")
                                .query("path", context.args().at(1)))
                .toString();
    }

    private static String getTemplate(Context context) throws IOException {
        try (HttpReply reply =
                context.client(context.refAt(0))
                        .rest()
                        .raw(new HttpRequest("GET", templatePath(context)))) {
            return new String(reply.readAll(), StandardCharsets.UTF_8);
        }
    }

    private static void putTemplate(Context context, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        context.client(context.refAt(0))
                .rest()
                .call(
                        new HttpRequest("POST", templatePath(context))
                                .header("Content-Type", "application/octet-stream")
                                .body(new ByteArrayInputStream(bytes), bytes.length));
    }

    private static int listTemplates(Context context) {
        String format = ListCommand.formatOf(context);
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        Json names =
                client.rest()
                        .get(
                                client.scope(
                                                Target.of(
                                                        "instances",
                                                        ref.name(),
                                                        "metadata",
                                                        "templates"))
                                        .toString());
        Table table = new Table("FILENAME");
        for (String name : names.asStrings()) {
            table.add(name);
        }
        context.output().print(table.sort().render(format, names));
        return 0;
    }
}
