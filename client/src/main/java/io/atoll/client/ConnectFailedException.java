package io.atoll.client;

import java.io.IOException;

/// Nobody answers where a [Connector] leads. The message says so in whole: `cannot reach the daemon
/// at PATH: WHY`.
public final class ConnectFailedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean isRemote;
    private final boolean isCut;

    public ConnectFailedException(String target, String why) {
        this("the daemon at " + target, why, false, false);
    }

    private ConnectFailedException(String whom, String why, boolean isRemote, boolean isCut) {
        super("cannot reach " + whom + ": " + why);
        this.isRemote = isRemote;
        this.isCut = isCut;
    }

    /// Of a server on the network.
    static ConnectFailedException remote(String target, String why) {
        return new ConnectFailedException("the server at " + target, why, true, false);
    }

    /// Of a server on the network that took the connection and broke it off.
    static ConnectFailedException cut(String target, String why) {
        return new ConnectFailedException("the server at " + target, why, true, true);
    }

    /// Whether it is a server on the network.
    public boolean isRemote() {
        return isRemote;
    }

    /// Whether the next try may do better.
    boolean isCut() {
        return isCut;
    }
}
