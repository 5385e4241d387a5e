package io.atoll.client;

import io.atoll.base.json.Json;
import java.util.List;

/// Instances and what can be done to them beyond create, change and delete.
public final class Instances {
    private final AtollClient client;
    private final Records records;

    Instances(AtollClient client) {
        this.client = client;
        this.records = new Records(client, "instances");
    }

    /// Create, read, change, rename, delete.
    public Records records() {
        return records;
    }

    /// The snapshots of one instance.
    public Records snapshots(String instance) {
        return new Records(client, "instances", instance, "snapshots");
    }

    /// All instances, with state and snapshots: one answer of the server.
    ///
    /// @param allProjects of every project, not only the client's
    public List<Json> listFull(boolean allProjects) {
        return list("2", allProjects);
    }

    /// All instances without their state.
    public List<Json> list(boolean allProjects) {
        return list("1", allProjects);
    }

    private List<Json> list(String recursion, boolean allProjects) {
        Target target = records.target().query("recursion", recursion);
        return client.rest()
                .get(
                        (allProjects ? target.query("all-projects", "true") : client.scope(target))
                                .toString())
                .asList();
    }

    public Json state(String name) {
        return client.rest().get(client.scope(records.target(name, "state")).toString());
    }

    /// `start`, `stop`, `restart`, `freeze` or `unfreeze`.
    ///
    /// @param timeoutSeconds how long a clean stop may take; -1 for as long as it takes
    public OperationHandle changeState(
            String name, String action, long timeoutSeconds, boolean force, boolean stateful) {
        Json body =
                Json.object()
                        .put("action", action)
                        .put("timeout", timeoutSeconds)
                        .put("force", force)
                        .put("stateful", stateful);
        return client.handle(
                client.rest()
                        .call(
                                "PUT",
                                client.scope(records.target(name, "state")).toString(),
                                body,
                                ""));
    }

    public OperationHandle start(String name) {
        return changeState(name, "start", -1, false, false);
    }

    public OperationHandle stop(String name, boolean force) {
        return changeState(name, "stop", -1, force, false);
    }

    /// Prepares a command; see LXD's `POST /1.0/instances/NAME/exec` for the members of `request`.
    public Execution exec(String name, Json request) {
        return websocketOperation(name, "exec", request);
    }

    /// Attaches to the console.
    public Execution console(String name, Json request) {
        return websocketOperation(name, "console", request);
    }

    private Execution websocketOperation(String name, String verb, Json request) {
        String target = client.scope(records.target(name, verb)).toString();
        return new Execution(
                client, client.handle(client.rest().call("POST", target, request, "")));
    }

    /// A request on a file inside an instance; the caller adds headers and body and hands it to
    /// [RestClient#raw].
    public HttpRequest file(String method, String name, String path) {
        return new HttpRequest(
                method, client.scope(records.target(name, "files").query("path", path)).toString());
    }
}
