package io.atoll.storage;

/// Space and inodes of the file system that a pool lives on.
public record PoolUsage(long bytesUsed, long bytesTotal, long inodesUsed, long inodesTotal) {}
