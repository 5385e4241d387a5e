package io.atoll.image.oci;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.image.Compression;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageWriter;
import io.atoll.image.OciLayers;
import io.atoll.image.remote.TransferProgress;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Makes an image of ours of one in a registry: the layers become one archive, and what the image
/// says of the process to run becomes properties, which instances have as `image.oci.*`.
///
/// | property | what |
/// |---|---|
/// | `type` | `oci` |
/// | `oci.entrypoint` | program and arguments, a JSON list |
/// | `oci.env` | `NAME=VALUE` each, a JSON list |
/// | `oci.stop_signal` | that asks it to end; absent for SIGTERM |
/// | `oci.cwd`, `oci.uid`, `oci.gid` | of the process |
public final class OciImage {
    private static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final OciRegistry registry;
    private final OciRegistry.Found found;

    public OciImage(OciRegistry registry, OciRegistry.Found found) {
        this.registry = registry;
        this.found = found;
    }

    /// Where parts are kept meanwhile.
    @FunctionalInterface
    public interface Scratch {
        /// A file of its own, which the caller deletes.
        Path make() throws IOException;
    }

    /// Writes the two files of a split image.
    public void download(
            Path metadata,
            Path rootfs,
            Architecture architecture,
            Scratch scratch,
            TransferProgress progress)
            throws IOException {
        List<Path> parts = new ArrayList<>();
        try {
            long done = 0;
            for (OciRegistry.Blob layer : found.layers()) {
                Path part = scratch.make();
                parts.add(part);
                registry.fetch(found.name(), layer, part, done, found.size(), progress);
                done += layer.size();
            }
            OciLayers layers = OciLayers.of(parts);
            ImageMetadata described =
                    new ImageMetadata(
                            architecture.kernelName(),
                            found.created(),
                            0,
                            properties(found, layers),
                            Map.of());
            try (OutputStream out =
                    new BufferedOutputStream(Files.newOutputStream(rootfs), 1 << 16)) {
                layers.write(out);
            }
            Path templates = metadata.resolveSibling(metadata.getFileName() + ".none");
            ImageWriter.writeMetadata(
                    Files.newOutputStream(metadata), Compression.GZIP, described, templates);
        } finally {
            for (Path part : parts) {
                Files.deleteIfExists(part);
            }
        }
    }

    private static Map<String, String> properties(OciRegistry.Found found, OciLayers layers)
            throws IOException {
        Json run = found.config().get("config");
        List<String> environment = run.get("Env").asStrings();
        List<String> command = new ArrayList<>(run.get("Entrypoint").asStrings());
        command.addAll(run.get("Cmd").asStrings());
        if (command.isEmpty()) {
            throw new InvalidConfigException(
                    "The image \"" + found.name().repository() + "\" does not say what to run");
        }
        command.set(0, program(command.getFirst(), environment, layers));
        String cwd = run.get("WorkingDir").asString();
        long[] owner = owner(run.get("User").asString(), layers);
        Map<String, String> out = new TreeMap<>();
        out.put("type", "oci");
        out.put("os", "oci");
        out.put(
                "description",
                found.name().repository() + " " + found.name().reference() + " (OCI)");
        out.put("oci.entrypoint", Json.strings(command).render());
        out.put("oci.env", Json.strings(environment).render());
        out.put("oci.cwd", cwd.isEmpty() ? "/" : cwd);
        out.put("oci.uid", Long.toString(owner[0]));
        String signal = run.get("StopSignal").asString();
        if (!signal.isEmpty()) {
            out.put("oci.stop_signal", signal);
        }
        out.put("oci.gid", Long.toString(owner[1]));
        return out;
    }

    /// By the image's own PATH, as a shell would find it.
    private static String program(String name, List<String> environment, OciLayers layers) {
        if (name.contains("/")) {
            return name;
        }
        String path =
                environment.stream()
                        .filter(e -> e.startsWith("PATH="))
                        .map(e -> e.substring("PATH=".length()))
                        .findFirst()
                        .orElse(PATH);
        for (String folder : (path + ":" + PATH).split(":")) {
            if (layers.has(folder + "/" + name)) {
                return folder + "/" + name;
            }
        }
        throw new InvalidConfigException("The image has no program \"" + name + "\"");
    }

    /// `USER[:GROUP]`, names or numbers.
    private static long[] owner(String text, OciLayers layers) throws IOException {
        String[] words = text.split(":", 2);
        String user = words[0].isEmpty() ? "0" : words[0];
        Optional<String[]> line = line(layers, "etc/passwd", user);
        long uid = number(user).or(() -> line.flatMap(l -> number(l[2]))).orElse(-1L);
        long gid = line.flatMap(l -> number(l.length > 3 ? l[3] : "")).orElse(0L);
        if (words.length > 1 && !words[1].isEmpty()) {
            String group = words[1];
            Optional<String[]> groupLine = line(layers, "etc/group", group);
            gid = number(group).or(() -> groupLine.flatMap(l -> number(l[2]))).orElse(-1L);
        }
        if (uid < 0 || gid < 0) {
            throw new InvalidConfigException("The image has no user \"" + text + "\"");
        }
        return new long[] {uid, gid};
    }

    private static Optional<String[]> line(OciLayers layers, String file, String name)
            throws IOException {
        return layers.read(file)
                .orElse("")
                .lines()
                .map(line -> line.split(":"))
                .filter(l -> l.length > 2 && (l[0].equals(name) || l[2].equals(name)))
                .findFirst();
    }

    private static Optional<Long> number(String text) {
        return text.matches("\\d{1,9}") ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }
}
