package io.atoll.daemon;

import io.atoll.daemon.http.Routes;
import java.time.LocalDateTime;

/// A part of the daemon with a life of its own besides its routes. Order of calls: constructed (no
/// I/O), `start` once, `stopInstances` at most once, `close` once.
public interface DaemonPart extends Routes, AutoCloseable {
    /// Brings the part up before the server answers requests: re-adopts what survived the last
    /// daemon, takes back what was left half made. Must be quick; long work (autostart) goes into
    /// operations.
    default void start() {}

    /// Does what is due in the minute that begins, in local time. The part's own timer calls it.
    default void minute(LocalDateTime minute) {}

    /// The host shuts down (SIGPWR, `/internal/shutdown`): stop what runs cleanly, wait for it,
    /// bounded.
    default void stopInstances() {}

    /// The daemon exits; running instances go on.
    @Override
    default void close() {}
}
