package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Extended attributes; xattr(7). Works on descriptors opened in any way, `O_PATH` and symbolic
/// links too, by going through `/proc/self/fd`.
public final class Xattrs {
    /// Largest value; `XATTR_SIZE_MAX` of `linux/limits.h`.
    private static final int VALUE_MAX = 65536;

    /// Largest list of names; `XATTR_LIST_MAX` of `linux/limits.h`.
    private static final int LIST_MAX = 65536;

    private Xattrs() {}

    /// The value; empty if there is no such attribute or the file system has none.
    public static Optional<byte[]> get(Fd fd, String name) {
        return get(Sys.GETXATTR, fd.procPath(), fd.what(), name);
    }

    /// As [#get(Fd,String)] of a name in a directory, of a symbolic link itself.
    public static Optional<byte[]> get(Fd directory, String entry, String name) {
        return get(Sys.LGETXATTR, path(directory, entry), Directories.what(directory, entry), name);
    }

    private static Optional<byte[]> get(Sys sys, String path, String what, String name) {
        try (Arena arena = Arena.ofConfined();
                Scratch buffer = Scratch.borrow()) {
            long result =
                    Syscalls.raw(
                            sys,
                            KernelText.address(arena, path),
                            KernelText.address(arena, name),
                            buffer.address(),
                            VALUE_MAX);
            if (result == -Errno.ENODATA || result == -Errno.EOPNOTSUPP) {
                return Optional.empty();
            }
            Syscalls.check(sys, what + " " + name, result);
            return Optional.of(buffer.memory().asSlice(0, result).toArray(JAVA_BYTE));
        }
    }

    /// Sets an attribute.
    public static void set(Fd fd, String name, byte[] value) {
        set(Sys.SETXATTR, fd.procPath(), fd.what(), name, value);
    }

    /// As [#set(Fd,String,byte\[\])] of a name in a directory, of a symbolic link itself.
    public static void set(Fd directory, String entry, String name, byte[] value) {
        set(Sys.LSETXATTR, path(directory, entry), Directories.what(directory, entry), name, value);
    }

    private static void set(Sys sys, String path, String what, String name, byte[] value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, value.length));
            MemorySegment.copy(value, 0, buffer, JAVA_BYTE, 0, value.length);
            Syscalls.call(
                    sys,
                    what + " " + name,
                    KernelText.address(arena, path),
                    KernelText.address(arena, name),
                    buffer.address(),
                    value.length,
                    0);
        }
    }

    /// Removes an attribute. Missing is fine.
    public static void remove(Fd fd, String name) {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    Syscalls.raw(
                            Sys.REMOVEXATTR,
                            KernelText.address(arena, fd.procPath()),
                            KernelText.address(arena, name));
            if (result != -Errno.ENODATA && result != -Errno.EOPNOTSUPP) {
                Syscalls.check(Sys.REMOVEXATTR, fd.what() + " " + name, result);
            }
        }
    }

    /// The names that are set.
    public static List<String> list(Fd fd) {
        return list(Sys.LISTXATTR, fd.procPath(), fd.what());
    }

    /// The names that are set on a name in a directory, on a symbolic link itself.
    public static List<String> list(Fd directory, String entry) {
        return list(Sys.LLISTXATTR, path(directory, entry), Directories.what(directory, entry));
    }

    private static List<String> list(Sys sys, String path, String what) {
        try (Arena arena = Arena.ofConfined();
                Scratch buffer = Scratch.borrow()) {
            long result =
                    Syscalls.raw(sys, KernelText.address(arena, path), buffer.address(), LIST_MAX);
            if (result == -Errno.EOPNOTSUPP) {
                return List.of();
            }
            if (Syscalls.check(sys, what, result) == 0) {
                return List.of();
            }
            List<String> names = new ArrayList<>();
            for (long at = 0; at < result; ) {
                byte[] name = KernelText.bytesAt(buffer.memory(), at);
                names.add(KernelText.decode(name));
                at += name.length + 1;
            }
            return names;
        }
    }

    private static String path(Fd directory, String entry) {
        if (entry.isEmpty() || entry.indexOf('/') >= 0) {
            throw new IllegalArgumentException("not the name of a directory entry: " + entry);
        }
        return directory.procPath() + "/" + entry;
    }
}
