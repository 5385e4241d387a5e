package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// read(2), write(2) and their relatives on a descriptor. Calls on pipes, sockets and terminals may
/// block: use a platform thread.
public final class FdIo {
    /// poll(2): there is data, or a connection to accept.
    public static final int POLLIN = 1;

    /// poll(2): writing will not block.
    public static final int POLLOUT = 4;

    /// poll(2): an error is pending. Never asked for, always reported.
    public static final int POLLERR = 8;

    /// poll(2): the other side is gone. Never asked for, always reported.
    public static final int POLLHUP = 16;

    private static final int CHUNK = 64 * 1024;

    private FdIo() {}

    /// Reads at most `length` bytes into `into`; 0 at end of file.
    public static int read(Fd fd, byte[] into, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, into.length);
        try (Scratch buffer = Scratch.borrow()) {
            long size = Math.min(length, Scratch.BYTES);
            int count =
                    (int) Syscalls.call(Sys.READ, fd.what(), fd.number(), buffer.address(), size);
            MemorySegment.copy(buffer.memory(), JAVA_BYTE, 0, into, offset, count);
            return count;
        }
    }

    /// Reads at most `length` bytes from `position` without moving the file's offset; 0 at end of
    /// file.
    public static int pread(Fd fd, byte[] into, int offset, int length, long position) {
        Objects.checkFromIndexSize(offset, length, into.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, length));
            int count =
                    (int)
                            Syscalls.call(
                                    Sys.PREAD64,
                                    fd.what(),
                                    fd.number(),
                                    buffer.address(),
                                    length,
                                    position);
            MemorySegment.copy(buffer, JAVA_BYTE, 0, into, offset, count);
            return count;
        }
    }

    /// Writes at a position without moving the file's offset.
    ///
    /// @return how much was written
    public static int pwrite(Fd fd, byte[] from, long position) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, from.length));
            MemorySegment.copy(from, 0, buffer, JAVA_BYTE, 0, from.length);
            return (int)
                    Syscalls.call(
                            Sys.PWRITE64,
                            fd.what(),
                            fd.number(),
                            buffer.address(),
                            from.length,
                            position);
        }
    }

    /// Writes all of it.
    public static void write(Fd fd, byte[] from, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, from.length);
        try (Scratch buffer = Scratch.borrow()) {
            int done = 0;
            while (done < length) {
                int size = Math.min(length - done, Scratch.BYTES);
                MemorySegment.copy(from, offset + done, buffer.memory(), JAVA_BYTE, 0, size);
                done += writeAll(fd, buffer.memory(), size);
            }
        }
    }

    private static int writeAll(Fd fd, MemorySegment buffer, int size) {
        int done = 0;
        while (done < size) {
            done +=
                    (int)
                            Syscalls.call(
                                    Sys.WRITE,
                                    fd.what(),
                                    fd.number(),
                                    buffer.address() + done,
                                    size - done);
        }
        return size;
    }

    /// Writes as much as fits without waiting; the descriptor must be one that does not block.
    ///
    /// @return how much was written, 0 if nothing fits
    public static int writeSome(Fd fd, byte[] from, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, from.length);
        int size = Math.min(length, Scratch.BYTES);
        try (Scratch buffer = Scratch.borrow()) {
            MemorySegment.copy(from, offset, buffer.memory(), JAVA_BYTE, 0, size);
            long result = Syscalls.raw(Sys.WRITE, fd.number(), buffer.address(), size);
            return result == -Errno.EAGAIN ? 0 : (int) Syscalls.check(Sys.WRITE, fd.what(), result);
        }
    }

    /// Writes all of it.
    public static void write(Fd fd, byte[] from) {
        write(fd, from, 0, from.length);
    }

    /// Everything up to end of file.
    ///
    /// @throws ErrnoException with `EFBIG` if there are more than `bytesMax` bytes
    public static byte[] readAll(Fd fd, int bytesMax) {
        var out = new java.io.ByteArrayOutputStream();
        byte[] chunk = new byte[Math.min(CHUNK, bytesMax + 1)];
        while (true) {
            int count = read(fd, chunk, 0, chunk.length);
            if (count == 0) {
                return out.toByteArray();
            }
            out.write(chunk, 0, count);
            if (out.size() > bytesMax) {
                throw new ErrnoException("read", Errno.EFBIG, fd.what());
            }
        }
    }

    /// Waits for an event; poll(2). Blocks.
    ///
    /// @param events bits [#POLLIN] and [#POLLOUT]
    /// @return the bits that hold, 0 if the time is over
    public static int poll(Fd fd, int events, Duration timeout) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollFd = arena.allocate(8, 4);
            pollFd.set(JAVA_INT, 0, fd.number());
            pollFd.set(JAVA_SHORT, 4, (short) events);
            MemorySegment time = Timespec.allocate(arena, timeout);
            Syscalls.check(
                    Sys.PPOLL,
                    fd.what(),
                    Syscalls.raw(Sys.PPOLL, pollFd.address(), 1, time.address(), 0));
            return pollFd.get(JAVA_SHORT, 6);
        }
    }

    /// Waits for an event on any of several descriptors; poll(2). Blocks without limit.
    ///
    /// @param events for each descriptor bits [#POLLIN] and [#POLLOUT], 0 to hear of its end only
    /// @return for each descriptor the bits that hold
    public static int[] poll(List<Fd> fds, int[] events) {
        return poll(fds, events, Optional.empty());
    }

    /// As [#poll(List,int\[\])] with a limit, after which no bits hold.
    public static int[] poll(List<Fd> fds, int[] events, Duration timeout) {
        return poll(fds, events, Optional.of(timeout));
    }

    private static int[] poll(List<Fd> fds, int[] events, Optional<Duration> timeout) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(8L * fds.size(), 4);
            for (int i = 0; i < fds.size(); i++) {
                all.set(JAVA_INT, 8L * i, fds.get(i).number());
                all.set(JAVA_SHORT, 8L * i + 4, (short) events[i]);
            }
            long time = timeout.map(t -> Timespec.allocate(arena, t).address()).orElse(0L);
            Syscalls.call(Sys.PPOLL, "descriptors", all.address(), fds.size(), time, 0);
            int[] found = new int[fds.size()];
            for (int i = 0; i < found.length; i++) {
                found[i] = all.get(JAVA_SHORT, 8L * i + 6);
            }
            return found;
        }
    }

    /// A pipe; pipe2(2). The first end is for reading.
    public static Pipe pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Syscalls.call(Sys.PIPE2, "pipe", two.address(), Fcntl.O_CLOEXEC);
            return new Pipe(
                    Fd.own(two.get(JAVA_INT, 0), "pipe, reading end"),
                    Fd.own(two.get(JAVA_INT, 4), "pipe, writing end"));
        }
    }

    /// Both ends of a pipe.
    public record Pipe(Fd reader, Fd writer) implements AutoCloseable {
        @Override
        public void close() {
            reader.close();
            writer.close();
        }
    }

    /// Makes reads and writes return `EAGAIN` instead of blocking, or block again. Belongs to the
    /// open file, so it is shared with whoever has a duplicate.
    public static void setNonBlocking(Fd fd, boolean nonBlocking) {
        long flags = Syscalls.call(Sys.FCNTL, fd.what(), fd.number(), Fcntl.F_GETFL);
        long wanted = nonBlocking ? flags | Fcntl.O_NONBLOCK : flags & ~(long) Fcntl.O_NONBLOCK;
        Syscalls.call(Sys.FCNTL, fd.what(), fd.number(), Fcntl.F_SETFL, wanted);
    }

    /// Moves the file's offset to `position` from its start; lseek(2).
    public static void seek(Fd fd, long position) {
        Syscalls.call(Sys.LSEEK, fd.what(), fd.number(), position, 0);
    }

    /// Cuts or extends the file; ftruncate(2).
    public static void truncate(Fd fd, long sizeBytes) {
        Syscalls.call(Sys.FTRUNCATE, fd.what(), fd.number(), sizeBytes);
    }

    /// Waits until data and metadata are on the disk; fsync(2). Blocks.
    public static void sync(Fd fd) {
        Syscalls.call(Sys.FSYNC, fd.what(), fd.number());
    }
}
