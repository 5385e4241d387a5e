package io.atoll.daemon.instance.exec;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import java.util.List;
import java.util.Map;

/// What a client wants to run.
///
/// @param isAttached whether the client connects websockets to the command
/// @param isInteractive whether the command gets a terminal
/// @param isRecorded whether output is kept in files, where nobody is attached
record ExecRequest(
        List<String> command,
        Map<String, String> environment,
        boolean isAttached,
        boolean isInteractive,
        int width,
        int height,
        boolean isRecorded,
        long user,
        long group,
        String cwd) {
    private static final int SIZE_MAX = 65_535;

    static ExecRequest parse(Json body) {
        List<String> command = body.get("command").asStrings();
        if (command.isEmpty()) {
            throw new InvalidConfigException("No command to execute");
        }
        return new ExecRequest(
                command,
                body.get("environment").asStringMap(),
                body.get("wait-for-websocket").asBoolean(),
                body.get("interactive").asBoolean(),
                size(body.get("width")),
                size(body.get("height")),
                body.get("record-output").asBoolean(),
                body.get("user").asLong(),
                body.get("group").asLong(),
                body.get("cwd").asString());
    }

    private static int size(Json value) {
        return Math.clamp(value.asLong(), 0, SIZE_MAX);
    }
}
