package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/// Limits for trees of files: every inode carries a project id, new ones inherit it from their
/// directory, and the file system keeps one account for each id. quotactl(2),
/// ioctl_xfs_fsgetxattr(2); ext4 and xfs, mounted with `prjquota`.
public final class ProjectQuotas {
    private static final long FS_IOC_FSGETXATTR = 0x801c581fL;
    private static final long FS_IOC_FSSETXATTR = 0x401c5820L;

    /// `struct fsxattr` of linux/fs.h.
    private static final int XATTR_SIZE = 28;

    private static final int XATTR_FLAGS = 0;
    private static final int XATTR_PROJECT = 12;
    private static final int FS_XFLAG_PROJINHERIT = 0x200;

    /// `struct if_dqblk` of linux/quota.h.
    private static final int BLOCK_SIZE = 72;

    private static final int HARD_LIMIT = 0;
    private static final int SPACE_USED = 16;
    private static final int VALID = 64;
    private static final int QIF_BLIMITS = 1;
    private static final int LIMIT_UNIT = 1024;

    private static final int Q_GETQUOTA = 0x800007;
    private static final int Q_SETQUOTA = 0x800008;
    private static final int PRJQUOTA = 2;

    private ProjectQuotas() {}

    /// What a project has and may have.
    ///
    /// @param limitBytes 0 for no limit
    public record Account(long usedBytes, long limitBytes) {}

    /// The project that what is made in a directory belongs to; empty if none.
    public static OptionalInt projectOf(Fd directory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(XATTR_SIZE, 8);
            if (Syscalls.raw(Sys.IOCTL, directory.number(), FS_IOC_FSGETXATTR, attributes.address())
                    < 0) {
                return OptionalInt.empty();
            }
            int project = attributes.get(JAVA_INT, XATTR_PROJECT);
            boolean isInherited =
                    (attributes.get(JAVA_INT, XATTR_FLAGS) & FS_XFLAG_PROJINHERIT) != 0;
            return project != 0 && isInherited ? OptionalInt.of(project) : OptionalInt.empty();
        }
    }

    /// Puts a directory and all below into a project. Never follows links or enters mounts. Links
    /// and device nodes stay where they are: they take no space.
    ///
    /// @param root open for reading
    public static void assign(Fd root, int project) {
        assign(root, project, 0);
    }

    private static void assign(Fd directory, int project, int depth) {
        set(directory, project, true);
        for (Directories.Entry entry : Directories.list(directory)) {
            assign(directory, entry, project, depth);
        }
    }

    private static void assign(Fd parent, Directories.Entry entry, int project, int depth) {
        int resolve = Opens.RESOLVE_NO_XDEV | Opens.RESOLVE_NO_SYMLINKS;
        try (Fd inode =
                Opens.openAt2(parent, entry.name(), Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0, resolve)) {
            FileStat.Type type = FileStat.of(inode).type();
            if (type != FileStat.Type.FILE && type != FileStat.Type.DIRECTORY) {
                return;
            }
            try (Fd open = Opens.open(inode.procPath(), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0)) {
                if (type == FileStat.Type.DIRECTORY && depth < Inodes.DEPTH_MAX) {
                    assign(open, project, depth + 1);
                } else {
                    set(open, project, false);
                }
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.EXDEV, Errno.ELOOP)) {
                throw e;
            }
        }
    }

    private static void set(Fd inode, int project, boolean isDirectory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(XATTR_SIZE, 8);
            Syscalls.call(
                    Sys.IOCTL,
                    inode.what(),
                    inode.number(),
                    FS_IOC_FSGETXATTR,
                    attributes.address());
            attributes.set(JAVA_INT, XATTR_PROJECT, project);
            if (isDirectory) {
                int flags = attributes.get(JAVA_INT, XATTR_FLAGS);
                attributes.set(JAVA_INT, XATTR_FLAGS, flags | FS_XFLAG_PROJINHERIT);
            }
            Syscalls.call(
                    Sys.IOCTL,
                    inode.what(),
                    inode.number(),
                    FS_IOC_FSSETXATTR,
                    attributes.address());
        }
    }

    /// What a project uses and may use.
    ///
    /// @param place anything on the file system
    /// @throws ErrnoException `ESRCH` or `ENOSYS` if the file system keeps no such accounts
    public static Account account(Fd place, int project) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK_SIZE, 8);
            control(place, Q_GETQUOTA, project, block);
            return new Account(
                    block.get(JAVA_LONG, SPACE_USED),
                    block.get(JAVA_LONG, HARD_LIMIT) * LIMIT_UNIT);
        }
    }

    /// Limits a project.
    ///
    /// @param bytes 0 for no limit; rounded up to whole KiB
    /// @throws ErrnoException `ESRCH` or `ENOSYS` if the file system keeps no such accounts
    public static void limit(Fd place, int project, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK_SIZE, 8);
            long units = (bytes + LIMIT_UNIT - 1) / LIMIT_UNIT;
            block.set(JAVA_LONG, HARD_LIMIT, units);
            block.set(JAVA_LONG, HARD_LIMIT + 8, units);
            block.set(JAVA_INT, VALID, QIF_BLIMITS);
            control(place, Q_SETQUOTA, project, block);
        }
    }

    private static void control(Fd place, int command, int project, MemorySegment block) {
        Syscalls.call(
                Sys.QUOTACTL_FD,
                place.what(),
                place.number(),
                (command << 8) | PRJQUOTA,
                project,
                block.address());
    }
}
