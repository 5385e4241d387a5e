package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;

/// Where a container's cgroups are and what of them it may have.
///
/// @param path below the root of each hierarchy, relative, such as `atoll/c1`
/// @param isDelegated true to give the directory to the mapped root, so that an init such as
///   systemd can make its own below it
public record CgroupSpec(String path, boolean isDelegated) {
    public CgroupSpec {
        if (path.isEmpty()
                || path.startsWith("/")
                || ("/" + path + "/").contains("/../")
                || path.endsWith("/")) {
            throw new InvalidConfigException("not a relative cgroup path: " + path);
        }
    }
}
