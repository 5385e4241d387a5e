package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Loop devices; loop(4), `linux/loop.h`. Always with autoclear: the kernel frees the device with
/// its last user, so a crash of ours leaves none behind.
public final class Loop {
    private static final int LOOP_CTL_GET_FREE = 0x4C82;
    private static final int LOOP_CONFIGURE = 0x4C0A;
    private static final int LOOP_SET_CAPACITY = 0x4C07;
    private static final int LO_FLAGS_READ_ONLY = 1;
    private static final int LO_FLAGS_AUTOCLEAR = 4;
    private static final int LOOP_MAJOR = 7;

    // struct loop_config: fd, block_size, struct loop_info64 (lo_flags at 52 in it), 8 reserved
    // words.
    private static final int CONFIG_SIZE = 304;
    private static final int CONFIG_FLAGS = 8 + 52;

    /// How often another process may take the free device from under us.
    private static final int RACES_MAX = 64;

    /// An attached device.
    ///
    /// @param fd keeps it attached until a mount or another user does
    public record Device(String path, Fd fd) implements AutoCloseable {
        /// Lets go; the device is freed unless it is mounted or otherwise used.
        @Override
        public void close() {
            fd.close();
        }
    }

    private Loop() {}

    /// Attaches a file to a free device.
    public static Device attach(Path file, boolean readOnly) {
        int mode = readOnly ? Fcntl.O_RDONLY : Fcntl.O_RDWR;
        try (Fd backing = Opens.open(file.toString(), mode, 0)) {
            return attach(backing, readOnly);
        }
    }

    /// Attaches what `backing` is open on; it may be closed afterwards.
    public static Device attach(Fd backing, boolean readOnly) {
        try (Fd control = Opens.open("/dev/loop-control", Fcntl.O_RDWR, 0)) {
            for (int i = 0; i < RACES_MAX; i++) {
                long free =
                        Syscalls.call(
                                Sys.IOCTL,
                                "/dev/loop-control",
                                control.number(),
                                LOOP_CTL_GET_FREE,
                                0);
                Optional<Device> device = tryAttach(backing, (int) free, readOnly);
                if (device.isPresent()) {
                    return device.get();
                }
            }
        }
        throw new ErrnoException("LOOP_CONFIGURE", Errno.EBUSY, backing.what());
    }

    private static Optional<Device> tryAttach(Fd backing, int number, boolean readOnly) {
        String path = "/dev/loop" + number;
        Fd fd = openDevice(path, number, readOnly ? Fcntl.O_RDONLY : Fcntl.O_RDWR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment config = arena.allocate(CONFIG_SIZE, 8);
            config.set(JAVA_INT, 0, backing.number());
            config.set(
                    JAVA_INT,
                    CONFIG_FLAGS,
                    LO_FLAGS_AUTOCLEAR | (readOnly ? LO_FLAGS_READ_ONLY : 0));
            long result = Syscalls.raw(Sys.IOCTL, fd.number(), LOOP_CONFIGURE, config.address());
            if (result == -Errno.EBUSY) {
                fd.close();
                return Optional.empty();
            }
            Syscalls.check(Sys.IOCTL, path + " for " + backing.what(), result);
            return Optional.of(new Device(path, fd));
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /// Where devtmpfs is not mounted, as in a container or chroot, the node of a new device is
    /// missing.
    private static Fd openDevice(String path, int number, int flags) {
        try {
            return Opens.open(path, flags, 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        try (Fd dev = Opens.open("/dev", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            Directories.mknod(
                    dev,
                    "loop" + number,
                    FileStat.Type.BLOCK_DEVICE,
                    0660,
                    FileStat.device(LOOP_MAJOR, number));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        return Opens.open(path, flags, 0);
    }

    /// Takes over a changed size of the backing file.
    public static void refreshSize(Device device) {
        Syscalls.call(Sys.IOCTL, device.path(), device.fd().number(), LOOP_SET_CAPACITY, 0);
    }

    /// The devices that are attached to this very file, by inode: its path may have another name
    /// elsewhere.
    public static List<String> attachedTo(Path file) {
        FileStat wanted = FileStat.of(file.toString());
        try (Fd block = Opens.open("/sys/block", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            return Directories.list(block).stream()
                    .map(Directories.Entry::name)
                    .filter(name -> name.startsWith("loop"))
                    .filter(name -> isBackedBy("/dev/" + name, wanted))
                    .map(name -> "/dev/" + name)
                    .toList();
        }
    }

    private static boolean isBackedBy(String path, FileStat wanted) {
        int loopGetStatus64 = 0x4C05;
        try (Fd fd = Opens.open(path, Fcntl.O_RDONLY, 0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(232, 8);
            if (Syscalls.raw(Sys.IOCTL, fd.number(), loopGetStatus64, info.address()) < 0) {
                return false;
            }
            return info.get(JAVA_LONG, 8) == wanted.inode()
                    && sameDevice(info.get(JAVA_LONG, 0), wanted.device());
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENXIO)) {
                return false;
            }
            throw e;
        }
    }

    /// `lo_device` in the kernel's huge encoding of 12, 20 and more bits.
    private static boolean sameDevice(long encoded, long device) {
        int major = (int) ((encoded >>> 8 & 0xfff) | (encoded >>> 32 & 0xfffff000L));
        int minor = (int) ((encoded & 0xff) | (encoded >>> 12 & 0xffffff00L));
        return FileStat.device(major, minor) == device;
    }
}
