package io.atoll.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;

/// How the directories of volumes come, are copied and go, and how much they hold. What differs
/// between file systems that are otherwise used alike.
interface Trees {
    /// Makes an empty one, mode 0711.
    void create(Path directory) throws IOException;

    /// Makes a copy of a volume's directory.
    ///
    /// @param to does not exist
    void copy(Path from, Path to) throws IOException;

    /// Deletes one the quick way; false if it has to be walked.
    boolean deleteAtOnce(Path directory);

    /// Waits until the space of what was deleted is free.
    default void awaitSpace() {}

    /// The bytes that it takes alone; empty if only walking would tell.
    OptionalLong usage(Path directory);

    /// The limit that was set; empty if none.
    OptionalLong quota(Path directory);

    /// @param bytes empty for no limit
    /// @throws io.atoll.base.UnsupportedException if there is no such thing here
    void setQuota(Path directory, OptionalLong bytes);
}
