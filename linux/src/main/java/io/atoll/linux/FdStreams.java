package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.atoll.base.BlockInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// Streams over a descriptor: pipes, sockets, terminals. Reads and writes block in the kernel, so
/// use them on platform threads. One thread at a time per stream. Closing a stream closes the
/// descriptor.
public final class FdStreams {
    private static final int BUFFER = 64 * 1024;

    private FdStreams() {}

    /// A stream that reads what is there. `EIO` on the master of a pty means that its last slave
    /// was closed, hence end of file.
    public static InputStream input(Fd fd) {
        return new In(fd);
    }

    /// A stream that writes at once.
    public static OutputStream output(Fd fd) {
        return new Out(fd);
    }

    private static IOException asIo(ErrnoException e) {
        return new IOException(e.getMessage(), e);
    }

    private static final class In extends BlockInputStream {
        private final Fd fd;
        private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER);

        In(Fd fd) {
            this.fd = fd;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (length == 0) {
                return 0;
            }
            long count =
                    Syscalls.raw(Sys.READ, fd.number(), buffer.address(), Math.min(length, BUFFER));
            if (count == -Errno.EIO || count == 0) {
                return -1;
            }
            try {
                Syscalls.check(Sys.READ, fd.what(), count);
            } catch (ErrnoException e) {
                throw asIo(e);
            }
            MemorySegment.copy(buffer, JAVA_BYTE, 0, into, offset, (int) count);
            return (int) count;
        }

        @Override
        public void close() {
            fd.close();
        }
    }

    private static final class Out extends OutputStream {
        private final Fd fd;
        private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER);

        Out(Fd fd) {
            this.fd = fd;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, from.length);
            try {
                for (int done = 0; done < length; ) {
                    int size = Math.min(length - done, BUFFER);
                    MemorySegment.copy(from, offset + done, buffer, JAVA_BYTE, 0, size);
                    done +=
                            (int)
                                    Syscalls.call(
                                            Sys.WRITE,
                                            fd.what(),
                                            fd.number(),
                                            buffer.address(),
                                            size);
                }
            } catch (ErrnoException e) {
                throw asIo(e);
            }
        }

        @Override
        public void close() {
            fd.close();
        }
    }
}
