package io.atoll.daemon.instance;

import io.atoll.api.StatusCode;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.filter.Filter;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.OperationTask;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.PlatformThreads;
import io.atoll.plan.PlanPrinter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/// `/1.0/instances` and `/1.0/instances/NAME`, and what a start would do.
final class InstanceRoutes implements Routes {
    private final Instances instances;
    private final InstanceTable table;
    private final InstanceRunner runner;
    private final InstanceCreator creator;
    private final InstanceUpdater updater;
    private final InstanceRemover remover;
    private final InstanceMover mover;
    private final InstanceRebuilder rebuilder;
    private final InstanceSnapshots snapshots;
    private final StateReader states;
    private final InstanceBackups backups;
    private final InstanceSender sender;
    private final InstanceReceiver receiver;
    private final Operations operations;

    InstanceRoutes(
            Instances instances,
            InstanceTable table,
            InstanceRunner runner,
            InstanceCreator creator,
            InstanceUpdater updater,
            InstanceRemover remover,
            InstanceMover mover,
            InstanceRebuilder rebuilder,
            InstanceSnapshots snapshots,
            StateReader states,
            InstanceBackups backups,
            InstanceSender sender,
            InstanceReceiver receiver,
            Operations operations) {
        this.instances = instances;
        this.table = table;
        this.runner = runner;
        this.creator = creator;
        this.updater = updater;
        this.remover = remover;
        this.mover = mover;
        this.rebuilder = rebuilder;
        this.snapshots = snapshots;
        this.states = states;
        this.backups = backups;
        this.sender = sender;
        this.receiver = receiver;
        this.operations = operations;
    }

    @Override
    public List<Route> routes() {
        return Stream.of(
                        Instances.both("", p -> Route.get(p).needs(Right.VIEW).run(this::list)),
                        Instances.both("", p -> Route.post(p).needs(Right.EDIT).run(this::create)),
                        Instances.both(
                                "/{name}", p -> Route.get(p).needs(Right.VIEW).run(this::get)),
                        Instances.both(
                                "/{name}", p -> Route.put(p).needs(Right.EDIT).run(this::put)),
                        Instances.both(
                                "/{name}", p -> Route.patch(p).needs(Right.EDIT).run(this::patch)),
                        Instances.both(
                                "/{name}", p -> Route.post(p).needs(Right.EDIT).run(this::post)),
                        Instances.both(
                                "/{name}",
                                p -> Route.delete(p).needs(Right.EDIT).run(this::delete)),
                        Instances.both(
                                "/{name}/rebuild",
                                p -> Route.post(p).needs(Right.EDIT).run(this::rebuild)),
                        List.of(
                                Route.get("/1.0/instances/{name}/plan")
                                        .needs(Right.VIEW)
                                        .run(this::plan)))
                .flatMap(List::stream)
                .toList();
    }

    private Response list(Request request) {
        boolean isAll = request.queryFlag("all-projects");
        List<InstanceRecord> all =
                (isAll ? table.list() : table.list(request.project()))
                        .stream().sorted(Comparator.comparing(InstanceRecord::name)).toList();
        Filter filter = Filter.parse(request.query("filter").orElse(""));
        boolean isOld = request.path().startsWith("/1.0/containers");
        if (request.recursion() == 0 && filter.isEmpty()) {
            return Response.sync(Json.strings(all.stream().map(r -> url(r, isOld)).toList()));
        }
        Map<RecordKey, List<SnapshotRecord>> bySource =
                request.recursion() == 2 ? snapshotsByInstance() : Map.of();
        Function<InstanceRecord, Optional<Json>> view =
                instance -> view(instance, filter, request.recursion(), isOld, bySource);
        // On platform threads, which the states of running instances need: to change threads for
        // each of them takes longer than to read them.
        List<Optional<Json>> views =
                request.recursion() == 2
                        ? PlatformThreads.map(all, view)
                        : all.stream().map(view).toList();
        Json.Arr out = Json.array();
        views.forEach(found -> found.ifPresent(out.items()::add));
        return Response.sync(out);
    }

