package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// `export` and `import` of instances, and the way in which backups of anything become files of the
/// user.
final class BackupTransfer {
    /// How long a server keeps the backup of an export that was cut off.
    private static final Duration KEPT = Duration.ofHours(24);

    private BackupTransfer() {}

    static CommandSpec exportCommand() {
        return exportFlags(
                        CommandSpec.of(
                                        "export",
                                        "[<remote>:]<instance> [target] [flags]",
                                        "Export an instance as a backup file")
                                .args(1, 2)
                                .flag("instance-only", "Leave the snapshots behind"))
                .example("PROGRAM export web web.tar.gz")
                .run(context -> {
                    Ref ref = context.refAt(0);
                    if (ref.hasChild()) {
                        throw new CliException(
                                "Snapshots cannot be exported alone",
                                "make an instance of it first: copy " + ref.name() + " NAME");
                    }
                    return export(
                            context,
                            context.client(ref),
                            List.of("instances", ref.name(), "backups"),
                            "instance_only",
                            context.args().at(1));
                });
    }

    static CommandSpec importCommand() {
        return CommandSpec.of(
                        "import",
                        "[<remote>:] <backup file> [<instance name>] [flags]",
                        "Make an instance of a backup file, with its snapshots")
                .args(1, 3)
                .value('s', "storage", "", "Storage pool of its root disk")
                .example("PROGRAM import web.tar.gz", "PROGRAM import web.tar.gz web2 -s fast")
                .run(BackupTransfer::importInstance);
    }

    private static int importInstance(Context context) throws IOException {
        boolean namesRemote = context.args().at(0).endsWith(":");
        int first = namesRemote ? 1 : 0;
        if (context.args().count() == first || context.args().count() > first + 2) {
            throw new CliException("one backup file, and perhaps a name, are needed");
        }
        AtollClient client = context.client(context.ref(namesRemote ? context.args().at(0) : ""));
        HttpRequest request =
                new HttpRequest("POST", client.scope(Target.of("instances")).toString());
        if (!context.args().value("storage").isEmpty()) {
            request.header("X-LXD-pool", context.args().value("storage"));
        }
        return importFile(
                context,
                client,
                request,
                context.args().at(first),
                context.args().at(first + 1),
                "Importing instance");
    }

    /// Adds the flags that all exports have.
    static CommandSpec exportFlags(CommandSpec spec) {
        return spec.value("compression", "Compression algorithm: gzip, zstd, …, or none")
                .flag("optimized-storage", "Use the storage driver's own format");
    }

    /// Has a backup made, fetches it and has it removed again.
    ///
    /// @param backups the path of the list of backups
    /// @param aloneMember the request's member that leaves the snapshots behind, named after a flag
    /// @param file empty for `backup.tar.gz`, `-` for standard output
    static int export(
            Context context,
            AtollClient client,
            List<String> backups,
            String aloneMember,
            String file)
            throws IOException {
        boolean isPiped = file.equals("-");
        Path target = context.invocation().path(file.isEmpty() ? "backup.tar.gz" : file);
        Path folder = target.toAbsolutePath().getParent();
        if (!isPiped
                && (folder == null || !Files.isDirectory(folder) || Files.isDirectory(target))) {
            throw new CliException("cannot write " + target + ": it needs the name of a file");
        }
        Json.Obj body =
                Json.object()
                        .put("name", "")
                        .put("expires_at", Instant.now().plus(KEPT).toString())
                        .put(aloneMember, context.args().flag(aloneMember.replace('_', '-')))
                        .put("optimized_storage", context.args().flag("optimized-storage"))
                        .put("compression_algorithm", context.args().value("compression"));
        Operation done =
                context.await(
                        client.handle(client.rest().call("POST", path(client, backups), body, "")),
                        "Backing up");
        String name = nameOf(done);
        try {
            noteForm(context, client, backups, name);
            String from = path(client, backups, name, "export");
            if (isPiped) {
                try (HttpReply reply = client.rest().raw(new HttpRequest("GET", from))) {
                    long _ = reply.body().transferTo(context.invocation().out());
                }
            } else {
                download(context, client, from, target);
            }
        } finally {
            Operation _ =
                    context.await(
                            client.handle(
                                    client.rest()
                                            .call(
                                                    "DELETE",
                                                    path(client, backups, name),
                                                    null,
                                                    "")));
        }
        if (!isPiped) {
            RecordCommands.say(context, "Backup exported successfully!");
        }
        return 0;
    }

    /// Not every pool has a form of its own.
    private static void noteForm(
            Context context, AtollClient client, List<String> backups, String name)
            throws IOException {
        if (!context.args().flag("optimized-storage") || context.isQuiet()) {
            return;
        }
        Json backup = client.rest().call("GET", path(client, backups, name), null, "").metadata();
        if (!backup.get("optimized_storage").asBoolean()) {
            context.output()
                    .status(
                            "The pool's driver has no format of its own: the backup is a plain one");
        }
    }

    private static String path(AtollClient client, List<String> backups, String... below) {
        List<String> all = new ArrayList<>(backups);
        all.addAll(List.of(below));
        return client.scope(Target.of(all.toArray(String[]::new))).toString();
    }

    private static String nameOf(Operation done) {
        String url =
                done.value().get("resources").get("backups").asStrings().stream()
                        .findFirst()
                        .orElseThrow(() -> new CliException("the server did not name the backup"));
        int query = url.indexOf('?');
        String path = query < 0 ? url : url.substring(0, query);
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// The file is there whole or as it was before.
    private static void download(Context context, AtollClient client, String path, Path target)
            throws IOException {
        Path part =
                target.resolveSibling(
                        "." + target.getFileName() + "." + System.nanoTime() + ".part");
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", path))) {
            long bytes;
            try (OutputStream out = Files.newOutputStream(part, StandardOpenOption.CREATE_NEW)) {
                bytes = reply.body().transferTo(out);
            }
            Path _ = Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
            if (!context.isQuiet()) {
                context.output().status("Exported " + Format.decimalBytes(bytes));
            }
        } finally {
            boolean _ = Files.deleteIfExists(part);
        }
    }

    /// Sends a backup file.
    ///
    /// @param word the file, or `-` for standard input
    /// @param request gets the file as its body
    /// @param name empty for the one in the backup
    static int importFile(
            Context context,
            AtollClient client,
            HttpRequest request,
            String word,
            String name,
            String what)
            throws IOException {
        if (!name.isEmpty()) {
            request.header("X-LXD-name", name);
        }
        request.header("Content-Type", "application/octet-stream");
        if (word.equals("-")) {
            request.body(context.invocation().in(), -1);
            Operation _ = context.await(client.handle(client.rest().call(request)), what);
            return 0;
        }
        Path file = context.invocation().path(word);
        if (!Files.isRegularFile(file)) {
            throw new CliException("cannot read " + word + ": no such file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            request.body(ImageTransfer.counted(context, in, Files.size(file)), Files.size(file));
            Operation _ = context.await(client.handle(client.rest().call(request)), what);
        }
        return 0;
    }
}
