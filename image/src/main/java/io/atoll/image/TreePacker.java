package io.atoll.image;

import io.atoll.base.BlockInputStream;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FileStat;
import io.atoll.linux.Opens;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Writes a tree of files as members of an archive, in the order of their names, so that equal
/// trees give equal bytes. The tree may belong to a running instance: it is read by descriptors and
/// single names, links are never followed, and a file that changes its size meanwhile is cut or
/// filled up with zeros. Sockets are left out. Not thread-safe.
final class TreePacker {
    private static final int DEPTH_MAX = 1024;

    private final TarWriter tar;

    /// The member of the first name of files with several names.
    private final Map<FileStat.Identity, String> packed = new HashMap<>();

    TreePacker(TarWriter tar) {
        this.tar = tar;
    }

    /// @param root open for reading
    /// @param prefix name of the root's member; names below it begin with it and a slash
    void pack(Fd root, String prefix) throws IOException {
        packed.clear();
        tar.put(entry(root, FileStat.of(root), TarEntry.Type.DIRECTORY, prefix, ""));
        directory(root, prefix, 0);
    }

    private void directory(Fd directory, String prefix, int depth) throws IOException {
        if (depth > DEPTH_MAX) {
            throw new IOException(prefix + " is nested too deeply");
        }
        List<Directories.Entry> entries = Directories.list(directory);
        entries.sort(Comparator.comparing(Directories.Entry::name));
        for (Directories.Entry entry : entries) {
            try (Fd inode =
                    Opens.openAt(directory, entry.name(), Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
                member(inode, directory, entry.name(), prefix + "/" + entry.name(), depth);
            } catch (ErrnoException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
        }
    }

    private void member(Fd inode, Fd parent, String entryName, String name, int depth)
            throws IOException {
        FileStat stat = FileStat.of(inode);
        String first =
                stat.links() > 1 && !stat.isDirectory()
                        ? packed.putIfAbsent(stat.identity(), name)
                        : null;
        if (first != null) {
            tar.put(entry(inode, stat, TarEntry.Type.HARD_LINK, name, first).withXattrs(Map.of()));
            return;
        }
        switch (stat.type()) {
            case DIRECTORY -> {
                tar.put(entry(inode, stat, TarEntry.Type.DIRECTORY, name, ""));
                try (Fd below =
                        Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                    directory(below, name, depth + 1);
                }
            }
            case FILE -> {
                try (Fd file = Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0)) {
                    tar.put(
                            entry(inode, stat, TarEntry.Type.FILE, name, ""),
                            new Exactly(file, stat.sizeBytes()));
                }
            }
            case SYMLINK ->
                    tar.put(
                            entry(
                                    inode,
                                    stat,
                                    TarEntry.Type.SYMLINK,
                                    name,
                                    Directories.readlink(parent, entryName)));
            case CHAR_DEVICE -> tar.put(entry(inode, stat, TarEntry.Type.CHAR_DEVICE, name, ""));
            case BLOCK_DEVICE -> tar.put(entry(inode, stat, TarEntry.Type.BLOCK_DEVICE, name, ""));
            case FIFO -> tar.put(entry(inode, stat, TarEntry.Type.FIFO, name, ""));
            case SOCKET -> {
                // Only its server can make it again.
            }
        }
    }

    private static TarEntry entry(
            Fd inode, FileStat stat, TarEntry.Type type, String name, String link) {
        Map<String, byte[]> xattrs = new TreeMap<>();
        for (String xattr : Xattrs.list(inode)) {
            if (!xattr.startsWith("trusted.")) {
                Xattrs.get(inode, xattr).ifPresent(value -> xattrs.put(xattr, value));
            }
        }
        return new TarEntry(
                type,
                name,
                link,
                stat.mode(),
                stat.uid(),
                stat.gid(),
                stat.modified(),
                type == TarEntry.Type.FILE ? stat.sizeBytes() : 0,
                FileStat.major(stat.rdev()),
                FileStat.minor(stat.rdev()),
                xattrs);
    }

    /// As many bytes of a file as were promised.
    static final class Exactly extends BlockInputStream {
        private final Fd file;
        private long rest;

        Exactly(Fd file, long size) {
            this.file = file;
            this.rest = size;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (rest == 0) {
                return -1;
            }
            int wanted = (int) Math.min(length, rest);
            int count = FdIo.read(file, into, offset, wanted);
            if (count == 0) {
                java.util.Arrays.fill(into, offset, offset + wanted, (byte) 0);
                count = wanted;
            }
            rest -= count;
            return count;
        }
    }
}
