package io.atoll.storage;

import java.io.IOException;
import java.nio.file.Path;

/// Fills a new volume, for what comes from elsewhere: a backup, another pool, another host.
@FunctionalInterface
public interface Filler {
    /// @param directory the volume's own directory, for `backup.yaml`, `metadata.yaml`,
    ///   `templates/`
    /// @param rootfs where the files go, owner ids unshifted; exists and is empty. Of a block
    ///   volume the disk, which takes the size of what is written to it
    void fill(Path directory, Path rootfs) throws IOException;
}
