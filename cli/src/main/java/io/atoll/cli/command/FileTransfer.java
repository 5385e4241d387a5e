package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Copies files between here and one instance.
final class FileTransfer {
    private static final int LINKS_MAX = 20;

    private final AtollClient client;
    private final String instance;

    FileTransfer(AtollClient client, String instance) {
        this.client = client;
        this.instance = instance;
    }

    /// Owner and permissions of a new file.
    ///
    /// @param uid -1 for the source's own
    /// @param gid -1 for the source's own
    /// @param mode octal digits, or empty for the source's own
    record Attributes(long uid, long gid, String mode) {
        /// What is there already stays as it is.
        static final Attributes UNCHANGED = new Attributes(-1, -1, "");

        Attributes orElse(long otherUid, long otherGid, String otherMode) {
            return new Attributes(
                    uid < 0 ? otherUid : uid,
                    gid < 0 ? otherGid : gid,
                    mode.isEmpty() ? otherMode : mode);
        }

        Attributes orElseOf(Path file) throws IOException {
            Map<String, Object> here =
                    Files.readAttributes(file, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
            return orElse(
                    number(here, "uid"),
                    number(here, "gid"),
                    octal((int) number(here, "mode") & 07777));
        }

        private static long number(Map<String, Object> attributes, String name) {
            return attributes.get(name) instanceof Number value ? value.longValue() : 0;
        }
    }

    static String octal(int mode) {
        String digits = Integer.toOctalString(mode);
        return "0".repeat(Math.max(0, 4 - digits.length())) + digits;
    }

    static String join(String directory, String name) {
        return directory.endsWith("/") ? directory + name : directory + "/" + name;
    }

    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? "/" : path.substring(0, slash);
    }

    static String name(String path) {
        String text = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        return text.substring(text.lastIndexOf('/') + 1);
    }

    static String typeOf(HttpReply reply) {
        return reply.header("x-lxd-type").orElse("file");
    }

    /// Starts reading a file or directory there; the caller closes the reply.
    HttpReply open(String path) {
        return client.rest().raw(client.instances().file("GET", instance, path));
    }

    boolean isDirectory(String path) {
        try (HttpReply reply = client.rest().raw(client.instances().file("HEAD", instance, path))) {
            return typeOf(reply).equals("directory");
        } catch (IOException e) {
            throw new CliException("cannot ask about " + path + ": " + e.getMessage());
        }
    }

    void delete(String path) {
        client.rest().call(client.instances().file("DELETE", instance, path));
    }

    /// Creates a directory and all above it that are missing.
    void createDirectories(String path) {
        StringBuilder done = new StringBuilder();
        for (String part : path.split("/")) {
            if (!part.isEmpty()) {
                done.append('/').append(part);
                createDirectory(done.toString(), new Attributes(0, 0, "0755"));
            }
        }
    }

    private void createDirectory(String path, Attributes attributes) {
        client.rest()
                .call(post(path, "directory", attributes).body(InputStream.nullInputStream(), 0));
    }

    void push(InputStream content, String path, Attributes attributes) {
        client.rest().call(post(path, "file", attributes).body(content, -1));
    }

