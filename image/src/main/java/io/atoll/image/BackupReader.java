package io.atoll.image;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/// Reads a backup in LXD's layout, made by us or by LXD, from its beginning to its end: the index
/// first, then its parts in the order of the archive, which is snapshots from the oldest on and
/// then the volume itself. The archive comes from anyone and is read with the same care as an
/// image. Not thread-safe.
public final class BackupReader implements AutoCloseable {
    static final String STREAM_HEADER = "backup/optimized_header.yaml";
    private static final int INDEX_BYTES_MAX = 16 << 20;

    private final TarReader tar;
    private Optional<TarEntry> ahead = Optional.empty();

    /// @param archive packed in any way that images may be; closed with the reader
    public BackupReader(InputStream archive) throws IOException {
        this.tar = new TarReader(Compression.unpacked(archive));
    }

    /// The text of `backup/index.yaml`. Called once, before anything else.
    ///
    /// @throws InvalidConfigException if there is none at the start of the archive
    public String readIndex() throws IOException {
        try {
            for (advance(); ahead.isPresent(); advance()) {
                String name = ImageArchives.clean(ahead.get().name());
                if (name.equals("backup/index.yaml")) {
                    return text();
                }
                if (ahead.get().type() != TarEntry.Type.DIRECTORY) {
                    break;
                }
            }
        } catch (EOFException e) {
            throw damaged(e);
        }
        throw new InvalidConfigException("Backup is missing at \"backup/index.yaml\"");
    }

    private String text() throws IOException {
        String text = new String(tar.data().readNBytes(INDEX_BYTES_MAX), StandardCharsets.UTF_8);
        advance();
        return text;
    }

    /// The text that says which streams there are; comes after the index.
    ///
    /// @throws InvalidConfigException if there is none
    public String readStreamHeader() throws IOException {
        try {
            if (isNext(STREAM_HEADER)) {
                return text();
            }
        } catch (EOFException e) {
            throw damaged(e);
        }
        throw new InvalidConfigException("Backup is missing at \"" + STREAM_HEADER + "\"");
    }

    private boolean isNext(String name) {
        return ahead.filter(e -> e.type() == TarEntry.Type.FILE)
                .filter(e -> ImageArchives.clean(e.name()).equals(name))
                .isPresent();
    }

    /// Passes on a volume, or a part of one, as its file system made it.
    ///
    /// @param path as of [BackupPart#streamName]
    /// @throws InvalidConfigException if something else comes next, or nothing
    public void copyStream(BackupPart part, String path, OutputStream out) throws IOException {
        try {
            String name = part.streamName(path);
            if (!isNext(name)) {
                throw new InvalidConfigException(
                        "The backup has no \"" + name + "\" where it belongs");
            }
            long _ = tar.data().transferTo(out);
            advance();
        } catch (EOFException e) {
            throw damaged(e);
        }
    }

    private void advance() throws IOException {
        ahead = tar.next();
    }

    private static InvalidConfigException damaged(EOFException e) {
        return new InvalidConfigException("The backup is damaged: " + e.getMessage(), e);
    }

    /// Unpacks the next volume of the archive. Needs root.
    ///
    /// @param directory gets `metadata.yaml`, `backup.yaml` and `templates/`
    /// @param rootfs gets the files; exists and is empty
    /// @param shifted the id map that owner ids in the archive went through, the value of
    ///   `volatile.last_state.idmap`; [Idmap#NONE] if they are as inside
    /// @throws InvalidConfigException if another volume comes next, or none
    public void unpack(BackupPart part, Path directory, Path rootfs, Idmap shifted)
            throws IOException {
        try (TreeUnpacker unpacker = new TreeUnpacker(rootfs)) {
            ImageArchives.Members files =
                    new ImageArchives.Members(
                            part.rootPrefix(),
                            (entry, data) -> unpacker.add(unshift(entry, shifted), data));
            skipFolders(part);
            while (ahead.isPresent() && part.has(ImageArchives.clean(ahead.get().name()))) {
                if (!files.offer(ahead.get(), tar.data())) {
                    unpackFile(part, directory, ahead.get());
                }
                advance();
            }
            unpacker.finish();
            if (files.count() == 0) {
                throw new InvalidConfigException(
                        "The backup has no \"" + part.rootPrefix() + "\" where it belongs");
            }
        } catch (EOFException e) {
            throw damaged(e);
        }
    }

    /// The size of the disk that comes next; 0 if something else does.
    public long diskBytes(BackupPart part) {
        return isNext(part.diskName()) ? ahead.map(TarEntry::size).orElse(0L) : 0;
    }

    /// Unpacks the next volume of the archive, which is a block volume.
    ///
    /// @param disk a file that is there, which gets the size of what is in the archive, or a device
    /// @throws InvalidConfigException if another volume comes next, or none
    public void unpackDisk(BackupPart part, Path disk) throws IOException {
        try {
            skipFolders(part);
            if (!isNext(part.diskName())) {
                throw new InvalidConfigException(
                        "The backup has no \"" + part.diskName() + "\" where it belongs");
            }
            TreeUnpacker.writeDisk(tar.data(), disk);
            advance();
        } catch (EOFException e) {
            throw damaged(e);
        }
    }

    /// Archives may have members for the folders above a part.
    private void skipFolders(BackupPart part) throws IOException {
        while (ahead.isPresent()
                && ahead.get().type() == TarEntry.Type.DIRECTORY
                && part.prefix().startsWith(ImageArchives.clean(ahead.get().name()) + "/")) {
            advance();
        }
    }

    private void unpackFile(BackupPart part, Path directory, TarEntry entry) throws IOException {
        String name = ImageArchives.clean(entry.name());
        if (part.isInstance()
                && entry.type() == TarEntry.Type.FILE
                && name.startsWith(part.prefix() + "/")) {
            boolean _ =
                    ImageArchives.unpackVolumeFile(
                            tar, name.substring(part.prefix().length() + 1), directory);
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

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
