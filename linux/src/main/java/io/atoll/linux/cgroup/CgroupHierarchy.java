package io.atoll.linux.cgroup;

import java.util.Set;

/// One mounted hierarchy.
///
/// @param version 1 or 2
/// @param mountPoint where it is mounted
/// @param controllers what it controls, as `cpu`; for a named hierarchy of version 1 its name, as
///   `name=systemd`
/// @param ownPath the cgroup of this process below `mountPoint`, as `/` or
///   `/system.slice/atoll.service`
public record CgroupHierarchy(
        int version, String mountPoint, Set<String> controllers, String ownPath) {
    public CgroupHierarchy {
        if (version != 1 && version != 2) {
            throw new IllegalArgumentException("cgroup version " + version);
        }
        controllers = Set.copyOf(controllers);
    }

    /// True for a hierarchy of version 1 that only tracks processes, as systemd's.
    public boolean isNamed() {
        return version == 1 && controllers.stream().anyMatch(name -> name.startsWith("name="));
    }

    /// The directory of a cgroup, given as the path below the mount point.
    public String directory(String path) {
        String below = path.startsWith("/") ? path : "/" + path;
        return below.equals("/") ? mountPoint : mountPoint + below;
    }
}
