package io.atoll.daemon.http;

/// What a caller must be allowed to do before a route runs. Every caller on the unix socket holds
/// all of them.
public enum Right {
    /// Anyone who reaches the server.
    PUBLIC,
    /// See things of the request's project.
    VIEW,
    /// Use instances of the project: start, stop, exec, console, files.
    OPERATE,
    /// Change things of the project.
    EDIT,
    /// Change the server itself: configuration, pools, networks, projects, certificates.
    ADMIN,
    /// Reserved for the unix socket: `/internal`.
    LOCAL
}
