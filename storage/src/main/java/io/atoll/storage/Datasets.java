package io.atoll.storage;

import io.atoll.linux.Command;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    ///
    /// @param keys what its owner and the pool say of new volumes
    void create(DatasetName name, Map<String, String> keys);

    /// The size that a disk has of which so many bytes are wanted.
    ///
    /// @param keys as of [#create]
    long diskBytes(long wanted, Map<String, String> keys);

    /// Makes a disk of zeros.
    ///
    /// @param bytes as of [#diskBytes]
    void createDisk(DatasetName disk, long bytes, Map<String, String> keys);

    /// Where a disk, or a snapshot of one, is to be found now.
    Path device(DatasetName disk);

    /// Gives a disk another size. What is beyond a smaller one is lost.
    void resizeDisk(DatasetName disk, long bytes);

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

    /// Snapshots that are newer than one and go if a volume is brought back to it, as its owner
    /// wants.
    default List<String> inTheWay(DatasetName snapshot, Map<String, String> keys) {
        return List.of();
    }

    /// Brings a volume back to a snapshot; nothing of it is mounted.
    ///
    /// @return false if this snapshot has to be copied over the volume file by file
    boolean restore(DatasetName snapshot);

    /// @param keys as of [#create]
    void mount(DatasetName name, Path at, Map<String, String> keys);

    OptionalLong used(DatasetName name);

    OptionalLong quota(DatasetName name);

    /// @param mountedAt where the volume is mounted
    /// @param keys as of [#create]
    void setQuota(DatasetName name, OptionalLong bytes, Path mountedAt, Map<String, String> keys);

    /// Takes over what of the keys can still be changed for a volume that is there.
    default void apply(DatasetName name, Map<String, String> keys) {}

    /// Sees to it that a file of this size fits in a volume. Disks were files once.
    ///
    /// @param mountedAt where the volume is mounted
    default void makeRoom(DatasetName name, long bytes, Path mountedAt) {}

    /// Whether [#freeze], [#send] and [#receive] are there.
    default boolean hasStreams() {
        return false;
    }

    /// Keeps a volume or a snapshot as it is for sending.
    ///
    /// @return what [#send] calls it, for [#thaw]
    default String freeze(DatasetName name) {
        throw new UnsupportedOperationException(driverName());
    }

    /// Gives up what [#freeze] made.
    default void thaw(String frozen) {}

    /// Passes on what was frozen.
    ///
    /// @param before what is known of it already, an earlier one of the same volume
    default void send(String frozen, Optional<String> before, OutputStream out) {
        throw new UnsupportedOperationException(driverName());
    }

    /// Takes what comes from anyone as the first or next state of a volume that is not complete.
    ///
    /// @param state a volume or a snapshot of it
    /// @throws io.atoll.base.InvalidConfigException if it is more than that
    default void receive(DatasetName state, Command.Input input) {
        throw new UnsupportedOperationException(driverName());
    }

    /// Finishes or removes what a crash left, besides volumes under way.
    default void sweep() {}
}
