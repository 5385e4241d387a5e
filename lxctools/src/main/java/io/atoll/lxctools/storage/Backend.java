package io.atoll.lxctools.storage;

import io.atoll.base.UnsupportedException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;

/// One way to keep root file systems. Methods block; what fails leaves nothing behind. Files are
/// reached through [#open], which needs a private mount namespace around it
/// ([io.atoll.linux.Namespaces#withOwnMounts]): then even a killed process leaves no mount.
public interface Backend {
    /// The word for `-B`.
    String name();

    /// True if the host has what it takes, for `-B best`.
    ///
    /// @param directory where containers are
    boolean isUsable(Path directory);

    /// Makes empty storage.
    ///
    /// @throws UnsupportedException naming the tool that the host lacks
    LxcRootfs create(Place place, StorageOptions options);

    /// Makes the storage's files reachable.
    RootfsView open(LxcRootfs rootfs, Place place);

    /// Removes storage. Does nothing if it is gone already.
    void delete(LxcRootfs rootfs);

    /// Makes storage that begins as another's of the same backend and shares with it what it can.
    ///
    /// @throws UnsupportedException if the backend cannot
    default LxcRootfs snapshot(LxcRootfs source, Place place) {
        throw new UnsupportedException(
                "storage of type " + name() + " cannot be copied by snapshot; leave out -s");
    }

    /// True if a snapshot needs its source for as long as it lives.
    default boolean isSnapshotDependent() {
        return false;
    }

    /// Where a container is.
    ///
    /// @param directory its own directory
    /// @param name its name
    record Place(Path directory, String name) {
        /// Where its files are or are mounted.
        public Path rootfs() {
            return directory.resolve("rootfs");
        }
    }
}
