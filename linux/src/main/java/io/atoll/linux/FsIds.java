package io.atoll.linux;

import java.util.concurrent.Callable;

/// Work on files with other owner ids than root's; setfsuid(2), setfsgid(2). What is made below an
/// idmapped mount must be made by someone the map knows: root of the host is nobody there and gets
/// `EOVERFLOW`.
///
/// The thread keeps its capabilities, so permissions do not get in the way.
public final class FsIds {
    private static final int PR_SET_SECUREBITS = 28;
    private static final int SECBIT_NO_SETUID_FIXUP = 1 << 2;

    private FsIds() {}

    /// Runs `work` on a platform thread of its own, whose file-system ids are these ids of the
    /// host.
    public static <T> T as(long uid, long gid, Callable<T> work) {
        return PlatformThreads.onOwnThread(
                "fsids",
                () -> {
                    become(uid, gid);
                    return work.call();
                });
    }

    /// Gives the calling thread, which must not be anybody else's, other file-system ids.
    static void become(long uid, long gid) {
        // Without this bit leaving uid 0 would drop the capabilities that concern files.
        Syscalls.call(Sys.PRCTL, "securebits", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
        set(Sys.SETFSGID, gid);
        set(Sys.SETFSUID, uid);
    }

    /// These calls answer the old id and never an error: a second call with an impossible id tells
    /// whether it worked.
    private static void set(Sys call, long id) {
        Syscalls.raw(call, id);
        if ((Syscalls.raw(call, -1) & 0xFFFF_FFFFL) != id) {
            throw new ErrnoException(
                    call.name().toLowerCase(java.util.Locale.ROOT), Errno.EPERM, "id " + id);
        }
    }
}
