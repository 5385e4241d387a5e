package io.atoll.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/// Copies a tree of inodes with owners, modes, times, links among its files, devices, holes and all
/// extended attributes. Data is shared with the source where the file system can (`FICLONE`), else
/// copied inside the kernel.
///
/// The source may be changed by someone hostile meanwhile: only directory descriptors and single
/// names are used, links are never followed, mounts never entered. The target must be out of
/// everyone's reach. What disappears meanwhile is left out. Blocks; not thread-safe.
public final class TreeCopy {
    private static final long FICLONE = 0x40049409L;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final long UTIME_OMIT = 0x3ffffffeL;
    private static final int DEPTH_MAX = 1024;

    private final Fd target;
    private final Predicate<String> wanted;

    /// Where the first copy of a file with several names is, below the target.
    private final Map<FileStat.Identity, String> copied = new HashMap<>();

    private long files;

    private TreeCopy(Fd target, Predicate<String> wanted) {
        this.target = target;
        this.wanted = wanted;
    }

    /// Copies what `source` holds into `target`, and the attributes of `source` itself.
    ///
    /// @param source open for reading
    /// @param target open for reading, empty
    /// @param wanted says of a path relative to the source, `a/b`, whether to copy it with all
    ///   below
    /// @return how many files and directories were made
    public static long contents(Fd source, Fd target, Predicate<String> wanted) {
        TreeCopy copy = new TreeCopy(target, wanted);
        copy.directory(source, target, "", 0);
        copyAttributes(source, target, FileStat.of(source));
        return copy.files;
    }

    private void directory(Fd from, Fd to, String path, int depth) {
        if (depth > DEPTH_MAX) {
            throw new ErrnoException("mkdirat", Errno.ELOOP, from.what());
        }
        for (Directories.Entry entry : Directories.list(from)) {
            String below = path.isEmpty() ? entry.name() : path + "/" + entry.name();
            if (wanted.test(below)) {
                entry(from, to, entry.name(), below, depth);
            }
        }
    }

