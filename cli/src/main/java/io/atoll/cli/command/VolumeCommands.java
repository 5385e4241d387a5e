package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import io.atoll.client.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `storage volume`: volumes of a pool. A name may carry its type, `container/c1`; without one it
/// is a custom volume.
final class VolumeCommands {
    /// What the type of a snapshot ends with.
    private static final String SNAPSHOT_OF_TYPE = " (snapshot)";

    private static final List<String> EDITABLE = List.of("config", "description");
    private static final List<String> TYPES =
            List.of("custom", "container", "image", "virtual-machine");

    private VolumeCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "volume",
                "Manage storage volumes",
                List.of(
                        "attach",
                        "attach-profile",
                        "copy",
                        "create",
                        "delete",
                        "detach",
                        "detach-profile",
                        "edit",
                        "export",
                        "get",
                        "import",
                        "info",
                        "list",
                        "move",
                        "rename",
                        "restore",
                        "set",
                        "show",
                        "snapshot",
                        "unset"),
                VolumeCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        String volume = "[<remote>:]<pool> <volume>";
        return switch (name) {
            case "attach" ->
                    spec(
                            "attach",
                            volume + " <instance> [<device name>] [<path>]",
                            "Attach a volume to an instance",
                            3,
                            5,
                            context ->
                                    attach(
                                            context,
                                            context.client(context.refAt(0)).instances().records(),
                                            ConfigCommands.EDITABLE));
            case "attach-profile" ->
                    spec(
                            "attach-profile",
                            volume + " <profile> [<device name>] [<path>]",
                            "Attach a volume to a profile",
                            3,
                            5,
                            context ->
                                    attach(
                                            context,
                                            context.client(context.refAt(0)).profiles(),
                                            ProfileCommands.EDITABLE));
            case "copy", "cp", "move", "mv", "export", "import" -> VolumeTransfer.make(name);
            case "create" ->
                    spec(
                            "create",
                            volume + " [key=value...]",
                            "Create a custom volume",
                            2,
                            CommandSpec.ANY,
                            VolumeCommands::create);
            case "delete", "rm" ->
                    spec(
                            "delete",
                            volume + "[/<snapshot>]",
                            "Delete a volume",
                            2,
                            2,
                            VolumeCommands::delete);
            case "detach" ->
                    spec(
                            "detach",
                            volume + " <instance> [<device name>]",
                            "Detach a volume from an instance",
                            3,
                            4,
                            context ->
                                    detach(
                                            context,
                                            context.client(context.refAt(0)).instances().records(),
                                            ConfigCommands.EDITABLE));
            case "detach-profile" ->
                    spec(
                            "detach-profile",
                            volume + " <profile> [<device name>]",
                            "Detach a volume from a profile",
                            3,
                            4,
                            context ->
                                    detach(
                                            context,
                                            context.client(context.refAt(0)).profiles(),
                                            ProfileCommands.EDITABLE));
            case "edit" ->
                    spec("edit", volume, "Change a volume as YAML", 2, 2, VolumeCommands::edit);
            case "get" ->
                    spec(
                            "get",
                            volume + " <key>",
                            "Print a configuration key",
                            3,
                            3,
                            VolumeCommands::get);
            case "info" ->
                    spec("info", volume, "Show how full a volume is", 2, 2, VolumeCommands::info);
            case "list", "ls" ->
                    spec(
                            "list",
                            "[<remote>:]<pool> [<filter>...]",
                            "List volumes",
                            1,
                            CommandSpec.ANY,
                            VolumeCommands::list);
            case "rename" ->
                    spec(
                            "rename",
                            volume + "[/<snapshot>] <new name>[/<new snapshot>]",
                            "Rename a volume",
                            3,
                            3,
                            VolumeCommands::rename);
            case "restore" ->
                    spec(
                            "restore",
                            volume + " <snapshot>",
                            "Restore a snapshot",
                            3,
                            3,
                            VolumeCommands::restore);
            case "set" ->
                    spec(
                            "set",
                            volume + " <key>=<value>...",
                            "Set configuration keys",
                            3,
                            CommandSpec.ANY,
                            context -> set(context, Pairs.fromSet(context, 2)));
            case "show" ->
                    spec(
                            "show",
                            volume + "[/<snapshot>]",
                            "Show a volume as YAML",
                            2,
                            2,
                            VolumeCommands::show);
            case "snapshot" ->
                    spec(
                            "snapshot",
                            volume + " [<snapshot>]",
                            "Snapshot a volume",
                            2,
                            3,
                            VolumeCommands::snapshot);
            case "unset" ->
                    spec(
                            "unset",
                            volume + " <key>",
                            "Remove a configuration key",
                            3,
                            3,
                            context -> set(context, Json.object().put(context.args().at(2), "")));
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> spec(
            String name, String usage, String about, int min, int max, CommandSpec.Code code) {
        CommandSpec spec = CommandSpec.of(name, usage + " [flags]", about).args(min, max).run(code);
        switch (name) {
            case "list" ->
                    spec.alias("ls")
                            .format()
                            .value(
                                    'c',
                                    "columns",
                                    "etndcu",
                                    "Columns (default \"etndcu\"): c content type, d description, e project, "
                                            + "L location, n name, t type, u used by")
                            .flag("all-projects", "Show the volumes of all projects");
            case "delete" -> spec.alias("rm");
            case "create" ->
                    spec.value(
                            '\0',
                            "type",
                            "filesystem",
                            "Content type: filesystem or block (default \"filesystem\")");
            case "snapshot" ->
                    spec.flag("no-expiry", "Keep it for ever")
                            .flag("reuse", "Replace a snapshot of that name");
            default -> {}
        }
        return Optional.of(spec.value("target", "Cluster member"));
    }

    /// A volume as named on the command line.
    private record Volume(Ref pool, String type, String name) {
        static Volume of(Context context) {
            Ref pool = context.refAt(0);
            String text = context.args().at(1);
            int slash = text.indexOf('/');
            if (slash > 0 && TYPES.contains(text.substring(0, slash))) {
                return new Volume(pool, text.substring(0, slash), text.substring(slash + 1));
            }
            return new Volume(pool, "custom", text);
        }

        Records records(Context context) {
            return context.client(pool).storageVolumes(pool.name(), type);
        }

        String parent() {
            int slash = name.indexOf('/');
            return slash < 0 ? name : name.substring(0, slash);
        }

        String snapshot() {
            int slash = name.indexOf('/');
            return slash < 0 ? "" : name.substring(slash + 1);
        }

        /// Where the volume or its snapshot is.
        String path(Context context) {
            AtollClient client = context.client(pool);
            Target target =
                    snapshot().isEmpty()
                            ? Target.of("storage-pools", pool.name(), "volumes", type, name)
                            : Target.of(
                                    "storage-pools",
                                    pool.name(),
                                    "volumes",
                                    type,
                                    parent(),
                                    "snapshots",
                                    snapshot());
            return client.scope(target).toString();
        }
    }

    private static int create(Context context) {
        Volume volume = Volume.of(context);
        Json.Obj body =
                Json.object()
                        .put("name", volume.name())
                        .put("type", volume.type())
                        .put("content_type", context.args().value("type"))
                        .put("config", Pairs.from(context.args().positional(), 2));
        context.await(volume.records(context).create(body));
        RecordCommands.say(context, "Storage volume " + volume.name() + " created");
        return 0;
    }

    private static int delete(Context context) {
        Volume volume = Volume.of(context);
        AtollClient client = context.client(volume.pool());
        context.await(client.handle(client.rest().call("DELETE", volume.path(context), null, "")));
        RecordCommands.say(context, "Storage volume " + volume.name() + " deleted");
        return 0;
    }

    private static Entity load(Context context, Volume volume) {
        var answer =
                context.client(volume.pool()).rest().call("GET", volume.path(context), null, "");
        return new Entity(answer.metadata(), answer.etag());
    }

    private static int show(Context context) {
        context.output().print(Yaml.render(load(context, Volume.of(context)).value()));
        return 0;
    }

    private static int get(Context context) {
        Json config = load(context, Volume.of(context)).value().get("config");
        RecordCommands.printValue(context, config.get(context.args().at(2)), false);
        return 0;
    }

    private static int set(Context context, Json.Obj changes) {
        Volume volume = Volume.of(context);
        Entity now = load(context, volume);
        Json.Obj body = RecordCommands.pick(now.value(), EDITABLE);
        RecordCommands.applyTo(RecordCommands.configOf(body), changes);
        context.await(volume.records(context).replace(volume.name(), body, now.etag()));
        return 0;
    }

    private static int edit(Context context) throws IOException {
        Volume volume = Volume.of(context);
        Entity now = load(context, volume);
        Editor.edit(
                context,
                RecordCommands.comment("volume", EDITABLE) + Yaml.render(now.value()),
                text ->
                        context.await(
                                volume.records(context)
                                        .replace(
                                                volume.name(),
                                                RecordCommands.normalised(
                                                        RecordCommands.pick(
                                                                Yaml.parseMap(text), EDITABLE)),
                                                now.etag())));
        return 0;
    }

    private static int rename(Context context) {
        Volume volume = Volume.of(context);
        String newName = context.args().at(2);
        String bare = newName;
        if (!volume.snapshot().isEmpty()) {
            String parent = volume.parent() + "/";
            if (newName.contains("/") && !newName.startsWith(parent)) {
                throw new CliException(
                        "Invalid new snapshot name, parent must be the same as source");
            }
            bare = newName.contains("/") ? newName.substring(parent.length()) : newName;
        }
        AtollClient client = context.client(volume.pool());
        context.await(
                client.handle(
                        client.rest()
                                .call(
                                        "POST",
                                        volume.path(context),
                                        Json.object().put("name", bare),
                                        "")));
        RecordCommands.say(
                context,
                "Renamed storage volume from \"" + volume.name() + "\" to \"" + bare + "\"");
        return 0;
    }

    private static int snapshot(Context context) {
        Volume volume = Volume.of(context);
        AtollClient client = context.client(volume.pool());
        Target target =
                Target.of(
                        "storage-pools",
                        volume.pool().name(),
                        "volumes",
                        volume.type(),
                        volume.name(),
                        "snapshots");
        String name = context.args().at(2);
        if (context.args().flag("reuse") && !name.isEmpty()) {
            deleteIfExists(
                    context, new Volume(volume.pool(), volume.type(), volume.name() + "/" + name));
        }
        Json.Obj body = Json.object().put("name", name);
        if (context.args().flag("no-expiry")) {
            body.put("expires_at", "0001-01-01T00:00:00Z");
        }
        context.await(
                client.handle(
                        client.rest().call("POST", client.scope(target).toString(), body, "")));
        return 0;
    }

    private static void deleteIfExists(Context context, Volume snapshot) {
        AtollClient client = context.client(snapshot.pool());
        try {
            context.await(
                    client.handle(client.rest().call("DELETE", snapshot.path(context), null, "")));
        } catch (io.atoll.base.NotFoundException _) {
            // The name is free already.
        }
    }

    private static int restore(Context context) {
        Volume volume = Volume.of(context);
        Entity now = load(context, volume);
        Json.Obj body =
                RecordCommands.pick(now.value(), EDITABLE).put("restore", context.args().at(2));
        context.await(volume.records(context).replace(volume.name(), body, now.etag()));
        return 0;
    }

    private static int info(Context context) {
        Volume volume = Volume.of(context);
        AtollClient client = context.client(volume.pool());
        Json it = load(context, volume).value();
        Target target =
                Target.of(
                        "storage-pools",
                        volume.pool().name(),
                        "volumes",
                        volume.type(),
                        volume.name(),
                        "state");
        Json usage = client.rest().get(client.scope(target).toString()).get("usage");
        StringBuilder out = new StringBuilder();
        out.append("Name: ").append(it.get("name").asString()).append('\n');
        if (!it.get("description").asString().isEmpty()) {
            out.append("Description: ").append(it.get("description").asString()).append('\n');
        }
        out.append("Type: ").append(it.get("type").asString()).append('\n');
        out.append("Content type: ").append(it.get("content_type").asString()).append('\n');
        if (usage.get("used").asLong() > 0) {
            out.append("Usage: ").append(Format.bytes(usage.get("used").asLong())).append('\n');
        }
        if (usage.get("total").asLong() > 0) {
            out.append("Total: ").append(Format.bytes(usage.get("total").asLong())).append('\n');
        }
        context.output().print(out.toString());
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        Ref pool = context.refAt(0);
        AtollClient client = context.client(pool);
        boolean allProjects = context.args().flag("all-projects");
        Target target = Target.of("storage-pools", pool.name(), "volumes").query("recursion", "1");
        target = allProjects ? target.query("all-projects", "true") : client.scope(target);
        List<Json> all = new ArrayList<>();
        List<String> filters = context.args().positional().subList(1, context.args().count());
        for (Json it : client.rest().get(target.toString()).asList()) {
            if (fits(it, filters)) {
                all.add(it);
            }
        }
        String columns = context.args().value("columns");
        if (!allProjects && !context.args().has("columns")) {
            columns = columns.replace("e", "");
        }
        List<String> header = new ArrayList<>();
        for (char column : columns.replace(",", "").toCharArray()) {
            header.add(title(column, columns));
        }
        Table table = new Table(header);
        for (Json it : all) {
            List<String> row = new ArrayList<>();
            for (char column : columns.replace(",", "").toCharArray()) {
                row.add(cell(it, column));
            }
            table.add(row);
        }
        // Snapshots follow their volume.
        Table sorted = table.sort(cell -> cell.replace(SNAPSHOT_OF_TYPE, ""));
        context.output().print(sorted.render(format, Json.array(all)));
        return 0;
    }

    private static boolean fits(Json volume, List<String> filters) {
        for (String filter : filters) {
            int equals = filter.indexOf('=');
            boolean fits =
                    equals < 0
                            ? volume.get("name").asString().startsWith(filter)
                            : volume.get(filter.substring(0, equals))
                                    .asString()
                                    .equals(filter.substring(equals + 1));
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    private static String title(char column, String columns) {
        return switch (column) {
            case 'c' -> "CONTENT-TYPE";
            case 'd' -> "DESCRIPTION";
            case 'e' -> "PROJECT";
            case 'L' -> "LOCATION";
            case 'n' -> "NAME";
            case 't' -> "TYPE";
            case 'u' -> "USED BY";
            default -> throw InstanceColumns.unknown(column, columns);
        };
    }

    private static String cell(Json it, char column) {
        return switch (column) {
            case 'c' -> it.get("content_type").asString();
            case 'd' -> it.get("description").asString();
            case 'e' -> it.get("project").asString();
            case 'L' -> it.get("location").asString();
            case 't' ->
                    it.get("type").asString()
                            + (it.get("name").asString().contains("/") ? SNAPSHOT_OF_TYPE : "");
            case 'u' -> String.valueOf(it.get("used_by").asList().size());
            default -> it.get("name").asString();
        };
    }

    private static int attach(Context context, Records owners, List<String> editable) {
        Volume volume = Volume.of(context);
        String owner = context.args().at(2);
        // The last word may be a path alone, or follow a device name.
        boolean onlyPath = context.args().count() == 4 && context.args().at(3).startsWith("/");
        String device =
                context.args().count() > 3 && !onlyPath ? context.args().at(3) : volume.name();
        String path = onlyPath ? context.args().at(3) : context.args().at(4);
        if (path.isEmpty()) {
            throw new CliException(
                    "a path inside the instance is missing",
                    "storage volume attach POOL VOLUME INSTANCE [DEVICE] PATH");
        }
        Entity now = owners.get(owner);
        Json.Obj body = RecordCommands.pick(now.value(), editable);
        Json.Obj devices = RecordCommands.mapOf(body, "devices");
        if (devices.members().containsKey(device)) {
            throw new CliException("The device already exists");
        }
        devices.put(
                device,
                Json.object()
                        .put("type", "disk")
                        .put("pool", volume.pool().name())
                        .put("source", volume.name())
                        .put("path", path));
        context.await(owners.replace(owner, body, now.etag()));
        return 0;
    }

    private static int detach(Context context, Records owners, List<String> editable) {
        Volume volume = Volume.of(context);
        String owner = context.args().at(2);
        Entity now = owners.get(owner);
        Json.Obj body = RecordCommands.pick(now.value(), editable);
        Json.Obj devices = RecordCommands.mapOf(body, "devices");
        String device = context.args().at(3);
        if (device.isEmpty()) {
            for (var entry : devices.members().entrySet()) {
                if (entry.getValue().get("source").asString().equals(volume.name())
                        && entry.getValue().get("pool").asString().equals(volume.pool().name())) {
                    device = entry.getKey();
                }
            }
        }
        if (device.isEmpty() || devices.members().remove(device) == null) {
            throw new CliException("No device found for this storage volume");
        }
        context.await(owners.replace(owner, body, now.etag()));
        return 0;
    }
}
