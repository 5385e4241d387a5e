package io.atoll.daemon.instance;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.HttpMethod;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/snapshots`.
final class SnapshotRoutes implements Routes {
    private final Instances instances;
    private final InstanceTable table;
    private final InstanceSnapshots snapshots;
    private final InstanceSender sender;
    private final Operations operations;

    SnapshotRoutes(
            Instances instances,
            InstanceTable table,
            InstanceSnapshots snapshots,
            InstanceSender sender,
            Operations operations) {
        this.instances = instances;
        this.table = table;
        this.snapshots = snapshots;
        this.sender = sender;
        this.operations = operations;
    }

    @Override
    public List<Route> routes() {
        String all = "/{name}/snapshots";
        String one = "/{name}/snapshots/{snapshot}";
        return Stream.of(
                        Instances.both(all, p -> Route.get(p).needs(Right.VIEW).run(this::list)),
                        Instances.both(
                                all, p -> Route.post(p).needs(Right.OPERATE).run(this::create)),
                        Instances.both(one, p -> Route.get(p).needs(Right.VIEW).run(this::get)),
                        Instances.both(one, p -> Route.put(p).needs(Right.OPERATE).run(this::put)),
                        Instances.both(
                                one, p -> Route.patch(p).needs(Right.OPERATE).run(this::put)),
                        Instances.both(
                                one, p -> Route.post(p).needs(Right.OPERATE).run(this::rename)),
                        Instances.both(
                                one, p -> Route.delete(p).needs(Right.OPERATE).run(this::delete)))
                .flatMap(List::stream)
                .toList();
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (SnapshotRecord snapshot : table.snapshots(instances.of(request))) {
            out.items()
                    .add(
                            request.recursion() == 0
                                    ? Json.string(InstanceView.snapshotUrl(snapshot))
                                    : InstanceView.snapshot(
                                            snapshot, table.expand(snapshot.instance())));
        }
        return Response.sync(out);
    }

    private Response create(Request request) throws IOException {
        snapshots.checkAllowed(request.project());
        InstanceRecord instance = instances.of(request);
        Json body = request.json();
        boolean isStateful = body.get("stateful").asBoolean();
        String name = body.get("name").asString();
        if (!name.isEmpty()) {
            InstanceSnapshots.checkName(name);
        }
        Optional<Optional<Instant>> expiry = expiry(body);
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Snapshotting instance", instance.project()), instance);
        return operations
                .start(spec, _ -> snapshots.create(instance.key(), name, expiry, isStateful))
                .response();
    }

    /// Absent means by the instance's rule, the zero time means never.
    private static Optional<Optional<Instant>> expiry(Json body) {
        String text = body.get("expires_at").asString();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Instant at = OffsetDateTime.parse(text).toInstant();
            return Optional.of(text.startsWith("0001-01-01") ? Optional.empty() : Optional.of(at));
        } catch (DateTimeParseException e) {
            throw new InvalidConfigException("Invalid time \"" + text + "\"", e);
        }
    }

    private SnapshotRecord of(Request request) {
        return table.snapshot(instances.of(request), request.variable("snapshot"));
    }

    private Response get(Request request) {
        SnapshotRecord snapshot = of(request);
        return Response.sync(
                InstanceView.snapshot(snapshot, table.expand(snapshot.instance())),
                InstanceView.etag(snapshot));
    }

    private Response put(Request request) throws IOException {
        SnapshotRecord snapshot = of(request);
        InstanceView.etag(snapshot).check(request);
        InstanceRecord instance = instances.of(request);
        Optional<Optional<Instant>> expiry = expiry(request.json());
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Updating snapshot", instance.project()), instance);
        return operations
                .start(
                        spec,
                        _ -> {
                            if (expiry.isPresent() || request.method() == HttpMethod.PUT) {
                                snapshots.expire(
                                        instance, snapshot.name(), expiry.orElse(Optional.empty()));
                            }
                        })
                .response();
    }

    private Response rename(Request request) throws IOException {
        SnapshotRecord snapshot = of(request);
        InstanceRecord instance = instances.of(request);
        if (request.json().get("migration").asBoolean()) {
            return sender.send(instance, snapshot, InstanceSender.Wish.parse(request.json()));
        }
        String newName = InstanceSnapshots.checkName(request.json().get("name").asString());
        if (table.findSnapshot(instance, newName).isPresent()) {
            throw new AlreadyExistsException(
                    "Name '" + instance.name() + "/" + newName + "' already in use");
        }
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Renaming snapshot", instance.project()), instance);
        return operations
                .start(spec, _ -> snapshots.rename(instance.key(), snapshot.name(), newName))
                .response();
    }

    private Response delete(Request request) {
        SnapshotRecord snapshot = of(request);
        InstanceRecord instance = instances.of(request);
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Deleting snapshot", instance.project()), instance);
        return operations
                .start(spec, _ -> snapshots.delete(instance.key(), snapshot.name()))
                .response();
    }
}
