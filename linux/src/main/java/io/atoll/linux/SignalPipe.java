package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Signals of this process as bytes of a pipe. A handler in Java could not do it: it would run at
/// any time on any thread; so a few lines of C in `libatoll-native.so` do.
public final class SignalPipe implements AutoCloseable {
    private final Fd reader;

    private SignalPipe(Fd reader) {
        this.reader = reader;
    }

    /// Takes signals away from their default and reports them here, once per process.
    ///
    /// @throws ErrnoException with `EBUSY` if it was done before
    public static SignalPipe open(int... numbers) {
        String home = System.getProperty("atoll.home", "");
        String path = System.getProperty("atoll.native", home + "/libexec/libatoll-native.so");
        SharedLibrary.Function function =
                SharedLibrary.load(path, "atoll").function("atoll_open_signals");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment words = arena.allocateFrom(JAVA_INT, numbers);
            int fd = function.callInt(words.address(), numbers.length, 0, 0, 0);
            if (fd < 0) {
                throw new ErrnoException("sigaction", -fd, "this process");
            }
            return new SignalPipe(Fd.own(fd, "signals"));
        }
    }

    /// Waits for the next signal; -1 when closed. Blocks.
    public int next() {
        byte[] one = new byte[1];
        try {
            return FdIo.read(reader, one, 0, 1) == 1 ? one[0] & 0xFF : -1;
        } catch (ErrnoException | IllegalStateException _) {
            return -1;
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
