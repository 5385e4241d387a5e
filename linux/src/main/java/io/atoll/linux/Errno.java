package io.atoll.linux;

import java.util.Map;

/// Error numbers of the kernel; `asm-generic/errno-base.h`, `asm-generic/errno.h`. The numbers are
/// the same on x86-64 and arm64.
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int ENOTBLK = 15;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ETXTBSY = 26;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int EPIPE = 32;
    public static final int ERANGE = 34;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int ENOTEMPTY = 39;
    public static final int ELOOP = 40;
    public static final int ENODATA = 61;
    public static final int EOVERFLOW = 75;
    public static final int EOPNOTSUPP = 95;
    public static final int EAFNOSUPPORT = 97;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETDOWN = 100;
    public static final int ENETUNREACH = 101;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS = 105;
    public static final int ENOTCONN = 107;
    public static final int ECONNREFUSED = 111;
    public static final int EINPROGRESS = 115;
    public static final int ESTALE = 116;
    public static final int EDQUOT = 122;

    private record Entry(String name, String text) {}

    private static final Map<Integer, Entry> ENTRIES =
            Map.ofEntries(
                    entry(EPERM, "EPERM", "operation not permitted"),
                    entry(ENOENT, "ENOENT", "no such file or directory"),
                    entry(ESRCH, "ESRCH", "no such process"),
                    entry(EINTR, "EINTR", "interrupted"),
                    entry(EIO, "EIO", "input/output error"),
                    entry(ENXIO, "ENXIO", "no such device or address"),
                    entry(E2BIG, "E2BIG", "argument list too long"),
                    entry(8, "ENOEXEC", "exec format error"),
                    entry(EBADF, "EBADF", "bad file descriptor"),
                    entry(10, "ECHILD", "no child processes"),
                    entry(EAGAIN, "EAGAIN", "resource temporarily unavailable"),
                    entry(ENOMEM, "ENOMEM", "out of memory"),
                    entry(EACCES, "EACCES", "permission denied"),
                    entry(EFAULT, "EFAULT", "bad address"),
                    entry(15, "ENOTBLK", "block device required"),
                    entry(EBUSY, "EBUSY", "device or resource busy"),
                    entry(EEXIST, "EEXIST", "file exists"),
                    entry(EXDEV, "EXDEV", "invalid cross-device link"),
                    entry(ENODEV, "ENODEV", "no such device"),
                    entry(ENOTDIR, "ENOTDIR", "not a directory"),
                    entry(EISDIR, "EISDIR", "is a directory"),
                    entry(EINVAL, "EINVAL", "invalid argument"),
                    entry(23, "ENFILE", "too many open files in the system"),
                    entry(EMFILE, "EMFILE", "too many open files"),
                    entry(ENOTTY, "ENOTTY", "not a terminal"),
                    entry(ETXTBSY, "ETXTBSY", "text file busy"),
                    entry(EFBIG, "EFBIG", "file too large"),
                    entry(ENOSPC, "ENOSPC", "no space left on device"),
                    entry(29, "ESPIPE", "illegal seek"),
                    entry(EROFS, "EROFS", "read-only file system"),
                    entry(31, "EMLINK", "too many links"),
                    entry(EPIPE, "EPIPE", "broken pipe"),
                    entry(ERANGE, "ERANGE", "result out of range"),
                    entry(35, "EDEADLK", "deadlock avoided"),
                    entry(ENAMETOOLONG, "ENAMETOOLONG", "file name too long"),
                    entry(ENOSYS, "ENOSYS", "function not implemented"),
                    entry(ENOTEMPTY, "ENOTEMPTY", "directory not empty"),
                    entry(ELOOP, "ELOOP", "too many levels of symbolic links"),
                    entry(ENODATA, "ENODATA", "no data available"),
                    entry(71, "EPROTO", "protocol error"),
                    entry(74, "EBADMSG", "bad message"),
                    entry(EOVERFLOW, "EOVERFLOW", "value too large"),
                    entry(87, "EUSERS", "too many users"),
                    entry(88, "ENOTSOCK", "not a socket"),
                    entry(90, "EMSGSIZE", "message too long"),
                    entry(92, "ENOPROTOOPT", "protocol not available"),
                    entry(93, "EPROTONOSUPPORT", "protocol not supported"),
                    entry(EOPNOTSUPP, "EOPNOTSUPP", "operation not supported"),
                    entry(EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"),
                    entry(EADDRINUSE, "EADDRINUSE", "address already in use"),
                    entry(EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"),
                    entry(ENETDOWN, "ENETDOWN", "network is down"),
                    entry(ENETUNREACH, "ENETUNREACH", "network is unreachable"),
                    entry(ECONNABORTED, "ECONNABORTED", "connection aborted"),
                    entry(ECONNRESET, "ECONNRESET", "connection reset by peer"),
                    entry(105, "ENOBUFS", "no buffer space available"),
                    entry(ENOTCONN, "ENOTCONN", "not connected"),
                    entry(110, "ETIMEDOUT", "timed out"),
                    entry(ECONNREFUSED, "ECONNREFUSED", "connection refused"),
                    entry(113, "EHOSTUNREACH", "no route to host"),
                    entry(ESTALE, "ESTALE", "stale file handle"),
                    entry(117, "EUCLEAN", "file system needs cleaning"),
                    entry(EDQUOT, "EDQUOT", "disk quota exceeded"));

    private Errno() {}

    private static Map.Entry<Integer, Entry> entry(int number, String name, String text) {
        return Map.entry(number, new Entry(name, text));
    }

    /// The symbol, as `ENOENT`; `errno 4095` for a number that has none here.
    public static String name(int errno) {
        Entry entry = ENTRIES.get(errno);
        return entry == null ? "errno " + errno : entry.name();
    }

    /// What it means, in lower case and without a dot.
    public static String text(int errno) {
        Entry entry = ENTRIES.get(errno);
        return entry == null ? "errno " + errno : entry.text();
    }
}
