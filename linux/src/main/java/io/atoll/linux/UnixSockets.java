package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Unix sockets with what Java's channels do not have: sequenced packets, descriptors in messages,
/// and the numbers of the peer; unix(7). Connect, accept, send and receive may block.
public final class UnixSockets {
    /// Most descriptors in one message; `SCM_MAX_FD` of `net/scm.h`.
    public static final int FDS_MAX = 253;

    private static final int AF_UNIX = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_SNDTIMEO = 21;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 8;
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int CMSG_HEADER = 16;
    private static final int SUN_PATH = 108;

    /// Whether message borders are kept.
    public enum Type {
        STREAM(1),
        DATAGRAM(2),
        SEQPACKET(5);

        private final int number;

        Type(int number) {
            this.number = number;
        }
    }

    /// What one receive returned. Empty `data` without descriptors means that the peer has closed.
    ///
    /// @param fds owned by the receiver, who closes them, for example by closing this
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Message(byte[] data, List<Fd> fds) implements AutoCloseable {
        public Message {
            fds = List.copyOf(fds);
        }

        /// True at the end of the conversation.
        public boolean isEnd() {
            return data.length == 0 && fds.isEmpty();
        }

        @Override
        public void close() {
            fds.forEach(Fd::close);
        }
    }

    /// Two connected sockets.
    public record Pair(Fd first, Fd second) implements AutoCloseable {
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    private UnixSockets() {}

