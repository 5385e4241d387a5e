package io.atoll.linux;

import java.lang.foreign.Arena;
import java.util.Set;
import java.util.TreeSet;

/// Active swap files; swapon(2). An active one cannot be deleted or unmounted, and a container may
/// have made it.
public final class Swaps {
    private Swaps() {}

    /// Ends the use of all swap files below a directory. `/proc/swaps` shows the path as the
    /// process saw it that activated the file, of which only the last part says something here:
    /// files of that name are handed to swapoff(2), which compares the inode and refuses what is no
    /// active swap. Does not look at any file when no swap file is active. May block long: the
    /// pages must go back to memory.
    ///
    /// @param root directory open for reading
    /// @return how many were ended
    public static int swapOffBelow(Fd root) {
        Set<String> names = activeNames(ProcFiles.readIfPresent("/proc/swaps").orElse(""));
        return names.isEmpty() ? 0 : swapOffBelow(root, names, 0);
    }

    /// The last parts of the paths that `/proc/swaps` shows for swap files, partitions left out.
    static Set<String> activeNames(String swaps) {
        Set<String> names = new TreeSet<>();
        swaps.lines()
                .skip(1)
                .forEach(line -> {
                    String[] fields = line.split("\\s+");
                    if (fields.length >= 2 && fields[1].equals("file")) {
                        String path = MountInfo.unescape(fields[0]);
                        names.add(path.substring(path.lastIndexOf('/') + 1));
                    }
                });
        return names;
    }

    private static int swapOffBelow(Fd directory, Set<String> names, int depth) {
        int ended = 0;
        for (Directories.Entry entry : Directories.list(directory)) {
            if (entry.isDirectory()) {
                ended += enter(directory, entry.name(), names, depth);
            } else if (names.contains(entry.name())) {
                ended += tryOff(directory, entry.name());
            }
        }
        return ended;
    }

    private static int enter(Fd parent, String name, Set<String> names, int depth) {
        if (depth >= Inodes.DEPTH_MAX) {
            return 0;
        }
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW;
        try (Fd directory = Opens.openAt2(parent, name, flags, 0, Opens.RESOLVE_NO_XDEV)) {
            return swapOffBelow(directory, names, depth + 1);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.EXDEV, Errno.ELOOP, Errno.ENOTDIR)) {
                return 0;
            }
            throw e;
        }
    }

    private static int tryOff(Fd parent, String name) {
        try (Fd file = Opens.openAt2(parent, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0, 0);
                Arena arena = Arena.ofConfined()) {
            if (FileStat.of(file).type() != FileStat.Type.FILE) {
                return 0;
            }
            long result = Syscalls.raw(Sys.SWAPOFF, KernelText.address(arena, file.procPath()));
            if (result == -Errno.EINVAL || result == -Errno.ENOENT) {
                return 0;
            }
            Syscalls.check(Sys.SWAPOFF, file.what(), result);
            return 1;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return 0;
            }
            throw e;
        }
    }
}
