package io.atoll.client;

import java.io.IOException;

/// Nobody answers where a [Connector] leads. The message says so in whole: `cannot reach the daemon
/// at PATH: WHY`.
public final class ConnectFailedException extends IOException {
    private static final long serialVersionUID = 1L;

    public ConnectFailedException(String target, String why) {
        super("cannot reach the daemon at " + target + ": " + why);
    }
}
