package io.atoll.daemon.http;

/// What a caller must be allowed to do before a route runs. Every caller on the unix socket holds
/// all of them.
public enum Right {
    /// Anyone who reaches the server.
    PUBLIC,
    /// Anyone who reaches the API, and not only the address for metrics.
    PAGES,
    /// Anyone who is trusted at all; the handler shows what the caller's projects allow.
    KNOWN,
    /// Read the metrics.
    METRICS,
    /// See things of the request's project.
    VIEW,
    /// Use instances of the project: start, stop, exec, console, files.
    OPERATE,
    /// Change things of the project.
    EDIT,
    /// Change the server itself: configuration, pools, networks, projects, certificates.
    ADMIN,
    /// Reserved for the unix socket: `/internal`.
    LOCAL;

    /// Whether the right is held for each project by itself.
    public boolean isOfProject() {
        return this == VIEW || this == OPERATE || this == EDIT;
    }
}
