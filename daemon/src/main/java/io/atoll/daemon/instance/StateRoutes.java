package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.RequestScope;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.store.RecordKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/state`, and `PUT /1.0/instances` for all at once.
final class StateRoutes implements Routes {
    private final Instances instances;
    private final InstanceTable table;
    private final InstanceRunner runner;
    private final InstanceSaver saver;
    private final StateReader states;
    private final Operations operations;

    StateRoutes(
            Instances instances,
            InstanceTable table,
            InstanceRunner runner,
            InstanceSaver saver,
            StateReader states,
            Operations operations) {
        this.instances = instances;
        this.table = table;
        this.runner = runner;
        this.saver = saver;
        this.states = states;
        this.operations = operations;
    }

    @Override
    public List<Route> routes() {
        return Stream.of(
                        Instances.both(
                                "/{name}/state",
                                p -> Route.get(p).needs(Right.VIEW).run(this::get)),
                        Instances.both(
                                "/{name}/state",
                                p -> Route.put(p).needs(Right.OPERATE).run(this::put)),
                        Instances.both(
                                "", p -> Route.put(p).needs(Right.OPERATE).run(this::putAll)))
                .flatMap(List::stream)
                .toList();
    }

    private Response get(Request request) {
        InstanceRecord instance = instances.of(request);
        return Response.sync(states.read(instance, table.expand(instance)));
    }

    private Response put(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        StateRequest wanted = StateRequest.parse(request.json());
        OperationSpec spec =
                OperationSpec.task(wanted.action().description(), instance.project())
                        .resource("instances", Instances.url(instance));
        return operations.start(spec, _ -> change(instance.key(), wanted)).response();
    }

    private void change(RecordKey key, StateRequest wanted) {
        switch (wanted.action()) {
            case START -> runner.start(key, wanted.isStateful());
            case STOP -> {
                if (wanted.isStateful()) {
                    saver.stop(key);
                } else {
                    runner.stop(key, wanted.patience());
                }
            }
            case RESTART -> runner.restart(key, wanted.patience());
            case FREEZE -> runner.freeze(key);
            case UNFREEZE -> runner.thaw(key);
        }
    }

    /// Changes all instances of the project for which the action makes sense, side by side.
    private Response putAll(Request request) throws IOException {
        StateRequest wanted = StateRequest.parse(request.json().get("state"));
        table.checkProject(request.project());
        List<InstanceRecord> chosen =
                table.list(request.project()).stream()
                        .filter(r -> applies(r, wanted.action()))
                        .toList();
        OperationSpec spec = OperationSpec.task(wanted.action().description(), request.project());
        for (InstanceRecord instance : chosen) {
            spec = spec.resource("instances", Instances.url(instance));
        }
        return operations.start(spec, _ -> changeAll(chosen, wanted)).response();
    }

    private boolean applies(InstanceRecord instance, StateRequest.Action action) {
        return switch (runner.status(instance.key())) {
            case STOPPED -> action == StateRequest.Action.START;
            case FROZEN ->
                    action == StateRequest.Action.UNFREEZE
                            || action == StateRequest.Action.STOP
                            || action == StateRequest.Action.RESTART;
            default ->
                    action != StateRequest.Action.START && action != StateRequest.Action.UNFREEZE;
        };
    }

    private void changeAll(List<InstanceRecord> chosen, StateRequest wanted)
            throws InterruptedException {
        Map<String, String> failures = new ConcurrentSkipListMap<>();
        RequestScope scope = RequestScope.current().orElseThrow();
        List<Thread> workers = new ArrayList<>();
        for (InstanceRecord instance : chosen) {
            Runnable work =
                    () -> {
                        try {
                            change(instance.key(), wanted);
                        } catch (DomainException e) {
                            failures.put(instance.name(), e.getMessage());
                        }
                    };
            workers.add(
                    Thread.ofVirtual()
                            .name("bulk-" + instance.name())
                            .start(() -> scope.run(work)));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        if (!failures.isEmpty()) {
            throw new InternalException(
                    failures.entrySet().stream()
                            .map(f -> "\n - Instance: " + f.getKey() + ": " + f.getValue())
                            .collect(
                                    Collectors.joining(
                                            "",
                                            "The following instances failed to update state:",
                                            "")));
        }
    }
}
