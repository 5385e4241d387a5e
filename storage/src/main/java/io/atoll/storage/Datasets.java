package io.atoll.storage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/// A volume manager of the host: what it can do with its volumes, each of which holds a file system
/// of its own. Callers keep names apart and serialize work on one volume.
///
/// Failures are [io.atoll.linux.CommandFailed], or [io.atoll.base.DomainException] where users can
/// do something about it.
interface Datasets {
    /// As in LXD's pools, `zfs`.
    String driverName();

    /// Of the programs of the host; empty if they are not there.
    String version();

    /// Makes a pool, or takes one that is there and empty.
    ///
    /// @return the keys to record
    Map<String, String> createPool();

    /// Lets the pool's volumes be of use. Does nothing if they are.
    void openPool();

    /// Takes [#openPool] back; nothing is mounted any more.
    void closePool();

    /// Removes what [#createPool] made, with all volumes.
    void deletePool();

    PoolUsage usage();

    /// All volumes and snapshots, also those that are not complete.
    Set<DatasetName> list();

    /// Makes a volume with an empty file system.
    void create(DatasetName name);

    /// Whether [#copy] is there, which takes neither time nor space. Else volumes are copied file
    /// by file.
    default boolean sharesCopies() {
        return true;
    }

    /// Makes a volume as a copy of a volume or a snapshot.
    ///
    /// @param snapshots of the source's volume that come along
    void copy(DatasetName from, List<String> snapshots, DatasetName to);

    void snapshot(DatasetName volume, String snapshot);

    /// Renames a volume with its snapshots, or a snapshot. Nothing of it is mounted.
    void rename(DatasetName from, DatasetName to);

    /// Removes a volume with its snapshots, or a snapshot, also if others are copies of it. Nothing
    /// of it is mounted.
    void destroy(DatasetName name);

    /// Brings a volume back to a snapshot; nothing of it is mounted.
    ///
    /// @return false if this snapshot has to be copied over the volume file by file
    boolean restore(DatasetName snapshot);

    void mount(DatasetName name, Path at);

    OptionalLong used(DatasetName name);

    OptionalLong quota(DatasetName name);

    /// @param mountedAt where the volume is mounted
    void setQuota(DatasetName name, OptionalLong bytes, Path mountedAt);

    /// Sees to it that a file of this size fits in a volume.
    ///
    /// @param mountedAt where the volume is mounted
    default void makeRoom(DatasetName name, long bytes, Path mountedAt) {}

    /// Finishes or removes what a crash left, besides volumes under way.
    default void sweep() {}
}
