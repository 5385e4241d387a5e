package io.atoll.runtime;

/// The few numbers of [CgroupStats] that are cheap to read, for looking at many containers: no file
/// for which the kernel has to sum over processors or that has to be searched.
///
/// Each is [CgroupStats#UNKNOWN] where the host does not account it.
///
/// @param swapBytes swap in use
/// @param swapPeakBytes highest use of swap since the start
/// @param pids processes and threads
public record CgroupUsage(
        long memoryBytes,
        long memoryPeakBytes,
        long swapBytes,
        long swapPeakBytes,
        long cpuNanos,
        long pids) {}
