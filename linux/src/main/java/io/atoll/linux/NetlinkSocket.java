package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A netlink socket: whole datagrams of bytes to and from the kernel; netlink(7). It stays in the
/// network namespace in which it was opened, whoever uses it. Not thread-safe.
public final class NetlinkSocket implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int NETLINK_ROUTE = 0;
    private static final int NETLINK_NETFILTER = 12;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_EXT_ACK = 11;
    private static final int NETLINK_GET_STRICT_CHK = 12;
    private static final int MSG_TRUNC = 0x20;

    /// Larger than the kernel ever fills in one dump step.
    private static final int RECEIVE_MAX = Scratch.BYTES;

    private final Fd fd;

    private NetlinkSocket(Fd fd) {
        this.fd = fd;
    }

    /// A socket for routing messages in the network namespace of the calling thread.
    public static NetlinkSocket openRoute() {
        return open(NETLINK_ROUTE);
    }

    /// A socket for messages about the packet filter, likewise.
    static NetlinkSocket openNetfilter() {
        return open(NETLINK_NETFILTER);
    }

    private static NetlinkSocket open(int protocol) {
        Fd fd =
                Fd.own(
                        Syscalls.call(
                                Sys.SOCKET, "netlink", AF_NETLINK, SOCK_RAW_CLOEXEC, protocol),
                        "netlink");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(12, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            Syscalls.call(Sys.BIND, "netlink", fd.number(), address.address(), 12);
            long one = arena.allocateFrom(JAVA_INT, 1).address();
            for (int option :
                    new int[] {NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK}) {
                // Older kernels lack one or the other; they only make answers better.
                Syscalls.raw(Sys.SETSOCKOPT, fd.number(), SOL_NETLINK, option, one, 4, 0);
            }
            return new NetlinkSocket(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /// Sends one datagram.
    public void send(byte[] message) {
        try (Arena own = Arena.ofConfined()) {
            MemorySegment bytes = own.allocate(message.length, 8);
            MemorySegment.copy(message, 0, bytes, JAVA_BYTE, 0, message.length);
            Syscalls.call(
                    Sys.SENDTO, fd.what(), fd.number(), bytes.address(), message.length, 0, 0, 0);
        }
    }

    /// The next datagram. Blocks until the kernel answers, which it does at once.
    public byte[] receive() {
        try (Scratch buffer = Scratch.borrow()) {
            long count =
                    Syscalls.call(
                            Sys.RECVFROM,
                            fd.what(),
                            fd.number(),
                            buffer.address(),
                            RECEIVE_MAX,
                            MSG_TRUNC,
                            0,
                            0);
            if (count > RECEIVE_MAX) {
                throw new ErrnoException("recvfrom", 90, fd.what());
            }
            return buffer.memory().asSlice(0, count).toArray(JAVA_BYTE);
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
