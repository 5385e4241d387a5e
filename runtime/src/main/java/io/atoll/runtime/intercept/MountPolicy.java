package io.atoll.runtime.intercept;

import java.util.Map;
import java.util.Set;

/// What a container may have mounted.
///
/// @param types file systems, as the kernel names them
/// @param devices block devices that it has, in the form of [io.atoll.linux.FileStat#device]
/// @param isShifted true to show files with the container's ids; else they keep those of the disk,
///   which are nobody inside
/// @param programs file systems that a program inside serves in place of the kernel, and the name
///   of the program for `mount.fuse`
public record MountPolicy(
        Set<String> types, Set<Long> devices, boolean isShifted, Map<String, String> programs) {
    /// Nothing.
    public static final MountPolicy NOTHING = new MountPolicy(Set.of(), Set.of(), false, Map.of());

    public MountPolicy {
        types = Set.copyOf(types);
        devices = Set.copyOf(devices);
        programs = Map.copyOf(programs);
    }
}
