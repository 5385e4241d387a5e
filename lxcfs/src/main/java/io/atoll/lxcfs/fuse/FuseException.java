package io.atoll.lxcfs.fuse;

/// A request that is answered with an errno.
public final class FuseException extends RuntimeException {
    /// No such file or directory.
    public static final int ENOENT = 2;

    /// Input/output error.
    public static final int EIO = 5;

    /// Permission denied.
    public static final int EACCES = 13;

    /// Invalid argument.
    public static final int EINVAL = 22;

    /// Too many open files in system.
    public static final int ENFILE = 23;

    /// Function not implemented: the kernel stops asking.
    public static final int ENOSYS = 38;

    private static final long serialVersionUID = 1L;

    private final int errno;

    public FuseException(int errno) {
        // A missing file is an everyday answer, not a fault: no stack trace.
        super("errno " + errno, null, false, false);
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }
}
