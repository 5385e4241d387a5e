package io.atoll.client;

import java.io.IOException;

/// Opens connections to one server: a unix socket, a descriptor somebody else opened, or TLS.
public interface Connector {
    /// Opens a new connection. Blocks.
    ///
    /// @throws IOException if nobody answers there
    Connection open() throws IOException;

    /// Where this leads, for messages: `/var/lib/atoll/unix.socket`.
    String target();

    /// Whether a network lies between, on which connections break.
    default boolean isRemote() {
        return false;
    }

    /// The name the server is called by in requests; a unix socket has none that matters.
    default String host() {
        return "atoll";
    }
}
