package io.atoll.daemon.operation;

import java.util.Locale;

/// The kinds of operations: plain work, work that talks through websockets, and tokens that wait to
/// be used.
public enum OperationClass {
    TASK,
    WEBSOCKET,
    TOKEN;

    /// The word on the wire.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
