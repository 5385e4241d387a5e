package io.atoll.linux;

import java.lang.foreign.Arena;
import java.util.Set;

/// Mounts in the mount namespace of a running container, made and ended from outside; mount
/// injection with open_tree(2) and move_mount(2).
///
/// Paths belong to the container: they are resolved in its own root (openat2(2) `RESOLVE_IN_ROOT`),
/// wherever its links point, and nothing outside can be reached by them. Each call uses a platform
/// thread that enters the namespace and ends.
public final class GuestMounts {
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;
    private static final int LINKS_MAX = 40;

    /// A directory of every host; what is mounted on it in a thread's own namespace nobody sees.
    private static final String STAGE = "/mnt";

    private GuestMounts() {}

    /// Attaches a detached tree at a path inside, which must exist.
    public static void attach(Fd mountNamespace, Fd tree, String target) {
        Namespaces.inMounts(
                mountNamespace,
                () -> {
                    try (Fd root = root();
                            Fd at = new GuestFiles(root).open(target, Fcntl.O_PATH, 0)) {
                        Mounts.move(tree, at);
                        return true;
                    }
                });
    }

    /// Ends the topmost mount at a path inside; users of it keep what they have open.
    ///
    /// @return false if nothing is mounted there, or there is no such path
    public static boolean detach(Fd mountNamespace, String target) {
        return Namespaces.inMounts(
                mountNamespace,
                () -> {
                    try (Fd root = root()) {
                        unmount(root, target);
                        return true;
                    } catch (ErrnoException e) {
                        if (e.is(Errno.EINVAL, Errno.ENOENT, Errno.ENOTDIR)) {
                            return false;
                        }
                        throw e;
                    }
                });
    }

    /// A copy of a detached tree whose attributes, such as read-only, root inside a container
    /// cannot take back: the kernel locks them when a mount namespace is copied into a user
    /// namespace of fewer rights, and copies of a locked mount stay locked; mount_namespaces(7). It
    /// cannot be changed from here either. Takes as long as two short commands.
    ///
    /// @param tree empty afterwards
    /// @throws CommandFailed if the host does not allow user namespaces
    public static Fd locked(Fd tree, boolean recursive) {
        boolean isDirectory = FileStat.of(tree).isDirectory();
        return Namespaces.withOwnMounts(() -> {
            try (FsContext context = FsContext.open("tmpfs");
                    Fd stage = context.mount(Set.of())) {
                GuestFiles files = new GuestFiles(stage);
                if (isDirectory) {
                    files.mkdir("tree", 0700);
                } else {
                    files.write("tree", new byte[0], 0600);
                }
                Mounts.move(stage, STAGE);
                Mounts.move(tree, STAGE + "/tree");
                return copyOfLesser(recursive);
            }
        });
    }

    private static Fd copyOfLesser(boolean recursive) {
        Command command =
                Command.of("unshare", "--user", "--mount", "sh", "-c", "echo ready; exec sleep 60");
        try (Commands.Held held = Commands.hold(command);
                Fd namespace = Namespaces.open(held.pid(), "mnt")) {
            return Namespaces.inMounts(
                    namespace, () -> Mounts.cloneTree(STAGE + "/tree", recursive));
        }
    }

    private static Fd root() {
        return Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
    }

    /// umount2(2) takes no descriptor, and `/proc` inside is not ours: the parent becomes the
    /// thread's directory, and the name in it the path.
    private static void unmount(Fd root, String target) {
        GuestFiles files = new GuestFiles(root);
        String path = followLast(files, target);
        int slash = path.lastIndexOf('/');
        String parent = slash <= 0 ? "/" : path.substring(0, slash);
        try (Fd directory = files.open(parent, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
                Arena arena = Arena.ofConfined()) {
            Syscalls.call(Sys.FCHDIR, directory.what(), directory.number());
            String name = "./" + path.substring(slash + 1);
            Syscalls.call(
                    Sys.UMOUNT2,
                    target,
                    KernelText.address(arena, name),
                    MNT_DETACH | UMOUNT_NOFOLLOW);
        }
    }

    /// The path whose last part is no symbolic link.
    private static String followLast(GuestFiles files, String target) {
        String path = stripped(target);
        for (int i = 0; i < LINKS_MAX; i++) {
            if (files.lstat(path).type() != FileStat.Type.SYMLINK) {
                return path;
            }
            String link = files.readlink(path);
            path =
                    stripped(
                            link.startsWith("/")
                                    ? link
                                    : path.substring(0, path.lastIndexOf('/') + 1) + link);
        }
        throw new ErrnoException("umount2", Errno.ELOOP, target);
    }

    private static String stripped(String path) {
        int end = path.length();
        while (end > 1 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path.substring(0, end);
    }
}
