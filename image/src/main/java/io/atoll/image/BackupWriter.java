package io.atoll.image;

import io.atoll.linux.DiskContent;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Map;

/// Writes a backup of an instance or custom volume in LXD's layout: `backup/index.yaml`, then each
/// snapshot from the oldest on, then the volume itself. Owner ids are written as inside, so
/// `volatile.last_state.idmap` in the backup must be `[]`.
///
/// Close it to finish the archive; a writer that is not closed leaves one that no reader takes.
public final class BackupWriter implements AutoCloseable {
    private final TarWriter tar;

    /// Begins with the index; closing closes `out`.
    public BackupWriter(OutputStream out, Packing packing, String indexYaml) throws IOException {
        tar = new TarWriter(packing.compress(out));
        tar.putFile("backup/index.yaml", indexYaml.getBytes(StandardCharsets.UTF_8));
    }

    /// Adds a custom volume or a snapshot of one.
    ///
    /// @param root open for reading
    public void putVolume(BackupPart part, Fd root) throws IOException {
        if (!part.rootPrefix().equals(part.prefix())) {
            putDirectory(part);
        }
        new TreePacker(tar).pack(root, part.rootPrefix());
    }

    /// Adds a block volume or a snapshot of one.
    ///
    /// @param disk open for reading; all of it is written, holes as zeros
    public void putDisk(BackupPart part, Fd disk) throws IOException {
        FileStat stat = FileStat.of(disk);
        long size = DiskContent.size(disk);
        TarEntry entry =
                new TarEntry(
                        TarEntry.Type.FILE,
                        part.diskName(),
                        "",
                        0600,
                        0,
                        0,
                        stat.modified(),
                        size,
                        0,
                        0,
                        Map.of());
        tar.put(entry, new TreePacker.Exactly(disk, size));
    }

    /// Says which streams there are; comes before all of them.
    public void putStreamHeader(String yaml) throws IOException {
        tar.putFile(BackupReader.STREAM_HEADER, yaml.getBytes(StandardCharsets.UTF_8));
    }

    /// What writes a stream of which nobody knows how long it will be.
    public interface StreamContent {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Adds a volume, or a part of one, as its file system passes it on.
    ///
    /// @param spool a directory; the stream lies there until its length is known
    public void putStream(BackupPart part, String path, Path spool, StreamContent content)
            throws IOException {
        Path file = Files.createTempFile(spool, "stream", ".part");
        try {
            try (OutputStream out = Files.newOutputStream(file)) {
                content.writeTo(out);
            }
            long bytes = Files.size(file);
            try (InputStream in = Files.newInputStream(file, StandardOpenOption.DELETE_ON_CLOSE)) {
                TarEntry entry =
                        new TarEntry(
                                TarEntry.Type.FILE,
                                part.streamName(path),
                                "",
                                0600,
                                0,
                                0,
                                Instant.now(),
                                bytes,
                                0,
                                0,
                                Map.of());
                tar.put(entry, in);
            }
        } finally {
            boolean _ = Files.deleteIfExists(file);
        }
    }

    /// Adds an instance or a snapshot of one.
    ///
    /// @param directory with `metadata.yaml` and `templates/`, as far as there are any
    /// @param backupYaml the text of `backup.yaml`
    /// @param root open for reading
    public void putInstance(BackupPart part, Path directory, String backupYaml, Fd root)
            throws IOException {
        putDirectory(part);
        String prefix = part.prefix() + "/";
        tar.putFile(prefix + "backup.yaml", backupYaml.getBytes(StandardCharsets.UTF_8));
        Path metadata = directory.resolve("metadata.yaml");
        if (Files.exists(metadata)) {
            tar.putFile(prefix + "metadata.yaml", Files.readAllBytes(metadata));
        }
        new TreePacker(tar).pack(root, part.rootPrefix());
        ImageWriter.putTemplates(tar, directory.resolve("templates"), prefix);
    }

    private void putDirectory(BackupPart part) throws IOException {
        tar.put(TarEntry.plain(TarEntry.Type.DIRECTORY, part.prefix(), 0711, 0));
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
