package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// `storage volume copy`, `move`, `export` and `import`: custom volumes as a whole.
final class VolumeTransfer {
    /// How long a server keeps the backup of an export that was cut off.
    private static final Duration KEPT = Duration.ofHours(24);

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
                            CommandSpec.of(
                                            "export",
                                            "[<remote>:]<pool> <volume> [<path>] [flags]",
                                            "Export a custom storage volume")
                                    .args(2, 3)
                                    .value("compression", "Compression algorithm, or none")
                                    .flag("optimized-storage", "Use the driver's own format")
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

    private static void requireOneServer(Place from, Place to) {
        if (!from.server().remote().equals(to.server().remote())) {
            throw new CliException("volumes cannot be copied between servers yet");
        }
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
        requireOneServer(from, to);
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
        requireOneServer(from, to);
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
        String volume = context.args().at(1);
        AtollClient client = context.client(pool);
        String wanted = context.args().at(2);
        Path target = context.invocation().path(wanted.isEmpty() ? "backup.tar.gz" : wanted);
        if (Files.exists(target)) {
            throw new CliException("File already exists: " + target.getFileName());
        }
        Json.Obj body =
                Json.object()
                        .put("name", "")
                        .put("expires_at", Instant.now().plus(KEPT).toString())
                        .put("volume_only", context.args().flag("volume-only"))
                        .put("optimized_storage", context.args().flag("optimized-storage"))
                        .put("compression_algorithm", context.args().value("compression"));
        Target backups =
                Target.of("storage-pools", pool.name(), "volumes", "custom", volume, "backups");
        Operation done =
                context.await(
                        client.handle(
                                client.rest()
                                        .call("POST", client.scope(backups).toString(), body, "")),
                        "Backing up storage volume");
        String url =
                done.value().get("resources").get("backups").asStrings().stream()
                        .findFirst()
                        .orElseThrow(() -> new CliException("the server did not name the backup"));
        int query = url.indexOf('?');
        String path = query < 0 ? url : url.substring(0, query);
        String name = path.substring(path.lastIndexOf('/') + 1);
        Target backup =
                Target.of(
                        "storage-pools", pool.name(), "volumes", "custom", volume, "backups", name);
        Target export =
                Target.of(
                        "storage-pools",
                        pool.name(),
                        "volumes",
                        "custom",
                        volume,
                        "backups",
                        name,
                        "export");
        try {
            download(context, client, client.scope(export).toString(), target);
        } finally {
            Operation _ =
                    context.await(
                            client.handle(
                                    client.rest()
                                            .call(
                                                    "DELETE",
                                                    client.scope(backup).toString(),
                                                    null,
                                                    "")));
        }
        RecordCommands.say(context, "Backup exported successfully!");
        return 0;
    }

    /// Never over another file, and nothing half written stays.
    private static void download(Context context, AtollClient client, String path, Path target)
            throws IOException {
        boolean isComplete = false;
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", path));
                OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW)) {
            long bytes = reply.body().transferTo(out);
            isComplete = true;
            if (!context.isQuiet()) {
                context.output().status("Exported " + Format.decimalBytes(bytes));
            }
        } catch (FileAlreadyExistsException e) {
            isComplete = true;
            throw e;
        } finally {
            if (!isComplete) {
                boolean _ = Files.deleteIfExists(target);
            }
        }
    }

    private static int importBackup(Context context) throws IOException {
        Ref pool = context.refAt(0);
        AtollClient client = context.client(pool);
        Path file = context.invocation().path(context.args().at(1));
        if (!Files.isRegularFile(file)) {
            throw new CliException("cannot read " + context.args().at(1) + ": no such file");
        }
        Target target = Target.of("storage-pools", pool.name(), "volumes", "custom");
        try (InputStream in = Files.newInputStream(file)) {
            HttpRequest request =
                    new HttpRequest("POST", client.scope(target).toString())
                            .header("Content-Type", "application/octet-stream")
                            .body(
                                    ImageTransfer.counted(context, in, Files.size(file)),
                                    Files.size(file));
            if (!context.args().at(2).isEmpty()) {
                request.header("X-LXD-name", context.args().at(2));
            }
            Operation _ =
                    context.await(
                            client.handle(client.rest().call(request)), "Importing custom volume");
        }
        return 0;
    }
}
