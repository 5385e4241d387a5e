package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Flags of inodes as chattr(1) sets them; ioctl_iflags(2).
public final class InodeFlags {
    private static final long FS_IOC_GETFLAGS = 0x80086601L;
    private static final long FS_IOC_SETFLAGS = 0x40086602L;
    private static final int FS_IMMUTABLE_FL = 0x10;
    private static final int FS_APPEND_FL = 0x20;
    private static final int FS_TOPDIR_FL = 0x20000;

    private InodeFlags() {}

    /// Takes `immutable` and `append only` from a directory and everything below, so that it can be
    /// deleted. Never follows links or enters mounts.
    ///
    /// @param root open for reading
    /// @return how many inodes had one
    public static int unlockBelow(Fd root) {
        return unlockBelow(root, 0);
    }

    private static int unlockBelow(Fd directory, int depth) {
        int unlocked = unlock(directory);
        for (Directories.Entry entry : Directories.list(directory)) {
            unlocked += unlock(directory, entry, depth);
        }
        return unlocked;
    }

    private static int unlock(Fd parent, Directories.Entry entry, int depth) {
        // Only files and directories have flags; O_PATH first, since opening a device or fifo would
        // already act.
        int resolve = Opens.RESOLVE_NO_XDEV | Opens.RESOLVE_NO_SYMLINKS;
        try (Fd inode =
                Opens.openAt2(parent, entry.name(), Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0, resolve)) {
            FileStat.Type type = FileStat.of(inode).type();
            if (type != FileStat.Type.FILE && type != FileStat.Type.DIRECTORY) {
                return 0;
            }
            try (Fd open = Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0)) {
                boolean enter = type == FileStat.Type.DIRECTORY && depth < Inodes.DEPTH_MAX;
                return enter ? unlockBelow(open, depth + 1) : unlock(open);
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.EXDEV, Errno.ELOOP)) {
                return 0;
            }
            throw e;
        }
    }

    private static int unlock(Fd inode) {
        return change(inode, 0, FS_IMMUTABLE_FL | FS_APPEND_FL) ? 1 : 0;
    }

    /// Lets directories that are made in this one begin where there is room, each in a place of its
    /// own, instead of beside their parent: `T` of chattr(1). ext4 only; others have nothing like
    /// it and are left alone.
    ///
    /// @param directory open for reading
    /// @return whether that was changed
    public static boolean spread(Fd directory) {
        try {
            return change(directory, FS_TOPDIR_FL, 0);
        } catch (ErrnoException e) {
            if (e.is(Errno.EOPNOTSUPP, Errno.ENOTTY, Errno.EINVAL)) {
                return false;
            }
            throw e;
        }
    }

    private static boolean change(Fd inode, int set, int clear) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(8, 8);
            if (Syscalls.raw(Sys.IOCTL, inode.number(), FS_IOC_GETFLAGS, flags.address()) < 0) {
                return false;
            }
            int old = flags.get(JAVA_INT, 0);
            int wanted = (old | set) & ~clear;
            if (wanted == old) {
                return false;
            }
            flags.set(JAVA_INT, 0, wanted);
            Syscalls.call(
                    Sys.IOCTL, inode.what(), inode.number(), FS_IOC_SETFLAGS, flags.address());
            return true;
        }
    }
}