    private void entry(Fd from, Fd to, String name, String path, int depth) {
        try (Fd inode =
                Opens.openAt2(
                        from, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0, Opens.RESOLVE_NO_XDEV)) {
            FileStat stat = FileStat.of(inode);
            if (stat.links() > 1 && !stat.isDirectory()) {
                String first = copied.putIfAbsent(stat.identity(), path);
                if (first != null) {
                    link(target, first, to, name);
                    return;
                }
            }
            make(inode, stat, to, name, path, depth);
            files++;
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.EXDEV)) {
                throw e;
            }
        }
    }

    private void make(Fd inode, FileStat stat, Fd to, String name, String path, int depth) {
        switch (stat.type()) {
            case DIRECTORY -> {
                Directories.mkdir(to, name, 0700);
                int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
                try (Fd from = Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
                        Fd made = Opens.openAt(to, name, flags, 0)) {
                    directory(from, made, path, depth + 1);
                    copyAttributes(from, made, stat);
                }
            }
            case FILE -> {
                int flags = Fcntl.O_RDWR | Fcntl.O_CREAT | Fcntl.O_EXCL;
                try (Fd from = Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0);
                        Fd made = Opens.openAt(to, name, flags, 0600)) {
                    copyData(from, made, stat.sizeBytes());
                    copyAttributes(from, made, stat);
                }
            }
            case SYMLINK -> {
                Directories.symlink(Directories.readlink(inode), to, name);
                copyAttributes(inode, to, name, stat);
            }
            case CHAR_DEVICE, BLOCK_DEVICE, FIFO, SOCKET -> {
                Directories.mknod(to, name, stat.type(), 0600, stat.rdev());
                copyAttributes(inode, to, name, stat);
            }
        }
    }

    private static void copyAttributes(Fd from, Fd parent, String name, FileStat stat) {
        try (Fd made = Opens.openAt(parent, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            copyAttributes(from, made, stat);
        }
    }

    /// Owner first: changing it clears set-id bits and capabilities. Time last: everything else
    /// changes it.
    private static void copyAttributes(Fd from, Fd to, FileStat stat) {
        Directories.chown(to, stat.uid(), stat.gid());
        if (stat.type() != FileStat.Type.SYMLINK) {
            Directories.chmod(to, stat.mode());
        }
        for (String name : Xattrs.list(from)) {
            Xattrs.get(from, name).ifPresent(value -> Xattrs.set(to, name, value));
        }
        setModified(to, stat.modified());
    }

    /// Sets the modification time of what `fd` is open on, also with `O_PATH`; utimensat(2).
    public static void setModified(Fd fd, Instant time) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment times = arena.allocate(32, 8);
            times.set(ValueLayout.JAVA_LONG, 8, UTIME_OMIT);
            times.set(ValueLayout.JAVA_LONG, 16, time.getEpochSecond());
            times.set(ValueLayout.JAVA_LONG, 24, time.getNano());
            Syscalls.call(
                    Sys.UTIMENSAT,
                    fd.what(),
                    fd.number(),
                    KernelText.address(arena, ""),
                    times.address(),
                    Fcntl.AT_EMPTY_PATH);
        }
    }

    /// Another name for a file; linkat(2). A symbolic link at the end is linked itself.
    ///
    /// @param path below `directory`, which nobody else can change
    /// @param name one component
    public static void link(Fd directory, String path, Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.LINKAT,
                    Directories.what(parent, name) + " to " + path,
                    directory.number(),
                    KernelText.address(arena, path),
                    parent.number(),
                    Directories.address(arena, name),
                    0);
        }
    }

    /// Lets a file have the data of another one in common with it, until either is written.
    ///
    /// @param to may be longer; the rest of it stays
    /// @return false if the file system cannot
    public static boolean share(Fd from, Fd to) {
        return Syscalls.raw(Sys.IOCTL, to.number(), FICLONE, from.number()) == 0;
    }

    /// Copies all data of a file, or shares it where the file system can. Holes stay holes.
    public static void copyData(Fd from, Fd to, long size) {
        if (size == 0 || share(from, to)) {
            return;
        }
        long position = 0;
        while (position < size) {
            long start = Syscalls.raw(Sys.LSEEK, from.number(), position, SEEK_DATA);
            if (start == -Errno.ENXIO) {
                break;
            }
            start = start < 0 ? position : start;
            long hole = Syscalls.raw(Sys.LSEEK, from.number(), start, SEEK_HOLE);
            long end = hole < 0 ? size : Math.min(size, hole);
            if (!copyRange(from, to, start, end)) {
                break;
            }
            position = end;
        }
        FdIo.truncate(to, size);
    }

    /// False if the source has become shorter.
    private static boolean copyRange(Fd from, Fd to, long start, long end) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_LONG, start);
            MemorySegment out = arena.allocateFrom(ValueLayout.JAVA_LONG, start);
            while (in.get(ValueLayout.JAVA_LONG, 0) < end) {
                long rest = end - in.get(ValueLayout.JAVA_LONG, 0);
                long count =
                        Syscalls.raw(
                                Sys.COPY_FILE_RANGE,
                                from.number(),
                                in.address(),
                                to.number(),
                                out.address(),
                                rest,
                                0);
                if (count == -Errno.EXDEV || count == -Errno.EINVAL || count == -Errno.EOPNOTSUPP) {
                    return copyByHand(from, to, in.get(ValueLayout.JAVA_LONG, 0), end);
                }
                if (Syscalls.check(Sys.COPY_FILE_RANGE, to.what(), count) == 0) {
                    return copyByHand(from, to, in.get(ValueLayout.JAVA_LONG, 0), end);
                }
            }
            return true;
        }
    }

    private static boolean copyByHand(Fd from, Fd to, long start, long end) {
        byte[] buffer = new byte[(int) Math.min(1 << 18, end - start)];
        FdIo.seek(to, start);
        for (long position = start; position < end; ) {
            int count =
                    FdIo.pread(
                            from,
                            buffer,
                            0,
                            (int) Math.min(buffer.length, end - position),
                            position);
            if (count == 0) {
                return false;
            }
            FdIo.write(to, buffer, 0, count);
            position += count;
        }
        return true;
    }
}
