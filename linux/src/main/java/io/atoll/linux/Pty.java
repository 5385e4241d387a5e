package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Pseudo-terminals; pty(7), ioctl_tty(2).
public final class Pty {
    private static final int TIOCSPTLCK = 0x40045431;
    private static final int TIOCGPTPEER = 0x5441;
    private static final int TIOCGWINSZ = 0x5413;
    private static final int TIOCSWINSZ = 0x5414;
    private static final int TCGETS = 0x5401;

    /// Size of a terminal in characters.
    public record WindowSize(int columns, int rows) {
        public WindowSize {
            if (columns < 0 || columns > 0xFFFF || rows < 0 || rows > 0xFFFF) {
                throw new IllegalArgumentException("terminal size " + columns + "x" + rows);
            }
        }
    }

    /// Both ends.
    public record Pair(Fd master, Fd slave) implements AutoCloseable {
        @Override
        public void close() {
            master.close();
            slave.close();
        }
    }

    private Pty() {}

    /// A new terminal of the host's devpts. A container's console comes from the container's own
    /// devpts: that is made by the shim.
    public static Pair open() {
        return open("/dev/ptmx");
    }

    /// A new terminal of the devpts instance that this `ptmx` belongs to. The slave is opened
    /// through the master, not by its name, which could mean something else in another mount
    /// namespace.
    public static Pair open(String ptmx) {
        Fd master = Opens.open(ptmx, Fcntl.O_RDWR | Fcntl.O_NOCTTY, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zero = arena.allocateFrom(JAVA_INT, 0);
            Syscalls.call(Sys.IOCTL, ptmx, master.number(), TIOCSPTLCK, zero.address());
            long flags = Fcntl.O_RDWR | Fcntl.O_NOCTTY | Fcntl.O_CLOEXEC;
            long slave = Syscalls.call(Sys.IOCTL, ptmx, master.number(), TIOCGPTPEER, flags);
            return new Pair(master, Fd.own(slave, "terminal of " + ptmx));
        } catch (RuntimeException e) {
            master.close();
            throw e;
        }
    }

    /// True if the descriptor is a terminal.
    public static boolean isTerminal(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.raw(Sys.IOCTL, fd.number(), TCGETS, arena.allocate(64, 8).address())
                    >= 0;
        }
    }

    /// Sets the size; the foreground processes get `SIGWINCH`.
    public static void resize(Fd terminal, WindowSize size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment winsize = arena.allocate(8, 2);
            winsize.set(JAVA_SHORT, 0, (short) size.rows());
            winsize.set(JAVA_SHORT, 2, (short) size.columns());
            Syscalls.call(
                    Sys.IOCTL, terminal.what(), terminal.number(), TIOCSWINSZ, winsize.address());
        }
    }

    /// The size now.
    public static WindowSize size(Fd terminal) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment winsize = arena.allocate(8, 2);
            Syscalls.call(
                    Sys.IOCTL, terminal.what(), terminal.number(), TIOCGWINSZ, winsize.address());
            return new WindowSize(
                    Short.toUnsignedInt(winsize.get(JAVA_SHORT, 2)),
                    Short.toUnsignedInt(winsize.get(JAVA_SHORT, 0)));
        }
    }
}
