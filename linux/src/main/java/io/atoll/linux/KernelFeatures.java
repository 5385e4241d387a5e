package io.atoll.linux;

import io.atoll.base.Idmap;
import java.util.Optional;
import java.util.Set;

/// What the running kernel can do, found by trying. Versions are never compared: distributions take
/// features back and forth. Each probe leaves nothing behind; callers keep the answers.
public final class KernelFeatures {
    private KernelFeatures() {}

    /// True if the kernel has the file system, or can load it.
    public static boolean hasFileSystem(String fsType) {
        try (FsContext context = FsContext.open(fsType)) {
            return context != null;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENODEV)) {
                return false;
            }
            throw e;
        }
    }

    /// True if what is mounted at `directory` can be mounted again with mapped ids. Depends on the
    /// file system and, for some, on the kernel: squashfs learned it late, overlayfs not at all.
    ///
    /// @param directory open in any way, `O_PATH` too
    public static boolean canIdmap(Fd directory) {
        try (Fd namespace = UserNamespaces.create(Idmap.range(100_000, 65_536));
                Fd tree = Mounts.cloneTree(directory, false)) {
            Mounts.setIdmap(tree, namespace, false);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EINVAL, Errno.EPERM)) {
                return false;
            }
            throw e;
        }
    }

    /// True if overlayfs takes a layer that is mounted nowhere.
    public static boolean hasDetachedOverlayLayers() {
        try (FsContext memory = FsContext.open("tmpfs");
                Fd layer = memory.mount(Set.of());
                FsContext overlay = FsContext.open("overlay")) {
            Directories.mkdir(layer, "a", 0755);
            Directories.mkdir(layer, "b", 0755);
            overlay.set("lowerdir", layer.procPath() + "/a:" + layer.procPath() + "/b").flag("ro");
            try (Fd mount = overlay.mount(Set.of())) {
                return mount.isOpen();
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.EINVAL, Errno.ENODEV, Errno.ELOOP)) {
                return false;
            }
            throw e;
        }
    }

    /// How many inotify instances one user may have, which every running systemd needs eight of;
    /// empty if the kernel has no inotify.
    public static Optional<Long> inotifyInstancesMax() {
        var number = ProcFiles.number("/proc/sys/fs/inotify/max_user_instances");
        return number.isEmpty() ? Optional.empty() : Optional.of(number.getAsLong());
    }
}
