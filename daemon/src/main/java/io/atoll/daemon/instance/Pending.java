package io.atoll.daemon.instance;

import io.atoll.base.ProjectName;

/// What is being done to an instance that would leave it half made if the daemon died now. Kept in
/// its record, so that the next daemon can finish or take back.
///
/// @param kind what is going on
/// @param detail the new name of a rename, `PROJECT/NAME`; the pool of a stray volume; whether what
///   is saved ends; else empty
public record Pending(Kind kind, String detail) {
    /// What is going on. `CREATE` is taken back, `DELETE` is finished, `RENAME` is taken back; so
    /// is `REPLACE`, a volume made to take the instance's place, but `REPLACED` is finished; with
    /// `STRAY`, a volume of the instance in the named pool is too much; with `SAVE` its processes
    /// are being saved, which ends by itself. `ARRIVE` is taken back unless it runs: it came from
    /// another server with its processes, which let go of them just before they went on here.
    /// `AWAY` is the other side of that: another server may have them, and only who starts the
    /// instance knows better.
    public enum Kind {
        NOTHING,
        CREATE,
        DELETE,
        RENAME,
        REPLACE,
        REPLACED,
        STRAY,
        SAVE,
        ARRIVE,
        AWAY
    }

    /// Nothing is going on.
    public static final Pending NOTHING = new Pending(Kind.NOTHING, "");

    static final Pending CREATE = new Pending(Kind.CREATE, "");
    static final Pending DELETE = new Pending(Kind.DELETE, "");

    static final Pending REPLACE = new Pending(Kind.REPLACE, "");
    static final Pending REPLACED = new Pending(Kind.REPLACED, "");

    /// Of a snapshot: it runs on.
    static final Pending SAVE = new Pending(Kind.SAVE, "");

    /// It ends when they are saved.
    static final Pending STOP_SAVED = new Pending(Kind.SAVE, "stop");

    static final Pending ARRIVE = new Pending(Kind.ARRIVE, "");
    static final Pending AWAY = new Pending(Kind.AWAY, "");

    static Pending rename(ProjectName project, String newName) {
        return new Pending(Kind.RENAME, project + "/" + newName);
    }

    static Pending stray(String pool) {
        return new Pending(Kind.STRAY, pool);
    }
}
