package io.atoll.cli.command;

import io.atoll.base.InvalidConfigException;
import io.atoll.cli.CliException;
import io.atoll.image.Compression;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageWriter;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Packs an image that lies in a directory as `metadata.yaml`, `rootfs/` and `templates/`.
final class ImagePacker {
    private ImagePacker() {}

    static void pack(Path directory, Path target) throws IOException {
        Path description = directory.resolve("metadata.yaml");
        if (!Files.isRegularFile(description) || !Files.isDirectory(directory.resolve("rootfs"))) {
            throw new CliException(directory + " is no image: it needs metadata.yaml and rootfs/");
        }
        ImageMetadata metadata;
        try {
            metadata = ImageMetadata.parse(Files.readString(description));
        } catch (InvalidConfigException e) {
            throw new CliException(description + ": " + e.getMessage());
        }
        try (Fd root =
                Opens.open(
                        directory.resolve("rootfs").toString(),
                        Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
                        0)) {
            ImageWriter.writeUnified(
                    new BufferedOutputStream(Files.newOutputStream(target), 1 << 17),
                    Compression.GZIP,
                    metadata,
                    directory.resolve("templates"),
                    root);
        } catch (ErrnoException e) {
            throw new CliException(
                    "cannot read all of " + directory + ": " + e.getMessage(), "be root for it");
        }
    }
}
