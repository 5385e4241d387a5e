package io.atoll.daemon.storage;

import io.atoll.base.ProjectName;
import java.util.List;

/// Who keeps things in pools besides custom volumes and images: the instances.
public interface PoolUsers {
    /// An instance's root volume or a snapshot of it.
    ///
    /// @param name the instance, or `INSTANCE/SNAPSHOT`
    /// @param usedBy the URL of the instance or snapshot, with `?project=` where needed
    record RootVolume(ProjectName project, String name, String usedBy) {}

    /// The root volumes in a pool, of all projects.
    List<RootVolume> rootVolumes(String pool);

    /// The URLs of what has a custom volume attached.
    List<String> usersOfVolume(ProjectName project, String pool, String volume);

    /// Whether an instance that runs has a custom volume attached.
    boolean isVolumeMounted(ProjectName project, String pool, String volume);
}
