package io.atoll.image;

import io.atoll.linux.Fd;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Writes a backup of an instance or custom volume in LXD's layout: `backup/index.yaml`, then each
/// snapshot from the oldest on, then the volume itself. Owner ids are written as inside, so
/// `volatile.last_state.idmap` in the backup must be `[]`.
///
/// Close it to finish the archive; a writer that is not closed leaves one that no reader takes.
public final class BackupWriter implements AutoCloseable {
    private static final List<String> FILES = List.of("backup.yaml", "metadata.yaml");

    private final TarWriter tar;

    /// Begins with the index; closing closes `out`.
    public BackupWriter(OutputStream out, Compression compression, String indexYaml)
            throws IOException {
        tar = new TarWriter(compression.compress(out));
        tar.putFile("backup/index.yaml", indexYaml.getBytes(StandardCharsets.UTF_8));
    }

    /// Adds one volume or snapshot of an instance.
    ///
    /// @param part which, see [BackupPart]
    /// @param directory with `backup.yaml`, `metadata.yaml` and `templates/`, as far as there are
    ///   any
    /// @param root open for reading
    public void put(BackupPart part, Path directory, Fd root) throws IOException {
        tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, part.prefix(), 0711, 0));
        for (String name : FILES) {
            if (part.isInstance() && Files.exists(directory.resolve(name))) {
                tar.putFile(
                        part.prefix() + "/" + name, Files.readAllBytes(directory.resolve(name)));
            }
        }
        new TreePacker(tar).pack(root, part.rootPrefix());
        if (part.isInstance()) {
            ImageWriter.putTemplates(tar, directory.resolve("templates"), part.prefix() + "/");
        }
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
