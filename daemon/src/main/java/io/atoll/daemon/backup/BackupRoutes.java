package io.atoll.daemon.backup;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.backup.BackupSubject.Owner;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.OperationTask;
import io.atoll.daemon.operation.Operations;
import io.atoll.image.Packing;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// The endpoints of the backups of one kind of things: made, listed, fetched, renamed, deleted.
public final class BackupRoutes implements Routes {
    /// Go's zero time, which LXD shows for "never".
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private final BackupTable table;
    private final BackupSubject subject;
    private final Operations operations;
    private final Events events;
    private final CompressionDefaults compression;

    /// @param compression for requests that name none
    public BackupRoutes(
            BackupTable table,
            BackupSubject subject,
            Operations operations,
            Events events,
            CompressionDefaults compression) {
        this.table = table;
        this.subject = subject;
        this.operations = operations;
        this.events = events;
        this.compression = compression;
    }

    @Override
    public List<Route> routes() {
        return subject.paths().stream().flatMap(this::routes).toList();
    }

    private Stream<Route> routes(String all) {
        String one = all + "/{backup}";
        return Stream.of(
                Route.get(all).needs(Right.VIEW).run(this::list),
                Route.post(all).needs(Right.EDIT).run(this::create),
                Route.get(one).needs(Right.VIEW).run(this::get),
                Route.post(one).needs(Right.EDIT).run(this::rename),
                Route.delete(one).needs(Right.EDIT).run(this::delete),
                Route.get(one + "/export").needs(Right.VIEW).run(this::export));
    }

    private Response list(Request request) {
        Owner owner = subject.owner(request);
        Json.Arr out = Json.array();
        for (Backup backup : table.list(owner.project(), owner.key())) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? json(backup)
                                    : Json.string(subject.url(owner, backup.name())));
        }
        return Response.sync(out);
    }

    /// A backup as the API shows it.
    public Json json(Backup backup) {
        Json.Obj out =
                Json.object()
                        .put("name", backup.name())
                        .put("created_at", backup.createdAt().toString())
                        .put("expires_at", backup.expiresAt().map(Instant::toString).orElse(NEVER));
        subject.words().aloneMembers().forEach(member -> out.put(member, backup.isAlone()));
        return out.put("optimized_storage", backup.isOptimized());
    }

    private Backup named(Request request, Owner owner) {
        return table.get(owner.project(), owner.key(), request.variable("backup"));
    }

    private Response get(Request request) {
        return Response.sync(json(named(request, subject.owner(request))));
    }

    private static String checkName(String name) {
        if (name.contains("/")) {
            throw new InvalidConfigException("Backup names may not contain slashes");
        }
        return name;
    }

    private Response create(Request request) throws IOException {
        Owner owner = subject.owner(request);
        subject.checkAllowed(request.project());
        subject.checkAllowed(owner.project());
        Json body = request.json();
        String algorithm = body.get("compression_algorithm").asString();
        Packing packing =
                Packing.parse(
                        algorithm.isEmpty() ? compression.ofBackups(request.project()) : algorithm);
        String wanted = checkName(body.get("name").asString());
        String name = wanted.isEmpty() ? table.freeName(owner.project(), owner.key()) : wanted;
        table.checkFree(owner.project(), owner.key(), name);
        Backup backup =
                new Backup(
                        owner.key(),
                        name,
                        Instant.now(),
                        expiry(body.get("expires_at").asString()),
                        subject.words().aloneMembers().stream()
                                .anyMatch(member -> body.get(member).asBoolean()),
                        // Drivers that have no form of their own make plain archives.
                        body.get("optimized_storage").asBoolean() && subject.hasOwnForm(owner),
                        UUID.randomUUID().toString());
        return start(
                request,
                owner,
                name,
                subject.words().creating(),
                _ -> {
                    table.create(
                            owner.project(),
                            backup,
                            (out, folder) ->
                                    subject.write(
                                            owner,
                                            new BackupSubject.Wish(
                                                    backup.isAlone(),
                                                    backup.isOptimized(),
                                                    packing,
                                                    folder),
                                            out));
                    tell("created", owner, name);
                });
    }

    private static Optional<Instant> expiry(String text) {
        if (text.isEmpty() || text.startsWith("0001-01-01")) {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            throw new InvalidConfigException("Invalid time \"" + text + "\"", e);
        }
    }

    private Response start(
            Request request, Owner owner, String backup, String what, OperationTask task) {
        OperationSpec spec =
                subject.describe(OperationSpec.task(what, request.project()), owner, backup);
        return operations.start(spec, task).response();
    }

    private void tell(String what, Owner owner, String backup) {
        events.publishLifecycle(
                Lifecycle.of(
                        subject.words().event() + "-backup-" + what,
                        subject.url(owner, backup),
                        owner.project()));
    }

    private Response rename(Request request) throws IOException {
        Owner owner = subject.owner(request);
        Backup backup = named(request, owner);
        String fresh = checkName(request.json().get("name").asString());
        if (fresh.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        table.checkFree(owner.project(), owner.key(), fresh);
        return start(
                request,
                owner,
                backup.name(),
                subject.words().renaming(),
                _ -> {
                    table.rename(owner.project(), backup, fresh);
                    tell("renamed", owner, fresh);
                });
    }

    private Response delete(Request request) {
        Owner owner = subject.owner(request);
        Backup backup = named(request, owner);
        return start(
                request,
                owner,
                backup.name(),
                subject.words().deleting(),
                _ -> {
                    table.delete(owner.project(), backup);
                    tell("deleted", owner, backup.name());
                });
    }

    private Response export(Request request) {
        Owner owner = subject.owner(request);
        Backup backup = named(request, owner);
        tell("retrieved", owner, backup.name());
        return Response.download(table.file(backup), "");
    }
}
