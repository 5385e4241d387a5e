package io.atoll.runtime.intercept;

import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.ThreadPowers;
import io.atoll.linux.ThreadPowers.Power;
import java.util.EnumSet;
import java.util.Set;

/// `mknod(2)` of devices that anybody may have: those that every container has anyway.
final class MknodCall {
    private static final Set<Long> HARMLESS =
            Set.of(
                    FileStat.device(1, 3), // null
                    FileStat.device(1, 5), // zero
                    FileStat.device(1, 7), // full
                    FileStat.device(1, 8), // random
                    FileStat.device(1, 9), // urandom
                    FileStat.device(5, 0), // tty
                    FileStat.device(5, 1)); // console

    private static final int MODE = 07777;

    private MknodCall() {}

    /// @param first the argument with the path
    /// @param directory what the path is relative to
    static Answer answer(Caller caller, Guest guest, int directory, int first) {
        long device = device(caller.intArgument(first + 2));
        // A whiteout, 0:0, needs no right at all since Linux 5.8; all others the kernel refuses.
        if (!HARMLESS.contains(device) || !caller.has(Caller.CAP_MKNOD)) {
            return Answer.BY_KERNEL;
        }
        String path = caller.path(directory, caller.argument(first));
        int slash = path.lastIndexOf('/');
        String name = path.substring(slash + 1);
        if (name.isEmpty()) {
            return new Answer.Refused(Errno.ENOENT);
        }
        if (name.equals(".") || name.equals("..")) {
            return new Answer.Refused(Errno.EEXIST);
        }
        String parent = path.substring(0, slash + 1);
        int mode = caller.intArgument(first + 1) & MODE & ~caller.umask();
        caller.requireWaiting();
        return ThreadPowers.as(
                caller.uid(),
                caller.gid(),
                searching(caller),
                () -> make(caller, guest, parent, name, mode, device));
    }

    private static EnumSet<Power> searching(Caller caller) {
        return caller.has(Caller.CAP_DAC_OVERRIDE)
                ? EnumSet.of(Power.MKNOD, Power.DAC_READ_SEARCH)
                : EnumSet.of(Power.MKNOD);
    }

    private static Answer make(
            Caller caller, Guest guest, String parent, String name, int mode, long device) {
        try (Fd directory =
                new GuestFiles(caller.root()).open(parent, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
            if (FileSystemStat.of(directory).isKernels()) {
                throw new ErrnoException("mknod", Errno.EPERM, name);
            }
            EnumSet<Power> powers = searching(caller);
            if (caller.has(Caller.CAP_DAC_OVERRIDE) && guest.owns(FileStat.of(directory))) {
                powers.add(Power.DAC_OVERRIDE);
            }
            ThreadPowers.keep(powers);
            Directories.mknod(directory, name, FileStat.Type.CHAR_DEVICE, mode, device);
            return Answer.DONE;
        }
    }

    /// How the call packs the two numbers; `new_decode_dev` of `linux/kdev_t.h`.
    static long device(int packed) {
        int major = (packed & 0xfff00) >> 8;
        int minor = packed & 0xff | packed >> 12 & 0xfff00;
        return FileStat.device(major, minor);
    }
}
