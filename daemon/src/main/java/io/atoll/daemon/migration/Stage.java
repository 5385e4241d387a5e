package io.atoll.daemon.migration;

import io.atoll.base.InternalException;
import io.atoll.linux.Directories;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Inodes;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Opens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;

/// A room for rsync: a mount namespace of its own in which one directory can be written, the one
/// that is copied, and everything else of the host is read-only. The other server may be hostile
/// and rsync has had holes: what gets through one finds nothing to write to.
///
/// The directory is laid out as LXD's volumes are: `rootfs`, `metadata.yaml`, `templates`. What is
/// mounted in it is nowhere in the host's mount table and ends with this.
final class Stage implements AutoCloseable {
    private static final String ROOTFS = "rootfs";
    private static final String METADATA = "metadata.yaml";
    private static final String TEMPLATES = "templates";

    /// The largest `metadata.yaml` or template that is taken.
    static final int FILE_MAX = 1 << 20;

    /// The most templates that are taken.
    static final int TEMPLATES_MAX = 1000;

    private final Path folder;
    private final Fd namespace;

    private Stage(Path folder, Fd namespace) {
        this.folder = folder;
        this.namespace = namespace;
    }

    /// Where the files of an instance are: a tree to mount at `rootfs`, and what lies beside it.
    ///
    /// @param tree a detached mount, which the caller closes
    static Stage ofInstance(Path parent, Fd tree) {
        return make(parent, tree, true);
    }

    /// The files of a custom volume.
    ///
    /// @param tree a detached mount, which the caller closes
    static Stage ofVolume(Path parent, Fd tree) {
        return make(parent, tree, false);
    }

    private static Stage make(Path parent, Fd tree, boolean isInstance) {
        Path folder = parent.resolve(UUID.randomUUID().toString());
        try {
            Files.createDirectories(parent);
            Files.createDirectory(folder);
            if (isInstance) {
                Files.createDirectory(folder.resolve(ROOTFS));
            }
            return new Stage(folder, Namespaces.withOwnMounts(confined(folder, tree, isInstance)));
        } catch (IOException | ErrnoException e) {
            InternalException failure =
                    new InternalException(
                            "Failed making room for a migration: " + e.getMessage(), e);
            try {
                Files.deleteIfExists(folder.resolve(ROOTFS));
                Files.deleteIfExists(folder);
            } catch (IOException more) {
                failure.addSuppressed(more);
            }
            throw failure;
        }
    }

    private static Callable<Fd> confined(Path folder, Fd tree, boolean isInstance) {
        return () -> {
            try (Fd own = Mounts.cloneTree(folder.toString(), false);
                    Fd root = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
                Mounts.setAttributes(root, Set.of(MountAttribute.RDONLY), Set.of(), true);
                if (isInstance) {
                    Mounts.move(own, folder.toString());
                    Mounts.move(tree, folder.resolve(ROOTFS).toString());
                } else {
                    Mounts.move(tree, folder.toString());
                }
            }
            return Opens.open("/proc/thread-self/ns/mnt", Fcntl.O_RDONLY, 0);
        };
    }

    /// The directory to copy, as the room's processes see it.
    String directory() {
        return folder + "/";
    }

    /// What to put before a command so that it runs in here.
    List<String> entrance() {
        return List.of(
                "nsenter",
                "--mount=/proc/" + ProcessHandle.current().pid() + "/fd/" + namespace.number(),
                "--");
    }

    /// Lays what a volume has beside its root file system into the room.
    void lay(Path volume) throws IOException {
        copyBeside(volume, folder);
    }

    /// Keeps what came beside the root file system. Only plain files of moderate size are taken.
    void keep(Path volume) throws IOException {
        copyBeside(folder, volume);
    }

    /// The source may be hostile: no link is followed, and no more than is needed is read.
    private static void copyBeside(Path from, Path to) throws IOException {
        try (Fd source = Opens.open(from.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            GuestFiles files = new GuestFiles(source);
            copyFile(files, METADATA, to.resolve(METADATA));
            Path templates = from.resolve(TEMPLATES);
            if (!Files.isDirectory(templates, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            Path target = to.resolve(TEMPLATES);
            if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(target);
            }
            List<Directories.Entry> entries = files.list(TEMPLATES);
            if (entries.size() > TEMPLATES_MAX) {
                throw new IOException("more than " + TEMPLATES_MAX + " templates");
            }
            for (Directories.Entry entry : entries) {
                copyFile(files, TEMPLATES + "/" + entry.name(), target.resolve(entry.name()));
            }
        } catch (ErrnoException e) {
            throw new IOException("cannot copy metadata.yaml and templates: " + e.getMessage(), e);
        }
    }

    private static void copyFile(GuestFiles files, String path, Path to) throws IOException {
        if (!files.exists(path) || files.lstat(path).type() != FileStat.Type.FILE) {
            return;
        }
        byte[] content = files.read(path, FILE_MAX + 1);
        if (content.length > FILE_MAX) {
            throw new IOException(path + " is larger than " + FILE_MAX + " bytes");
        }
        Files.write(to, content);
    }

    @Override
    public void close() {
        namespace.close();
        Path parent = folder.getParent();
        try (Fd above = Opens.open(String.valueOf(parent), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteTree(above, String.valueOf(folder.getFileName()));
        }
    }
}
