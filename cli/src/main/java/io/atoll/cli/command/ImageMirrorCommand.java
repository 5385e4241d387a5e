package io.atoll.cli.command;

import io.atoll.api.MultipartReader;
import io.atoll.base.Architecture;
import io.atoll.base.Fingerprint;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Target;
import io.atoll.image.FingerprintDigest;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.HttpFetcher;
import io.atoll.image.remote.ImageDownload;
import io.atoll.image.remote.RemoteImage;
import io.atoll.image.remote.Signer;
import io.atoll.image.remote.SimpleStreams;
import io.atoll.image.remote.StreamsDirectory;
import io.atoll.image.remote.StreamsImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `image mirror`: writes images into a directory that any web server can serve as a simplestreams
/// server.
final class ImageMirrorCommand {
    private ImageMirrorCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "mirror",
                        "[<remote>:]<image> [[<remote>:]<image>...] <directory> [flags]",
                        "Copy images into a directory that serves them")
                .detail(
                        "The directory is a simplestreams server: serve it with \"image serve\" or any web server,",
                        "and add it with \"remote add NAME URL --protocol simplestreams\". An image is an alias, a",
                        "fingerprint, or REMOTE: for all of a remote. What is there already is not fetched again.",
                        "With --lxd-images it also has the lists that lxd-images reads, of images in one file.")
                .example(
                        "PROGRAM image mirror images:debian/12 images:alpine/3.20/arm64 /srv/images",
                        "PROGRAM image mirror local:web-base /srv/images --keep 5",
                        "PROGRAM image mirror local:web-base /srv/images --lxd-images --sign images@example.org")
                .args(2, CommandSpec.ANY)
                .value('\0', "keep", "2", "Builds to keep of each image (default 2)")
                .value("sign", "Sign the lists with this key of gpg's, and images for lxd-images")
                .flag("lxd-images", "Also write the lists that lxd-images reads")
                .run(ImageMirrorCommand::run);
    }

    private static int run(Context context) throws IOException {
        List<String> words = new ArrayList<>(context.args().positional());
        Path root = context.invocation().path(words.removeLast());
        Files.createDirectories(root);
        int keep = keep(context.args().value("keep"));
        StreamsDirectory directory = directory(context, root);
        for (String word : words) {
            Ref ref = context.ref(word);
            if (RemoteImages.isStreams(context, ref)) {
                fromStreams(context, ref, directory, root, keep);
            } else {
                fromServer(context, ref, directory, root, keep);
            }
        }
        return 0;
    }

    private static StreamsDirectory directory(Context context, Path root) {
        Optional<Signer> signer =
                Optional.of(context.args().value("sign"))
                        .filter(key -> !key.isEmpty())
                        .map(key -> new Signer(key, context.invocation().env()));
        return new StreamsDirectory(root, signer, context.args().flag("lxd-images"));
    }

    private static int keep(String text) {
        try {
            int keep = Integer.parseInt(text);
            if (keep >= 1) {
                return keep;
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        throw new CliException("--keep needs a number of at least 1, not \"" + text + "\"");
    }

    private static void fromStreams(
            Context context, Ref ref, StreamsDirectory directory, Path root, int keep)
            throws IOException {
        SimpleStreams server = RemoteImages.streams(context, ref);
        List<RemoteImage> offered = server.list();
        List<RemoteImage> wanted =
                ref.name().isEmpty()
                        ? offered.stream().filter(image -> !image.aliases().isEmpty()).toList()
                        : List.of(
                                StreamsImages.find(
                                        offered,
                                        RemoteImages.withoutSlash(ref.name()),
                                        Architecture.host()));
        HttpFetcher http = RemoteImages.http(context);
        ImageDownload download = new ImageDownload(http, server::alternatives);
        for (RemoteImage image : wanted) {
            if (isThere(context, directory, image.fingerprint())) {
                continue;
            }
            List<Path> files = new ArrayList<>();
            try {
                for (int i = 0; i < image.files().size(); i++) {
                    files.add(Files.createTempFile(root, ".incoming-", ""));
                }
                download.fetch(
                        image,
                        files,
                        (bytes, total, speed) ->
                                context.output()
                                        .status(
                                                name(image)
                                                        + ": "
                                                        + Format.decimalBytes(bytes)
                                                        + " of "
                                                        + Format.decimalBytes(total)
                                                        + " ("
                                                        + Format.decimalBytes(speed)
                                                        + "/s)"));
                add(context, directory, image, file(files), keep);
            } finally {
                delete(files);
            }
        }
    }

    private static String name(RemoteImage image) {
        return image.aliases().isEmpty()
                ? image.fingerprint().abbreviated()
                : image.aliases().getFirst();
    }

    private static ImageFile file(List<Path> files) {
        return files.size() > 1
                ? ImageFile.split(files.getFirst(), files.getLast())
                : ImageFile.unified(files.getFirst());
    }

    private static void delete(List<Path> files) throws IOException {
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    private static boolean isThere(
            Context context, StreamsDirectory directory, Fingerprint fingerprint)
            throws IOException {
        boolean isThere = directory.fingerprints().contains(fingerprint);
        if (isThere) {
            RecordCommands.say(context, fingerprint.abbreviated() + " is there");
        }
        return isThere;
    }

    private static void add(
            Context context,
            StreamsDirectory directory,
            RemoteImage image,
            ImageFile file,
            int keep)
            throws IOException {
        if (context.args().flag("lxd-images") && file.rootfs().isPresent()) {
            throw new CliException(
                    name(image) + " is an image of two files, and lxd-images takes it in one",
                    "publish an instance that was made of it, and mirror that image");
        }
        String serial =
                file.readMetadata()
                        .createdAt()
                        .toString()
                        .replaceAll("[-:]|Z", "")
                        .replace('T', '_')
                        .replaceAll("^(\\d{8}_\\d{4}).*", "$1");
        directory.add(
                StreamsDirectory.Description.of(
                        image.properties(),
                        Architecture.find(image.architecture()).orElseGet(Architecture::host),
                        serial,
                        image.aliases()),
                file,
                keep);
        RecordCommands.say(
                context, "Copied " + name(image) + " (" + image.fingerprint().abbreviated() + ")");
    }

    private static void fromServer(
            Context context, Ref ref, StreamsDirectory directory, Path root, int keep)
            throws IOException {
        AtollClient client = context.client(ref);
        List<Json> wanted =
                ref.name().isEmpty()
                        ? client.images().list()
                        : List.of(
                                client.images()
                                        .get(LaunchCommand.fingerprint(context, client, ref.name()))
                                        .value());
        for (Json json : wanted) {
            RemoteImage image =
                    new RemoteImage(
                            new Fingerprint(json.get("fingerprint").asString()),
                            json.get("aliases").asList().stream()
                                    .map(a -> a.get("name").asString())
                                    .toList(),
                            json.get("architecture").asString(),
                            json.get("properties").asStringMap(),
                            Optional.empty(),
                            json.get("size").asLong(),
                            List.of());
            if (!isThere(context, directory, image.fingerprint())) {
                export(context, client, image, directory, root, keep);
            }
        }
    }

    private static void export(
            Context context,
            AtollClient client,
            RemoteImage image,
            StreamsDirectory directory,
            Path root,
            int keep)
            throws IOException {
        List<Path> files = new ArrayList<>();
        FingerprintDigest digest = new FingerprintDigest();
        String path =
                client.scope(Target.of("images", image.fingerprint().value(), "export")).toString();
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", path))) {
            String type = reply.header("content-type").orElse("");
            files.add(Files.createTempFile(root, ".incoming-", ""));
            if (type.startsWith("multipart/")) {
                files.add(Files.createTempFile(root, ".incoming-", ""));
                MultipartReader parts = new MultipartReader(reply.body(), type);
                for (Path file : files) {
                    if (parts.next().isEmpty()) {
                        throw new CliException("the server sent an image without all its parts");
                    }
                    try (OutputStream out = digest.tee(Files.newOutputStream(file))) {
                        parts.copyTo(out);
                    }
                }
            } else {
                try (OutputStream out = digest.tee(Files.newOutputStream(files.getFirst()))) {
                    long _ = reply.body().transferTo(out);
                }
            }
            if (!digest.finish().equals(image.fingerprint())) {
                throw new CliException("the server sent another image than was asked for");
            }
            add(context, directory, image, file(files), keep);
        } finally {
            delete(files);
        }
    }
}
