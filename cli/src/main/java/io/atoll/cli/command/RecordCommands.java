package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// The commands that profiles, networks and storage pools have in common: show, edit, get, set,
/// unset, delete, rename.
///
/// @param noun as messages name it: `Storage pool`
/// @param argument as usages name it: `[<remote>:]<pool>`
/// @param records the collection
/// @param editable the members that a change may carry
record RecordCommands(
        String noun,
        String argument,
        Function<AtollClient, Records> records,
        List<String> editable) {
    /// The command of that name, if it is one of these.
    Optional<CommandNode> make(String name) {
        String thing = noun.toLowerCase(java.util.Locale.ROOT);
        return switch (name) {
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of("delete", argument + " [flags]", "Delete a " + thing)
                                    .alias("rm")
                                    .args(1, 1)
                                    .run(this::delete));
            case "edit" ->
                    Optional.of(
                            CommandSpec.of(
                                            "edit",
                                            argument + " [flags]",
                                            "Change a " + thing + " as YAML")
                                    .detail(
                                            "Opens an editor; without a terminal, YAML is read from stdin.")
                                    .args(1, 1)
                                    .run(this::edit));
            case "get" ->
                    Optional.of(
                            targeted(
                                            CommandSpec.of(
                                                    "get",
                                                    argument + " <key> [flags]",
                                                    "Print a configuration key"))
                                    .args(2, 2)
                                    .run(this::get));
            case "rename", "mv" ->
                    Optional.of(
                            CommandSpec.of(
                                            "rename",
                                            argument + " <new-name> [flags]",
                                            "Rename a " + thing)
                                    .alias("mv")
                                    .args(2, 2)
                                    .run(this::rename));
            case "set" ->
                    Optional.of(
                            targeted(
                                            CommandSpec.of(
                                                    "set",
                                                    argument + " <key>=<value>... [flags]",
                                                    "Set configuration keys"))
                                    .args(2, CommandSpec.ANY)
                                    .run(context -> set(context, Pairs.fromSet(context, 1))));
            case "show" ->
                    Optional.of(
                            targeted(
                                            CommandSpec.of(
                                                    "show",
                                                    argument + " [flags]",
                                                    "Show a " + thing + " as YAML"))
                                    .args(1, 1)
                                    .run(this::show));
            case "unset" ->
                    Optional.of(
                            targeted(
                                            CommandSpec.of(
                                                    "unset",
                                                    argument + " <key> [flags]",
                                                    "Remove a configuration key"))
                                    .args(2, 2)
                                    .run(context ->
                                            set(
                                                    context,
                                                    Json.object().put(context.args().at(1), ""))));
            default -> Optional.empty();
        };
    }

    /// The command `create` of things that are a name and a configuration.
    ///
    /// @param text what it does
    /// @param made what it says was made, before the name
    CommandSpec create(String text, String made) {
        return CommandSpec.of("create", argument + " [key=value...] [flags]", text)
                .args(1, CommandSpec.ANY)
                .run(context -> create(context, made));
    }

    private int create(Context context, String made) {
        Ref ref = context.refAt(0);
        Json.Obj config = Pairs.from(context.args().positional(), 1);
        context.await(
                of(context, ref)
                        .create(Json.object().put("name", ref.name()).put("config", config)));
        say(context, made + " " + ref.name() + " created");
        return 0;
    }

    /// The command `list` of things that a name, a description and a number of users tell about.
    ///
    /// @param text what it does
    CommandSpec list(String text) {
        return CommandSpec.of("list", "[<remote>:] [flags]", text)
                .alias("ls")
                .args(0, 1)
                .format()
                .run(this::list);
    }

    private int list(Context context) {
        String format = ListCommand.formatOf(context);
        List<Json> found = of(context, context.refAt(0)).list();
        Table table = new Table("NAME", "DESCRIPTION", "USED BY");
        for (Json record : found) {
            table.add(
                    record.get("name").asString(),
                    record.get("description").asString(),
                    String.valueOf(record.get("used_by").asList().size()));
        }
        context.output().print(table.sort().render(format, Json.array(found)));
        return 0;
    }

    private static CommandSpec targeted(CommandSpec spec) {
        return spec.value("target", "Cluster member");
    }

    private Records of(Context context, Ref ref) {
        return records.apply(context.client(ref));
    }

    private int show(Context context) {
        Ref ref = context.refAt(0);
        context.output().print(Yaml.render(of(context, ref).get(ref.name()).value()));
        return 0;
    }

    private int get(Context context) {
        Ref ref = context.refAt(0);
        Json value =
                of(context, ref).get(ref.name()).value().get("config").get(context.args().at(1));
        printValue(context, value, noun.equals("Profile"));
        return 0;
    }

    private int set(Context context, Json.Obj changes) {
        Ref ref = context.refAt(0);
        Records all = of(context, ref);
        Entity now = all.get(ref.name());
        Json.Obj body = pick(now.value(), editable);
        applyTo(configOf(body), changes);
        context.await(all.replace(ref.name(), body, now.etag()));
        return 0;
    }

    private int edit(Context context) throws IOException {
        Ref ref = context.refAt(0);
        Records all = of(context, ref);
        Entity now = all.get(ref.name());
        Editor.edit(
                context,
                comment(noun.toLowerCase(java.util.Locale.ROOT), editable)
                        + Yaml.render(now.value()),
                text ->
                        context.await(
                                all.replace(
                                        ref.name(),
                                        normalised(pick(Yaml.parseMap(text), editable)),
                                        now.etag())));
        return 0;
    }

    private int delete(Context context) {
        Ref ref = context.refAt(0);
        context.await(of(context, ref).delete(ref.name()));
        say(context, noun + " " + ref.name() + " deleted");
        return 0;
    }

    private int rename(Context context) {
        Ref ref = context.refAt(0);
        String newName = context.args().at(1);
        context.await(of(context, ref).rename(ref.name(), newName));
        say(context, noun + " " + ref.name() + " renamed to " + newName);
        return 0;
    }

    /// Prints a configuration value.
    ///
    /// @param missingIsEmpty whether a missing key prints an empty line: LXD's client does so for
    ///   instances and profiles only
    static void printValue(Context context, Json value, boolean missingIsEmpty) {
        if (!value.isNull() || missingIsEmpty) {
            context.output().line(value.asString());
        }
    }

    static void say(Context context, String text) {
        if (!context.isQuiet()) {
            context.output().line(text);
        }
    }

    /// The head of an edited file.
    static String comment(String thing, List<String> editable) {
        return "# This is the "
                + thing
                + " as YAML. Of its members these can be changed: "
                + String.join(", ", editable)
                + ".\n# Lines that start with # are ignored.\n\n";
    }

    /// The members named, as they are; missing ones are left out.
    static Json.Obj pick(Json from, List<String> members) {
        Json.Obj out = Json.object();
        for (String member : members) {
            if (!from.get(member).isNull()) {
                out.put(member, from.get(member));
            }
        }
        return out;
    }

    /// Configuration and devices with their scalars as strings, whatever YAML took them for.
    static Json.Obj normalised(Json.Obj body) {
        if (!body.get("config").isNull()) {
            body.put("config", Yaml.stringsOf(body.get("config")));
        }
        if (!body.get("devices").isNull()) {
            Json.Obj devices = Json.object();
            for (Map.Entry<String, Json> device : body.get("devices").asMap().entrySet()) {
                devices.put(device.getKey(), Yaml.stringsOf(device.getValue()));
            }
            body.put("devices", devices);
        }
        return body;
    }

    /// The `config` member, made if it is missing.
    static Json.Obj configOf(Json.Obj body) {
        return mapOf(body, "config");
    }

    /// A member that is a map, made if it is missing.
    static Json.Obj mapOf(Json.Obj body, String member) {
        if (body.get(member) instanceof Json.Obj map) {
            return map;
        }
        Json.Obj made = Json.object();
        body.put(member, made);
        return made;
    }

    /// Sets keys; an empty value removes its key.
    static void applyTo(Json.Obj config, Json.Obj changes) {
        for (Map.Entry<String, Json> change : changes.members().entrySet()) {
            if (change.getValue().asString().isEmpty()) {
                config.members().remove(change.getKey());
            } else {
                config.put(change.getKey(), change.getValue());
            }
        }
    }
}
