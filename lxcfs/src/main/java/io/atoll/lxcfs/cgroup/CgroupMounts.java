package io.atoll.lxcfs.cgroup;

import io.atoll.linux.MountInfo;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Where the cgroup hierarchies are mounted: v1 controllers by name, and the v2 tree; either may be
/// missing.
///
/// @param v1 mount point by controller (`memory`, `cpuset`, …)
/// @param v2 mount point of the unified hierarchy
public record CgroupMounts(Map<String, String> v1, Optional<String> v2) {
    public CgroupMounts {
        v1 = Map.copyOf(v1);
    }

    /// Parses /proc/self/mountinfo; proc_pid_mountinfo(5). The first mount of a hierarchy counts.
    public static CgroupMounts parse(String mountinfo) {
        Map<String, String> v1 = new LinkedHashMap<>();
        Optional<String> v2 = Optional.empty();
        for (MountInfo mount : MountInfo.parse(mountinfo)) {
            if (mount.fsType().equals("cgroup")) {
                mount.superOptions().forEach(option -> v1.putIfAbsent(option, mount.target()));
            } else if (mount.fsType().equals("cgroup2") && v2.isEmpty()) {
                v2 = Optional.of(mount.target());
            }
        }
        return new CgroupMounts(v1, v2);
    }
}
