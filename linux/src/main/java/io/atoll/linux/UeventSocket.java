package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// What the kernel tells about devices that come and go; netlink(7), `NETLINK_KOBJECT_UEVENT`. It
/// stays in the network namespace in which it was opened. Not thread-safe.
public final class UeventSocket implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int NETLINK_KOBJECT_UEVENT = 15;

    /// What the kernel says, and not what udev makes of it.
    private static final int KERNEL_GROUP = 1;

    /// `struct sockaddr_nl`.
    private static final int ADDRESS_BYTES = 12;

    private static final int EVENT_BYTES_MAX = 64 << 10;

    private final Fd fd;

    private UeventSocket(Fd fd) {
        this.fd = fd;
    }

    /// One event.
    public static final class Event {
        private final byte[] message;
        private final Map<String, String> facts;

        private Event(byte[] message) {
            this.message = message;
            this.facts = facts(message);
        }

        /// As the kernel told it; a copy.
        public byte[] message() {
            return message.clone();
        }

        /// A fact by its name, such as `ACTION`, `SUBSYSTEM` or `DEVNAME`; empty text if it is not
        /// told.
        public String fact(String name) {
            return facts.getOrDefault(name, "");
        }
    }

    /// Hears events from now on.
    public static UeventSocket open() {
        return open(KERNEL_GROUP);
    }

    private static UeventSocket open(int groups) {
        Fd fd =
                Fd.own(
                        Syscalls.call(
                                Sys.SOCKET,
                                "uevents",
                                AF_NETLINK,
                                SOCK_DGRAM_CLOEXEC,
                                NETLINK_KOBJECT_UEVENT),
                        "uevents");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, 8, groups);
            Syscalls.call(Sys.BIND, "uevents", fd.number(), address.address(), ADDRESS_BYTES);
            return new UeventSocket(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /// The next event. Blocks until there is one.
    ///
    /// @throws ErrnoException with `ENOBUFS` if some were lost
    public Event receive() {
        byte[] buffer = new byte[EVENT_BYTES_MAX];
        int count = FdIo.read(fd, buffer, 0, buffer.length);
        return new Event(Arrays.copyOf(buffer, Math.max(count, 0)));
    }

    /// `ACTION@PATH` and then `NAME=VALUE`, each ended by a zero.
    static Map<String, String> facts(byte[] message) {
        Map<String, String> out = new TreeMap<>();
        for (String part : new String(message, StandardCharsets.UTF_8).split("\0")) {
            int equals = part.indexOf('=');
            if (equals > 0) {
                out.put(part.substring(0, equals), part.substring(equals + 1));
            }
        }
        return out;
    }

    /// Tells those who listen in another network namespace of an event, as if the device were
    /// theirs; Linux 4.18.
    public static void inject(Fd netNamespace, byte[] message) {
        boolean unused =
                Namespaces.inNet(
                        netNamespace,
                        () -> {
                            try (UeventSocket socket = open(0);
                                    Arena arena = Arena.ofConfined()) {
                                socket.send(arena, message);
                                return true;
                            }
                        });
    }

    /// To the kernel, which passes it on to everybody else here.
    private void send(Arena arena, byte[] message) {
        MemorySegment bytes = arena.allocate(message.length, 8);
        MemorySegment.copy(message, 0, bytes, JAVA_BYTE, 0, message.length);
        MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
        address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
        Syscalls.call(
                Sys.SENDTO,
                fd.what(),
                fd.number(),
                bytes.address(),
                message.length,
                0,
                address.address(),
                ADDRESS_BYTES);
    }

    @Override
    public void close() {
        fd.close();
    }
}
