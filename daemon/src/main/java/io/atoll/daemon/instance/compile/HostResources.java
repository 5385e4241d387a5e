package io.atoll.daemon.instance.compile;

import java.util.SortedSet;
import java.util.TreeSet;

/// What limits are measured against.
///
/// @param memoryBytes of the host
/// @param cpus numbers of the host's CPUs that are online
public record HostResources(long memoryBytes, SortedSet<Integer> cpus) {
    public HostResources {
        cpus = new TreeSet<>(cpus);
    }
}
