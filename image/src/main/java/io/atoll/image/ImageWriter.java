package io.atoll.image;

import io.atoll.linux.Fd;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Makes images of instances and volumes. Equal content gives equal bytes, as far as the
/// compression does.
public final class ImageWriter {
    private ImageWriter() {}

    /// Writes a unified image and closes `out`.
    ///
    /// @param templates the directory of the instance's templates; may be missing
    /// @param root the instance's root file system with owner ids as inside, open for reading
    public static void writeUnified(
            OutputStream out, Packing packing, ImageMetadata metadata, Path templates, Fd root)
            throws IOException {
        try (TarWriter tar = new TarWriter(packing.compress(out))) {
            putMetadata(tar, metadata.render(), templates, "");
            new TreePacker(tar).pack(root, "rootfs");
        }
    }

    /// Writes the metadata archive of a split image and closes `out`.
    public static void writeMetadata(
            OutputStream out, Compression compression, ImageMetadata metadata, Path templates)
            throws IOException {
        try (TarWriter tar = new TarWriter(compression.compress(out))) {
            putMetadata(tar, metadata.render(), templates, "");
        }
    }

    private static void putMetadata(TarWriter tar, String metadata, Path templates, String prefix)
            throws IOException {
        tar.putFile(prefix + "metadata.yaml", metadata.getBytes(StandardCharsets.UTF_8));
        putTemplates(tar, templates, prefix);
    }

    static void putTemplates(TarWriter tar, Path templates, String prefix) throws IOException {
        if (!Files.isDirectory(templates)) {
            return;
        }
        tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, prefix + "templates", 0755, 0));
        try (Stream<Path> files = Files.list(templates)) {
            List<Path> sorted = files.filter(Files::isRegularFile).sorted().toList();
            for (Path file : sorted) {
                tar.putFile(prefix + "templates/" + file.getFileName(), Files.readAllBytes(file));
            }
        }
    }
}
