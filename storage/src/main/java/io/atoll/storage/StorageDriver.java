package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.Idmap;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// One pool of volumes. A driver instance is bound to one pool and lives as long as the daemon
/// knows the pool.
///
/// The life of a pool: [#createPool] once; [#mountPool] at each start of the daemon, which also
/// removes what a crash left half made; [#unmountPool] when the daemon is told to; [#deletePool] at
/// the end, refused while volumes exist.
///
/// The life of a volume: one of the `create` methods makes it under a temporary name and renames it
/// when it is complete, so a volume either exists wholly or not at all. [#delete] renames it away
/// and removes the files afterwards, in the background; the space comes back a little later.
/// Snapshots belong to their volume and go with it.
///
/// Files are kept with the owner ids as seen inside (*unshifted*) wherever the kernel can map ids
/// at mount time.
///
/// Methods block and may be called from any thread. Calls on different volumes run in parallel; the
/// caller serializes calls on one volume. Failures are [io.atoll.base.DomainException]s: NotFound
/// and AlreadyExists for volumes and snapshots, InvalidConfig for pool keys, Busy for what is in
/// use, Unsupported for what the driver or kernel lacks.
public interface StorageDriver {
    /// What the driver can do beyond the methods here.
    ///
    /// @param name as in LXD's pools, `dir`
    /// @param version of the tools or the kernel, shown to users
    /// @param remote volumes are reachable from other hosts
    record Info(String name, String version, boolean remote) {}

    Info info();

    /// The pool that this driver serves.
    PoolSpec pool();

    /// Lets the driver know what owners set for their volumes; called before the pool is used.
    default void useSettings(VolumeSettings settings) {}

    /// Makes an empty pool.
    ///
    /// @return the keys to record, with what was not given filled in (`source`)
    /// @throws io.atoll.base.InvalidConfigException if a key is unknown or its value cannot be used
    Map<String, String> createPool();

    /// Makes the pool's path usable and sweeps what a crash left. Does nothing if that was done.
    void mountPool();

    /// Takes back [#mountPool], also the mounts of images. Running instances keep what they have.
    ///
    /// @return false if it was not mounted
    boolean unmountPool();

    /// Removes the pool and everything that the driver made for it.
    ///
    /// @throws io.atoll.base.BusyException while there are volumes other than images
    void deletePool();

    PoolUsage poolUsage();

    /// Makes the volume of an image, converting what has to be converted. Does nothing if the image
    /// is there.
    void importImage(Fingerprint fingerprint, ImageSource source);

    /// True if [#createFromImage] can use this image now.
    boolean hasImage(Fingerprint fingerprint);

    /// Gives up an image. Its files stay for as long as an instance uses them. Does nothing if
    /// there is no such image.
    void deleteImage(Fingerprint fingerprint);

    /// Makes an empty volume, mode 0711.
    void createEmpty(VolumeName volume);

    /// Makes an instance's root from an image, with the image's `metadata.yaml` and `templates/` in
    /// [#directory].
    void createFromImage(VolumeName volume, Fingerprint image);

    /// Makes a volume from elsewhere.
    default void createFilled(VolumeName volume, Filler filler) {
        createFilled(volume, List.of(), filler);
    }

    /// Makes a volume with snapshots from elsewhere. Either all of it comes to be or nothing.
    ///
    /// @param snapshots oldest first; filled in this order, before the volume itself
    void createFilled(VolumeName volume, List<SnapshotFiller> snapshots, Filler filler);

    /// Makes a block volume: a disk for a virtual machine instead of files, of zeros where nobody
    /// wrote. It has no root file system; what else is done with volumes is done with it too, and
    /// [#setQuota] makes it larger.
    ///
    /// @param bytes its size, rounded up to 8 KiB
    default void createBlock(VolumeName volume, long bytes) {
        createBlock(volume, bytes, List.of(), (_, _) -> {});
    }

    /// Makes a block volume with snapshots from elsewhere. Either all of it comes to be or nothing.
    ///
    /// @param bytes the size of each disk before it is filled
    /// @param snapshots oldest first; filled in this order, before the volume itself
    /// @param filler gets the disk in place of a directory for the files
    void createBlock(VolumeName volume, long bytes, List<SnapshotFiller> snapshots, Filler filler);

    /// How large a disk is, a file or a device.
    static long diskBytes(Path disk) {
        return BlockDisk.size(disk);
    }

    /// The disk of a block volume, a file or device of root; empty for a volume of files.
    default Optional<Path> disk(VolumeRef ref) {
        return BlockDisk.of(directory(ref));
    }

    /// Makes a volume as a copy of another of this pool.
    ///
    /// @param source a volume or a snapshot
    /// @param snapshots names of the source volume's snapshots to copy along, oldest first; empty
    ///   for none
    void createCopy(VolumeName target, VolumeRef source, List<String> snapshots);

