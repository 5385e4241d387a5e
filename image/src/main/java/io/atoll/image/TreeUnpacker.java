package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Directories;
import io.atoll.linux.DiskContent;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Opens;
import io.atoll.linux.TreeCopy;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes the members of an archive as files below a directory. Names are checked before they come
/// here and are resolved with the directory as `/` all the same. Not thread-safe.
final class TreeUnpacker implements AutoCloseable {
    private static final int CHUNK = 1 << 18;

    private final Fd root;
    private final GuestFiles files;

    /// Times of directories, set at the end because every file made in one changes it.
    private final Map<String, Instant> directories = new LinkedHashMap<>();

    /// The directory that the last member went to, under the path it was found by.
    private @Nullable Fd lastParent;

    private String lastPath = "";

    /// What members are read into; larger ones in pieces.
    private final byte[] chunk = new byte[CHUNK];

    TreeUnpacker(Path target) {
        root = Opens.open(target.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
        files = new GuestFiles(root);
    }

    void add(TarEntry entry, InputStream data) throws IOException {
        if (entry.name().equals(".")) {
            attributes(root, entry);
            directories.put("/", entry.modified());
            return;
        }
        String name = entry.name().substring(entry.name().lastIndexOf('/') + 1);
        try {
            add(entry, data, parentOf(entry.name()), name);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOSPC, Errno.EDQUOT)) {
                throw new IOException("No space left while unpacking \"" + entry.name() + "\"", e);
            }
            if (e.is(Errno.ELOOP, Errno.ENOTDIR, Errno.ENAMETOOLONG, Errno.EEXIST)) {
                throw new InvalidConfigException(
                        "Refused to unpack \""
                                + entry.name()
                                + "\": it does not fit what the archive made before",
                        e);
            }
            if (e.is(Errno.EINVAL, Errno.ENOENT, Errno.ERANGE, Errno.E2BIG, Errno.EOPNOTSUPP)) {
                // A link to nothing, say, or an attribute that is too long.
                throw new InvalidConfigException(
                        "Refused to unpack \"" + entry.name() + "\": " + Errno.text(e.errno()), e);
            }
            throw e;
        }
    }

    private static String parent(String name) {
        int slash = name.lastIndexOf('/');
        return slash < 0 ? "/" : name.substring(0, slash);
    }

    /// The members of a directory mostly come one after the other.
    private Fd parentOf(String name) {
        String path = parent(name);
        if (lastParent == null || !path.equals(lastPath)) {
            forgetParent();
            lastParent = openParent(path);
            lastPath = path;
        }
        return lastParent;
    }

    private void forgetParent() {
        Fd old = lastParent;
        lastParent = null;
        if (old != null) {
            old.close();
        }
    }

    /// Some archives leave out directories.
    private Fd openParent(String path) {
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY;
        try {
            return files.open(path, flags, 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            files.mkdirs(path, 0755, 0, 0);
            return files.open(path, flags, 0);
        }
    }

    private void add(TarEntry entry, InputStream data, Fd parent, String name) throws IOException {
        if (entry.type() == TarEntry.Type.DIRECTORY) {
            directories.put(entry.name(), entry.modified());
            addDirectory(entry, parent, name);
            return;
        }
        try {
            make(entry, data, parent, name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
            // A later member of the same name replaces the earlier one, as in an archive that was
            // appended to. That may be a link on the way to the last parent.
            removeOld(parent, name);
            make(entry, data, parent, name);
            forgetParent();
        }
    }

    /// Nothing of the member's content is read if its name is taken.
    private void make(TarEntry entry, InputStream data, Fd parent, String name) throws IOException {
        switch (entry.type()) {
            case FILE -> addFile(entry, data, parent, name);
            case HARD_LINK -> addHardLink(entry, parent, name);
            case SYMLINK -> {
                Directories.symlink(entry.link(), parent, name);
                attributes(parent, name, entry);
            }
            case FIFO -> {
                Directories.mknod(parent, name, FileStat.Type.FIFO, 0600, 0);
                attributes(parent, name, entry);
            }
            case DIRECTORY, CHAR_DEVICE, BLOCK_DEVICE, OTHER ->
                    throw new IllegalStateException("not made here: " + entry.type());
        }
    }

    private static void removeOld(Fd parent, String name) {
        try {
            Directories.unlink(parent, name);
        } catch (ErrnoException e) {
            if (e.is(Errno.EISDIR, Errno.EPERM)) {
                throw new InvalidConfigException(
                        "Refused to unpack \""
                                + name
                                + "\": it replaces a directory of the same archive",
                        e);
            }
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private static void addDirectory(TarEntry entry, Fd parent, String name) {
        try {
            Directories.mkdir(parent, name, 0700);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
        try (Fd directory = Opens.openAt(parent, name, flags, 0)) {
            attributes(directory, entry);
        }
    }

    private void addFile(TarEntry entry, InputStream data, Fd parent, String name)
            throws IOException {
        int flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW;
        try (Fd file = Opens.openAt(parent, name, flags, 0600)) {
            write(data, file, chunk);
            attributes(file, entry);
        }
    }

    /// Writes what a disk holds; the disk gets its size.
    ///
    /// @param disk a file that is there
    static void writeDisk(InputStream data, Path disk) throws IOException {
        try (Fd file = Opens.open(disk.toString(), Fcntl.O_RDWR, 0)) {
            DiskContent.write(data, file);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG)) {
                throw new IOException("No space left while unpacking \"" + disk + "\"", e);
            }
            throw e;
        }
    }

    /// Zeros become holes. Those of a sparse member are not even read: a hostile archive may have
    /// hours of them.
    ///
    /// @param file empty, at its beginning
    private static void write(InputStream data, Fd file, byte[] chunk) throws IOException {
        long position = 0;
        boolean afterHole = false;
        while (true) {
            long hole = data instanceof TarData sparse ? sparse.skipHole() : 0;
            afterHole |= hole > 0;
            position += hole;
            int count = data.readNBytes(chunk, 0, chunk.length);
            if (count == 0) {
                break;
            }
            if (isZero(chunk, count)) {
                afterHole = true;
            } else {
                if (afterHole) {
                    FdIo.seek(file, position);
                }
                FdIo.write(file, chunk, 0, count);
                afterHole = false;
            }
            position += count;
        }
        if (afterHole) {
            FdIo.truncate(file, position);
        }
    }

    private static boolean isZero(byte[] chunk, int count) {
        for (int i = 0; i < count; i++) {
            if (chunk[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void addHardLink(TarEntry entry, Fd parent, String name) {
        String targetName = entry.link().substring(entry.link().lastIndexOf('/') + 1);
        try (Fd targetParent =
                files.open(parent(entry.link()), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            TreeCopy.link(targetParent, targetName, parent, name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.EPERM)) {
                throw e;
            }
            throw new InvalidConfigException(
                    "Refused to unpack \""
                            + entry.name()
                            + "\": there is nothing to link to at \""
                            + entry.link()
                            + "\"",
                    e);
        }
    }

    private static void attributes(Fd parent, String name, TarEntry entry) {
        try (Fd made = Opens.openAt(parent, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            attributes(made, entry);
        }
    }

    private static void attributes(Fd made, TarEntry entry) {
        Directories.chown(made, entry.uid(), entry.gid());
        if (entry.type() != TarEntry.Type.SYMLINK) {
            Directories.chmod(made, entry.mode());
        }
        entry.xattrs().forEach((name, value) -> Xattrs.set(made, name, value));
        TreeCopy.setModified(made, entry.modified());
    }

    void finish() {
        directories.forEach((path, time) -> {
            try (Fd directory = files.open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                TreeCopy.setModified(directory, time);
            }
        });
    }

    @Override
    public void close() {
        forgetParent();
        root.close();
    }
}
