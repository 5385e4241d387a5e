package io.atoll.daemon.instance.compile;

import io.atoll.base.CpuSet;

/// What limits are measured against.
///
/// @param memoryBytes of the host
/// @param cpus those of the host that are online
public record HostResources(long memoryBytes, CpuSet cpus) {}
