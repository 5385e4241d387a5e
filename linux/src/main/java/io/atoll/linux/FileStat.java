package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/// What statx(2) says about an inode.
///
/// @param type what kind of file
/// @param mode permission bits with set-id and sticky, 0 to 07777
/// @param device of the file system, as [#device(int,int)] makes it
/// @param rdev of a device node, same form, else 0
public record FileStat(
        Type type,
        int mode,
        long uid,
        long gid,
        long sizeBytes,
        long blocks,
        long links,
        long inode,
        long device,
        long rdev,
        Instant modified,
        Instant changed) {
    /// Kinds of files, by the bits of `S_IFMT`; inode(7).
    public enum Type {
        FIFO(0010000),
        CHAR_DEVICE(0020000),
        DIRECTORY(0040000),
        BLOCK_DEVICE(0060000),
        FILE(0100000),
        SYMLINK(0120000),
        SOCKET(0140000);

        private final int bits;

        Type(int bits) {
            this.bits = bits;
        }

        /// `S_IFREG` and so on.
        public int bits() {
            return bits;
        }

        static Type of(int mode) {
            for (Type type : values()) {
                if (type.bits == (mode & 0170000)) {
                    return type;
                }
            }
            throw new IllegalStateException("file type " + Integer.toOctalString(mode));
        }
    }

    private static final int STATX_BASIC_STATS = 0x7ff;

    /// A device number in a form of our own, for comparing: major in the upper half.
    public static long device(int major, int minor) {
        return (long) major << 32 | Integer.toUnsignedLong(minor);
    }

    /// Major number of a value of [#device(int,int)].
    public static int major(long device) {
        return (int) (device >>> 32);
    }

    /// Minor number of a value of [#device(int,int)].
    public static int minor(long device) {
        return (int) device;
    }

    public boolean isDirectory() {
        return type == Type.DIRECTORY;
    }

    /// True if both are the same inode of the same file system.
    public boolean isSameInode(FileStat other) {
        return inode == other.inode && device == other.device;
    }

    /// Names an inode on this host.
    public record Identity(long device, long inode) {}

    /// The same for all names of one file. Numbers of inodes alone are not: each subvolume of a
    /// btrfs has its own, and walks go through several without crossing a mount.
    public Identity identity() {
        return new Identity(device, inode);
    }

    /// Of an open descriptor, also one opened with `O_PATH`.
    public static FileStat of(Fd fd) {
        return of(fd.number(), "", fd.what(), Fcntl.AT_EMPTY_PATH);
    }

    /// Of a name in a directory; a symbolic link itself, not what it points to.
    public static FileStat of(Fd directory, String name) {
        return of(
                directory.number(), name, directory.what() + "/" + name, Fcntl.AT_SYMLINK_NOFOLLOW);
    }

    /// Of a path of the host, following symbolic links.
    public static FileStat of(String path) {
        return of(Fcntl.AT_FDCWD, path, path, 0);
    }

    private static FileStat of(int directory, String name, String what, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(256, 8);
            Syscalls.call(
                    Sys.STATX,
                    what,
                    directory,
                    KernelText.address(arena, name),
                    flags | Fcntl.AT_NO_AUTOMOUNT,
                    STATX_BASIC_STATS,
                    buffer.address());
            return decode(buffer);
        }
    }

    private static FileStat decode(MemorySegment s) {
        int mode = Short.toUnsignedInt(s.get(JAVA_SHORT, 28));
        return new FileStat(
                Type.of(mode),
                mode & 07777,
                Integer.toUnsignedLong(s.get(JAVA_INT, 20)),
                Integer.toUnsignedLong(s.get(JAVA_INT, 24)),
                s.get(JAVA_LONG, 40),
                s.get(JAVA_LONG, 48),
                Integer.toUnsignedLong(s.get(JAVA_INT, 16)),
                s.get(JAVA_LONG, 32),
                device(s.get(JAVA_INT, 136), s.get(JAVA_INT, 140)),
                device(s.get(JAVA_INT, 128), s.get(JAVA_INT, 132)),
                Instant.ofEpochSecond(s.get(JAVA_LONG, 112), s.get(JAVA_INT, 120)),
                Instant.ofEpochSecond(s.get(JAVA_LONG, 96), s.get(JAVA_INT, 104)));
    }
}
