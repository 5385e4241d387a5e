package io.atoll.daemon.recover;

import io.atoll.storage.StorageDriver;
import java.util.List;

/// Finds the volumes of one kind that have no record.
@FunctionalInterface
public interface LostVolumes {
    /// @param pool is mounted; may have no record itself
    List<LostVolume> find(StorageDriver pool);
}
