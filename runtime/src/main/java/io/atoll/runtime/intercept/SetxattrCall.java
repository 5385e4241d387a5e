package io.atoll.runtime.intercept;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.ThreadPowers;
import io.atoll.linux.ThreadPowers.Power;
import io.atoll.linux.Xattrs;
import java.util.EnumSet;

/// `setxattr(2)` of the one attribute that unpacking layers of images needs: overlayfs hides what
/// is below a directory that bears it.
final class SetxattrCall {
    private static final String OPAQUE = "trusted.overlay.opaque";
    private static final byte YES = 'y';

    private SetxattrCall() {}

    /// @param isLink true for `lsetxattr`, which follows no link at the end
    static Answer byPath(Caller caller, Guest guest, boolean isLink) {
        if (!isWanted(caller)) {
            return Answer.BY_KERNEL;
        }
        return set(caller, guest, caller.path(Caller.AT_FDCWD, caller.argument(0)), isLink);
    }

    static Answer byDescriptor(Caller caller, Guest guest) {
        if (!isWanted(caller)) {
            return Answer.BY_KERNEL;
        }
        return set(caller, guest, caller.descriptor(caller.intArgument(0)), true);
    }

    private static boolean isWanted(Caller caller) {
        return caller.has(Caller.CAP_SYS_ADMIN)
                && caller.argument(3) == 1
                && caller.intArgument(4) == 0
                && caller.text(caller.argument(1)).equals(OPAQUE)
                && caller.bytes(caller.argument(2), 1)[0] == YES;
    }

    private static Answer set(Caller caller, Guest guest, String path, boolean isLink) {
        caller.requireWaiting();
        EnumSet<Power> powers = EnumSet.of(Power.SYS_ADMIN);
        if (caller.has(Caller.CAP_DAC_OVERRIDE)) {
            powers.add(Power.DAC_READ_SEARCH);
        }
        return ThreadPowers.as(
                caller.uid(),
                caller.gid(),
                powers,
                () -> {
                    int flags = Fcntl.O_PATH | (isLink ? Fcntl.O_NOFOLLOW : 0);
                    try (Fd file = new GuestFiles(caller.root()).open(path, flags, 0)) {
                        if (FileSystemStat.of(file).isKernels() || !guest.owns(FileStat.of(file))) {
                            throw new ErrnoException("setxattr", Errno.EPERM, path);
                        }
                        Xattrs.set(file, OPAQUE, new byte[] {YES});
                        return Answer.DONE;
                    }
                });
    }
}