    /// A socket that listens on `path`, which must not exist.
    public static Fd listen(Type type, Path path, int backlog) {
        Fd socket = bind(type, path);
        try {
            Syscalls.call(Sys.LISTEN, path, socket.number(), backlog);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /// A socket with the name `path`, which must not exist; datagrams are received on it at once.
    public static Fd bind(Type type, Path path) {
        Fd socket = socket(type, path.toString());
        try {
            withAddress(
                    path,
                    (address, length) ->
                            Syscalls.call(Sys.BIND, path, socket.number(), address, length));
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /// A socket connected to the one that listens on `path`.
    ///
    /// @throws ErrnoException with `ENOENT` or `ECONNREFUSED` if nobody listens
    public static Fd connect(Type type, Path path) {
        Fd socket = socket(type, path.toString());
        try {
            withAddress(
                    path,
                    (address, length) ->
                            Syscalls.call(Sys.CONNECT, path, socket.number(), address, length));
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /// The next connection.
    public static Fd accept(Fd listener) {
        long fd =
                Syscalls.call(Sys.ACCEPT4, listener.what(), listener.number(), 0, 0, SOCK_CLOEXEC);
        return Fd.own(fd, "connection to " + listener.what());
    }

    /// Two sockets connected to each other; socketpair(2).
    public static Pair pair(Type type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Syscalls.call(
                    Sys.SOCKETPAIR, type, AF_UNIX, type.number | SOCK_CLOEXEC, 0, two.address());
            return new Pair(
                    Fd.own(two.get(JAVA_INT, 0), "first of a socket pair"),
                    Fd.own(two.get(JAVA_INT, 4), "second of a socket pair"));
        }
    }

    private static Fd socket(Type type, String what) {
        return Fd.own(
                Syscalls.call(Sys.SOCKET, what, AF_UNIX, type.number | SOCK_CLOEXEC, 0), what);
    }

    @FunctionalInterface
    private interface AddressCall {
        long run(long address, long length);
    }

    /// Runs a call with the address of `path`. A path that does not fit into `sun_path` is reached
    /// through a descriptor of its directory.
    private static void withAddress(Path path, AddressCall call) {
        byte[] name = KernelText.encode(path.toString());
        if (name.length < SUN_PATH) {
            withName(name, call);
            return;
        }
        Path directory = path.toAbsolutePath().getParent();
        Path last = path.getFileName();
        if (directory == null || last == null) {
            throw new ErrnoException("bind", Errno.EINVAL, path.toString());
        }
        try (Fd parent = Opens.open(directory.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            byte[] shorter = KernelText.encode(parent.procPath() + "/" + last);
            if (shorter.length >= SUN_PATH) {
                throw new ErrnoException("bind", Errno.ENAMETOOLONG, path.toString());
            }
            withName(shorter, call);
        }
    }

    private static void withName(byte[] name, AddressCall call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(2 + SUN_PATH, 2);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
            call.run(address.address(), 2 + name.length + 1L);
        }
    }

    /// Sends all of `data` with `fds` attached to its first byte, which then must exist. The
    /// descriptors stay the caller's. A peer that is gone is `EPIPE`, never a signal.
    public static void send(Fd socket, byte[] data, List<Fd> fds) {
        if (fds.size() > FDS_MAX) {
            throw new IllegalArgumentException(
                    "more than " + FDS_MAX + " descriptors in one message");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, data.length));
            MemorySegment.copy(data, 0, buffer, JAVA_BYTE, 0, data.length);
            MemorySegment iov = arena.allocate(16, 8);
            MemorySegment header = header(arena, iov, control(arena, fds));
            long done = 0;
            do {
                iov.set(JAVA_LONG, 0, buffer.address() + done);
                iov.set(JAVA_LONG, 8, data.length - done);
                done +=
                        Syscalls.call(
                                Sys.SENDMSG,
                                socket.what(),
                                socket.number(),
                                header.address(),
                                MSG_NOSIGNAL);
                header.set(JAVA_LONG, 32, 0);
                header.set(JAVA_LONG, 40, 0);
            } while (done < data.length);
        }
    }

    /// As [#send(Fd,byte\[\],List)] without descriptors.
    public static void send(Fd socket, byte[] data) {
        send(socket, data, List.of());
    }

    private static MemorySegment control(Arena arena, List<Fd> fds) {
        if (fds.isEmpty()) {
            return MemorySegment.NULL;
        }
        long length = CMSG_HEADER + 4L * fds.size();
        MemorySegment control = arena.allocate((length + 7) & ~7L, 8);
        control.set(JAVA_LONG, 0, length);
        control.set(JAVA_INT, 8, SOL_SOCKET);
        control.set(JAVA_INT, 12, SCM_RIGHTS);
        for (int i = 0; i < fds.size(); i++) {
            control.set(JAVA_INT, CMSG_HEADER + 4L * i, fds.get(i).number());
        }
        return control;
    }

    private static MemorySegment header(Arena arena, MemorySegment iov, MemorySegment control) {
        MemorySegment header = arena.allocate(56, 8);
        header.set(JAVA_LONG, 16, iov.address());
        header.set(JAVA_LONG, 24, 1);
        header.set(JAVA_LONG, 32, control.address());
        header.set(JAVA_LONG, 40, control.byteSize());
        return header;
    }

    /// The next packet, or what a stream has ready, with its descriptors. Nothing received is ever
    /// dropped silently.
    ///
    /// @throws ErrnoException with `EMSGSIZE` if a packet is longer than `bytesMax` or carries more
    ///   than `fdsMax` descriptors; `EAGAIN` after a timeout of [#setReceiveTimeout]
    public static Message receive(Fd socket, int bytesMax, int fdsMax) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, bytesMax));
            MemorySegment iov = arena.allocate(16, 8);
            iov.set(JAVA_LONG, 0, buffer.address());
            iov.set(JAVA_LONG, 8, bytesMax);
            MemorySegment control =
                    fdsMax == 0
                            ? MemorySegment.NULL
                            : arena.allocate(CMSG_HEADER + ((4L * fdsMax + 7) & ~7L), 8);
            MemorySegment header = header(arena, iov, control);
            long count =
                    Syscalls.call(
                            Sys.RECVMSG,
                            socket.what(),
                            socket.number(),
                            header.address(),
                            MSG_CMSG_CLOEXEC);
            List<Fd> fds = received(control, header.get(JAVA_LONG, 40), socket.what());
            int flags = header.get(JAVA_INT, 48);
            if ((flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
                fds.forEach(Fd::close);
                throw new ErrnoException("recvmsg", 90, socket.what());
            }
            return new Message(buffer.asSlice(0, count).toArray(JAVA_BYTE), fds);
        }
    }