    /// Copies one file; a link is copied as what it points to.
    void push(Path file, String path, Attributes attributes) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            client.rest()
                    .call(
                            post(path, "file", attributes.orElseOf(file.toRealPath()))
                                    .body(in, Files.size(file)));
        }
    }

    /// Copies a directory and all below it; links stay links.
    void pushTree(Path directory, String path, Attributes attributes) throws IOException {
        Attributes ownDirectory =
                new Attributes(attributes.uid(), attributes.gid(), "").orElseOf(directory);
        createDirectory(path, ownDirectory);
        List<Path> children = new ArrayList<>();
        try (Stream<Path> listed = Files.list(directory)) {
            listed.forEach(children::add);
        }
        children.sort(null);
        for (Path child : children) {
            String there = join(path, String.valueOf(child.getFileName()));
            if (Files.isSymbolicLink(child)) {
                byte[] target =
                        Files.readSymbolicLink(child).toString().getBytes(StandardCharsets.UTF_8);
                client.rest()
                        .call(
                                post(there, "symlink", attributes.orElseOf(child))
                                        .body(new ByteArrayInputStream(target), target.length));
            } else if (Files.isDirectory(child)) {
                pushTree(child, there, attributes);
            } else if (Files.isRegularFile(child)) {
                push(child, there, attributes);
            } else {
                throw new CliException("'" + child + "' isn't a supported file type");
            }
        }
    }

    private HttpRequest post(String path, String type, Attributes attributes) {
        HttpRequest request =
                client.instances()
                        .file("POST", instance, path)
                        .header("Content-Type", "application/octet-stream")
                        .header("X-LXD-type", type)
                        .header("X-LXD-write", "overwrite");
        if (attributes.uid() >= 0) {
            request.header("X-LXD-uid", Long.toString(attributes.uid()));
        }
        if (attributes.gid() >= 0) {
            request.header("X-LXD-gid", Long.toString(attributes.gid()));
        }
        if (!attributes.mode().isEmpty()) {
            request.header("X-LXD-mode", attributes.mode());
        }
        return request;
    }

    /// Copies a file's content to a stream, following links.
    void pull(String path, OutputStream to) throws IOException {
        String current = path;
        for (int i = 0; i < LINKS_MAX; i++) {
            try (HttpReply reply = open(current)) {
                String type = typeOf(reply);
                if (type.equals("directory")) {
                    throw new CliException("cannot pull the directory " + current + " to stdout");
                }
                if (!type.equals("symlink")) {
                    reply.body().transferTo(to);
                    return;
                }
                current = resolve(current, text(reply));
            }
        }
        throw new CliException(path + " is a chain of more than " + LINKS_MAX + " links");
    }

    private static String text(HttpReply reply) throws IOException {
        return new String(reply.readAll(), StandardCharsets.UTF_8).strip();
    }

    private static String resolve(String link, String target) {
        return target.startsWith("/") ? target : join(parent(link), target);
    }

    /// Copies a file, or with `recursive` a directory and all below it. At the top links are
    /// followed, below they stay links.
    void pull(String path, Path to, boolean recursive) throws IOException {
        String current = path;
        for (int i = 0; i < LINKS_MAX; i++) {
            try (HttpReply reply = open(current)) {
                if (!typeOf(reply).equals("symlink")) {
                    pullOpen(reply, current, to, recursive);
                    return;
                }
                current = resolve(current, text(reply));
            }
        }
        throw new CliException(path + " is a chain of more than " + LINKS_MAX + " links");
    }

    private void pullOpen(HttpReply reply, String path, Path to, boolean recursive)
            throws IOException {
        String mode = reply.header("x-lxd-mode").orElse("");
        switch (typeOf(reply)) {
            case "directory" -> {
                if (!recursive) {
                    throw new CliException("Can't pull a directory without --recursive");
                }
                pullDirectory(Json.parse(text(reply)).get("metadata").asStrings(), path, to, mode);
            }
            case "symlink" -> {
                Files.deleteIfExists(to);
                Files.createSymbolicLink(to, Path.of(text(reply)));
            }
            default -> {
                try (OutputStream out = Files.newOutputStream(to)) {
                    reply.body().transferTo(out);
                }
                setMode(to, mode);
            }
        }
    }

    private void pullDirectory(List<String> names, String path, Path to, String mode)
            throws IOException {
        Files.createDirectories(to);
        for (String name : names) {
            // The server is not trusted with paths: a name is a name, nothing that leads elsewhere.
            if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
                throw new CliException("the server listed an impossible file name in " + path);
            }
            String there = join(path, name);
            try (HttpReply reply = open(there)) {
                pullOpen(reply, there, to.resolve(name), true);
            }
        }
        setMode(to, mode);
    }

    /// Permissions without setuid and setgid: those concern the instance's users, not ours.
    private static void setMode(Path file, String mode) throws IOException {
        if (!mode.isEmpty()) {
            try {
                Files.setAttribute(file, "unix:mode", Integer.parseInt(mode, 8) & 0777);
            } catch (NumberFormatException _) {
                throw new CliException("the server sent a malformed mode: " + mode);
            }
        }
    }
}
