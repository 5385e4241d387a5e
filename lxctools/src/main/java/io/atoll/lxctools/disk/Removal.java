package io.atoll.lxctools.disk;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.lxctools.storage.Backends;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.lxc.ImageMounts;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// Takes a container's files away. The directory is renamed first, so that the name is free at once
/// and nobody sees half of a container.
final class Removal {
    private static final String GONE = ".gone-";

    private Removal() {}

    /// Removes a stopped container: its storage, then its directory.
    static void remove(LxcContainer container, Backends backends) {
        storage(container, backends);
        Path directory = container.directory();
        Path gone = directory.resolveSibling(GONE + container.name());
        Trees.delete(gone);
        try {
            Files.move(directory, gone);
        } catch (IOException e) {
            throw new UnavailableException("cannot remove " + directory + ": " + e.getMessage(), e);
        }
        Trees.delete(gone);
    }

    /// Removes a container's storage if it is its own to remove.
    static void storage(LxcContainer container, Backends backends) {
        Optional<LxcRootfs> rootfs = rootfs(container);
        if (rootfs.isEmpty()) {
            return;
        }
        if (rootfs.get() instanceof LxcRootfs.Overlay overlay) {
            unmountImages(container, overlay);
        }
        try {
            backends.of(rootfs.get()).delete(rootfs.get());
        } catch (NotFoundException _) {
            // That is what was wanted.
            return;
        }
    }

    /// An image that only the cache has besides is not in use by another container.
    private static void unmountImages(LxcContainer container, LxcRootfs.Overlay overlay) {
        ImageMounts mounts = container.path().images();
        for (Path lower : overlay.lowers()) {
            if (Files.isRegularFile(lower) && links(lower) <= 2) {
                mounts.unmount(lower);
            }
        }
    }

    private static int links(Path file) {
        try {
            return ((Number) Files.getAttribute(file, "unix:nlink")).intValue();
        } catch (IOException e) {
            throw new UnavailableException("cannot look at " + file + ": " + e.getMessage(), e);
        }
    }

    /// What its configuration says; empty if it has no root, a broken configuration, or one that
    /// says to leave its storage alone.
    private static Optional<LxcRootfs> rootfs(LxcContainer container) {
        try {
            LxcConfig config = container.config();
            boolean isManaged = !config.find("lxc.rootfs.managed").orElse("1").equals("0");
            return config.find("lxc.rootfs.path").filter(_ -> isManaged).map(LxcRootfs::parse);
        } catch (InvalidConfigException _) {
            return Optional.empty();
        }
    }

    /// Removes what removals left that were killed.
    static void sweep(Path lxcPath) {
        if (!Files.isDirectory(lxcPath)) {
            return;
        }
        try (Stream<Path> entries = Files.list(lxcPath)) {
            entries.filter(p -> p.getFileName().toString().startsWith(GONE)).forEach(Trees::delete);
        } catch (IOException e) {
            throw new UnavailableException("cannot list " + lxcPath + ": " + e.getMessage(), e);
        }
    }
}
