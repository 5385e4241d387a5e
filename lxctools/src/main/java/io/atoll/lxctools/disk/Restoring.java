package io.atoll.lxctools.disk;

import io.atoll.base.UnavailableException;
import io.atoll.lxctools.storage.Backends;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Puts a container's restored state into the place of the old one.
final class Restoring {
    private static final String OLD = ".replaced";

    private Restoring() {}

    /// The snapshots move over to the new state; then the old one is removed.
    static void swap(LxcContainer container, LxcContainer fresh, Backends backends) {
        LxcPath path = container.path();
        LxcContainer old = path.container(container.name() + OLD);
        if (Files.exists(old.directory())) {
            Removal.remove(old, backends);
        }
        Path snapshots = Kin.snapshotPath(container);
        try {
            if (Files.isDirectory(snapshots)) {
                Files.move(snapshots, Kin.snapshotPath(fresh));
            }
            Renaming.rename(container, old);
            Renaming.rename(fresh, path.container(container.name()));
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot restore " + container.name() + ": " + e.getMessage(), e);
        }
        LxcContainer replaced = path.container(old.name());
        Kin.release(replaced);
        Removal.remove(replaced, backends);
    }
}