    private static List<Fd> received(MemorySegment control, long controlLength, String what) {
        List<Fd> fds = new ArrayList<>();
        long at = 0;
        while (at + CMSG_HEADER <= controlLength) {
            long length = control.get(JAVA_LONG, at);
            if (length < CMSG_HEADER) {
                break;
            }
            if (control.get(JAVA_INT, at + 8) == SOL_SOCKET
                    && control.get(JAVA_INT, at + 12) == SCM_RIGHTS) {
                for (long i = at + CMSG_HEADER; i + 4 <= at + length; i += 4) {
                    fds.add(Fd.own(control.get(JAVA_INT, i), "descriptor from " + what));
                }
            }
            at += (length + 7) & ~7L;
        }
        return fds;
    }

    /// Who is at the other end.
    public static PeerCredentials peerCredentials(Fd socket) {
        return peerCredentials(socket.number(), socket.what());
    }

    /// Who is at the other end of a channel of Java's. The JVM has no public way from a channel to
    /// its descriptor, so it must run with `--add-exports java.base/sun.nio.ch=ALL-UNNAMED`.
    public static PeerCredentials peerCredentials(SocketChannel channel) {
        return peerCredentials(descriptorOf(channel), channel.toString());
    }

    /// Looked up when it is first needed, by programs that run with the option.
    private static final class ChannelDescriptor {
        static final Method GETTER = getter();

        private static Method getter() {
            try {
                return Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("this JDK's channels have no descriptors", e);
            }
        }
    }

    private static int descriptorOf(SocketChannel channel) {
        try {
            return (int) ChannelDescriptor.GETTER.invoke(channel);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("descriptor of " + channel, e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "the JVM must run with --add-exports java.base/sun.nio.ch=ALL-UNNAMED", e);
        }
    }

    private static PeerCredentials peerCredentials(int fd, String what) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ucred = arena.allocate(12, 4);
            MemorySegment length = arena.allocateFrom(JAVA_INT, 12);
            Syscalls.call(
                    Sys.GETSOCKOPT,
                    what,
                    fd,
                    SOL_SOCKET,
                    SO_PEERCRED,
                    ucred.address(),
                    length.address());
            return new PeerCredentials(
                    ucred.get(JAVA_INT, 0),
                    Integer.toUnsignedLong(ucred.get(JAVA_INT, 4)),
                    Integer.toUnsignedLong(ucred.get(JAVA_INT, 8)));
        }
    }

    /// Lets a receive end with `EAGAIN` after this time; zero waits forever.
    public static void setReceiveTimeout(Fd socket, Duration timeout) {
        setTimeout(socket, SO_RCVTIMEO, timeout);
    }

    /// Lets a send end with `EAGAIN` after this time; zero waits forever.
    public static void setSendTimeout(Fd socket, Duration timeout) {
        setTimeout(socket, SO_SNDTIMEO, timeout);
    }

    private static void setTimeout(Fd socket, int option, Duration timeout) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timeval = arena.allocate(16, 8);
            timeval.set(JAVA_LONG, 0, timeout.getSeconds());
            timeval.set(JAVA_LONG, 8, timeout.getNano() / 1000);
            Syscalls.call(
                    Sys.SETSOCKOPT,
                    socket.what(),
                    socket.number(),
                    SOL_SOCKET,
                    option,
                    timeval.address(),
                    16);
        }
    }

    /// No more will be sent: the peer reads the end; shutdown(2) `SHUT_WR`.
    public static void shutdownOutput(Fd socket) {
        Syscalls.call(Sys.SHUTDOWN, socket.what(), socket.number(), 1);
    }

    /// Ends both directions and wakes whoever blocks in a call on it; shutdown(2) `SHUT_RDWR`. An
    /// unconnected socket is left alone.
    public static void shutdown(Fd socket) {
        long result = Syscalls.raw(Sys.SHUTDOWN, socket.number(), 2);
        if (result != -Errno.ENOTCONN) {
            Syscalls.check(Sys.SHUTDOWN, socket.what(), result);
        }
    }
}