    private Optional<Json> view(
            InstanceRecord instance,
            Filter filter,
            int recursion,
            boolean isOld,
            Map<RecordKey, List<SnapshotRecord>> bySource) {
        Expansion expansion = table.expand(instance);
        StatusCode status = runner.status(instance.key());
        Json.Obj view = InstanceView.instance(instance, expansion, status);
        if (!filter.matches(view)) {
            return Optional.empty();
        }
        return Optional.of(
                switch (recursion) {
                    case 0 -> Json.string(url(instance, isOld));
                    case 1 -> view;
                    default ->
                            InstanceView.full(
                                    view,
                                    states.read(instance, expansion, status),
                                    bySource.getOrDefault(instance.key(), List.of()),
                                    this::snapshotView,
                                    backups.views(instance));
                });
    }

    private static String url(InstanceRecord r, boolean isOld) {
        return isOld
                ? InstanceView.containerUrl(r.project(), r.name())
                : InstanceView.url(r.project(), r.name());
    }

    private Json snapshotView(SnapshotRecord snapshot) {
        return InstanceView.snapshot(snapshot, table.expand(snapshot.instance()));
    }

    private Map<RecordKey, List<SnapshotRecord>> snapshotsByInstance() {
        Map<RecordKey, List<SnapshotRecord>> out = new HashMap<>();
        table.store().list(SnapshotRecord.KIND).stream()
                .map(stored -> stored.value())
                .filter(snapshot -> snapshot.pending().kind() != Pending.Kind.CREATE)
                .sorted(Comparator.comparing(SnapshotRecord::createdAt))
                .forEach(s ->
                        out.computeIfAbsent(s.instance().key(), _ -> new ArrayList<>()).add(s));
        return out;
    }

