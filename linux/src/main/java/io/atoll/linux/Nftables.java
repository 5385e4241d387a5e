package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.atoll.base.UnsupportedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/// The packet filter, by libnftables: text of the nft(8) language in, one transaction each, JSON or
/// text out. Works on the network namespace of the calling thread. Blocks for milliseconds.
public final class Nftables {
    private static final int OUTPUT_JSON = 1 << 4;

    /// Largest answer that is taken over.
    private static final long OUTPUT_MAX = 64L * 1024 * 1024;

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
