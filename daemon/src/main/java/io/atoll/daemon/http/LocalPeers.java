package io.atoll.daemon.http;

/// Tells who a peer of a unix socket is that is not root's own. Asked once for each connection; may
/// block, since a user who comes for the first time gets what belongs to a user.
@FunctionalInterface
public interface LocalPeers {
    /// @param uid whom the kernel says to have connected
    /// @param name what the host calls that user
    /// @throws io.atoll.base.DomainException if there is nothing here for that user
    Caller of(long uid, String name);
}
