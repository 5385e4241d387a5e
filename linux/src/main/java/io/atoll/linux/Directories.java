package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Reading of directories and changes of their entries, by descriptor; getdents64(2), mkdirat(2),
/// unlinkat(2) and relatives. A `name` is one component: anything with a slash is refused, so
/// nothing can lead elsewhere.
public final class Directories {
    private static final int BUFFER = 32 * 1024;
    private static final int DT_DIR = 4;
    private static final int DT_UNKNOWN = 0;

    /// An entry. Whether it is a directory is unknown on file systems that do not tell: then it
    /// counts as none and unlinkat(2) answers `EISDIR`.
    public record Entry(String name, boolean isDirectory) {}

    private Directories() {}

    /// All entries except `.` and `..`, in the file system's order. `directory` is open for
    /// reading.
    public static List<Entry> list(Fd directory) {
        List<Entry> entries = new ArrayList<>();
        FdIo.seek(directory, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER, 8);
            while (true) {
                long count =
                        Syscalls.call(
                                Sys.GETDENTS64,
                                directory.what(),
                                directory.number(),
                                buffer.address(),
                                BUFFER);
                if (count == 0) {
                    return entries;
                }
                decode(directory, buffer, count, entries);
            }
        }
    }

    private static void decode(
            Fd directory, MemorySegment buffer, long count, List<Entry> entries) {
        for (long at = 0; at < count; at += Short.toUnsignedInt(buffer.get(JAVA_SHORT, at + 16))) {
            String name = KernelText.decode(KernelText.bytesAt(buffer, at + 19));
            if (name.equals(".") || name.equals("..")) {
                continue;
            }
            int type = buffer.get(JAVA_BYTE, at + 18);
            boolean isDirectory =
                    type == DT_DIR || type == DT_UNKNOWN && isDirectory(directory, name);
            entries.add(new Entry(name, isDirectory));
        }
    }

    private static boolean isDirectory(Fd directory, String name) {
        try {
            return FileStat.of(directory, name).isDirectory();
        } catch (ErrnoException _) {
            return false;
        }
    }

    /// Makes a directory; the umask applies.
    public static void mkdir(Fd parent, String name, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.MKDIRAT, what(parent, name), parent.number(), address(arena, name), mode);
        }
    }

    /// Removes a name that is not a directory.
    public static void unlink(Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.UNLINKAT, what(parent, name), parent.number(), address(arena, name), 0);
        }
    }

    /// Removes an empty directory.
    public static void rmdir(Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.UNLINKAT,
                    what(parent, name),
                    parent.number(),
                    address(arena, name),
                    Fcntl.AT_REMOVEDIR);
        }
    }

    /// Makes a symbolic link called `name` that says `target`.
    public static void symlink(String target, Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.SYMLINKAT,
                    what(parent, name),
                    KernelText.address(arena, target),
                    parent.number(),
                    address(arena, name));
        }
    }

    /// What a symbolic link says.
    public static String readlink(Fd parent, String name) {
        try (Arena arena = Arena.ofConfined()) {
            return readlink(parent, what(parent, name), address(arena, name));
        }
    }

    /// What the symbolic link says that `link` was opened on with `O_PATH | O_NOFOLLOW`.
    static String readlink(Fd link) {
        try (Arena arena = Arena.ofConfined()) {
            return readlink(link, link.what(), KernelText.address(arena, ""));
        }
    }

    private static String readlink(Fd at, String what, long name) {
        int max = 4096;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(max);
            long count =
                    Syscalls.call(Sys.READLINKAT, what, at.number(), name, buffer.address(), max);
            return KernelText.decode(buffer.asSlice(0, count).toArray(JAVA_BYTE));
        }
    }

    /// Makes a device node, fifo, socket or file; mknod(2).
    ///
    /// @param rdev as [FileStat#device(int,int)] makes it
    public static void mknod(Fd parent, String name, FileStat.Type type, int mode, long rdev) {
        int major = FileStat.major(rdev);
        int minor = FileStat.minor(rdev);
        // The kernel's encoding: 12 bits of major between the low and high bits of minor.
        long encoded = minor & 0xff | (long) major << 8 | (long) (minor & ~0xff) << 12;
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.MKNODAT,
                    what(parent, name),
                    parent.number(),
                    address(arena, name),
                    type.bits() | mode,
                    encoded);
        }
    }

    /// Renames within or across directories of one file system.
    ///
    /// @param replace whether an existing target is replaced; else it is `EEXIST`
    public static void rename(Fd fromParent, String from, Fd toParent, String to, boolean replace) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.RENAMEAT2,
                    what(fromParent, from) + " to " + what(toParent, to),
                    fromParent.number(),
                    address(arena, from),
                    toParent.number(),
                    address(arena, to),
                    replace ? 0 : 1);
        }
    }

    /// Swaps two names of one file system in one step; both must exist.
    public static void exchange(Fd oneParent, String one, Fd otherParent, String other) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.RENAMEAT2,
                    what(oneParent, one) + " with " + what(otherParent, other),
                    oneParent.number(),
                    address(arena, one),
                    otherParent.number(),
                    address(arena, other),
                    2);
        }
    }

    /// Changes owner and group of a name, of a symbolic link itself; -1 leaves one as it is.
    public static void chown(Fd parent, String name, long uid, long gid) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.FCHOWNAT,
                    what(parent, name),
                    parent.number(),
                    address(arena, name),
                    uid,
                    gid,
                    Fcntl.AT_SYMLINK_NOFOLLOW);
        }
    }

    /// Changes owner and group of what `fd` is open on, also with `O_PATH`; -1 leaves one as it is.
    public static void chown(Fd fd, long uid, long gid) {
        try (Arena arena = Arena.ofConfined()) {
            long empty = KernelText.address(arena, "");
            Syscalls.call(
                    Sys.FCHOWNAT, fd.what(), fd.number(), empty, uid, gid, Fcntl.AT_EMPTY_PATH);
        }
    }

    /// Changes the mode of what `fd` is open on, also with `O_PATH`. A symbolic link has none:
    /// `EOPNOTSUPP`.
    public static void chmod(Fd fd, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.FCHMODAT,
                    fd.what(),
                    Fcntl.AT_FDCWD,
                    KernelText.address(arena, fd.procPath()),
                    mode);
        }
    }

    static String what(Fd parent, String name) {
        return parent.what() + "/" + name;
    }

    static long address(Arena arena, String name) {
        if (name.isEmpty() || name.indexOf('/') >= 0) {
            throw new IllegalArgumentException("not the name of a directory entry: " + name);
        }
        return KernelText.address(arena, name);
    }
}
