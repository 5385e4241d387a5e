package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/// Sockets that wait for others, as descriptors that can be handed on; socket(2), bind(2),
/// listen(2). They belong to the network namespace of the thread that makes them, whoever uses them
/// afterwards.
public final class ListenSockets {
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int BACKLOG = 4096;
    private static final int PATH_BYTES = 108;

    private ListenSockets() {}

    /// For connections by TCP. On `::` it takes those of both families.
    ///
    /// @throws ErrnoException with `EADDRINUSE` or `EADDRNOTAVAIL`
    public static Fd tcp(InetAddress address, int port) {
        Fd fd = inet(address, port, SOCK_STREAM);
        return listening(fd);
    }

    /// For datagrams by UDP.
    public static Fd udp(InetAddress address, int port) {
        return inet(address, port, SOCK_DGRAM);
    }

    /// For connections to a name of the network namespace's abstract unix sockets; unix(7).
    public static Fd abstractName(String name) {
        byte[] raw = name.getBytes(StandardCharsets.UTF_8);
        if (raw.length == 0 || raw.length >= PATH_BYTES) {
            throw new ErrnoException("bind", Errno.ENAMETOOLONG, "@" + name);
        }
        Fd fd = socket(AF_UNIX, SOCK_STREAM, "unix socket @" + name);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sun = arena.allocate(3L + raw.length, 8);
            sun.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(raw, 0, sun, JAVA_BYTE, 3, raw.length);
            Syscalls.call(Sys.BIND, fd.what(), fd.number(), sun.address(), 3L + raw.length);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
        return listening(fd);
    }

    /// For connections to a file that is made now, in the mount namespace of a container and as one
    /// of its users. The directory is looked up in the container's own root.
    ///
    /// @param uid the host's number of the owner, who must be known inside
    public static Fd inGuest(Fd mountNamespace, String path, long uid, long gid, int mode) {
        return Namespaces.inMounts(
                mountNamespace,
                () -> {
                    FsIds.become(uid, gid);
                    int slash = path.lastIndexOf('/');
                    String parent = slash <= 0 ? "/" : path.substring(0, slash);
                    try (Fd root = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
                            Fd directory =
                                    new GuestFiles(root)
                                            .open(parent, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
                        Syscalls.call(Sys.FCHDIR, directory.what(), directory.number());
                        return file("./" + path.substring(slash + 1), mode, path);
                    }
                });
    }

    /// For connections to a file of the host that is made now.
    public static Fd atPath(String path, long uid, long gid, int mode) {
        Fd fd = file(path, mode, path);
        try (Fd root = Opens.open("/", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            new GuestFiles(root).chown(path, uid, gid);
            return fd;
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    private static Fd file(String name, int mode, String what) {
        byte[] raw = name.getBytes(StandardCharsets.UTF_8);
        if (raw.length >= PATH_BYTES) {
            throw new ErrnoException("bind", Errno.ENAMETOOLONG, what);
        }
        Fd fd = socket(AF_UNIX, SOCK_STREAM, "unix socket " + what);
        try (Arena arena = Arena.ofConfined()) {
            // The file takes its mode from the socket: nobody can connect in between.
            Syscalls.call(Sys.FCHMOD, what, fd.number(), mode);
            MemorySegment sun = arena.allocate(2L + PATH_BYTES, 8);
            sun.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(raw, 0, sun, JAVA_BYTE, 2, raw.length);
            Syscalls.call(Sys.BIND, what, fd.number(), sun.address(), 3L + raw.length);
            Syscalls.call(
                    Sys.FCHMODAT, what, Fcntl.AT_FDCWD, KernelText.address(arena, name), mode);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
        return listening(fd);
    }

    private static Fd socket(int family, int type, String what) {
        return Fd.own(Syscalls.call(Sys.SOCKET, what, family, type | SOCK_CLOEXEC, 0), what);
    }

    private static Fd inet(InetAddress address, int port, int type) {
        byte[] raw = address.getAddress();
        boolean isV6 = raw.length == 16;
        String what =
                (type == SOCK_STREAM ? "tcp " : "udp ") + address.getHostAddress() + ":" + port;
        Fd fd = socket(isV6 ? AF_INET6 : AF_INET, type, what);
        try (Arena arena = Arena.ofConfined()) {
            if (type == SOCK_STREAM) {
                long one = arena.allocateFrom(JAVA_INT, 1).address();
                Syscalls.call(Sys.SETSOCKOPT, what, fd.number(), SOL_SOCKET, SO_REUSEADDR, one, 4);
            }
            MemorySegment sin = arena.allocate(28, 8);
            sin.set(JAVA_SHORT, 0, (short) (isV6 ? AF_INET6 : AF_INET));
            sin.set(JAVA_BYTE, 2, (byte) (port >> 8));
            sin.set(JAVA_BYTE, 3, (byte) port);
            MemorySegment.copy(raw, 0, sin, JAVA_BYTE, isV6 ? 8 : 4, raw.length);
            Syscalls.call(Sys.BIND, what, fd.number(), sin.address(), isV6 ? 28 : 16);
            return fd;
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    private static Fd listening(Fd fd) {
        try {
            Syscalls.call(Sys.LISTEN, fd.what(), fd.number(), BACKLOG);
            return fd;
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }
}
