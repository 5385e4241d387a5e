package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// openat(2) and openat2(2). `O_CLOEXEC` is always added.
public final class Opens {
    /// openat2(2): no step of the path may cross into another mount.
    static final int RESOLVE_NO_XDEV = 1;

    /// openat2(2): no `/proc` style magic links.
    static final int RESOLVE_NO_MAGICLINKS = 2;

    /// openat2(2): no symbolic links at all.
    static final int RESOLVE_NO_SYMLINKS = 4;

    /// openat2(2): never above the starting directory.
    static final int RESOLVE_BENEATH = 8;

    /// openat2(2): the starting directory is `/` for the whole path.
    static final int RESOLVE_IN_ROOT = 16;

    /// How often a resolution that raced with a rename is tried again.
    private static final int RACES_MAX = 128;

    private Opens() {}

    /// Opens a path of the host. Never for a path that a container can influence: see [GuestFiles].
    ///
    /// @param flags of [Fcntl]
    public static Fd open(String path, int flags, int mode) {
        return openAt(Fcntl.AT_FDCWD, path, path, flags, mode);
    }

    /// As [#open], of what may be missing: empty then, without an exception, which costs more than
    /// the call.
    public static Optional<Fd> openIfPresent(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    Syscalls.raw(
                            Sys.OPENAT,
                            Fcntl.AT_FDCWD,
                            KernelText.address(arena, path),
                            flags | Fcntl.O_CLOEXEC,
                            0);
            return result == -Errno.ENOENT || result == -Errno.ENOTDIR
                    ? Optional.empty()
                    : Optional.of(Fd.own(Syscalls.check(Sys.OPENAT, path, result), path));
        }
    }

    /// Opens a name below a directory. The name must be one component, or trusted.
    public static Fd openAt(Fd directory, String name, int flags, int mode) {
        return openAt(directory.number(), name, directory.what() + "/" + name, flags, mode);
    }

    private static Fd openAt(int directory, String name, String what, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long fd =
                    Syscalls.call(
                            Sys.OPENAT,
                            what,
                            directory,
                            KernelText.address(arena, name),
                            flags | Fcntl.O_CLOEXEC,
                            mode);
            return Fd.own(fd, what);
        }
    }

    /// Opens with limits on the resolution. `EAGAIN`, which the kernel answers when a rename raced
    /// with a `..`, is tried again a bounded number of times.
    static Fd openAt2(Fd directory, String path, int flags, int mode, int resolve) {
        String what = directory.what() + ":" + path;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(24, 8);
            how.set(JAVA_LONG, 0, flags | Fcntl.O_CLOEXEC);
            // The kernel refuses a mode without O_CREAT or O_TMPFILE.
            boolean creates =
                    (flags & Fcntl.O_CREAT) != 0 || (flags & Fcntl.O_TMPFILE) == Fcntl.O_TMPFILE;
            how.set(JAVA_LONG, 8, creates ? mode : 0);
            how.set(JAVA_LONG, 16, resolve);
            long name = KernelText.address(arena, path);
            long result = -Errno.EAGAIN;
            for (int i = 0; i < RACES_MAX && result == -Errno.EAGAIN; i++) {
                result =
                        Syscalls.raw(
                                Sys.OPENAT2,
                                directory.number(),
                                name,
                                how.address(),
                                how.byteSize());
            }
            return Fd.own(Syscalls.check(Sys.OPENAT2, what, result), what);
        }
    }
}
