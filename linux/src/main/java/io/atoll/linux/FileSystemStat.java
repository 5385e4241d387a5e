package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/// What statfs(2) says about a file system.
///
/// @param magic its type, `linux/magic.h`
/// @param freeBytes also those that only root may use
/// @param availableBytes for everyone
public record FileSystemStat(
        long magic,
        long totalBytes,
        long freeBytes,
        long availableBytes,
        long totalInodes,
        long freeInodes) {
    private static final int BYTES = 120;

    /// Types whose files are not storage but the kernel itself; `linux/magic.h`.
    private static final Set<Long> KERNELS =
            Set.of(
                    0x9fa0L, // proc
                    0x62656572L, // sysfs
                    0x27e0ebL, // cgroup
                    0x63677270L, // cgroup2
                    0x64626720L, // debugfs
                    0x74726163L, // tracefs
                    0x73636673L, // securityfs
                    0x62656570L, // configfs
                    0xcafe4a11L, // bpf
                    0xde5e81e4L, // efivarfs
                    0xf97cff8cL, // selinuxfs
                    0x43415d53L, // smackfs
                    0x42494e4dL, // binfmt_misc
                    0x6165676cL, // pstore
                    0x65735543L, // fusectl
                    0x6e736673L, // nsfs
                    0x7655821L); // resctrl

    /// True if writing to a file there tells the kernel something, as in `/proc` and `/sys`.
    public boolean isKernels() {
        return KERNELS.contains(magic & 0xffffffffL);
    }

    /// Of the file system that a path of the host is on.
    public static FileSystemStat of(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BYTES, 8);
            Syscalls.call(Sys.STATFS, path, KernelText.address(arena, path), buffer.address());
            return read(buffer);
        }
    }

    /// Of the file system that an open file is on, which may be open with `O_PATH` only.
    public static FileSystemStat of(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BYTES, 8);
            Syscalls.call(Sys.FSTATFS, file.what(), file.number(), buffer.address());
            return read(buffer);
        }
    }

    private static FileSystemStat read(MemorySegment buffer) {
        long unit = buffer.get(JAVA_LONG, 8);
        return new FileSystemStat(
                buffer.get(JAVA_LONG, 0),
                buffer.get(JAVA_LONG, 16) * unit,
                buffer.get(JAVA_LONG, 24) * unit,
                buffer.get(JAVA_LONG, 32) * unit,
                buffer.get(JAVA_LONG, 40),
                buffer.get(JAVA_LONG, 48));
    }
}
