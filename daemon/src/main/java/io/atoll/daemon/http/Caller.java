package io.atoll.daemon.http;

import java.util.Set;

/// Who sent a request. `protocol` is `unix` or `tls`; `address` is what lifecycle events show (`@`
/// for the unix socket).
public record Caller(String username, String protocol, String address, Set<Right> rights) {
    /// The daemon itself: start-up, schedules, signals.
    public static final Caller DAEMON = new Caller("", "", "", Set.of(Right.values()));

    public Caller {
        rights = Set.copyOf(rights);
    }

    /// A peer of the unix socket; file permissions of the socket decided already who may connect.
    public static Caller local(String username) {
        return new Caller(username, "unix", "@", Set.of(Right.values()));
    }

    public boolean may(Right right) {
        return right == Right.PUBLIC || rights.contains(right);
    }
}
