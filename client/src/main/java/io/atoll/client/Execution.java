package io.atoll.client;

import io.atoll.base.json.Json;

/// A command, or a console, whose streams wait on websockets. All streams of a command have to be
/// attached within five seconds or the server gives up.
public final class Execution {
    private final AtollClient client;
    private final OperationHandle operation;
    private final Json secrets;

    Execution(AtollClient client, OperationHandle operation) {
        this.client = client;
        this.operation = operation;
        this.secrets = operation.started().metadata().get("fds");
    }

    public OperationHandle operation() {
        return operation;
    }

    /// Whether the server offers that stream.
    public boolean has(String stream) {
        return !secrets.get(stream).isNull();
    }

    /// Connects one stream: `0`, `1`, `2` or `control`.
    public WebSocket attach(String stream) {
        return client.rest()
                .websocket(
                        Target.raw(operation.path() + "/websocket")
                                .query("secret", secrets.get(stream).asString())
                                .toString());
    }
}
