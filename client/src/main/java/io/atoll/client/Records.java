package io.atoll.client;

import io.atoll.base.json.Json;
import java.util.List;

/// One collection of named things: profiles, networks, pools, aliases, … All methods block and
/// throw [io.atoll.base.DomainException] subclasses by what the server answers.
public final class Records {
    private final AtollClient client;
    private final String[] path;

    Records(AtollClient client, String... path) {
        this.client = client;
        this.path = path;
    }

    /// All of them, described in full.
    public List<Json> list() {
        return client.rest()
                .get(client.scope(target()).query("recursion", "1").toString())
                .asList();
    }

    public Entity get(String name) {
        RestClient.Answer answer = client.rest().call("GET", scoped(name), null, "");
        return new Entity(answer.metadata(), answer.etag());
    }

    public OperationHandle create(Json record) {
        return client.handle(
                client.rest().call("POST", client.scope(target()).toString(), record, ""));
    }

    /// Replaces all that can be changed.
    ///
    /// @param etag from [#get], or empty to overwrite whatever is there
    public OperationHandle replace(String name, Json record, String etag) {
        return client.handle(client.rest().call("PUT", scoped(name), record, etag));
    }

    /// Changes only the members given.
    public OperationHandle merge(String name, Json record, String etag) {
        return client.handle(client.rest().call("PATCH", scoped(name), record, etag));
    }

    public OperationHandle rename(String name, String newName) {
        return post(name, Json.object().put("name", newName));
    }

    /// Sends any action on one of them.
    public OperationHandle post(String name, Json action) {
        return client.handle(client.rest().call("POST", scoped(name), action, ""));
    }

    public OperationHandle delete(String name) {
        return client.handle(client.rest().call("DELETE", scoped(name), null, ""));
    }

    /// Where this collection is.
    public Target target() {
        return Target.of(path);
    }

    /// Where one of them, or something below it, is.
    public Target target(String... below) {
        String[] all = new String[path.length + below.length];
        System.arraycopy(path, 0, all, 0, path.length);
        System.arraycopy(below, 0, all, path.length, below.length);
        return Target.of(all);
    }

    private String scoped(String name) {
        return client.scope(target(name)).toString();
    }
}
