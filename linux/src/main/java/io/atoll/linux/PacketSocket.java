package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/// Whole frames of one link, as they are on the wire; packet(7). It stays with that link, whoever
/// uses it. Not thread-safe.
public final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;

    /// All protocols; `linux/if_ether.h`, in network order as the address wants it.
    private static final byte[] ETH_P_ALL = {0, 3};

    /// `struct sockaddr_ll`.
    private static final int ADDRESS_BYTES = 20;

    private static final int FRAME_BYTES_MAX = 65_536;

    private final Fd fd;

    private PacketSocket(Fd fd) {
        this.fd = fd;
    }

    /// All frames of a link.
    ///
    /// @param index the link's number in the network namespace of the calling thread
    public static PacketSocket open(int index) {
        String what = "frames of link " + index;
        Fd fd = Fd.own(Syscalls.call(Sys.SOCKET, what, AF_PACKET, SOCK_RAW_CLOEXEC, 0), what);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 8);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            MemorySegment.copy(ETH_P_ALL, 0, address, JAVA_BYTE, 2, ETH_P_ALL.length);
            address.set(JAVA_INT, 4, index);
            Syscalls.call(Sys.BIND, what, fd.number(), address.address(), ADDRESS_BYTES);
            return new PacketSocket(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /// Sends a frame, which begins with the receiver's hardware address.
    public void send(byte[] frame) {
        FdIo.write(fd, frame);
    }

    /// The next frame that the link has sent or received; empty if none comes in time. A VLAN tag
    /// that the kernel took off is not in it any more. Blocks.
    public Optional<byte[]> receive(Duration timeout) {
        if ((FdIo.poll(fd, FdIo.POLLIN, timeout) & FdIo.POLLIN) == 0) {
            return Optional.empty();
        }
        byte[] buffer = new byte[FRAME_BYTES_MAX];
        int count = FdIo.read(fd, buffer, 0, buffer.length);
        return Optional.of(Arrays.copyOf(buffer, Math.max(count, 0)));
    }

    @Override
    public void close() {
        fd.close();
    }
}