    private Response create(Request request) throws IOException {
        table.checkProjectOfNew(request.project());
        if (request.header("Content-Type").orElse("").startsWith("application/octet-stream")) {
            return backups.restore(request);
        }
        if (request.query("target").filter(t -> !t.isEmpty()).isPresent()) {
            throw new InvalidConfigException("Target only allowed when clustered");
        }
        CreateRequest wanted = CreateRequest.parse(request.project(), request.json());
        if (wanted.source() instanceof CreateRequest.Source.Copy from) {
            request.caller().require(Right.VIEW, from.project());
        }
        InstanceCreator.Ready ready = creator.check(wanted);
        if (wanted.source() instanceof CreateRequest.Source.Migration from) {
            return receiver.receive(ready, from, request.caller());
        }
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Creating instance", wanted.project()),
                        wanted.project(),
                        ready.name().value());
        if (wanted.source() instanceof CreateRequest.Source.Copy copy) {
            spec = Instances.about(spec, copy.project(), copy.instance());
        }
        return start(spec, wanted.source(), o -> creator.create(ready, o));
    }

    /// What is made from an image of another server can be cancelled until that image is here.
    private Response start(OperationSpec spec, CreateRequest.Source source, OperationTask task) {
        Operation operation =
                source instanceof CreateRequest.Source.FromServer
                        ? operations.startInterruptible(spec, task)
                        : operations.start(spec, task);
        return operation.response();
    }

    private Response get(Request request) {
        InstanceRecord instance = instances.of(request);
        Expansion expansion = table.expand(instance);
        Json.Obj view = InstanceView.instance(instance, expansion, runner.status(instance.key()));
        if (request.recursion() == 0) {
            return Response.sync(view, InstanceView.etag(instance));
        }
        return Response.sync(
                InstanceView.full(
                        view,
                        states.read(instance, expansion),
                        table.snapshots(instance),
                        this::snapshotView,
                        backups.views(instance)),
                InstanceView.etag(instance));
    }

    private Response put(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        InstanceView.etag(instance).check(request);
        InstanceChange change = InstanceChange.put(request.json());
        boolean isStateful = request.json().get("stateful").asBoolean();
        change.restore().ifPresent(name -> checkRestore(instance, name));
        checkProfiles(instance.project(), change.profiles());
        String what = change.restore().isPresent() ? "Restoring snapshot" : "Updating instance";
        OperationSpec spec =
                Instances.about(OperationSpec.task(what, instance.project()), instance);
        return operations
                .start(
                        spec,
                        _ -> {
                            if (change.restore().isPresent()) {
                                snapshots.restore(
                                        instance.key(), change.restore().get(), isStateful);
                            } else {
                                updater.update(instance.key(), change);
                            }
                        })
                .response();
    }

    private void checkRestore(InstanceRecord instance, String name) {
        String bare =
                name.startsWith(instance.name() + "/")
                        ? name.substring(instance.name().length() + 1)
                        : name;
        if (table.store()
                .find(
                        SnapshotRecord.KIND,
                        SnapshotRecord.key(instance.project(), instance.name(), bare))
                .isEmpty()) {
            throw new NotFoundException(
                    "Snapshot " + instance.name() + "/" + bare + " does not exist");
        }
    }

    private void checkProfiles(ProjectName project, List<String> profiles) {
        if (Set.copyOf(profiles).size() < profiles.size()) {
            throw new InvalidConfigException("Duplicate profile found in request");
        }
        for (String profile : profiles) {
            table.checkProfile(project, profile);
        }
    }

    private Response patch(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        InstanceView.etag(instance).check(request);
        InstanceChange change = InstanceChange.patch(request.json(), instance);
        checkProfiles(instance.project(), change.profiles());
        updater.update(instance.key(), change);
        return Response.empty();
    }

    private Response post(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        Json body = request.json();
        if (body.get("migration").asBoolean()) {
            return move(request, instance, body);
        }
        InstanceName name = new InstanceName(body.get("name").asString());
        if (table.find(RecordKey.of(instance.project(), name.value())).isPresent()) {
            throw new AlreadyExistsException("Name \"" + name + "\" already in use");
        }
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Renaming instance", instance.project()), instance);
        return operations.start(spec, _ -> remover.rename(instance.key(), name)).response();
    }

    /// Within this server if the request says where to, else to another one.
    private Response move(Request request, InstanceRecord instance, Json body) {
        boolean isWithin =
                !body.get("project").asString().isEmpty() || !body.get("pool").asString().isEmpty();
        if (!isWithin) {
            return sender.send(instance, InstanceSender.Wish.parse(body));
        }
        InstanceMover.Move move = InstanceMover.Move.parse(body);
        move.project()
                .ifPresent(project -> {
                    request.caller().require(Right.EDIT, project);
                    table.checkProject(project);
                });
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Migrating instance", instance.project()), instance);
        return operations.start(spec, _ -> mover.move(instance.key(), move)).response();
    }

    private Response rebuild(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        CreateRequest.Source source =
                CreateRequest.parseSource(instance.project(), request.json().get("source"));
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Rebuilding instance", instance.project()), instance);
        return start(
                spec,
                source,
                operation ->
                        rebuilder.rebuild(
                                instance.key(),
                                creator.image(instance.project(), source, operation)));
    }

    private Response delete(Request request) {
        InstanceRecord instance = instances.of(request);
        if (runner.status(instance.key()) != StatusCode.STOPPED) {
            throw new InvalidConfigException(InstanceMessages.RUNNING);
        }
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Deleting instance", instance.project()), instance);
        return operations.start(spec, _ -> deleteEnded(instance)).response();
    }

    private void deleteEnded(InstanceRecord instance) {
        runner.awaitEnd(instance.key());
        try {
            remover.delete(instance.key());
        } catch (NotFoundException e) {
            // It was ephemeral, and deleted itself meanwhile.
            if (!instance.isEphemeral()) {
                throw e;
            }
        }
    }

    /// What a start would do, step by step, as text; also while it is stopped. Ours alone: LXD has
    /// no such thing.
    private Response plan(Request request) {
        String text = PlanPrinter.print(runner.explain(instances.of(request)));
        return Response.sync(Json.object().put("text", text));
    }
}
