package io.atoll.cli;

/// A server in the user's list.
///
/// @param address `unix://`, `unix:///path` or `https://host:port`
/// @param protocol `lxd` or `simplestreams`
/// @param isStatic built in: it cannot be removed
/// @param project the project to use there; empty for the server's default
public record Remote(
        String name, String address, String protocol, String authType, boolean isPublic, boolean isStatic, String project) {
    /// Whether it is reached through a unix socket.
    public boolean isLocal() {
        return address.startsWith("unix:");
    }
}
