package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.cgroup.CgroupLayout;
import java.util.Optional;

/// Where a container's cgroups are and what of them it may have.
///
/// @param path below the top of each hierarchy, relative, such as `atoll/c1`
/// @param isDelegated true to give the directory to the mapped root, so that an init such as
///   systemd can make its own below it
/// @param monitor where the monitor goes; empty to leave it where whoever starts it is
/// @param trees hierarchies with other tops than the host's; empty for those of the host
public record CgroupSpec(
        String path, boolean isDelegated, Optional<Monitor> monitor, Optional<CgroupLayout> trees) {
    /// Cgroups of the monitor alone, below the top of each hierarchy.
    ///
    /// @param path made at the start and removed at the end
    /// @param pivot where it goes at the end, so that `path` can be removed; it stays
    public record Monitor(String path, String pivot) {
        public Monitor {
            check(path);
            check(pivot);
            if ((pivot + "/").startsWith(path + "/")) {
                throw new InvalidConfigException(
                        "the monitor leaves "
                                + path
                                + " for a cgroup that is not below it, not for "
                                + pivot);
            }
        }
    }

    /// The monitor stays where it is started from.
    public CgroupSpec(String path, boolean isDelegated) {
        this(path, isDelegated, Optional.empty(), Optional.empty());
    }

    public CgroupSpec {
        check(path);
    }

    private static void check(String path) {
        if (path.isEmpty()
                || path.startsWith("/")
                || ("/" + path + "/").contains("/../")
                || path.endsWith("/")) {
            throw new InvalidConfigException("not a relative cgroup path: " + path);
        }
    }
}
