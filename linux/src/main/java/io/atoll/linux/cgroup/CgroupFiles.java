package io.atoll.linux.cgroup;

import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// The files of one cgroup directory. Nothing here moves a process: a process enters its cgroup
/// itself.
///
/// @param directory absolute path in a cgroup file system
public record CgroupFiles(String directory) {
    /// What version 1 shows as "no limit": the largest number of whole pages.
    private static final long V1_UNLIMITED = 0x7fff_ffff_ffff_f000L;

    /// True if the cgroup exists.
    public boolean exists() {
        Optional<Fd> found = Opens.openIfPresent(directory, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
        found.ifPresent(Fd::close);
        return found.isPresent();
    }

    private Fd open() {
        return Opens.open(directory, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }

    /// The text of a file; empty if this cgroup does not have it.
    public Optional<String> read(String file) {
        return ProcFiles.readIfPresent(directory + "/" + file);
    }

    /// Writes a file.
    public void write(String file, String value) {
        ProcFiles.write(directory + "/" + file, value);
    }

    /// A file with one number; empty if it is missing. `max`, and what version 1 shows for it, is
    /// [Long#MAX_VALUE].
    public OptionalLong number(String file) {
        return read(file).map(text -> OptionalLong.of(parse(text))).orElseGet(OptionalLong::empty);
    }

    private static long parse(String text) {
        String word = text.strip();
        if (word.equals("max") || word.equals("-1")) {
            return Long.MAX_VALUE;
        }
        long value = Long.parseUnsignedLong(word);
        return value < 0 || value >= V1_UNLIMITED ? Long.MAX_VALUE : value;
    }

    /// A file of lines `key number`, as `memory.stat`; empty if it is missing.
    public Map<String, Long> keyed(String file) {
        Map<String, Long> values = new LinkedHashMap<>();
        read(file)
                .orElse("")
                .lines()
                .forEach(line -> {
                    int space = line.indexOf(' ');
                    if (space > 0) {
                        values.put(line.substring(0, space), parse(line.substring(space + 1)));
                    }
                });
        return values;
    }

    /// The processes of this cgroup, not those below it, as seen from this process's pid namespace.
    public List<Integer> processes() {
        return read("cgroup.procs")
                .orElse("")
                .lines()
                .map(Integer::valueOf)
                .filter(pid -> pid > 0)
                .toList();
    }

    /// The cgroups directly below.
    public List<CgroupFiles> children() {
        try (Fd fd = open()) {
            return Directories.list(fd).stream()
                    .filter(Directories.Entry::isDirectory)
                    .map(entry -> new CgroupFiles(directory + "/" + entry.name()))
                    .toList();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENODEV)) {
                return List.of();
            }
            throw e;
        }
    }

    /// Removes this cgroup if nothing is in it, neither a process nor another cgroup. Missing is
    /// fine.
    public void deleteIfEmpty() {
        try {
            remove();
        } catch (ErrnoException e) {
            if (!e.is(Errno.EBUSY, Errno.ENOTEMPTY)) {
                throw e;
            }
        }
    }

    /// Removes this cgroup and all below it. Missing is fine.
    ///
    /// @throws ErrnoException with `EBUSY` while a process is in one of them
    public void delete() {
        for (CgroupFiles child : children()) {
            child.delete();
        }
        remove();
    }

    private void remove() {
        int slash = directory.lastIndexOf('/');
        try (Fd parent =
                Opens.open(directory.substring(0, slash), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            Directories.rmdir(parent, directory.substring(slash + 1));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
