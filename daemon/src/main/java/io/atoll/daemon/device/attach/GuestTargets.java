package io.atoll.daemon.device.attach;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsIds;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.GuestMounts;
import io.atoll.linux.PlatformThreads;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.concurrent.Callable;

/// Places inside a running instance where something of the host's appears and disappears.
final class GuestTargets {
    private static final int DIRECTORY_MODE = 0755;
    private static final int FILE_MODE = 0644;

    private GuestTargets() {}

    /// Attaches a detached tree at a path inside. What is missing of the path is made, by the
    /// instance's root.
    static void attach(Site site, Container container, Fd tree, String path) {
        boolean isDirectory = FileStat.of(tree).isDirectory();
        inside(
                site,
                container,
                files -> {
                    make(files, path, isDirectory);
                    return true;
                });
        try (Fd namespace = container.namespaceFd(NamespaceKind.MNT)) {
            GuestMounts.attach(namespace, tree, path);
        }
    }

    private static void make(GuestFiles files, String path, boolean isDirectory) {
        if (files.exists(path)) {
            return;
        }
        if (isDirectory) {
            files.mkdirs(path, DIRECTORY_MODE, -1, -1);
            return;
        }
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            files.mkdirs(path.substring(0, slash), DIRECTORY_MODE, -1, -1);
        }
        files.open(path, Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL, FILE_MODE).close();
    }

    /// Ends the mount at a path inside.
    ///
    /// @return false if nothing is mounted there
    static boolean detach(Container container, String path) {
        try (Fd namespace = container.namespaceFd(NamespaceKind.MNT)) {
            return GuestMounts.detach(namespace, path);
        }
    }

    /// Removes a device node or the empty file that one was shown at; everything else stays.
    static void removeNode(Site site, Container container, String path) {
        inside(
                site,
                container,
                files -> {
                    try {
                        FileStat stat = files.lstat(path);
                        boolean isNode =
                                stat.type() == FileStat.Type.CHAR_DEVICE
                                        || stat.type() == FileStat.Type.BLOCK_DEVICE;
                        boolean isPlaceholder =
                                stat.type() == FileStat.Type.FILE && stat.sizeBytes() == 0;
                        if (isNode || isPlaceholder) {
                            files.unlink(path);
                        }
                    } catch (ErrnoException e) {
                        // Whoever is inside may have removed it, or put a mount over it.
                        if (!e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.EBUSY)) {
                            throw e;
                        }
                    }
                    return true;
                });
    }

    /// Removes a socket; everything else stays.
    static void removeSocket(Site site, Container container, String path) {
        inside(
                site,
                container,
                files -> {
                    try {
                        if (files.lstat(path).type() == FileStat.Type.SOCKET) {
                            files.unlink(path);
                        }
                    } catch (ErrnoException e) {
                        if (!e.is(Errno.ENOENT, Errno.ENOTDIR)) {
                            throw e;
                        }
                    }
                    return true;
                });
    }

    private interface Work<T> {
        T on(GuestFiles files);
    }

    private static <T> T inside(Site site, Container container, Work<T> work) {
        try (Fd root = container.rootFd()) {
            Callable<T> call = () -> work.on(new GuestFiles(root));
            return site.idmap().isPrivileged()
                    ? PlatformThreads.call(call)
                    : FsIds.as(site.hostUid(0), site.hostGid(0), call);
        }
    }
}
