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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// `storage`: pools. Their volumes are in [VolumeCommands].
final class StorageCommands {
    private static final List<String> EDITABLE = List.of("config", "description");

    private static final RecordCommands RECORDS =
            new RecordCommands(
                    "Storage pool", "[<remote>:]<pool>", AtollClient::storagePools, EDITABLE);

    private StorageCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "storage",
                "Manage storage pools and volumes",
                List.of(
                        "create", "delete", "edit", "get", "info", "list", "set", "show", "unset",
                        "volume"),
                StorageCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "create" ->
                    Optional.of(
                            CommandSpec.of(
                                            "create",
                                            "[<remote>:]<pool> <driver> [key=value...] [flags]",
                                            "Create a storage pool")
                                    .args(2, CommandSpec.ANY)
                                    .value("target", "Cluster member")
                                    .run(StorageCommands::create));
            case "info" ->
                    Optional.of(
                            CommandSpec.of(
                                            "info",
                                            "[<remote>:]<pool> [flags]",
                                            "Show how full a storage pool is and who uses it")
                                    .args(1, 1)
                                    .flag("bytes", "Show sizes in bytes")
                                    .value("target", "Cluster member")
                                    .run(StorageCommands::info));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List storage pools")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(StorageCommands::list));
            case "show" ->
                    Optional.of(
                            CommandSpec.of(
                                            "show",
                                            "[<remote>:]<pool> [flags]",
                                            "Show a storage pool as YAML")
                                    .args(1, 1)
                                    .flag("resources", "Show its space and inodes instead")
                                    .value("target", "Cluster member")
                                    .run(StorageCommands::show));
            case "volume" -> Optional.of(VolumeCommands.group());
            case "rename", "mv" -> Optional.empty();
            default -> RECORDS.make(name);
        };
    }

    private static int create(Context context) {
        Ref ref = context.refAt(0);
        Json.Obj body =
                Json.object()
                        .put("name", ref.name())
                        .put("driver", context.args().at(1))
                        .put("config", Pairs.from(context.args().positional(), 2));
        context.await(context.client(ref).storagePools().create(body));
        RecordCommands.say(context, "Storage pool " + ref.name() + " created");
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        List<Json> all = context.client(context.refAt(0)).storagePools().list();
        Table table = new Table("NAME", "DRIVER", "SOURCE", "DESCRIPTION", "USED BY", "STATE");
        for (Json it : all) {
            table.add(
                    it.get("name").asString(),
                    it.get("driver").asString(),
                    it.get("config").get("source").asString(),
                    it.get("description").asString(),
                    String.valueOf(it.get("used_by").asList().size()),
                    it.get("status").asString().toUpperCase(Locale.ROOT));
        }
        context.output().print(table.sort().render(format, Json.array(all)));
        return 0;
    }

    private static Json resources(Context context, Ref ref) {
        AtollClient client = context.client(ref);
        return client.rest()
                .get(client.scope(Target.of("storage-pools", ref.name(), "resources")).toString());
    }

    private static int show(Context context) {
        Ref ref = context.refAt(0);
        Json shown =
                context.args().flag("resources")
                        ? resources(context, ref)
                        : context.client(ref).storagePools().get(ref.name()).value();
        context.output().print(Yaml.render(shown));
        return 0;
    }

    private static int info(Context context) {
        Ref ref = context.refAt(0);
        Json pool = context.client(ref).storagePools().get(ref.name()).value();
        Json space = resources(context, ref).get("space");
        Json.Obj info =
                Json.object()
                        .put("description", pool.get("description").asString())
                        .put("driver", pool.get("driver").asString())
                        .put("name", pool.get("name").asString())
                        .put("space used", size(context, space.get("used").asLong()))
                        .put("total space", size(context, space.get("total").asLong()));
        Json.Obj users = Json.object();
        for (Map.Entry<String, List<String>> entry : users(pool).entrySet()) {
            users.put(entry.getKey(), entry.getValue());
        }
        context.output().print(Yaml.render(Json.object().put("info", info).put("used by", users)));
        return 0;
    }

    private static String size(Context context, long bytes) {
        return context.args().flag("bytes") ? String.valueOf(bytes) : Format.bytes(bytes);
    }

    /// The names of what uses a pool, by kind.
    private static Map<String, List<String>> users(Json pool) {
        Map<String, List<String>> users = new TreeMap<>();
        for (String path : pool.get("used_by").asStrings()) {
            int query = path.indexOf('?');
            String[] parts = (query < 0 ? path : path.substring(0, query)).split("/");
            if (parts.length >= 4) {
                String kind = parts[2].equals("storage-pools") ? "volumes" : parts[2];
                users.computeIfAbsent(kind, _ -> new ArrayList<>()).add(parts[parts.length - 1]);
            }
        }
        return users;
    }
}
