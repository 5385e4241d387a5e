package io.atoll.daemon.http;

/// Owns a websocket from its birth.
public interface WebSocketAcceptor {
    /// The upgrade is done. Runs on a virtual thread of its own; the socket stays open after this
    /// returns, until someone closes it.
    void opened(WebSocket socket);

    /// The upgrade failed; nothing was opened.
    default void failed() {}
}
