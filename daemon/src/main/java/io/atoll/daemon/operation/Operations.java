package io.atoll.daemon.operation;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.Incident;
import io.atoll.daemon.http.RequestScope;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The operations of this daemon: starts them, keeps them, tells the event listeners about them. A
/// finished operation stays for [#RETENTION], because clients ask for it after its last event.
public final class Operations implements AutoCloseable {
    /// How long a finished operation can still be asked for.
    public static final Duration RETENTION = Duration.ofSeconds(5);

    /// How many operations may be unfinished at a time.
    public static final int UNFINISHED_MAX = 10_000;

    private final Map<String, Operation> operations = new ConcurrentHashMap<>();
    private final Events events;
    private final ScheduledExecutorService reaper =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("operation-reaper").factory());

    public Operations(Events events) {
        this.events = events;
    }

    /// Starts the task on a virtual thread and returns at once; the operation is `Running` or
    /// later.
    ///
    /// @throws BusyException if [#UNFINISHED_MAX] operations run
    public Operation start(OperationSpec spec, OperationTask task) {
        Operation operation = register(spec);
        RequestScope here =
                RequestScope.current().orElse(new RequestScope(0, "", "", Caller.DAEMON));
        RequestScope scope = here.inOperation(operation.id(), spec.project().value());
        Thread.ofVirtual()
                .name("operation-" + operation.id())
                .start(() -> scope.run(() -> run(operation, task)));
        return operation;
    }

    /// Starts a task that a client may cancel, which interrupts its thread until it commits.
    public Operation startInterruptible(OperationSpec spec, OperationTask task) {
        Worker worker = new Worker();
        return start(
                spec.onCancel(worker::stop),
                operation -> {
                    worker.begin();
                    task.run(operation);
                });
    }

    /// The thread of a task, which may be stopped before it begins.
    private static final class Worker {
        private @Nullable Thread thread;
        private boolean isStopped;

        synchronized void begin() {
            thread = Thread.currentThread();
            if (isStopped) {
                thread.interrupt();
            }
        }

        synchronized void stop() {
            isStopped = true;
            if (thread != null) {
                thread.interrupt();
            }
        }
    }

    /// Makes a token: an operation that runs nothing and stays until [Operation#complete()] or
    /// [Operation#cancel()].
    public Operation startToken(OperationSpec spec) {
        return register(spec);
    }

    private Operation register(OperationSpec spec) {
        if (operations.size() >= UNFINISHED_MAX) {
            throw new BusyException(
                    "Too many operations are running (maximum " + UNFINISHED_MAX + ")");
        }
        Operation operation = new Operation(spec, this::changed);
        operations.put(operation.id(), operation);
        changed(operation);
        operation.begin();
        return operation;
    }

    private static void run(Operation operation, OperationTask task) {
        try {
            task.run(operation);
            operation.finish(OperationStatus.SUCCESS, "");
        } catch (DomainException e) {
            Incident.logCause(e);
            operation.finish(OperationStatus.FAILURE, e.getMessage());
        } catch (JsonException e) {
            operation.finish(OperationStatus.FAILURE, String.valueOf(e.getMessage()));
        } catch (Throwable e) {
            // The edge of the operation's thread: whatever it was, the client must see an end.
            operation.finish(OperationStatus.FAILURE, Incident.explain(e));
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
        } finally {
            operation.spec().sockets().ifPresent(OperationSockets::close);
        }
    }

    private void changed(Operation operation) {
        if (operation.spec().kind() == OperationClass.TOKEN) {
            // Its metadata is the token; only administrators see what belongs to no project.
            events.publishServerOperation(operation.json());
        } else {
            events.publishOperation(operation.spec().project(), operation.json());
        }
        // Tasks that end after us are kept by nobody.
        if (operation.status().isFinal() && !reaper.isShutdown()) {
            ScheduledFuture<?> _ =
                    reaper.schedule(
                            () -> operations.remove(operation.id()),
                            RETENTION.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    /// @throws NotFoundException if it is unknown, or was finished more than [#RETENTION] ago
    public Operation get(String id) {
        Operation operation = operations.get(id);
        if (operation == null) {
            throw new NotFoundException("Operation not found");
        }
        return operation;
    }

    public List<Operation> list() {
        return List.copyOf(operations.values());
    }

    /// Stops the reaper; running tasks go on.
    @Override
    public void close() {
        reaper.shutdownNow();
    }
}
