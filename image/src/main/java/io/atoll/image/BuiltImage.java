package io.atoll.image;

import io.atoll.base.InternalException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// Writes a split image: metadata as a tar archive, the root file system as squashfs, without
/// unpacking anything on the host. The same content gives the same bytes, and so the same
/// fingerprint.
final class BuiltImage {
    private static final Duration TIMEOUT = Duration.ofMinutes(30);

    /// Writes the members of the root file system.
    interface Rootfs {
        void writeTo(TarWriter tar) throws IOException;
    }

    private final Path directory;

    /// @param directory where `metadata.tar.xz` and `rootfs.squashfs` go
    BuiltImage(Path directory) {
        this.directory = directory;
    }

    ImageFile file() {
        return ImageFile.split(
                directory.resolve("metadata.tar.xz"), directory.resolve("rootfs.squashfs"));
    }

    boolean exists() {
        return Files.exists(directory.resolve("metadata.tar.xz"))
                && Files.exists(directory.resolve("rootfs.squashfs"));
    }

    static void require(String program, String debianPackage) {
        if (Commands.find(program).isEmpty()) {
            throw new UnsupportedException(
                    program + " is missing, please install \"" + debianPackage + "\"");
        }
    }

    /// Makes both files under other names and puts them in place, the one that [#exists] looks at
    /// first last.
    ImageFile write(ImageMetadata metadata, Map<String, String> templates, Rootfs rootfs) {
        require("mksquashfs", "squashfs-tools");
        String suffix = "." + UUID.randomUUID() + ".part";
        Path packed = directory.resolve("rootfs.squashfs" + suffix);
        Path packedMetadata = directory.resolve("metadata.tar.xz" + suffix);
        try {
            Files.createDirectories(directory);
            writeSquashfs(packed, metadata.creationDate(), rootfs);
            writeMetadata(packedMetadata, metadata, templates);
            Files.move(
                    packed, directory.resolve("rootfs.squashfs"), StandardCopyOption.ATOMIC_MOVE);
            Files.move(
                    packedMetadata,
                    directory.resolve("metadata.tar.xz"),
                    StandardCopyOption.ATOMIC_MOVE);
            return file();
        } catch (IOException e) {
            throw new InternalException(
                    "Failed to write the image to " + directory + ": " + e.getMessage(), e);
        } finally {
            deleteQuietly(packed);
            deleteQuietly(packedMetadata);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            boolean unused = Files.deleteIfExists(file);
        } catch (IOException e) {
            System.getLogger(BuiltImage.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot delete path=" + file, e);
        }
    }

    private static void writeSquashfs(Path target, long time, Rootfs rootfs) {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "mksquashfs",
                                "-",
                                target.toString(),
                                "-tar",
                                "-noappend",
                                "-exports"));
        argv.addAll(List.of("-comp", "zstd", "-Xcompression-level", "9"));
        argv.addAll(List.of("-root-mode", "755", "-quiet", "-no-progress"));
        // Also bounds the time of the root directory, for which there is no member and no option
        // that works.
        Command command = Command.of(argv).environment("SOURCE_DATE_EPOCH", Long.toString(time));
        Commands.Result unused =
                Commands.run(
                        command.timeout(TIMEOUT)
                                .input(stdin -> {
                                    try (TarWriter tar =
                                            new TarWriter(
                                                    new BufferedOutputStream(stdin, 1 << 16))) {
                                        rootfs.writeTo(tar);
                                    }
                                }));
    }

    private static void writeMetadata(
            Path target, ImageMetadata metadata, Map<String, String> templates) throws IOException {
        OutputStream out =
                Compression.XZ.compress(new BufferedOutputStream(Files.newOutputStream(target)));
        try (TarWriter tar = new TarWriter(out)) {
            tar.putFile("metadata.yaml", metadata.render().getBytes(StandardCharsets.UTF_8));
            tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, "templates", 0755, 0));
            for (Map.Entry<String, String> template : new LinkedHashMap<>(templates).entrySet()) {
                tar.putFile(
                        "templates/" + template.getKey(),
                        template.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    /// Adds a file of root.
    static void file(TarWriter tar, String name, int mode, String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        tar.put(
                TarEntry.plain(TarEntry.Type.FILE, name, mode, bytes.length),
                new ByteArrayInputStream(bytes));
    }

    static void directory(TarWriter tar, String name, int mode) throws IOException {
        tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, name, mode, 0));
    }

    static void symlink(TarWriter tar, String name, String target) throws IOException {
        tar.put(TarEntry.plain(TarEntry.Type.SYMLINK, name, 0777, 0).renamed(name, target));
    }

    /// The templates that every built image has: its host name, at each event that may change it.
    static Map<String, ImageTemplate> hostTemplates() {
        List<String> when = List.of("create", "copy", "rename");
        return Map.of(
                "/etc/hostname", new ImageTemplate(when, false, "hostname.tpl", Map.of()),
                "/etc/hosts", new ImageTemplate(when, false, "hosts.tpl", Map.of()));
    }

    static Map<String, String> hostTemplateTexts() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("hostname.tpl", "{{ container.name }}\n");
        texts.put(
                "hosts.tpl",
                """
                127.0.0.1\tlocalhost
                127.0.1.1\t{{ container.name }}

                ::1\t\tlocalhost ip6-localhost ip6-loopback
                ff02::1\t\tip6-allnodes
                ff02::2\t\tip6-allrouters
                """);
        return texts;
    }
}
