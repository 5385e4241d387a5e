package io.atoll.cli.command;

import io.atoll.base.Architecture;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.LineIndex;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.RemoteImage;
import io.atoll.image.remote.SimpleStreams;
import io.atoll.image.remote.StreamsImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// `lxd-images`: the program that filled image stores before `image copy` could. It works with the
/// local server. What comes from elsewhere is signed by a key that was asked for, or refused.
final class LxdImagesCommands {
    private static final String LXC = "https://images.linuxcontainers.org";
    private static final String LXC_KEY = "E7FB0CAEC8173D669066514CBAEFF88C22F6E216";
    private static final String UBUNTU = "https://cloud-images.ubuntu.com";
    private static final String UBUNTU_KEY = "D2EB44626FDDC30B513D5BB71A5D6C4C7DB87C81";

    private LxdImagesCommands() {}

    static CommandGroup root() {
        return CommandGroup.of(
                "lxd-images",
                "Fill the image store of the local server",
                List.of("import", "sync"),
                LxdImagesCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "import" ->
                    Optional.of(
                            CommandGroup.of(
                                    "import",
                                    "Import an image",
                                    List.of("busybox", "lxc", "ubuntu"),
                                    LxdImagesCommands::importer));
            case "sync" ->
                    Optional.of(
                            CommandSpec.of("sync", "[flags]", "Update what follows its server")
                                    .detail(
                                            "That is what was imported with --sync, or copied with --auto-update. The server",
                                            "does it by itself every few hours; see images.auto_update_interval.")
                                    .run(LxdImagesCommands::sync));
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> importer(String name) {
        return switch (name) {
            case "busybox" ->
                    Optional.of(
                            common("busybox", "[flags]", "A system of busybox and nothing else")
                                    .example("PROGRAM import busybox --alias busybox")
                                    .run(LxdImagesCommands::busybox));
            case "lxc" ->
                    Optional.of(
                            signed(
                                            "lxc",
                                            "<distribution> <release> <architecture> [<build>] [flags]",
                                            "An image of a server that has no streams")
                                    .value(
                                            '\0',
                                            "variant",
                                            "default",
                                            "Variant (default \"default\")")
                                    .example(
                                            "PROGRAM import lxc ubuntu trusty amd64 --alias ubuntu")
                                    .args(3, 4)
                                    .run(LxdImagesCommands::lxc));
            case "ubuntu" ->
                    Optional.of(
                            signed(
                                            "ubuntu",
                                            "[<release>] [<architecture>] [<build>] [flags]",
                                            "An image of Ubuntu's server")
                                    .value(
                                            '\0',
                                            "stream",
                                            "auto",
                                            "releases, daily, or auto: the first that has it")
                                    .flag("sync", "Keep it up to date")
                                    .example("PROGRAM import ubuntu --alias ubuntu --sync")
                                    .args(0, 3)
                                    .run(LxdImagesCommands::ubuntu));
            default -> Optional.empty();
        };
    }

    private static CommandSpec common(String name, String usage, String about) {
        return CommandSpec.of(name, usage, about)
                .values('\0', "alias", "Alias of the image; may be given several times")
                .flag("public", "Make the image public");
    }

    private static CommandSpec signed(String name, String usage, String about) {
        return common(name, usage, about)
                .value("server", "Another server")
                .value("keyid", "The key that signs there")
                .value("keyserver", "Where to get the key (" + SignedServer.KEY_SERVER + ")")
                .value("keyring", "Take the keys of this file instead");
    }

    /// The local server; asked for before anything is downloaded for nothing.
    private static AtollClient server(Context context) {
        AtollClient client = context.client(context.ref("local:"));
        Json _ = client.server().value();
        return client;
    }

    private static int lxc(Context context) throws IOException {
        AtollClient client = server(context);
        try (SignedServer server = SignedServer.open(context, LXC, LXC_KEY)) {
            RecordCommands.say(context, "Downloading the image list for " + server.address());
            Path index = server.fetch(server.base().resolve(LineIndex.USER), "index.json");
            LineIndex.Line line = find(context, LineIndex.parse(Files.readString(index)));
            RemoteFile file = line.file(server.base(), "lxd.tar.xz");
            RecordCommands.say(context, "Downloading the image: " + file.uri());
            Path image = server.fetch(file.uri(), fileName(line));
            String fingerprint = ImageFile.unified(image).fingerprint().value();
            if (isInStore(client, fingerprint)) {
                return setUp(context, client, fingerprint);
            }
            Operation done =
                    ImageTransfer.upload(context, client, ImageTransfer.Source.of(context, image));
            return imported(context, client, done);
        }
    }

    /// The build that was asked for, or the newest.
    private static LineIndex.Line find(Context context, List<LineIndex.Line> lines) {
        String build = context.args().at(3);
        return lines.stream()
                .filter(line -> line.distribution().equals(context.args().at(0)))
                .filter(line -> line.release().equals(context.args().at(1)))
                .filter(line -> line.architecture().equals(context.args().at(2)))
                .filter(line -> line.variant().equals(context.args().value("variant")))
                .filter(line -> build.isEmpty() || line.build().equals(build))
                .max(Comparator.comparing(LineIndex.Line::build))
                .orElseThrow(LxdImagesCommands::missing);
    }

    private static CliException missing() {
        return new CliException("Requested image doesn't exist.");
    }

    /// Words of a list become a name in our directory.
    private static String fileName(LineIndex.Line line) {
        String name =
                String.join(
                        "-",
                        line.distribution(),
                        line.release(),
                        line.architecture(),
                        line.variant(),
                        line.build());
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._:+-]{0,199}")) {
            throw new CliException("the server's index has an image that cannot be named: " + name);
        }
        return name + ".tar.xz";
    }

