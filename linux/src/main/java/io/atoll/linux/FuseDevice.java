package io.atoll.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/// A descriptor of `/dev/fuse` and the mount it serves; fuse(4) and the kernel's
/// filesystems/fuse.rst. Requests are read and answered as whole messages; their meaning is the
/// caller's.
///
/// The mount outlives this object: it is dead (`ENOTCONN`) once all its descriptors are closed, and
/// gone when somebody unmounts it. Reading blocks: use a platform thread.
public final class FuseDevice implements AutoCloseable {
    private static final String DEVICE = "/dev/fuse";

    /// `FUSE_DEV_IOC_CLONE`, linux/fuse.h.
    private static final long CLONE = 0x8004_E500L;

    private static final long MS_NOSUID = 2;
    private static final long MS_NODEV = 4;

    private final Fd fd;

    private FuseDevice(Fd fd) {
        this.fd = fd;
    }

    /// Mounts a file system of type `fuse.NAME`, usable by all users, permissions checked by the
    /// kernel.
    ///
    /// @throws ErrnoException naming the device or the mount point
    public static FuseDevice mount(String mountPoint, String name) {
        Fd fd = Opens.open(DEVICE, Fcntl.O_RDWR, 0);
        String options =
                "fd="
                        + fd.number()
                        + ",rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions";
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.call(
                    Sys.MOUNT,
                    mountPoint,
                    KernelText.address(arena, name),
                    KernelText.address(arena, mountPoint),
                    KernelText.address(arena, "fuse." + name),
                    MS_NOSUID | MS_NODEV,
                    KernelText.address(arena, options));
            return new FuseDevice(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /// One more descriptor of the same mount, with a queue of its own for requests being answered.
    public FuseDevice another() {
        Fd more = Opens.open(DEVICE, Fcntl.O_RDWR, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_INT, fd.number());
            Syscalls.call(Sys.IOCTL, DEVICE, more.number(), CLONE, number.address());
            return new FuseDevice(more);
        } catch (RuntimeException e) {
            more.close();
            throw e;
        }
    }

    /// Reads one request to the start of a direct buffer, as long as its capacity.
    ///
    /// @return the request's length, or -1 once the file system is unmounted
    public int read(ByteBuffer direct) {
        long address = MemorySegment.ofBuffer(direct.clear()).address();
        while (true) {
            long count = Syscalls.raw(Sys.READ, fd.number(), address, direct.capacity());
            if (count >= 0) {
                return (int) count;
            }
            if (count == -Errno.ENODEV) {
                return -1;
            }
            // ENOENT: the request was interrupted before it could be handed out. The next one is as
            // good.
            if (count != -Errno.ENOENT && count != -Errno.EAGAIN) {
                throw new ErrnoException("read", (int) -count, DEVICE);
            }
        }
    }

    /// Answers one request with the first `length` bytes of a direct buffer. An answer that the
    /// kernel no longer wants, because the caller was interrupted or the mount is gone, is dropped.
    public void write(ByteBuffer direct, int length) {
        long address = MemorySegment.ofBuffer(direct.clear()).address();
        long count = Syscalls.raw(Sys.WRITE, fd.number(), address, length);
        if (count < 0 && count != -Errno.ENOENT && count != -Errno.ENODEV) {
            throw new ErrnoException("write", (int) -count, DEVICE);
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
