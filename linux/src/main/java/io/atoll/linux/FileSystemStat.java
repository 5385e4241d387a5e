package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

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
    /// Of the file system that a path of the host is on.
    public static FileSystemStat of(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(120, 8);
            Syscalls.call(Sys.STATFS, path, KernelText.address(arena, path), buffer.address());
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
}
