package io.atoll.image;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Reads a backup in LXD's layout, made by us or by LXD without `--optimized-storage`. The archive
/// comes from anyone and is read with the same care as an image.
///
/// @param file the archive, packed in any way that images may be
public record BackupReader(Path file) {
    private static final int INDEX_BYTES_MAX = 16 << 20;

    /// The text of `backup/index.yaml`.
    ///
    /// @throws InvalidConfigException if there is none at the start of the archive
    public String readIndex() throws IOException {
        try (InputStream in = Files.newInputStream(file);
                TarReader tar = new TarReader(Compression.unpacked(in))) {
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                String name = ImageArchives.clean(next.get().name());
                if (name.equals("backup/index.yaml")) {
                    return new String(
                            tar.data().readNBytes(INDEX_BYTES_MAX), StandardCharsets.UTF_8);
                }
                if (next.get().type() != TarEntry.Type.DIRECTORY) {
                    break;
                }
            }
        } catch (EOFException e) {
            throw new InvalidConfigException("The backup is damaged: " + e.getMessage(), e);
        }
        throw new InvalidConfigException("Backup is missing at \"backup/index.yaml\"");
    }

    /// Unpacks one volume. Needs root.
    ///
    /// @param directory gets `backup.yaml`, `metadata.yaml` and `templates/`
    /// @param rootfs gets the files; exists and is empty
    /// @param shifted the id map that owner ids in the archive went through, the value of
    ///   `volatile.last_state.idmap`; [Idmap#NONE] if they are as inside
    /// @throws InvalidConfigException if the backup has no such volume
    public void unpack(BackupPart part, Path directory, Path rootfs, Idmap shifted)
            throws IOException {
        long count;
        try (InputStream in = Files.newInputStream(file);
                TreeUnpacker unpacker = new TreeUnpacker(rootfs)) {
            ImageArchives.Sink sink = (entry, data) -> unpacker.add(unshift(entry, shifted), data);
            count = ImageArchives.readTar(Compression.unpacked(in), part.rootPrefix(), sink);
            unpacker.finish();
        }
        if (count == 0) {
            throw new InvalidConfigException("The backup has no \"" + part.rootPrefix() + "\"");
        }
        if (part.isInstance()) {
            unpackFiles(part, directory);
        }
    }

    private void unpackFiles(BackupPart part, Path directory) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                TarReader tar = new TarReader(Compression.unpacked(in))) {
            for (Optional<TarEntry> next = tar.next(); next.isPresent(); next = tar.next()) {
                String name = ImageArchives.clean(next.get().name());
                if (next.get().type() == TarEntry.Type.FILE
                        && name.startsWith(part.prefix() + "/")) {
                    ImageArchives.unpackVolumeFile(
                            tar, name.substring(part.prefix().length() + 1), directory);
                }
            }
        }
    }

    private static TarEntry unshift(TarEntry entry, Idmap shifted) {
        if (shifted.isPrivileged()) {
            return entry;
        }
        return entry.owned(
                inside(shifted, IdmapEntry.Kind.UID, entry.uid()),
                inside(shifted, IdmapEntry.Kind.GID, entry.gid()));
    }

    /// An id that the map does not have stays: it is one that nobody inside has either.
    private static long inside(Idmap shifted, IdmapEntry.Kind kind, long id) {
        return id < HostId.LIMIT
                ? shifted.toNs(kind, new HostId(id)).map(ns -> ns.value()).orElse(id)
                : id;
    }
}
