package io.atoll.daemon.operation;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What an operation is, before it runs. Built by chaining:
///
/// ```java
/// OperationSpec.task("Starting instance", project).resource("instances", ApiPath.of("instances", "c1"))
/// ```
///
/// @param resources kind to URLs, as in the API's `resources`
/// @param cancel run when a client cancels the operation; without one the operation cannot be
///   cancelled
/// @param sockets the websockets clients may connect to it
public record OperationSpec(
        OperationClass kind,
        String description,
        ProjectName project,
        Map<String, List<String>> resources,
        Json metadata,
        Optional<Runnable> cancel,
        Optional<OperationSockets> sockets) {

    public OperationSpec {
        Map<String, List<String>> copy = new LinkedHashMap<>();
        resources.forEach((k, v) -> copy.put(k, List.copyOf(v)));
        resources = copy;
    }

    /// Plain work; its description is shown by `operation list`.
    public static OperationSpec task(String description, ProjectName project) {
        return new OperationSpec(
                OperationClass.TASK,
                description,
                project,
                Map.of(),
                Json.Null.NULL,
                Optional.empty(),
                Optional.empty());
    }

    /// Work that talks through these websockets. The caller puts `sockets.secrets()` under `fds`
    /// into the metadata.
    public static OperationSpec websocket(
            String description, ProjectName project, OperationSockets sockets) {
        return new OperationSpec(
                OperationClass.WEBSOCKET,
                description,
                project,
                Map.of(),
                Json.Null.NULL,
                Optional.empty(),
                Optional.of(sockets));
    }

    /// A token: runs nothing, stays until used or cancelled.
    public static OperationSpec token(String description, ProjectName project, Json metadata) {
        return new OperationSpec(
                OperationClass.TOKEN,
                description,
                project,
                Map.of(),
                metadata,
                Optional.of(() -> {}),
                Optional.empty());
    }

    /// Adds a resource the operation is about.
    public OperationSpec resource(String type, String url) {
        Map<String, List<String>> more = new LinkedHashMap<>(resources);
        more.merge(
                type,
                List.of(url),
                (a, b) -> java.util.stream.Stream.concat(a.stream(), b.stream()).toList());
        return new OperationSpec(kind, description, project, more, metadata, cancel, sockets);
    }

    /// What the operation's metadata is at first.
    public OperationSpec metadata(Json value) {
        return new OperationSpec(kind, description, project, resources, value, cancel, sockets);
    }

    /// Makes the operation cancellable. The hook must make the task end soon; the operation is then
    /// `Cancelled` however the task ends.
    public OperationSpec onCancel(Runnable hook) {
        return new OperationSpec(
                kind, description, project, resources, metadata, Optional.of(hook), sockets);
    }
}
