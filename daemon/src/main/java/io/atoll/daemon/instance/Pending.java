package io.atoll.daemon.instance;

/// What is being done to an instance that would leave it half made if the daemon died now. Kept in
/// its record, so that the next daemon can finish or take back.
///
/// @param kind what is going on
/// @param detail the new name of a rename; empty otherwise
public record Pending(Kind kind, String detail) {
    /// What is going on. `CREATE` is taken back, `DELETE` is finished, `RENAME` is taken back.
    public enum Kind {
        NOTHING,
        CREATE,
        DELETE,
        RENAME
    }

    /// Nothing is going on.
    public static final Pending NOTHING = new Pending(Kind.NOTHING, "");

    static final Pending CREATE = new Pending(Kind.CREATE, "");
    static final Pending DELETE = new Pending(Kind.DELETE, "");

    static Pending rename(String newName) {
        return new Pending(Kind.RENAME, newName);
    }
}
