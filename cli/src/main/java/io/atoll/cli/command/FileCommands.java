package io.atoll.cli.command;

import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// `file`: files inside instances. The transfer itself is in [FileTransfer].
final class FileCommands {
    private FileCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "file",
                "Manage files in instances",
                List.of("delete", "edit", "mount", "pull", "push", "sftp"),
                FileCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        String path = "[<remote>:]<instance>/<path>";
        return switch (name) {
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of(
                                            "delete",
                                            path + " [" + path + "...] [flags]",
                                            "Delete files")
                                    .alias("rm")
                                    .args(1, CommandSpec.ANY)
                                    .run(FileCommands::delete));
            case "edit" ->
                    Optional.of(
                            CommandSpec.of("edit", path + " [flags]", "Edit a file")
                                    .args(1, 1)
                                    .run(FileCommands::edit));
            case "mount" ->
                    Optional.of(
                            CommandSpec.of(
                                            "mount",
                                            "[<remote>:]<instance>[/<path>] [<target path>] [flags]",
                                            "Show an instance's files in a directory here")
                                    .detail(
                                            "Needs sshfs. Ends with ctrl-c, or with the instance.",
                                            "Without a target path other programs reach the files by SFTP over SSH.")
                                    .example(
                                            "PROGRAM file mount web/srv /mnt",
                                            "PROGRAM file mount web --listen 127.0.0.1:2222")
                                    .args(1, 2)
                                    .value("auth-user", "User name for SSH (default: random)")
                                    .value(
                                            "listen",
                                            "Listen for SSH on ADDRESS:PORT (default: a free port of 127.0.0.1)")
                                    .flag("no-auth", "Let everybody in who reaches the address")
                                    .run(MountCommand::mount));
            case "sftp" ->
                    Optional.of(
                            CommandSpec.of(
                                            "sftp",
                                            "[<remote>:]<instance> [flags]",
                                            "Speak SFTP with an instance on stdin and stdout")
                                    .example("sftp -D 'PROGRAM file sftp web' web")
                                    .args(1, 1)
                                    .run(MountCommand::sftp));
            case "pull" ->
                    Optional.of(
                            CommandSpec.of(
                                            "pull",
                                            path + " [" + path + "...] <target path> [flags]",
                                            "Copy files out of instances")
                                    .example(
                                            "PROGRAM file pull web/etc/hosts .",
                                            "PROGRAM file pull web/etc/hosts -")
                                    .args(2, CommandSpec.ANY)
                                    .flag(
                                            'p',
                                            "create-dirs",
                                            "Create the directories above the target")
                                    .flag('r', "recursive", "Copy directories with all below them")
                                    .run(FileCommands::pull));
            case "push" ->
                    Optional.of(
                            CommandSpec.of(
                                            "push",
                                            "<source path>... " + path + " [flags]",
                                            "Copy files into instances")
                                    .example(
                                            "PROGRAM file push /etc/hosts web/etc/hosts",
                                            "echo hello | PROGRAM file push - web/root/hello")
                                    .args(2, CommandSpec.ANY)
                                    .flag(
                                            'p',
                                            "create-dirs",
                                            "Create the directories above the target")
                                    .value(
                                            '\0',
                                            "gid",
                                            "-1",
                                            "Group of the new files (default: as here)")
                                    .value(
                                            "mode",
                                            "Permissions of the new files, like 0644 (default: as here)")
                                    .flag('r', "recursive", "Copy directories with all below them")
                                    .value(
                                            '\0',
                                            "uid",
                                            "-1",
                                            "Owner of the new files (default: as here)")
                                    .run(FileCommands::push));
            default -> Optional.empty();
        };
    }

    /// A path inside an instance.
    record Place(Ref instance, String path) {
        static Place parse(Context context, String text) {
            Ref ref = context.ref(text);
            int slash = ref.name().indexOf('/');
            if (slash <= 0) {
                throw new CliException(
                        "Invalid path " + text, "paths are INSTANCE/PATH, like web/etc/hosts");
            }
            return new Place(
                    new Ref(ref.remote(), ref.name().substring(0, slash)),
                    ref.name().substring(slash));
        }

        boolean endsWithSlash() {
            return path.endsWith("/");
        }
    }

    static FileTransfer transfer(Context context, Place place) {
        AtollClient client = context.client(place.instance());
        return new FileTransfer(client, place.instance().name());
    }

    private static int delete(Context context) {
        for (String text : context.args().positional()) {
            Place place = Place.parse(context, text);
            transfer(context, place).delete(place.path());
        }
        return 0;
    }

    private static int edit(Context context) throws IOException {
        Place place = Place.parse(context, context.args().at(0));
        FileTransfer transfer = transfer(context, place);
        String name = place.path().substring(place.path().lastIndexOf('/') + 1);
        Path directory = Files.createTempDirectory("atoll_file_");
        Path copy = directory.resolve(name.isEmpty() ? "file" : name);
        try {
            FileTransfer.Attributes there = FileTransfer.Attributes.UNCHANGED;
            try (HttpReply reply = transfer.open(place.path())) {
                if (!FileTransfer.typeOf(reply).equals("file")) {
                    throw new CliException(place.path() + " is no regular file");
                }
                Files.copy(reply.body(), copy);
            } catch (NotFoundException _) {
                Files.createFile(copy);
                there = new FileTransfer.Attributes(0, 0, "0644");
            }
            if (context.invocation().host().isTerminal(0)) {
                Editor.open(context, copy);
            } else {
                Files.write(copy, context.invocation().in().readAllBytes());
            }
            transfer.push(copy, place.path(), there);
        } finally {
            Files.deleteIfExists(copy);
            Files.deleteIfExists(directory);
        }
        return 0;
    }

    private static int push(Context context) throws IOException {
        List<String> words = context.args().positional();
        Place target = Place.parse(context, words.getLast());
        List<String> sources = words.subList(0, words.size() - 1);
        FileTransfer transfer = transfer(context, target);
        boolean recursive = context.args().flag("recursive");
        boolean toDirectory = target.endsWithSlash() || isDirectory(transfer, target.path());
        if (sources.size() > 1 && !toDirectory && !recursive) {
            throw new CliException("Missing target directory");
        }
        FileTransfer.Attributes wanted =
                new FileTransfer.Attributes(
                        context.args().number("uid"), context.args().number("gid"), mode(context));
        if (context.args().flag("create-dirs")) {
            String parent =
                    toDirectory || recursive ? target.path() : FileTransfer.parent(target.path());
            transfer.createDirectories(parent);
            toDirectory |= recursive;
        }
        for (String source : sources) {
            if (source.equals("-")) {
                transfer.push(
                        context.invocation().in(), target.path(), wanted.orElse(0, 0, "0644"));
                continue;
            }
            Path path = context.invocation().path(source).normalize();
            if (!Files.exists(path)) {
                throw new CliException("cannot read " + source + ": no such file or directory");
            }
            if (Files.isDirectory(path) && !recursive) {
                throw new CliException(
                        "cannot push the directory " + source + " without --recursive");
            }
            String name = String.valueOf(path.getFileName());
            String there =
                    toDirectory || recursive
                            ? FileTransfer.join(target.path(), name)
                            : target.path();
            if (recursive && Files.isDirectory(path)) {
                transfer.pushTree(path, there, wanted);
            } else {
                transfer.push(path, there, wanted);
            }
        }
        return 0;
    }

    private static String mode(Context context) {
        String mode = context.args().value("mode");
        if (mode.isEmpty()) {
            return "";
        }
        try {
            int value = Integer.parseInt(mode, 8);
            if (value >= 0 && value <= 07777) {
                return FileTransfer.octal(value);
            }
        } catch (NumberFormatException _) {
            // The message is the same as for a number out of range.
        }
        throw new CliException("invalid mode \"" + mode + "\": use octal digits up to 7777");
    }

    private static boolean isDirectory(FileTransfer transfer, String path) {
        try {
            return transfer.isDirectory(path);
        } catch (NotFoundException | UnsupportedException _) {
            return false;
        }
    }

    private static int pull(Context context) throws IOException {
        List<String> words = context.args().positional();
        String last = words.getLast();
        List<String> sources = words.subList(0, words.size() - 1);
        if (last.equals("-")) {
            for (String source : sources) {
                Place place = Place.parse(context, source);
                transfer(context, place).pull(place.path(), context.invocation().out());
            }
            return 0;
        }
        Path target = context.invocation().path(last);
        boolean recursive = context.args().flag("recursive");
        boolean isNew = !Files.exists(target);
        boolean toDirectory =
                last.endsWith("/")
                        || Files.isDirectory(target)
                        || recursive
                        || isNew && sources.size() > 1;
        if (toDirectory && isNew) {
            Files.createDirectories(target);
        }
        if (context.args().flag("create-dirs")) {
            Files.createDirectories(toDirectory ? target : target.toAbsolutePath().getParent());
        }
        if (sources.size() > 1 && !Files.isDirectory(target)) {
            throw new CliException("More than one file to download, but target is not a directory");
        }
        for (String source : sources) {
            Place place = Place.parse(context, source);
            String name = FileTransfer.name(place.path());
            Path here = toDirectory && !name.isEmpty() ? target.resolve(name) : target;
            transfer(context, place).pull(place.path(), here, recursive);
        }
        return 0;
    }
}
