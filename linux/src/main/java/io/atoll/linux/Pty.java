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
    private static final int TCSETSW = 0x5403;

    /// The kernel's struct termios: four words of flags, the discipline, 19 control characters.
    private static final int TERMIOS_BYTES = 36;

    private static final int CONTROLS = 17;
    private static final int VTIME = 5;
    private static final int VMIN = 6;
    private static final int CSIZE_PARENB = 0060 | 0400;
    private static final int CS8 = 0060;

    /// Input flags that raw(3) clears: IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON.
    private static final int COOKED_INPUT = 01 | 02 | 010 | 040 | 0100 | 0200 | 0400 | 02000;

    /// Local flags that raw(3) clears: ECHO ECHONL ICANON ISIG IEXTEN.
    private static final int COOKED_LOCAL = 010 | 0100 | 02 | 01 | 0100000;

    private static final int OPOST = 01;

    /// How a terminal treats what is typed, to be brought back by [#restore].
    public static final class Mode {
        private final byte[] termios;

        private Mode(byte[] termios) {
            this.termios = termios;
        }
    }

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

    /// Lets every byte through as it is, as cfmakeraw(3) does.
    ///
    /// @return how it was before
    public static Mode makeRaw(Fd terminal) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(TERMIOS_BYTES, 4);
            Syscalls.call(Sys.IOCTL, terminal.what(), terminal.number(), TCGETS, termios.address());
            Mode before = new Mode(termios.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
            clear(termios, 0, COOKED_INPUT);
            clear(termios, 4, OPOST);
            clear(termios, 8, CSIZE_PARENB);
            termios.set(JAVA_INT, 8, termios.get(JAVA_INT, 8) | CS8);
            clear(termios, 12, COOKED_LOCAL);
            termios.set(java.lang.foreign.ValueLayout.JAVA_BYTE, CONTROLS + VMIN, (byte) 1);
            termios.set(java.lang.foreign.ValueLayout.JAVA_BYTE, CONTROLS + VTIME, (byte) 0);
            Syscalls.call(
                    Sys.IOCTL, terminal.what(), terminal.number(), TCSETSW, termios.address());
            return before;
        }
    }

    private static void clear(MemorySegment termios, int offset, int flags) {
        termios.set(JAVA_INT, offset, termios.get(JAVA_INT, offset) & ~flags);
    }

    /// Brings a mode back.
    public static void restore(Fd terminal, Mode mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(TERMIOS_BYTES, 4);
            MemorySegment.copy(
                    mode.termios,
                    0,
                    termios,
                    java.lang.foreign.ValueLayout.JAVA_BYTE,
                    0,
                    TERMIOS_BYTES);
            Syscalls.call(
                    Sys.IOCTL, terminal.what(), terminal.number(), TCSETSW, termios.address());
        }
    }
}
