package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/// A socket of TCP that never blocks and can have its segments signed; tcp(7). For protocols that
/// want `TCP_MD5SIG`, which the JDK's sockets do not have. Not thread-safe; its owner closes it.
public final class TcpSocket implements AutoCloseable {
    /// The longest key of signatures, `TCP_MD5SIG_MAXKEYLEN` of `linux/tcp.h`.
    public static final int KEY_BYTES_MAX = 80;

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_FLAGS = 0x80000 | 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_ERROR = 4;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_MD5SIG = 14;
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final int SOCKADDR_BYTES = 28;
    private static final int BACKLOG = 64;

    // struct tcp_md5sig: an address of any family, flags, length of a prefix, length of the key,
    // an interface, the key.
    private static final int MD5_BYTES = 216;
    private static final int MD5_KEY_LENGTH = 130;
    private static final int MD5_KEY = 136;

    private final Fd fd;
    private final boolean isV6;

    private TcpSocket(Fd fd, boolean isV6) {
        this.fd = fd;
        this.isV6 = isV6;
    }

    /// Waits for connections. On `::` for those of both families.
    ///
    /// @param address with port 0: the kernel chooses one
    /// @throws ErrnoException with `EADDRINUSE` or `EADDRNOTAVAIL`
    public static TcpSocket listen(InetSocketAddress address) {
        TcpSocket socket = open(address.getAddress(), "tcp " + address);
        try {
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1);
            if (socket.isV6) {
                socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
            }
            socket.bind(address);
            Syscalls.call(Sys.LISTEN, socket.fd.what(), socket.fd.number(), BACKLOG);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /// Begins to connect. It is done once the socket can be written; [#finish] tells how it went.
    ///
    /// @param from own address; empty: the kernel chooses
    /// @param key of the signatures; empty: none
    public static TcpSocket connect(InetSocketAddress to, Optional<InetAddress> from, byte[] key) {
        TcpSocket socket = open(to.getAddress(), "tcp " + to);
        try (Arena arena = Arena.ofConfined()) {
            if (key.length > 0) {
                socket.sign(to.getAddress(), key);
            }
            from.ifPresent(own -> socket.bind(new InetSocketAddress(own, 0)));
            long result =
                    Syscalls.raw(
                            Sys.CONNECT,
                            socket.fd.number(),
                            socket.encode(arena, to).address(),
                            socket.length());
            if (result != -Errno.EINPROGRESS) {
                Syscalls.check(Sys.CONNECT, socket.fd.what(), result);
            }
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static TcpSocket open(InetAddress address, String what) {
        boolean isV6 = address.getAddress().length == 16;
        int family = isV6 ? AF_INET6 : AF_INET;
        long number = Syscalls.call(Sys.SOCKET, what, family, SOCK_STREAM | SOCK_FLAGS, 0);
        return new TcpSocket(Fd.own(number, what), isV6);
    }

    /// From now on segments from and to that address have to be signed, or, with an empty key, need
    /// not be any more. Connections that are accepted later inherit it.
    ///
    /// @throws ErrnoException with `ENOPROTOOPT` if the kernel has no `CONFIG_TCP_MD5SIG`
    public void sign(InetAddress peer, byte[] key) {
        if (key.length > KEY_BYTES_MAX) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment md5 = arena.allocate(MD5_BYTES, 8);
            md5.copyFrom(encode(arena, new InetSocketAddress(peer, 0)));
            md5.set(JAVA_SHORT, MD5_KEY_LENGTH, (short) key.length);
            MemorySegment.copy(key, 0, md5, JAVA_BYTE, MD5_KEY, key.length);
            long result =
                    Syscalls.raw(
                            Sys.SETSOCKOPT,
                            fd.number(),
                            IPPROTO_TCP,
                            TCP_MD5SIG,
                            md5.address(),
                            MD5_BYTES,
                            0);
            boolean isGone = key.length == 0 && result == -Errno.ENOENT;
            if (!isGone) {
                Syscalls.check(Sys.SETSOCKOPT, fd.what(), result);
            }
        }
    }

    private void set(int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(JAVA_INT, value).address();
            Syscalls.call(Sys.SETSOCKOPT, fd.what(), fd.number(), level, option, address, 4);
        }
    }

    private void bind(InetSocketAddress address) {
        try (Arena arena = Arena.ofConfined()) {
            long encoded = encode(arena, address).address();
            Syscalls.call(Sys.BIND, fd.what(), fd.number(), encoded, length());
        }
    }

    private int length() {
        return isV6 ? SOCKADDR_BYTES : 16;
    }

    /// In the socket's family: an address of IPv4 is mapped on a socket of IPv6.
    private MemorySegment encode(Arena arena, InetSocketAddress address) {
        byte[] raw = address.getAddress().getAddress();
        if (!isV6 && raw.length == 16) {
            throw new IllegalArgumentException(address + " on a socket of IPv4");
        }
        MemorySegment out = arena.allocate(SOCKADDR_BYTES, 8);
        out.set(JAVA_SHORT, 0, (short) (isV6 ? AF_INET6 : AF_INET));
        out.set(JAVA_BYTE, 2, (byte) (address.getPort() >> 8));
        out.set(JAVA_BYTE, 3, (byte) address.getPort());
        boolean isMapped = isV6 && raw.length == 4;
        if (isMapped) {
            out.set(JAVA_SHORT, 18, (short) -1);
        }
        MemorySegment.copy(raw, 0, out, JAVA_BYTE, isMapped ? 20 : isV6 ? 8 : 4, raw.length);
        return out;
    }

    /// A connection that waits; empty if there is none.
    public Optional<TcpSocket> accept() {
        long result = Syscalls.raw(Sys.ACCEPT4, fd.number(), 0, 0, SOCK_FLAGS);
        if (result == -Errno.EAGAIN || result == -Errno.ECONNABORTED) {
            return Optional.empty();
        }
        int number = (int) Syscalls.check(Sys.ACCEPT4, fd.what(), result);
        return Optional.of(new TcpSocket(Fd.own(number, "connection to " + fd.what()), isV6));
    }

    /// Ends the work of [#connect] when the socket can be written.
    ///
    /// @throws ErrnoException why there is no connection, such as `ECONNREFUSED`
    public void finish() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(JAVA_INT);
            long length = arena.allocateFrom(JAVA_INT, 4).address();
            Syscalls.call(
                    Sys.GETSOCKOPT,
                    fd.what(),
                    fd.number(),
                    SOL_SOCKET,
                    SO_ERROR,
                    error.address(),
                    length);
            if (error.get(JAVA_INT, 0) != 0) {
                throw new ErrnoException("connect", error.get(JAVA_INT, 0), fd.what());
            }
        }
    }

    /// Reads what is there.
    ///
    /// @return how much; 0 if nothing is there, -1 at the end
    public int read(byte[] into) {
        try {
            int count = FdIo.read(fd, into, 0, into.length);
            return count == 0 ? -1 : count;
        } catch (ErrnoException e) {
            if (e.is(Errno.EAGAIN)) {
                return 0;
            }
            throw e;
        }
    }

    /// Writes what fits.
    ///
    /// @return how much
    public int write(byte[] from, int length) {
        return FdIo.writeSome(fd, from, 0, length);
    }

    /// Its own end; of IPv4 where an address is a mapped one.
    public InetSocketAddress local() {
        return name(Sys.GETSOCKNAME);
    }

    /// The other end of a connection.
    ///
    /// @throws ErrnoException with `ENOTCONN` if it is gone already
    public InetSocketAddress remote() {
        return name(Sys.GETPEERNAME);
    }

    private InetSocketAddress name(Sys sys) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(SOCKADDR_BYTES, 8);
            long length = arena.allocateFrom(JAVA_INT, SOCKADDR_BYTES).address();
            Syscalls.call(sys, fd.what(), fd.number(), address.address(), length);
            byte[] raw = new byte[isV6 ? 16 : 4];
            MemorySegment.copy(address, JAVA_BYTE, isV6 ? 8 : 4, raw, 0, raw.length);
            int port = (address.get(JAVA_BYTE, 2) & 0xff) << 8 | address.get(JAVA_BYTE, 3) & 0xff;
            return new InetSocketAddress(InetAddress.getByAddress(raw), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of another length", e);
        }
    }

    /// For [FdIo#poll(java.util.List, int[], java.time.Duration)]; it stays this socket's.
    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }
}
