package io.atoll.runtime.intercept;

import io.atoll.base.HostId;
import io.atoll.base.IdmapEntry;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.KernelText;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.SeccompNotify;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Who makes a call: its rights, its root directory and its memory, all opened while it waited. A
/// number of a thread may soon be another's; descriptors stay with whom they were opened for.
final class Caller implements AutoCloseable {
    static final int CAP_DAC_OVERRIDE = 1;
    static final int CAP_SYS_ADMIN = 21;
    static final int CAP_SYS_NICE = 23;
    static final int CAP_MKNOD = 27;
    static final int CAP_BPF = 39;

    static final int AT_FDCWD = -100;

    private static final int PATH_MAX = 4096;
    private static final int PAGE = 4096;

    private final SeccompNotify.Call call;
    private final Fd listener;
    private final Fd memory;
    private final Fd root;
    private final Map<String, String> status;
    private final boolean isOfGuest;

    private Caller(
            SeccompNotify.Call call,
            Fd listener,
            Fd memory,
            Fd root,
            Map<String, String> status,
            boolean isOfGuest) {
        this.call = call;
        this.listener = listener;
        this.memory = memory;
        this.root = root;
        this.status = status;
        this.isOfGuest = isOfGuest;
    }

    /// @throws ErrnoException with `ESRCH` if it does not wait any more
    static Caller open(SeccompNotify.Call call, Fd listener, Guest guest) {
        String proc = "/proc/" + call.tid();
        Fd memory = Opens.open(proc + "/mem", Fcntl.O_RDWR, 0);
        try {
            Fd root = Opens.open(proc + "/root", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
            try {
                Caller caller =
                        new Caller(
                                call,
                                listener,
                                memory,
                                root,
                                fields(proc + "/status"),
                                guest.isOwnNamespace(call.tid()));
                caller.requireWaiting();
                return caller;
            } catch (RuntimeException e) {
                root.close();
                throw e;
            }
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    private static Map<String, String> fields(String file) {
        Map<String, String> fields = new HashMap<>();
        for (String line : ProcFiles.read(file).split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        }
        return fields;
    }

    int tid() {
        return call.tid();
    }

    long argument(int index) {
        return call.argument(index);
    }

    int intArgument(int index) {
        return (int) call.argument(index);
    }

    /// True if its mount namespace is the container's own.
    boolean isInMountsOf(Guest guest) {
        return guest.isSameNamespace(call.tid(), "mnt");
    }

    /// Its groups and the like are not taken over by programs that we start for it.
    ///
    /// @throws ErrnoException with `EPERM` for somebody of whom the container knows nothing
    long uidInside(Guest guest) {
        return inside(guest, IdmapEntry.Kind.UID, uid());
    }

    long gidInside(Guest guest) {
        return inside(guest, IdmapEntry.Kind.GID, gid());
    }

    private static long inside(Guest guest, IdmapEntry.Kind kind, long id) {
        return guest.ids()
                .toNs(kind, new HostId(id))
                .orElseThrow(() -> new ErrnoException("id", Errno.EPERM, "id " + id))
                .value();
    }

    /// True if its root is that of its mount namespace, not one of a chroot.
    boolean isAtTop() {
        return ProcFiles.readLink("/proc/" + call.tid() + "/root").equals("/");
    }

    /// Its root directory, which is what its absolute paths begin at.
    Fd root() {
        return root;
    }

    /// To be asked after everything about it was read, and before anything is done for it.
    ///
    /// @throws ErrnoException with `ESRCH` if it was killed
    void requireWaiting() {
        if (!SeccompNotify.isWaiting(listener, call.id())) {
            throw new ErrnoException("seccomp", Errno.ESRCH, "thread " + call.tid());
        }
    }

    // ---- rights

    /// The fourth of the ids in its status: the one for files.
    private long fileId(String key) {
        return Long.parseLong(status.getOrDefault(key, "").split("\\s+")[3]);
    }

    long uid() {
        return fileId("Uid");
    }

    long gid() {
        return fileId("Gid");
    }

    int umask() {
        return Integer.parseInt(status.getOrDefault("Umask", "022"), 8);
    }

    /// True if it has a capability over the container, not only in a namespace of its making.
    boolean has(int capability) {
        long effective = Long.parseUnsignedLong(status.getOrDefault("CapEff", "0"), 16);
        return isOfGuest && (effective >>> capability & 1) == 1;
    }

    /// Its number in its own pid namespace.
    int ownNumber() {
        String[] numbers = status.getOrDefault("NSpid", "0").split("\\s+");
        return Integer.parseInt(numbers[numbers.length - 1]);
    }

    // ---- descriptors

    /// A directory that it has open, for looking at. Its file system may be one of the container's
    /// own programs: nothing but [io.atoll.linux.FileSystemStat] is to be asked before that is
    /// known.
    Fd directory(int number) {
        int flags = Fcntl.O_PATH | Fcntl.O_DIRECTORY;
        return Opens.open("/proc/" + call.tid() + "/fd/" + number, flags, 0);
    }

    /// What the kernel tells about a descriptor that it has; `proc_pid_fdinfo(5)`.
    ///
    /// @throws ErrnoException with `EBADF` if it has none of that number
    Map<String, String> descriptorInfo(int number) {
        try {
            return fields("/proc/" + call.tid() + "/fdinfo/" + number);
        } catch (ErrnoException e) {
            throw e.is(Errno.ENOENT)
                    ? new ErrnoException("open", Errno.EBADF, "descriptor " + number)
                    : e;
        }
    }

    // ---- memory

    /// Reads a text once; what the caller writes there afterwards is not seen.
    ///
    /// @throws ErrnoException with `EFAULT` for a bad pointer, `ENAMETOOLONG` if it does not end
    String text(long address) {
        byte[] all = new byte[PATH_MAX];
        int length = 0;
        while (length < PATH_MAX) {
            int rest = (int) (PAGE - (address + length & PAGE - 1));
            byte[] part = bytes(address + length, Math.min(rest, PATH_MAX - length));
            System.arraycopy(part, 0, all, length, part.length);
            for (int i = length; i < length + part.length; i++) {
                if (all[i] == 0) {
                    return KernelText.decode(Arrays.copyOf(all, i));
                }
            }
            length += part.length;
        }
        throw new ErrnoException("read", Errno.ENAMETOOLONG, "memory of " + call.tid());
    }

    /// @throws ErrnoException with `EFAULT` unless all of it can be read
    byte[] bytes(long address, int length) {
        byte[] out = new byte[length];
        if (address > 0 && reads(out, address) == length) {
            return out;
        }
        throw new ErrnoException("read", Errno.EFAULT, "memory of " + call.tid());
    }

    private int reads(byte[] into, long address) {
        try {
            return FdIo.pread(memory, into, 0, into.length, address);
        } catch (ErrnoException _) {
            return -1;
        }
    }

    /// @throws ErrnoException with `EFAULT` unless all of it can be written
    void write(long address, byte[] content) {
        requireWaiting();
        try {
            if (address > 0 && FdIo.pwrite(memory, content, address) == content.length) {
                return;
            }
        } catch (ErrnoException _) {
            // As below.
        }
        throw new ErrnoException("write", Errno.EFAULT, "memory of " + call.tid());
    }

    // ---- paths

    /// A path of a call as one that begins at [#root()]. To be resolved there and nowhere else: it
    /// is the caller's word, links and all.
    ///
    /// @param directory a descriptor of the caller's, or `AT_FDCWD`
    String path(int directory, long address) {
        String path = text(address);
        if (path.isEmpty()) {
            throw new ErrnoException("open", Errno.ENOENT, "empty path");
        }
        if (path.startsWith("/")) {
            return path;
        }
        return descriptor(directory) + "/" + path;
    }

    /// What a descriptor of the caller's leads to, seen from its root.
    String descriptor(int number) {
        String proc = "/proc/" + call.tid();
        String at = ProcFiles.readLink(number == AT_FDCWD ? proc + "/cwd" : proc + "/fd/" + number);
        String top = ProcFiles.readLink(proc + "/root");
        if (!at.startsWith("/")) {
            throw new ErrnoException("open", Errno.EBADF, "descriptor " + number);
        }
        if (top.equals("/")) {
            return at;
        }
        if (!at.equals(top) && !at.startsWith(top + "/")) {
            throw new ErrnoException("open", Errno.ENOENT, "outside of its root");
        }
        return at.substring(top.length()) + "/";
    }

    @Override
    public void close() {
        memory.close();
        root.close();
    }
}
