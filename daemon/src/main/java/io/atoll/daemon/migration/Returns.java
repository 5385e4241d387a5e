package io.atoll.daemon.migration;

import io.atoll.daemon.http.WebSocket;
import java.util.Optional;
import java.util.function.Consumer;

/// How connections come back that were lost: one side opens them again, the other one waits.
interface Returns {
    /// Opens one again. Blocks.
    @FunctionalInterface
    interface Dialer {
        /// @return empty if the other server wants none
        /// @throws io.atoll.base.UnavailableException if it cannot be reached
        Optional<WebSocket> dial();
    }

    /// On the side that connects: how to open a websocket again.
    Optional<Dialer> dialer(String name);

    /// On the side that waits: who takes a websocket that is opened again.
    void await(String name, Consumer<WebSocket> taker);

    /// None will come back any more.
    void end();
}
