package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpRequest;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// `storage volume copy`, `move`, `export` and `import`: custom volumes as a whole.
final class VolumeTransfer {
    private VolumeTransfer() {}

    static Optional<CommandNode> make(String name) {
        String pair = "[<remote>:]<pool>/<volume>%s [<remote>:]<pool>/<volume> [flags]";
        return switch (name) {
            case "copy", "cp" ->
                    Optional.of(
                            CommandSpec.of(
                                            "copy",
                                            pair.formatted("[/<snapshot>]"),
                                            "Copy storage volumes")
                                    .alias("cp")
                                    .args(2, 2)
                                    .value("destination-target", "Cluster member")
                                    .value('\0', "mode", "pull", "Transfer mode (default \"pull\")")
                                    .flag("refresh", "Bring an existing copy up to date")
                                    .value("target", "Cluster member")
                                    .value("target-project", "Copy to another project")
                                    .flag("volume-only", "Leave the snapshots behind")
                                    .run(VolumeTransfer::copy));
            case "move", "mv" ->
                    Optional.of(
                            CommandSpec.of(
                                            "move",
                                            pair.formatted(""),
                                            "Move storage volumes between pools")
                                    .alias("mv")
                                    .args(2, 2)
                                    .value("destination-target", "Cluster member")
                                    .value('\0', "mode", "pull", "Transfer mode (default \"pull\")")
                                    .value("target", "Cluster member")
                                    .value("target-project", "Move to another project")
                                    .run(VolumeTransfer::move));
            case "export" ->
                    Optional.of(
                            BackupTransfer.exportFlags(
                                            CommandSpec.of(
                                                            "export",
                                                            "[<remote>:]<pool> <volume> [<path>] [flags]",
                                                            "Export a custom storage volume")
                                                    .args(2, 3))
                                    .value("target", "Cluster member")
                                    .flag("volume-only", "Leave the snapshots out")
                                    .run(VolumeTransfer::export));
            case "import" ->
                    Optional.of(
                            CommandSpec.of(
                                            "import",
                                            "[<remote>:]<pool> <backup file> [<volume name>] [flags]",
                                            "Import a custom storage volume with its snapshots")
                                    .args(2, 3)
                                    .value("target", "Cluster member")
                                    .run(VolumeTransfer::importBackup));
            default -> Optional.empty();
        };
    }

    /// `POOL/VOLUME[/SNAPSHOT]` of a server.
    private record Place(Ref server, String pool, String volume) {
        static Place of(Context context, int index) {
            Ref ref = context.refAt(index);
            int slash = ref.name().indexOf('/');
            if (slash <= 0 || slash == ref.name().length() - 1) {
                throw new CliException(
                        "No storage pool for "
                                + (index == 0 ? "source" : "target")
                                + " volume specified");
            }
            return new Place(ref, ref.name().substring(0, slash), ref.name().substring(slash + 1));
        }
    }

    private static boolean isOneServer(Place from, Place to) {
        return from.server().remote().equals(to.server().remote());
    }

    /// Copies a volume to another server.
    private static void send(Context context, Place from, Place to, boolean isRefresh) {
        AtollClient source = context.client(from.server());
        AtollClient target = target(context, to);
        boolean isAlone = context.args().flag("volume-only");
        Json original = source.storageVolumes(from.pool(), "custom").get(from.volume()).value();
        Json.Obj body =
                Json.object()
                        .put("name", to.volume())
                        .put("type", "custom")
                        .put("content_type", original.get("content_type"))
                        .put("description", original.get("description"))
                        .put("config", original.get("config"));
        Json.Obj request =
                Json.object()
                        .put("name", from.volume())
                        .put("migration", true)
                        .put("volume_only", isAlone);
        new ServerTransfer(context, "Transferring storage volume")
                .run(
                        context.args().value("mode"),
                        new ServerTransfer.Side(
                                source, context.servers().remote(from.server().remote())),
                        more -> {
                            Json.Obj all = Json.object();
                            all.members().putAll(request.members());
                            all.members().putAll(more.members());
                            return source.storageVolumes(from.pool(), "custom")
                                    .post(from.volume(), all);
                        },
                        new ServerTransfer.Side(
                                target, context.servers().remote(to.server().remote())),
                        more -> {
                            Json.Obj all = Json.object();
                            all.members().putAll(body.members());
                            return target.storageVolumes(to.pool(), "custom")
                                    .create(
                                            all.put(
                                                    "source",
                                                    more.put("type", "migration")
                                                            .put("name", from.volume())
                                                            .put("pool", from.pool())
                                                            .put("volume_only", isAlone)
                                                            .put("refresh", isRefresh)));
                        });
    }

    private static AtollClient target(Context context, Place to) {
        String project = context.args().value("target-project");
        return project.isEmpty()
                ? context.client(to.server())
                : context.servers().client(to.server().remote(), project);
    }

    private static int copy(Context context) {
        Place from = Place.of(context, 0);
        Place to = Place.of(context, 1);
        if (!isOneServer(from, to)) {
            send(context, from, to, context.args().flag("refresh"));
            RecordCommands.say(context, "Storage volume copied successfully!");
            return 0;
        }
        Json.Obj source =
                Json.object()
                        .put("type", "copy")
                        .put("name", from.volume())
                        .put("pool", from.pool())
                        .put("volume_only", context.args().flag("volume-only"))
                        .put("refresh", context.args().flag("refresh"));
        String project = context.client(from.server()).project();
        if (!context.args().value("target-project").isEmpty()) {
            source.put("project", project.isEmpty() ? "default" : project);
        }
        Json.Obj body =
                Json.object().put("name", to.volume()).put("type", "custom").put("source", source);
        Operation _ =
                context.await(
                        target(context, to).storageVolumes(to.pool(), "custom").create(body),
                        "Copying the storage volume");
        RecordCommands.say(context, "Storage volume copied successfully!");
        return 0;
    }

    private static int move(Context context) {
        Place from = Place.of(context, 0);
        Place to = Place.of(context, 1);
        if (!isOneServer(from, to)) {
            send(context, from, to, false);
            Operation _ =
                    context.await(
                            context.client(from.server())
                                    .storageVolumes(from.pool(), "custom")
                                    .delete(from.volume()));
            RecordCommands.say(context, "Storage volume moved successfully!");
            return 0;
        }
        Json.Obj body = Json.object().put("name", to.volume());
        if (!from.pool().equals(to.pool())) {
            body.put("pool", to.pool());
        }
        String project = context.args().value("target-project");
        if (!project.isEmpty()) {
            body.put("project", project);
        }
        Operation _ =
                context.await(
                        context.client(from.server())
                                .storageVolumes(from.pool(), "custom")
                                .post(from.volume(), body),
                        "Moving the storage volume");
        RecordCommands.say(context, "Storage volume moved successfully!");
        return 0;
    }

    private static int export(Context context) throws IOException {
        Ref pool = context.refAt(0);
        return BackupTransfer.export(
                context,
                context.client(pool),
                List.of(
                        "storage-pools",
                        pool.name(),
                        "volumes",
                        "custom",
                        context.args().at(1),
                        "backups"),
                "volume_only",
                context.args().at(2));
    }

    private static int importBackup(Context context) throws IOException {
        Ref pool = context.refAt(0);
        AtollClient client = context.client(pool);
        Target target = Target.of("storage-pools", pool.name(), "volumes", "custom");
        return BackupTransfer.importFile(
                context,
                client,
                new HttpRequest("POST", client.scope(target).toString()),
                context.args().at(1),
                context.args().at(2),
                "Importing custom volume");
    }
}
