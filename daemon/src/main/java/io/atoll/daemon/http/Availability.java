package io.atoll.daemon.http;

import io.atoll.base.UnavailableException;

/// Whether the daemon takes requests. While it starts only `/internal` is served; while it stops,
/// only what lets clients watch the end.
public final class Availability {
    /// The phases of the daemon's life.
    public enum Phase {
        STARTING,
        READY,
        STOPPING
    }

    private volatile Phase phase = Phase.STARTING;

    public Phase phase() {
        return phase;
    }

    public void enter(Phase next) {
        phase = next;
    }

    /// @throws UnavailableException if this request has to wait for another daemon life
    void check(HttpMethod method, String path) {
        switch (phase) {
            case READY -> {}
            case STARTING -> {
                if (!path.startsWith("/internal/")) {
                    throw new UnavailableException("The daemon is starting; try again in a moment");
                }
            }
            case STOPPING -> {
                boolean watches =
                        method == HttpMethod.GET
                                || path.equals("/1.0")
                                || path.startsWith("/1.0/operations")
                                || path.startsWith("/internal/");
                if (!watches) {
                    throw new UnavailableException("The daemon is shutting down");
                }
            }
        }
    }
}