    private static int busybox(Context context) {
        AtollClient client = server(context);
        return pull(context, client, Json.object().put("type", "build").put("alias", "busybox"));
    }

    private static int ubuntu(Context context) throws IOException {
        AtollClient client = server(context);
        List<String> streams = streams(context.args().value("stream"));
        try (SignedServer server = SignedServer.open(context, UBUNTU, UBUNTU_KEY)) {
            for (String stream : streams) {
                String address = server.address() + "/" + stream;
                RecordCommands.say(context, "Downloading the image list for " + address);
                Optional<RemoteImage> image =
                        find(
                                context,
                                new SimpleStreams(
                                        server.http(), address, Optional.of(server.signatures())));
                if (image.isPresent()) {
                    return ubuntu(context, client, address, image.get().fingerprint().value());
                }
            }
        }
        throw missing();
    }

    private static List<String> streams(String wanted) {
        return switch (wanted) {
            case "auto" -> List.of("releases", "daily");
            case "daily", "releases" -> List.of(wanted);
            default -> throw new CliException("--stream is auto, daily or releases, not " + wanted);
        };
    }

    private static Optional<RemoteImage> find(Context context, SimpleStreams server) {
        String build = context.args().at(2);
        Architecture architecture = Architecture.host();
        if (!context.args().at(1).isEmpty()) {
            architecture =
                    Architecture.find(context.args().at(1)).orElseThrow(LxdImagesCommands::missing);
        }
        List<RemoteImage> offered = server.list();
        try {
            RemoteImage newest = StreamsImages.find(offered, release(context), architecture);
            if (build.isEmpty()) {
                return Optional.of(newest);
            }
            // Builds but the newest have no alias; the release is theirs all the same.
            return offered.stream()
                    .filter(image -> image.architecture().equals(newest.architecture()))
                    .filter(image -> isSame(image, newest, "release"))
                    .filter(image -> build.equals(image.properties().getOrDefault("serial", "")))
                    .findFirst();
        } catch (NotFoundException _) {
            return Optional.empty();
        }
    }

    private static boolean isSame(RemoteImage one, RemoteImage other, String property) {
        return one.properties()
                .getOrDefault(property, "")
                .equals(other.properties().getOrDefault(property, ""));
    }

    private static String release(Context context) {
        String release = context.args().at(0);
        return release.isEmpty() ? "default" : release;
    }

    /// The signed list says what the server shall fetch; it checks what comes by that fingerprint.
    private static int ubuntu(
            Context context, AtollClient client, String address, String fingerprint) {
        if (isInStore(client, fingerprint)) {
            return setUp(context, client, fingerprint);
        }
        RecordCommands.say(context, "Downloading the image.");
        Json.Obj source =
                Json.object()
                        .put("type", "image")
                        .put("mode", "pull")
                        .put("server", address)
                        .put("protocol", "simplestreams");
        if (!context.args().flag("sync")) {
            return pull(context, client, source.put("fingerprint", fingerprint));
        }
        String architecture = context.args().at(1);
        String alias = release(context) + (architecture.isEmpty() ? "" : "/" + architecture);
        Operation done = create(context, client, source.put("alias", alias));
        String came = done.metadata().get("fingerprint").asString();
        if (!came.equals(fingerprint)) {
            context.await(client.images().delete(came));
            throw new CliException(
                    address + " sent " + came + " where its signed list has " + fingerprint);
        }
        return imported(context, client, done);
    }

    private static int pull(Context context, AtollClient client, Json.Obj source) {
        return imported(context, client, create(context, client, source));
    }

    private static Operation create(Context context, AtollClient client, Json.Obj source) {
        Json.Obj body =
                Json.object()
                        .put("source", source)
                        .put("public", context.args().flag("public"))
                        .put("auto_update", context.args().flag("sync"));
        return context.await(client.images().create(body), "Importing the image");
    }

    private static boolean isInStore(AtollClient client, String fingerprint) {
        return client.images().list().stream()
                .anyMatch(image -> image.get("fingerprint").asString().equals(fingerprint));
    }

    private static int imported(Context context, AtollClient client, Operation done) {
        String fingerprint = done.metadata().get("fingerprint").asString();
        RecordCommands.say(context, "Image imported as: " + fingerprint);
        return aliases(context, client, fingerprint);
    }

    private static int setUp(Context context, AtollClient client, String fingerprint) {
        RecordCommands.say(context, "Image already in the store, only setting up aliases.");
        return aliases(context, client, fingerprint);
    }

    private static int aliases(Context context, AtollClient client, String fingerprint) {
        for (String alias : context.args().values("alias").stream().distinct().toList()) {
            ImageCommands.moveAliases(context, client, List.of(alias), fingerprint);
            RecordCommands.say(context, "Setup alias: " + alias);
        }
        return 0;
    }

    private static int sync(Context context) {
        AtollClient client = server(context);
        for (Json image : client.images().list()) {
            Json source = image.get("update_source");
            if (!image.get("auto_update").asBoolean() || source.isNull()) {
                continue;
            }
            String fingerprint = image.get("fingerprint").asString();
            String target = client.scope(Target.of("images", fingerprint, "refresh")).toString();
            Operation done =
                    context.await(
                            client.handle(client.rest().call("POST", target, Json.object(), "")),
                            "Refreshing the image");
            if (done.metadata().get("refreshed").asBoolean()) {
                RecordCommands.say(
                        context,
                        "Updated "
                                + source.get("alias").asString()
                                + " of "
                                + source.get("server").asString());
            }
        }
        return 0;
    }
}
