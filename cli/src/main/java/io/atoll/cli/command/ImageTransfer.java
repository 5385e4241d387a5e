package io.atoll.cli.command;

import io.atoll.api.MultipartReader;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import io.atoll.image.remote.ImageDownload;
import io.atoll.image.remote.RemoteImage;
import io.atoll.image.remote.TransferProgress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// `image import` and `image export`: images as files.
final class ImageTransfer {
    private ImageTransfer() {}

    /// The arguments of an import, sorted.
    record Source(String first, String rootfs, Ref server, Json.Obj properties) {
        /// One file, for the local server.
        static Source of(Context context, Path file) {
            return new Source(file.toString(), "", context.ref("local:"), Json.object());
        }

        static Source of(Context context) {
            List<String> words = new ArrayList<>(context.args().positional());
            String first = words.removeFirst();
            String rootfs = "";
            Ref server = context.ref("");
            Json.Obj properties = Json.object();
            for (String word : words) {
                boolean isFile = Files.exists(context.invocation().path(word));
                if (word.indexOf('=') > 0 && !isFile) {
                    Pairs.putInto(properties, word);
                } else if (word.endsWith(":") && !isFile) {
                    server = context.ref(word);
                } else if (rootfs.isEmpty()) {
                    rootfs = word;
                } else {
                    throw new CliException("Invalid number of arguments");
                }
            }
            return new Source(first, rootfs, server, properties);
        }
    }

    static int importImage(Context context) throws IOException {
        Source source = Source.of(context);
        AtollClient client = context.client(source.server());
        Operation done =
                source.first().startsWith("https://") || source.first().startsWith("http://")
                        ? context.await(
                                client.images().create(fromUrl(context, source)),
                                "Importing the image")
                        : fromFiles(context, client, source);
        String fingerprint = done.metadata().get("fingerprint").asString();
        ImageCommands.moveAliases(context, client, context.args().values("alias"), fingerprint);
        context.output().line("Image imported with fingerprint: " + fingerprint);
        return 0;
    }

    private static Json fromUrl(Context context, Source source) {
        boolean isHere =
                source.first().matches("http://(127\\.0\\.0\\.1|localhost|\\[::1\\])[:/].*");
        if (source.first().startsWith("http://") && !isHere) {
            throw new CliException("Only https:// is supported for remote image import");
        }
        return Json.object()
                .put(
                        "source",
                        Json.object()
                                .put("type", "url")
                                .put("mode", "pull")
                                .put("url", source.first()))
                .put("properties", source.properties())
                .put("public", context.args().flag("public"));
    }

    /// A directory is packed first.
    private static Operation fromFiles(Context context, AtollClient client, Source source)
            throws IOException {
        Path directory = context.invocation().path(source.first());
        if (!Files.isDirectory(directory)) {
            return upload(context, client, source);
        }
        if (!source.rootfs().isEmpty()) {
            throw new CliException("an image in a directory has no second file");
        }
        Path packed = Files.createTempFile("atoll-image-", ".tar.gz");
        try {
            ImagePacker.pack(directory, packed);
            return upload(
                    context,
                    client,
                    new Source(packed.toString(), "", source.server(), source.properties()));
        } finally {
            Files.deleteIfExists(packed);
        }
    }

    static Operation upload(Context context, AtollClient client, Source source) throws IOException {
        Path first = existing(context, source.first());
        HttpRequest request =
                new HttpRequest("POST", client.scope(Target.of("images")).toString())
                        .header("X-LXD-filename", String.valueOf(first.getFileName()))
                        .header("X-LXD-public", context.args().flag("public") ? "true" : "false");
        if (!source.properties().members().isEmpty()) {
            request.header("X-LXD-properties", urlEncode(source.properties()));
        }
        if (source.rootfs().isEmpty()) {
            try (InputStream in = Files.newInputStream(first)) {
                request.header("Content-Type", "application/octet-stream")
                        .body(counted(context, in, Files.size(first)), Files.size(first));
                return context.await(
                        client.handle(client.rest().call(request)), "Importing the image");
            }
        }
        Path rootfs = existing(context, source.rootfs());
        String boundary = "atoll-" + Long.toHexString(System.nanoTime());
        byte[] head = part(boundary, "metadata", first, true);
        byte[] middle = part(boundary, "rootfs", rootfs, false);
        byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
        long length =
                head.length + Files.size(first) + middle.length + Files.size(rootfs) + tail.length;
        try (InputStream a = Files.newInputStream(first);
                InputStream b = Files.newInputStream(rootfs)) {
            InputStream all =
                    new SequenceInputStream(
                            Collections.enumeration(
                                    List.of(
                                            new ByteArrayInputStream(head),
                                            a,
                                            new ByteArrayInputStream(middle),
                                            b,
                                            new ByteArrayInputStream(tail))));
            request.header("Content-Type", "multipart/form-data; boundary=" + boundary)
                    .body(counted(context, all, length), length);
            return context.await(client.handle(client.rest().call(request)), "Importing the image");
        }
    }

