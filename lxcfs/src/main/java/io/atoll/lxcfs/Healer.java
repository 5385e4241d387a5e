package io.atoll.lxcfs;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.MountInfo;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import io.atoll.linux.Opens;
import io.atoll.lxcfs.cgroup.HostFiles;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Brings the files back into running containers after the process that served them died: each dead
/// mount in each container's mount namespace is taken away and a clone of ours is put in its place.
/// No container is restarted.
///
/// What is written in a container's mountinfo is the container's doing. It only ever leads to one
/// of our own read-only files being mounted at a place inside that same container, resolved there
/// without following symbolic links.
final class Healer {
    private static final Logger LOG = System.getLogger(Healer.class.getName());

    private final HostFiles files;
    private final Path mountPoint;
    private final String fsType;

    /// Our own mount must never be opened from here: if this process were killed while it waits for
    /// its own answer, the kernel could neither end the thread nor, because of it, the connection.
    private final long ownDevice;

    Healer(HostFiles files, Path mountPoint, String fsType) {
        this.files = files;
        this.mountPoint = mountPoint;
        this.fsType = fsType;
        this.ownDevice =
                Mounts.list().stream()
                        .filter(m ->
                                m.target().equals(mountPoint.toString())
                                        && m.fsType().equals(fsType))
                        .mapToLong(MountInfo::device)
                        .reduce(0, (_, last) -> last);
    }

    /// Heals all containers that need it. Blocks for some milliseconds per container.
    ///
    /// @return how many mounts were replaced
    int healAll() {
        int count = 0;
        for (int pid : onePidPerMountNamespace()) {
            try {
                count += heal(pid);
            } catch (ErrnoException e) {
                // The container may have ended meanwhile, or its root forbids the mount; others
                // must not suffer.
                LOG.log(Level.WARNING, "cannot heal mounts pid=" + pid, e);
            }
        }
        return count;
    }

    private List<Integer> onePidPerMountNamespace() {
        Map<String, Integer> out = new LinkedHashMap<>();
        String own = files.readLink("/proc/self/ns/mnt").orElse("");
        for (String name : files.directories("/proc")) {
            if (Character.isDigit(name.charAt(0))) {
                files.readLink("/proc/" + name + "/ns/mnt")
                        .filter(ns -> !ns.equals(own))
                        .ifPresent(ns -> out.putIfAbsent(ns, Integer.parseInt(name)));
            }
        }
        return List.copyOf(out.values());
    }

    private int heal(int pid) {
        String mountinfo = files.read("/proc/" + pid + "/mountinfo").orElse("");
        if (!mountinfo.contains(" " + fsType + " ")) {
            return 0;
        }
        List<MountInfo> others = new ArrayList<>();
        for (MountInfo mount : MountInfo.parse(mountinfo)) {
            if (mount.fsType().equals(fsType) && mount.device() != ownDevice) {
                others.add(mount);
            }
        }
        List<Replacement> replacements = new ArrayList<>();
        try (Fd namespace = Namespaces.open(pid, "mnt")) {
            for (MountInfo mount : others) {
                cloneOf(mount).ifPresent(tree -> replacements.add(new Replacement(mount, tree)));
            }
            return Namespaces.inMounts(namespace, () -> replaceDead(replacements));
        } finally {
            replacements.forEach(r -> r.tree().close());
        }
    }

    /// A mount as it was, and a detached clone of ours to take its place.
    private record Replacement(MountInfo mount, Fd tree) {}

    /// Made before the container's namespace is entered: afterwards our own mount is out of sight.
    private Optional<Fd> cloneOf(MountInfo mount) {
        String path = mountPoint + (mount.root().equals("/") ? "" : mount.root());
        try {
            Fd tree = Mounts.cloneTree(path, true);
            Mounts.setAttributes(tree, MountAttribute.ofOptions(mount.options()), Set.of(), true);
            return Optional.of(tree);
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "cannot clone " + path, e);
            return Optional.empty();
        }
    }

    private static int replaceDead(List<Replacement> replacements) {
        int count = 0;
        for (Replacement replacement : replacements) {
            String target = replacement.mount().target();
            if (isDead(target)) {
                Mounts.umount(target, true);
                Mounts.moveNoFollow(replacement.tree(), target);
                count++;
            }
        }
        return count;
    }

    /// A FUSE mount whose server has died refuses every open with ENOTCONN; its attributes may
    /// still be cached.
    static boolean isDead(String path) {
        try (Fd _ = Opens.open(path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK | Fcntl.O_NOFOLLOW, 0)) {
            return false;
        } catch (ErrnoException e) {
            return e.is(Errno.ENOTCONN);
        }
    }
}
