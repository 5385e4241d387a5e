package io.atoll.daemon;

import java.nio.file.Path;

/// Where the daemon keeps its files.
///
/// @param state what survives a reboot: `/var/lib/atoll` or `LXD_DIR`
/// @param run what does not: `/run/atoll`, or `run` in a state directory that is not the default
///   one, so that several daemons live beside each other
public record DaemonPaths(Path state, Path run) {
    /// The state directory of the one daemon that a host usually has.
    public static final Path DEFAULT_STATE = Path.of("/var/lib/atoll");

    private static final Path DEFAULT_RUN = Path.of("/run/atoll");

    public static DaemonPaths of(Path state) {
        Path absolute = state.toAbsolutePath().normalize();
        return new DaemonPaths(
                absolute, absolute.equals(DEFAULT_STATE) ? DEFAULT_RUN : absolute.resolve("run"));
    }

    public Path socket() {
        return state.resolve("unix.socket");
    }

    /// Where users of the host who are not root's equals reach their own projects; LXD's name for
    /// it.
    public Path userSocket() {
        return state.resolve("unix.socket.user");
    }

    /// The folder of the records and the lock.
    Path databases() {
        return state.resolve("database");
    }

    /// The folder of the backups of instances and volumes.
    Path backups() {
        return state.resolve("backups");
    }

    public Path database() {
        return state.resolve("database/atoll.db");
    }

    /// Held locked by the one daemon that may use this state directory; contains its process id.
    public Path lock() {
        return state.resolve("database/lock");
    }

    public Path pools() {
        return state.resolve("storage-pools");
    }

    public Path images() {
        return state.resolve("images");
    }

    public Path networks() {
        return state.resolve("networks");
    }

    public Path logs() {
        return state.resolve("logs");
    }
}
