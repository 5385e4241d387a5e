package io.atoll.linux;

/// Who made the other end of a unix socket, at the time it connected; unix(7) `SO_PEERCRED`. Ids
/// are as seen from our own user namespace.
public record PeerCredentials(int pid, long uid, long gid) {}