    /// Makes a volume as a copy of one of another pool by what both file systems have for this.
    /// Either all of it comes to be or nothing.
    ///
    /// @param snapshots names of the source volume's snapshots to copy along, oldest first
    /// @return false if they have nothing: the files have to be copied
    default boolean createReceived(
            VolumeName target, StorageDriver from, VolumeRef source, List<String> snapshots) {
        return false;
    }

    /// The form in which volumes go to other pools of this driver; empty if files are all it has.
    default Optional<VolumeStreams> streams() {
        return Optional.empty();
    }

    /// The same between servers; empty if files are all it has for that.
    default Optional<MigrationStreams> migrationStreams() {
        return Optional.empty();
    }

    boolean exists(VolumeRef ref);

    /// The names of all volumes of this type, sorted.
    List<String> volumes(VolumeType type);

    /// The names of all snapshots of a volume, in no order that means anything.
    List<String> snapshots(VolumeName volume);

    /// Renames a volume with its snapshots. The volume must not be in use.
    void rename(VolumeName volume, String newName);

    /// Goes on with a [#rename] that was cut off among the snapshots, which go first. Does nothing
    /// if it never began, or is done.
    default void resumeRename(VolumeName from, VolumeName to) {
        if (!exists(to.current()) && !snapshots(to).isEmpty()) {
            rename(from, to.name());
        }
    }

    /// Deletes a volume with its snapshots. Works with swap files inside that are active or files
    /// that are immutable. Does nothing if there is no such volume, so that an interrupted deletion
    /// can be repeated.
    void delete(VolumeName volume);

    /// Copies the state of a volume, which may be in use: what is written meanwhile may or may not
    /// be in the copy.
    void createSnapshot(VolumeName volume, String snapshot);

    void renameSnapshot(VolumeName volume, String snapshot, String newName);

    /// Does nothing if there is no such snapshot.
    void deleteSnapshot(VolumeName volume, String snapshot);

    /// The snapshots that have to be deleted before a volume can be brought back to an older one,
    /// because its owner wants it so (`zfs.remove_snapshots`).
    default List<String> inTheWay(VolumeName volume, String snapshot) {
        return List.of();
    }

    /// Brings a volume, which must not be in use, back to a snapshot. The snapshot stays.
    void restore(VolumeName volume, String snapshot);

    /// Brings a volume, which must not be in use, back to a snapshot that is of no use any more: it
    /// goes. Takes no space, so that it works in a full pool. Can be repeated if it was cut off,
    /// when perhaps only the snapshot was left.
    default void revert(VolumeName volume, String snapshot) {
        restore(volume, snapshot);
        deleteSnapshot(volume, snapshot);
    }

    /// The directory of a volume where the daemon keeps `backup.yaml`, `metadata.yaml` and
    /// `templates/` beside the root file system. Names that begin with a dot are the driver's, and
    /// so are those that [#layers] names.
    Path directory(VolumeRef ref);

    /// What to mount for a container or as a disk. Mounts the image beneath if that was not done
    /// since the host started.
    ///
    /// @param idmap the id map it will be used with, for drivers that have to shift ids on disk
    RootfsLayers layers(VolumeRef ref, Idmap idmap);

    /// The volume's files as one directory, for work on instances that are not running: a detached
    /// mount that is nowhere in the host's mount table and ends when the descriptor is closed.
    /// Owner ids are unshifted. Read-only for snapshots and images. Must be closed before the
    /// volume is used otherwise.
    default Fd openRoot(VolumeRef ref) {
        // The descriptor of a detached mount can only name it; this one can list it too and keeps
        // the mount alive.
        try (Fd mount = openMount(ref)) {
            return Opens.openAt(mount, ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
        }
    }

    /// The same as a detached mount that can be attached somewhere, for a program that needs the
    /// files at a path. Ends like that of [#openRoot], or with what it was attached in.
    Fd openMount(VolumeRef ref);

    /// Plain directories for an instance with `security.nesting`, made on first use.
    List<NestedDirectory> nestedDirectories(VolumeName volume);

    /// The bytes that this volume takes in the pool, its image and its snapshots not counted; empty
    /// if only walking all files would tell.
    OptionalLong usage(VolumeRef ref);

    /// Limits the volume's size, or makes the disk of a block volume larger.
    ///
    /// @param bytes empty for no limit, or to leave a disk as it is
    /// @throws io.atoll.base.InvalidConfigException if a disk would become smaller
    /// @throws io.atoll.base.UnsupportedException if the pool's file system has no quotas
    void setQuota(VolumeName volume, OptionalLong bytes);

    /// Hears that the owner of a volume has other settings for it now.
    default void settingsChanged(VolumeName volume) {}

    /// The limit that [#setQuota] set; empty if there is none.
    default OptionalLong quota(VolumeName volume) {
        return OptionalLong.empty();
    }

    /// Waits until the files of deleted volumes are gone.
    void awaitDeletions();
}
