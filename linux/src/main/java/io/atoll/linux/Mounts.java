package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/// Mounts by descriptor; open_tree(2), mount_setattr(2), move_mount(2), umount2(2). A detached tree
/// belongs to its descriptor and disappears with it, so nothing is left in the host's mount table.
/// Making and ending mounts may block on a disk or server: use a platform thread. Making a file
/// system: [FsContext].
public final class Mounts {
    private static final int OPEN_TREE_CLONE = 1;
    private static final int OPEN_TREE_CLOEXEC = 0x80000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    private static final long MOUNT_ATTR_IDMAP = 0x100000;
    private static final long MOUNT_ATTR_ATIME = 0x70;
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;

    private Mounts() {}

    /// A detached copy of what is mounted at a path of the host; a bind mount that is nowhere yet.
    ///
    /// @param recursive with the mounts below it
    public static Fd cloneTree(String path, boolean recursive) {
        return cloneTree(Fcntl.AT_FDCWD, path, "copy of " + path, 0, recursive);
    }

    /// A detached copy of the directory or file that `fd` is open on, also with `O_PATH`.
    public static Fd cloneTree(Fd fd, boolean recursive) {
        return cloneTree(fd.number(), "", "copy of " + fd.what(), Fcntl.AT_EMPTY_PATH, recursive);
    }

    private static Fd cloneTree(
            int directory, String path, String what, int flags, boolean recursive) {
        int all =
                flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? Fcntl.AT_RECURSIVE : 0);
        try (Arena arena = Arena.ofConfined()) {
            long name = KernelText.address(arena, path);
            return Fd.own(Syscalls.call(Sys.OPEN_TREE, what, directory, name, all), what);
        }
    }

    /// Sets and clears attributes of a tree.
    public static void setAttributes(
            Fd tree, Set<MountAttribute> set, Set<MountAttribute> clear, boolean recursive) {
        long clearBits = MountAttribute.bits(clear);
        if (set.contains(MountAttribute.NOATIME) || set.contains(MountAttribute.STRICTATIME)) {
            // Access time is a field of three bits, not three flags: the old value must go.
            clearBits |= MOUNT_ATTR_ATIME;
        }
        setAttributes(tree, MountAttribute.bits(set), clearBits, 0, 0, recursive);
    }

    /// Sets the propagation of a tree.
    public static void setPropagation(Fd tree, Propagation propagation, boolean recursive) {
        setAttributes(tree, 0, 0, propagation.flag(), 0, recursive);
    }

    /// Maps the ids of a detached tree that is not mapped yet through a user namespace.
    ///
    /// @throws ErrnoException with `EINVAL` where the file system cannot be mapped
    public static void setIdmap(Fd tree, Fd userNamespace, boolean recursive) {
        setAttributes(tree, MOUNT_ATTR_IDMAP, 0, 0, userNamespace.number(), recursive);
    }

    private static void setAttributes(
            Fd tree,
            long set,
            long clear,
            long propagation,
            long userNamespace,
            boolean recursive) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attr = arena.allocate(32, 8);
            attr.set(JAVA_LONG, 0, set);
            attr.set(JAVA_LONG, 8, clear);
            attr.set(JAVA_LONG, 16, propagation);
            attr.set(JAVA_LONG, 24, userNamespace);
            Syscalls.call(
                    Sys.MOUNT_SETATTR,
                    tree.what(),
                    tree.number(),
                    KernelText.address(arena, ""),
                    Fcntl.AT_EMPTY_PATH | (recursive ? Fcntl.AT_RECURSIVE : 0),
                    attr.address(),
                    attr.byteSize());
        }
    }

    /// Attaches a detached tree at a path of the host, or moves an attached one there.
    public static void move(Fd tree, String target) {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.MOVE_MOUNT,
                    tree.what() + " to " + target,
                    tree.number(),
                    KernelText.address(arena, ""),
                    Fcntl.AT_FDCWD,
                    KernelText.address(arena, target),
                    MOVE_MOUNT_F_EMPTY_PATH);
        }
    }

    /// Attaches a detached tree at a path of the thread's own root that somebody else may be
    /// changing: no symbolic link on the way is followed.
    ///
    /// @throws ErrnoException with `ELOOP` if there is one
    public static void moveNoFollow(Fd tree, String target) {
        try (Fd root = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
                Fd at =
                        Opens.openAt2(
                                root,
                                target,
                                Fcntl.O_PATH,
                                0,
                                Opens.RESOLVE_IN_ROOT | Opens.RESOLVE_NO_SYMLINKS)) {
            move(tree, at);
        }
    }

    /// Attaches a detached tree on what `target` is open on.
    public static void move(Fd tree, Fd target) {
        try (Arena arena = Arena.ofConfined()) {
            long empty = KernelText.address(arena, "");
            Syscalls.call(
                    Sys.MOVE_MOUNT,
                    tree.what() + " to " + target.what(),
                    tree.number(),
                    empty,
                    target.number(),
                    empty,
                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        }
    }

    /// Ends the mount at a path; a symbolic link at its end is not followed.
    ///
    /// @param detach take it away now and let the last user end it; else a used one is `EBUSY`
    public static void umount(String target, boolean detach) {
        try (Arena arena = Arena.ofConfined()) {
            int flags = UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0);
            Syscalls.call(Sys.UMOUNT2, target, KernelText.address(arena, target), flags);
        }
    }

    /// Sets the propagation of the mount at a path of the host; mount(2).
    public static void setPropagation(String target, Propagation propagation, boolean recursive) {
        long flags = propagation.flag() | (recursive ? 0x4000 : 0);
        try (Arena arena = Arena.ofConfined()) {
            long none = KernelText.address(arena, "none");
            Syscalls.call(Sys.MOUNT, target, none, KernelText.address(arena, target), 0, flags, 0);
        }
    }

    /// The mounts that this thread sees.
    public static List<MountInfo> list() {
        return MountInfo.parse(ProcFiles.read("/proc/thread-self/mountinfo"));
    }

    /// True if something is mounted exactly at this path, which is absolute and without links.
    public static boolean isMountPoint(String target) {
        return list().stream().anyMatch(mount -> mount.target().equals(target));
    }
}
