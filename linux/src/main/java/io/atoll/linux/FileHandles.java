package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Files by what the kernel knows them by; open_by_handle_at(2).
public final class FileHandles {
    private static final int HEADER_BYTES = 8;

    /// `FILEID_KERNFS` of `linux/exportfs.h`: a number of 64 bits.
    private static final int KERNEL_FILE = 0xfe;

    private FileHandles() {}

    /// Opens a directory of `sysfs` or a cgroup file system.
    ///
    /// @param at any file of the same file system; the path of the result is seen from its mount
    /// @param inode its number
    /// @throws ErrnoException with `ESTALE` if there is none of that number
    public static Fd openKernelFile(Fd at, long inode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(HEADER_BYTES + Long.BYTES, 8);
            handle.set(JAVA_INT, 0, Long.BYTES);
            handle.set(JAVA_INT, 4, KERNEL_FILE);
            handle.set(JAVA_LONG_UNALIGNED, HEADER_BYTES, inode);
            String what = at.what() + " inode " + inode;
            long fd =
                    Syscalls.call(
                            Sys.OPEN_BY_HANDLE_AT,
                            what,
                            at.number(),
                            handle.address(),
                            Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC);
            return Fd.own(fd, what);
        }
    }
}
