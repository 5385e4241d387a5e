package io.atoll.client;

import io.atoll.base.json.Json;

/// A server and the project to work in. Works with Atoll and with LXD: it speaks only LXD's REST
/// API.
///
/// ```
/// try (var client = new AtollClient(new RestClient(new UnixConnector(socket), "my program"), "")) {
///     client.instances().start("web").awaitSuccess();
/// }
/// ```
///
/// Thread-safe; blocks; errors are [io.atoll.base.DomainException] subclasses.
public final class AtollClient implements AutoCloseable {
    private final RestClient rest;
    private final String project;

    /// @param project the project's name, or empty for the server's default
    public AtollClient(RestClient rest, String project) {
        this.rest = rest;
        this.project = project;
    }

    /// The protocol below, for what has no method here.
    public RestClient rest() {
        return rest;
    }

    public String project() {
        return project;
    }

    /// `GET /1.0`: configuration, extensions and environment.
    public Entity server() {
        RestClient.Answer answer = rest.call("GET", scope(Target.of()).toString(), null, "");
        return new Entity(answer.metadata(), answer.etag());
    }

    public Instances instances() {
        return new Instances(this);
    }

    public Records images() {
        return new Records(this, "images");
    }

    public Records imageAliases() {
        return new Records(this, "images", "aliases");
    }

    public Records profiles() {
        return new Records(this, "profiles");
    }

    public Records networks() {
        return new Records(this, "networks");
    }

    /// Access control lists of networks.
    public Records networkAcls() {
        return new Records(this, "network-acls");
    }

    /// Addresses that lead to instances of a network.
    public Records networkForwards(String network) {
        return new Records(this, "networks", network, "forwards");
    }

    /// Bridges that a network is joined with.
    public Records networkPeers(String network) {
        return new Records(this, "networks", network, "peers");
    }

    /// DNS zones.
    public Records networkZones() {
        return new Records(this, "network-zones");
    }

    /// What users add to a DNS zone.
    public Records networkZoneRecords(String zone) {
        return new Records(this, "network-zones", zone, "records");
    }

    public Records storagePools() {
        return new Records(this, "storage-pools");
    }

    /// Volumes of one type (`custom`, `container`, …) in a pool.
    public Records storageVolumes(String pool, String type) {
        return new Records(this, "storage-pools", pool, "volumes", type);
    }

    public Records projects() {
        return new Records(this, "projects");
    }

    public Records warnings() {
        return new Records(this, "warnings");
    }

    public Records certificates() {
        return new Records(this, "certificates");
    }

    /// The event stream; messages are JSON objects, one each.
    ///
    /// @param types comma-separated, or empty for all
    public WebSocket events(String types, boolean allProjects) {
        Target target = Target.of("events").optionalQuery("type", types);
        return rest.websocket(
                (allProjects ? target.query("all-projects", "true") : scope(target)).toString());
    }

    /// Adds the project to a target.
    public Target scope(Target target) {
        return project.equals("default") ? target : target.optionalQuery("project", project);
    }

    /// Wraps an answer that may be asynchronous.
    public OperationHandle handle(RestClient.Answer answer) {
        Json value = answer.operation().isEmpty() ? Json.object() : answer.metadata();
        return new OperationHandle(this, new Operation(value), answer.operation());
    }

    @Override
    public void close() {
        rest.close();
    }
}
