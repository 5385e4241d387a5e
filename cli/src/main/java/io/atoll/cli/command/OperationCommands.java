package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Target;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `operation`: what the server is doing in the background.
final class OperationCommands {
    private OperationCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "operation",
                "List, show and cancel background operations",
                List.of("delete", "list", "show"),
                OperationCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "delete", "cancel", "rm" ->
                    Optional.of(
                            CommandSpec.of(
                                            "delete",
                                            "[<remote>:]<operation> [flags]",
                                            "Cancel a background operation")
                                    .alias("cancel", "rm")
                                    .args(1, 1)
                                    .run(OperationCommands::delete));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of(
                                            "list",
                                            "[<remote>:] [flags]",
                                            "List background operations")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(OperationCommands::list));
            case "show" ->
                    Optional.of(
                            CommandSpec.of(
                                            "show",
                                            "[<remote>:]<operation> [flags]",
                                            "Show a background operation as YAML")
                                    .args(1, 1)
                                    .run(OperationCommands::show));
            default -> Optional.empty();
        };
    }

    private static int delete(Context context) {
        Ref ref = context.refAt(0);
        context.client(ref)
                .rest()
                .call("DELETE", Target.of("operations", ref.name()).toString(), null, "");
        RecordCommands.say(context, "Operation " + ref.name() + " deleted");
        return 0;
    }

    private static int show(Context context) {
        Ref ref = context.refAt(0);
        Json operation =
                context.client(ref).rest().get(Target.of("operations", ref.name()).toString());
        context.output().print(Yaml.render(withMetadata(operation)));
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        AtollClient client = context.client(context.refAt(0));
        String target = client.scope(Target.of("operations").query("recursion", "1")).toString();
        ZoneId zone = Format.zone(context.invocation().env("TZ"));
        Table table = new Table("ID", "TYPE", "DESCRIPTION", "STATUS", "CANCELABLE", "CREATED");
        Json.Arr all = Json.array();
        for (Json byStatus : client.rest().get(target).asMap().values()) {
            for (Json it : byStatus.asList()) {
                all.items().add(it);
                table.add(
                        it.get("id").asString(),
                        it.get("class").asString().toUpperCase(Locale.ROOT),
                        it.get("description").asString(),
                        it.get("status").asString().toUpperCase(Locale.ROOT),
                        it.get("may_cancel").asBoolean() ? "YES" : "NO",
                        Format.date(it.get("created_at").asString(), zone));
            }
        }
        if (format.equals("yaml")) {
            all.items().replaceAll(OperationCommands::withMetadata);
        }
        context.output().print(table.render(format, all));
        return 0;
    }

    /// In YAML an operation without metadata has an empty map.
    private static Json withMetadata(Json operation) {
        return operation instanceof Json.Obj object && object.get("metadata").isNull()
                ? object.put("metadata", Json.object())
                : operation;
    }
}
