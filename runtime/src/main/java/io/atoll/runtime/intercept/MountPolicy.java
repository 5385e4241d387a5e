package io.atoll.runtime.intercept;

import java.util.Set;

/// What a container may have mounted.
///
/// @param types file systems, as the kernel names them
/// @param devices block devices that it has, in the form of [io.atoll.linux.FileStat#device]
/// @param isShifted true to show files with the container's ids; else they keep those of the disk,
///   which are nobody inside
public record MountPolicy(Set<String> types, Set<Long> devices, boolean isShifted) {
    /// Nothing.
    public static final MountPolicy NOTHING = new MountPolicy(Set.of(), Set.of(), false);

    public MountPolicy {
        types = Set.copyOf(types);
        devices = Set.copyOf(devices);
    }
}