    private static byte[] part(String boundary, String name, Path file, boolean isFirst) {
        String fileName = String.valueOf(file.getFileName()).replace("\"", "_");
        return ((isFirst ? "" : "\r\n")
                        + "--"
                        + boundary
                        + "\r\nContent-Disposition: form-data; name=\""
                        + name
                        + "\"; filename=\""
                        + fileName
                        + "\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Path existing(Context context, String text) {
        Path path = context.invocation().path(text);
        if (Files.isDirectory(path)) {
            throw new CliException(text + " is a directory");
        }
        if (!Files.isReadable(path)) {
            throw new CliException(
                    "cannot read "
                            + text
                            + ": "
                            + (Files.exists(path) ? "permission denied" : "no such file"));
        }
        return path;
    }

    private static String urlEncode(Json.Obj properties) {
        StringBuilder out = new StringBuilder();
        for (Map.Entry<String, String> entry : properties.asStringMap().entrySet()) {
            out.append(out.isEmpty() ? "" : "&");
            out.append(URLEncoder.encode(entry.getKey(), StandardCharsets.UTF_8)).append('=');
            out.append(URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8));
        }
        return out.toString();
    }

    /// Shows how far reading a stream is.
    static InputStream counted(Context context, InputStream in, long total) {
        return new java.io.FilterInputStream(in) {
            private long read;
            private long shown = -1;

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                int n = super.read(into, offset, length);
                read += Math.max(n, 0);
                long percent = total == 0 ? 100 : read * 100 / total;
                if (percent != shown && !context.isQuiet()) {
                    shown = percent;
                    context.output()
                            .status(
                                    "Transferring image: "
                                            + percent
                                            + "% of "
                                            + Format.decimalBytes(total));
                }
                return n;
            }

            // A request is sent again only if its body can be read again; a file that is being
            // counted cannot.
            @Override
            public boolean markSupported() {
                return false;
            }
        };
    }

    static int export(Context context) throws IOException {
        Ref ref = context.refAt(0);
        if (RemoteImages.isStreams(context, ref)) {
            return exportStreams(context, ref);
        }
        AtollClient client = context.client(ref);
        String fingerprint = LaunchCommand.fingerprint(context, client, ref.name());
        String full = client.images().get(fingerprint).value().get("fingerprint").asString();
        String wanted = context.args().at(1);
        Path target = context.invocation().path(wanted.isEmpty() ? "." : wanted).normalize();
        String path = client.scope(Target.of("images", full, "export")).toString();
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", path))) {
            String type = reply.header("content-type").orElse("");
            if (type.startsWith("multipart/")) {
                MultipartReader parts = new MultipartReader(reply.body(), type);
                while (parts.next().isPresent()) {
                    write(target, withoutDirectory(parts.fileName()), full, parts::copyTo);
                }
            } else {
                String name = fileName(reply.header("content-disposition").orElse(""));
                write(target, name.isEmpty() ? full : name, full, reply.body()::transferTo);
            }
        }
        RecordCommands.say(context, "Image exported successfully!");
        return 0;
    }

    /// Straight from a simplestreams server.
    private static int exportStreams(Context context, Ref ref) throws IOException {
        RemoteImage image = RemoteImages.find(context, ref);
        String wanted = context.args().at(1);
        Path target = context.invocation().path(wanted.isEmpty() ? "." : wanted).normalize();
        String full = image.fingerprint().value();
        List<Path> files = new ArrayList<>();
        boolean isSplit = image.files().size() > 1;
        for (int i = 0; i < image.files().size(); i++) {
            String path = image.files().get(i).uri().getPath();
            String extension = extension(path.substring(path.lastIndexOf('/') + 1));
            String name = (isSplit && i == 0 ? "meta-" : "") + full + extension;
            Path file = place(target, name, full);
            Files.deleteIfExists(file);
            files.add(Files.createFile(file));
        }
        try {
            new ImageDownload(
                            RemoteImages.http(context),
                            RemoteImages.streams(context, ref)::alternatives)
                    .fetch(image, files, TransferProgress.NONE);
        } catch (IOException | RuntimeException e) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            throw e;
        }
        RecordCommands.say(context, "Image exported successfully!");
        return 0;
    }

    private static String extension(String name) {
        int tar = name.indexOf(".tar");
        int dot = tar >= 0 ? tar : name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot);
    }

    static String fileName(String disposition) {
        int at = disposition.indexOf("filename=");
        if (at < 0) {
            return "";
        }
        String name = disposition.substring(at + "filename=".length()).replace("\"", "").strip();
        int end = name.indexOf(';');
        name = end < 0 ? name : name.substring(0, end);
        return withoutDirectory(name);
    }

    /// A server must not choose a directory.
    private static String withoutDirectory(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    @FunctionalInterface
    private interface Content {
        void copyTo(OutputStream out) throws IOException;
    }

    /// Into a directory under the server's name, else under the user's name with the server's
    /// extension.
    private static Path place(Path target, String name, String fingerprint) {
        if (Files.isDirectory(target)) {
            return target.resolve(name);
        }
        int at = name.indexOf(fingerprint);
        String prefix = at > 0 ? name.substring(0, at) : "";
        String extension = at < 0 ? extension(name) : name.substring(at + fingerprint.length());
        return target.resolveSibling(prefix + target.getFileName() + extension);
    }

    private static void write(Path target, String name, String fingerprint, Content content)
            throws IOException {
        try (OutputStream out = Files.newOutputStream(place(target, name, fingerprint))) {
            content.copyTo(out);
        }
    }
}
