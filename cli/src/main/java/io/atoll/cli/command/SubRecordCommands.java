package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// The commands of records that belong to another one, which the first argument names; the second
/// is their own name: show, edit, get, set, unset, delete.
///
/// @param noun as messages name it: `Network peer`
/// @param arguments as usages name both
/// @param editable the members that a change may carry
/// @param records the collection of the record that the first argument names
/// @param hasTarget whether `--target` may name a member of a cluster
record SubRecordCommands(
        String noun,
        String arguments,
        List<String> editable,
        Function<Context, Records> records,
        boolean hasTarget) {
    private String thing() {
        return noun.toLowerCase(Locale.ROOT);
    }

    /// A command with these arguments and more.
    Optional<CommandNode> command(
            String name, String more, String text, int argumentsMin, CommandSpec.Code body) {
        return Optional.of(
                targeted(CommandSpec.of(name, arguments + more + " [flags]", text))
                        .args(argumentsMin, CommandSpec.ANY)
                        .run(body));
    }

    /// The command `list`.
    ///
    /// @param row cells of one record
    Optional<CommandNode> list(
            String usage, String text, Function<Json, List<String>> row, String... columns) {
        return Optional.of(
                CommandSpec.of("list", usage, text)
                        .alias("ls")
                        .args(1, 1)
                        .format()
                        .run(context -> {
                            String format = ListCommand.formatOf(context);
                            List<Json> found = records.apply(context).list();
                            Table table = new Table(columns);
                            found.forEach(one -> table.add(row.apply(one).toArray(String[]::new)));
                            context.output().print(table.sort().render(format, Json.array(found)));
                            return 0;
                        }));
    }

    private CommandSpec spec(String name, String more, String text, int count) {
        return targeted(CommandSpec.of(name, arguments + more + " [flags]", text))
                .args(count, count);
    }

    /// Adds `--target` where it may be.
    CommandSpec targeted(CommandSpec spec) {
        return hasTarget ? spec.value("target", "Cluster member") : spec;
    }

    /// The command of that name, if it is one of these.
    Optional<CommandNode> make(String name) {
        return switch (name) {
            case "delete", "rm" ->
                    Optional.of(
                            spec("delete", "", "Delete a " + thing(), 2)
                                    .alias("rm")
                                    .run(this::delete));
            case "edit" ->
                    Optional.of(
                            spec("edit", "", "Change a " + thing() + " as YAML", 2)
                                    .run(this::edit));
            case "get" ->
                    Optional.of(
                            spec("get", " <key>", "Print a configuration key", 3).run(this::get));
            case "set" ->
                    Optional.of(
                            targeted(
                                            CommandSpec.of(
                                                    "set",
                                                    arguments + " <key>=<value>... [flags]",
                                                    "Set configuration keys"))
                                    .args(3, CommandSpec.ANY)
                                    .run(context -> set(context, Pairs.fromSet(context, 2))));
            case "show" ->
                    Optional.of(
                            spec("show", "", "Show a " + thing() + " as YAML", 2).run(this::show));
            case "unset" ->
                    Optional.of(
                            spec("unset", " <key>", "Remove a configuration key", 3)
                                    .run(context ->
                                            set(
                                                    context,
                                                    Json.object().put(context.args().at(2), ""))));
            default -> Optional.empty();
        };
    }

    private Entity now(Context context) {
        return records.apply(context).get(context.args().at(1));
    }

    private int show(Context context) {
        context.output().print(Yaml.render(now(context).value()));
        return 0;
    }

    private int get(Context context) {
        Json value = now(context).value().get("config").get(context.args().at(2));
        RecordCommands.printValue(context, value, false);
        return 0;
    }

    /// What a change does to the members that may be changed.
    interface Change {
        void make(Json.Obj body);
    }

    int change(Context context, Change change) {
        Entity now = now(context);
        Json.Obj body = RecordCommands.pick(now.value(), editable);
        change.make(body);
        context.await(records.apply(context).replace(context.args().at(1), body, now.etag()));
        return 0;
    }

    private int set(Context context, Json.Obj changes) {
        return change(
                context, body -> RecordCommands.applyTo(RecordCommands.configOf(body), changes));
    }

    private int edit(Context context) throws IOException {
        Entity now = now(context);
        Editor.edit(
                context,
                RecordCommands.comment(thing(), editable) + Yaml.render(now.value()),
                text ->
                        context.await(
                                records.apply(context)
                                        .replace(
                                                context.args().at(1),
                                                RecordCommands.normalised(
                                                        RecordCommands.pick(
                                                                Yaml.parseMap(text), editable)),
                                                now.etag())));
        return 0;
    }

    private int delete(Context context) {
        String name = context.args().at(1);
        context.await(records.apply(context).delete(name));
        RecordCommands.say(context, noun + " " + name + " deleted");
        return 0;
    }
}
