package io.atoll.linux;

/// A system call failed. Says which, on what, and why: `openat /etc/shadow: permission denied
/// (EACCES)`.
public final class ErrnoException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;
    private final String subject;

    /// @param call the call's name in its manual page
    /// @param subject what it was done to: a path, an interface, a descriptor
    public ErrnoException(String call, int errno, String subject) {
        super(call + " " + subject + ": " + Errno.text(errno) + " (" + Errno.name(errno) + ")");
        this.call = call;
        this.errno = errno;
        this.subject = subject;
    }

    public String call() {
        return call;
    }

    /// One of [Errno].
    public int errno() {
        return errno;
    }

    public String subject() {
        return subject;
    }

    /// True for one of the given numbers.
    public boolean is(int... any) {
        for (int candidate : any) {
            if (candidate == errno) {
                return true;
            }
        }
        return false;
    }
}
