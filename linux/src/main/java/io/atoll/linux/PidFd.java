package io.atoll.linux;

import java.time.Duration;
import java.util.Optional;

/// Handles of processes that can never mean another process, unlike a pid; pidfd_open(2).
public final class PidFd {
    private static final int PIDFD_NONBLOCK = Fcntl.O_NONBLOCK;

    private PidFd() {}

    /// Opens a handle.
    ///
    /// @return empty if there is no such process, or it is a thread
    public static Optional<Fd> open(int pid) {
        long result = Syscalls.raw(Sys.PIDFD_OPEN, pid, PIDFD_NONBLOCK);
        if (result == -Errno.ESRCH) {
            return Optional.empty();
        }
        return Optional.of(
                Fd.own(Syscalls.check(Sys.PIDFD_OPEN, "process " + pid, result), "process " + pid));
    }

    /// Sends a signal.
    ///
    /// @return false if the process is gone
    public static boolean sendSignal(Fd pidFd, int signal) {
        long result = Syscalls.raw(Sys.PIDFD_SEND_SIGNAL, pidFd.number(), signal, 0, 0);
        if (result == -Errno.ESRCH) {
            return false;
        }
        Syscalls.check(Sys.PIDFD_SEND_SIGNAL, pidFd.what(), result);
        return true;
    }

    /// True once the process has ended, also while it is a zombie that nobody has reaped.
    public static boolean isGone(Fd pidFd) {
        return waitGone(pidFd, Duration.ZERO);
    }

    /// Waits for the end of the process. Blocks.
    ///
    /// @return false if the time was over first
    public static boolean waitGone(Fd pidFd, Duration timeout) {
        return FdIo.poll(pidFd, FdIo.POLLIN, timeout) != 0;
    }

    /// The pid as seen from this process's pid namespace; empty if it is gone and reaped, or
    /// outside.
    public static Optional<Integer> pid(Fd pidFd) {
        return ProcFiles.field("/proc/self/fdinfo/" + pidFd.number(), "Pid:")
                .map(Integer::valueOf)
                .filter(pid -> pid > 0);
    }

    /// A copy of a descriptor of the process; pidfd_getfd(2).
    public static Fd getFd(Fd pidFd, int number) {
        String what = "descriptor " + number + " of " + pidFd.what();
        return Fd.own(Syscalls.call(Sys.PIDFD_GETFD, what, pidFd.number(), number, 0), what);
    }
}
