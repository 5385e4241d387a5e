package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.atoll.base.UnsupportedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// The packet filter, by libnftables: text of the nft(8) language in, one transaction each, JSON or
/// text out. Works on the network namespace of the calling thread. Blocks for milliseconds.
public final class Nftables {
    private static final int OUTPUT_JSON = 1 << 4;

    /// Largest answer that is taken over.
    private static final long OUTPUT_MAX = 64L * 1024 * 1024;

    private static final short NLM_F_REQUEST = 1;
    private static final short NLMSG_ERROR = 2;

    /// `NFNL_SUBSYS_NFTABLES` and `NFT_MSG_GETTABLE`.
    private static final short GET_TABLE = 10 << 8 | 1;

    /// `NFTA_TABLE_NAME`.
    private static final short TABLE_NAME = 1;

    /// `NFT_MSG_GETCHAIN`.
    private static final short GET_CHAIN = 10 << 8 | 4;

    /// `NFTA_CHAIN_TABLE` and `NFTA_CHAIN_NAME`.
    private static final short CHAIN_TABLE = 1;

    private static final short CHAIN_NAME = 3;

    /// Of the message and of the netfilter subsystem.
    private static final int HEADER = 16 + 4;

    private static final int ATTRIBUTE_HEADER = 4;

    /// The families of tables that are asked for.
    public enum Family {
        INET(1),
        NETDEV(5),
        BRIDGE(7);

        private final int number;

        Family(int number) {
            this.number = number;
        }
    }

    /// Held around every use of the library, which keeps global tables; leaf lock.
    private static final ReentrantLock LOCK = new ReentrantLock();

    /// The kernel or the parser refused a ruleset. Nothing of it was applied.
    public static final class RulesetRefused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RulesetRefused(String why) {
            super("packet filter rules refused: " + why);
        }
    }

    private static final class Library {
        static final SharedLibrary LIBRARY = SharedLibrary.load("libnftables.so.1", "libnftables1");
        static final SharedLibrary.Function NEW = LIBRARY.function("nft_ctx_new");
        static final SharedLibrary.Function FREE = LIBRARY.function("nft_ctx_free");
        static final SharedLibrary.Function BUFFER_OUTPUT =
                LIBRARY.function("nft_ctx_buffer_output");
        static final SharedLibrary.Function BUFFER_ERROR = LIBRARY.function("nft_ctx_buffer_error");
        static final SharedLibrary.Function GET_OUTPUT =
                LIBRARY.function("nft_ctx_get_output_buffer");
        static final SharedLibrary.Function GET_ERROR =
                LIBRARY.function("nft_ctx_get_error_buffer");
        static final SharedLibrary.Function SET_FLAGS =
                LIBRARY.function("nft_ctx_output_set_flags");
        static final SharedLibrary.Function RUN = LIBRARY.function("nft_run_cmd_from_buffer");
    }

    private Nftables() {}

    /// True if the host has the library. Whether the kernel has nf_tables shows the first use.
    public static boolean isAvailable() {
        return SharedLibrary.isAvailable(Nftables::library);
    }

    private static SharedLibrary library() {
        return SharedLibrary.from(() -> Library.LIBRARY, "libnftables.so.1");
    }

    /// True if there is a table of this name. Asks the kernel itself, which takes microseconds; the
    /// library would first read the names that it may have to print.
    ///
    /// @throws ErrnoException if the kernel does not say
    public static boolean hasTable(Family family, String table) {
        return isThere(family, GET_TABLE, List.of(new Attribute(TABLE_NAME, table)));
    }

    /// True if there is a chain of this name; as [#hasTable].
    ///
    /// @throws ErrnoException if the kernel does not say
    public static boolean hasChain(Family family, String table, String chain) {
        return isThere(
                family,
                GET_CHAIN,
                List.of(new Attribute(CHAIN_TABLE, table), new Attribute(CHAIN_NAME, chain)));
    }

    /// A text of a request.
    private record Attribute(short type, String value) {
        byte[] bytes() {
            return value.getBytes(StandardCharsets.UTF_8);
        }

        /// With its header, its closing zero and what the next one's alignment needs.
        int room() {
            return ATTRIBUTE_HEADER + (bytes().length + 4) / 4 * 4;
        }
    }

    private static boolean isThere(Family family, short message, List<Attribute> attributes) {
        int size = HEADER + attributes.stream().mapToInt(Attribute::room).sum();
        ByteBuffer request = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        request.putInt(size).putShort(message).putShort(NLM_F_REQUEST).putInt(1).putInt(0);
        request.put((byte) family.number).put((byte) 0).putShort((short) 0);
        for (Attribute attribute : attributes) {
            int next = request.position() + attribute.room();
            byte[] value = attribute.bytes();
            request.putShort((short) (ATTRIBUTE_HEADER + value.length + 1));
            request.putShort(attribute.type()).put(value).position(next);
        }
        try (NetlinkSocket socket = NetlinkSocket.openNetfilter()) {
            socket.send(request.array());
            ByteBuffer answer = ByteBuffer.wrap(socket.receive()).order(ByteOrder.nativeOrder());
            if (answer.getShort(4) != NLMSG_ERROR) {
                return true;
            }
            int errno = -answer.getInt(16);
            // A kernel without nf_tables has no such subsystem, or not this family.
            if (errno == Errno.ENOENT || errno == Errno.EINVAL || errno == Errno.EAFNOSUPPORT) {
                return false;
            }
            throw new ErrnoException(
                    "netlink", errno, "packet filter " + attributes.getLast().value());
        }
    }

    /// Runs commands as one transaction: all of them or none.
    ///
    /// @return what they print
    /// @throws UnsupportedException if libnftables is not installed
    /// @throws RulesetRefused with the complaint, if nothing was applied
    public static String run(String commands) {
        return run(commands, 0);
    }

    /// As [#run(String)], answered in JSON; libnftables-json(5).
    public static String runForJson(String commands) {
        return run(commands, OUTPUT_JSON);
    }

    private static String run(String commands, int flags) {
        library();
        LOCK.lock();
        try (Arena arena = Arena.ofConfined()) {
            long context = Library.NEW.call(0);
            if (context == 0) {
                throw new RulesetRefused("no memory");
            }
            try {
                Library.BUFFER_OUTPUT.call(context);
                Library.BUFFER_ERROR.call(context);
                Library.SET_FLAGS.call(context, flags);
                int result = Library.RUN.callInt(context, KernelText.address(arena, commands));
                if (result != 0) {
                    throw new RulesetRefused(text(Library.GET_ERROR.call(context)).strip());
                }
                return text(Library.GET_OUTPUT.call(context));
            } finally {
                Library.FREE.call(context);
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static String text(long address) {
        if (address == 0) {
            return "";
        }
        MemorySegment all = MemorySegment.ofAddress(address).reinterpret(OUTPUT_MAX);
        long length = 0;
        while (all.get(JAVA_BYTE, length) != 0) {
            length++;
        }
        return KernelText.decode(all.asSlice(0, length).toArray(JAVA_BYTE));
    }
}
