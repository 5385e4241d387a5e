package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/// Small files of `/proc`, `/sys` and cgroups: whole content by openat(2), read(2), close(2) and a
/// buffer that is kept. For files of the kernel only, which never block and are small.
public final class ProcFiles {
    /// Largest file that is read; the biggest of interest are mountinfo and meminfo-like tables.
    static final int BYTES_MAX = 64 * 1024 * 1024;

    private static final int FIRST_READ = Scratch.BYTES;
    private static final byte[] NOTHING = new byte[0];

    private ProcFiles() {}

    /// The content.
    ///
    /// @throws ErrnoException if it cannot be opened or read
    public static String read(String path) {
        try (Fd fd = Opens.open(path, Fcntl.O_RDONLY, 0)) {
            return read(fd);
        }
    }

    /// The content of a file in a directory that is open.
    public static String read(Fd directory, String name) {
        try (Fd fd = Opens.openAt(directory, name, Fcntl.O_RDONLY, 0)) {
            return read(fd);
        }
    }

    private static String read(Fd fd) {
        try (Scratch buffer = Scratch.borrow()) {
            byte[] all = NOTHING;
            while (true) {
                int count =
                        (int)
                                Syscalls.call(
                                        Sys.READ,
                                        fd.what(),
                                        fd.number(),
                                        buffer.address(),
                                        FIRST_READ);
                if (count == 0) {
                    return KernelText.decode(all);
                }
                if (all.length + count > BYTES_MAX) {
                    throw new ErrnoException("read", Errno.EFBIG, fd.what());
                }
                int old = all.length;
                all = old == 0 ? new byte[count] : Arrays.copyOf(all, old + count);
                MemorySegment.copy(buffer.memory(), JAVA_BYTE, 0, all, old, count);
            }
        }
    }

    /// Where a link such as `/proc/PID/ns/net` points, as text.
    public static String readLink(String path) {
        try (Arena arena = Arena.ofConfined();
                Scratch buffer = Scratch.borrow()) {
            long name = KernelText.address(arena, path);
            long length =
                    Syscalls.call(
                            Sys.READLINKAT,
                            path,
                            Fcntl.AT_FDCWD,
                            name,
                            buffer.address(),
                            FIRST_READ);
            return KernelText.decode(buffer.memory().asSlice(0, length).toArray(JAVA_BYTE));
        }
    }

    /// The content, or empty if the file, process or feature is not there.
    public static Optional<String> readIfPresent(String path) {
        Optional<Fd> file = Opens.openIfPresent(path, Fcntl.O_RDONLY);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try (Fd fd = file.get()) {
            return Optional.of(read(fd));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENOTDIR, Errno.ESRCH, Errno.ENODEV, Errno.EOPNOTSUPP)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// What follows `label` at the start of a line, without spaces around it:
    /// `field("/proc/1/status", "State:")`.
    public static Optional<String> field(String path, String label) {
        return readIfPresent(path)
                .flatMap(text -> text.lines().filter(line -> line.startsWith(label)).findFirst())
                .map(line -> line.substring(label.length()).strip());
    }

    /// A file that holds one number; empty if it is missing or says something else, as `max`.
    public static OptionalLong number(String path) {
        Optional<String> text = readIfPresent(path);
        try {
            return text.isEmpty()
                    ? OptionalLong.empty()
                    : OptionalLong.of(Long.parseLong(text.get().strip()));
        } catch (NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    /// Writes in one write(2), as these files want it; the file must exist.
    public static void write(String path, String content) {
        try (Fd fd = Opens.open(path, Fcntl.O_WRONLY, 0)) {
            FdIo.write(fd, KernelText.encode(content));
        }
    }

    /// Writes a file in a directory that is open.
    public static void write(Fd directory, String name, String content) {
        try (Fd fd = Opens.openAt(directory, name, Fcntl.O_WRONLY, 0)) {
            FdIo.write(fd, KernelText.encode(content));
        }
    }
}
