package io.atoll.runtime;

import java.util.List;

/// What a container uses right now, read from its cgroups without entering it. A number that the
/// host does not account is [#UNKNOWN].
///
/// @param memoryBytes memory in use, page cache included
/// @param memoryCacheBytes the part of it that is page cache
/// @param memoryPeakBytes highest use since the start
/// @param memoryLimitBytes [#UNLIMITED] if there is none
/// @param swapBytes swap in use
/// @param swapPeakBytes highest use of swap since the start
/// @param cpuNanos CPU time used since the start
/// @param pids processes and threads
/// @param pidsLimit [#UNLIMITED] if there is none
/// @param disks by block device
public record CgroupStats(
        long memoryBytes,
        long memoryCacheBytes,
        long memoryPeakBytes,
        long memoryLimitBytes,
        long swapBytes,
        long swapPeakBytes,
        long cpuNanos,
        long pids,
        long pidsLimit,
        List<Disk> disks) {
    /// Not accounted on this host.
    public static final long UNKNOWN = -1;

    /// No limit.
    public static final long UNLIMITED = Long.MAX_VALUE;

    /// Bytes and operations of one block device.
    public record Disk(
            int major, int minor, long readBytes, long writeBytes, long reads, long writes) {}

    public CgroupStats {
        disks = List.copyOf(disks);
    }
}
