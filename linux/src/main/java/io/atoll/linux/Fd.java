package io.atoll.linux;

import java.util.concurrent.atomic.AtomicInteger;

/// An open file descriptor. Whoever holds it closes it; closing twice is harmless. Every descriptor
/// made here has close-on-exec set.
///
/// Safe for use by several threads, but closing while another thread is inside a call with
/// [#number()] is the owner's race to avoid: the kernel may give the number to someone else.
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;

    private final AtomicInteger number;
    private final String what;

    private Fd(int number, String what) {
        this.number = new AtomicInteger(number);
        this.what = what;
    }

    /// Takes over an open descriptor.
    ///
    /// @param what names it in errors, for example its path
    public static Fd own(int number, String what) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number + " of " + what);
        }
        return new Fd(number, what);
    }

    static Fd own(long number, String what) {
        return own((int) number, what);
    }

    /// The kernel's number.
    ///
    /// @throws IllegalStateException if it is closed
    public int number() {
        int current = number.get();
        if (current == CLOSED) {
            throw new IllegalStateException("descriptor is closed: " + what);
        }
        return current;
    }

    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /// What it is, for messages.
    public String what() {
        return what;
    }

    /// Another descriptor of the same open file; fcntl(2) `F_DUPFD_CLOEXEC`.
    public Fd duplicate() {
        return own(Syscalls.call(Sys.FCNTL, what, number(), Fcntl.F_DUPFD_CLOEXEC, 3), what);
    }

    /// Gives up ownership: returns the number and becomes closed without closing it.
    public int release() {
        int current = number();
        number.set(CLOSED);
        return current;
    }

    /// `/proc/self/fd/N`, for calls that take only a path. Valid only inside this process.
    public String procPath() {
        return "/proc/self/fd/" + number();
    }

    /// Closes it. Errors of close(2) are not reported: the descriptor is gone in any case, and
    /// written data is checked by whoever calls fsync(2).
    @Override
    public void close() {
        int current = number.getAndSet(CLOSED);
        if (current != CLOSED) {
            Syscalls.raw(Sys.CLOSE, current);
        }
    }

    @Override
    public String toString() {
        return what + " (fd " + number.get() + ")";
    }
}
