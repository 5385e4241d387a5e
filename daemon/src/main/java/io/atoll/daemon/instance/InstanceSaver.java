package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.store.RecordKey;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerState;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Ends instances by saving their processes ([InstanceMemory]), so that the next start goes on with
/// them.
final class InstanceSaver {
    private static final Logger LOG = System.getLogger(InstanceSaver.class.getName());

    private static final Duration TRACER_PAUSE = Duration.ofMillis(200);

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceMemory memory;
    private final Events events;

    InstanceSaver(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceMemory memory,
            Events events) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.memory = memory;
        this.events = events;
    }

    /// Ends an instance once its processes are saved. If they cannot be, it runs on.
    ///
    /// @throws InvalidConfigException in LXD's words if it does not run
    void stop(RecordKey key) {
        stop(key, (_, _, _) -> Optional.empty());
    }

    /// As above.
    ///
    /// @param before runs first, while the instance does
    void stop(RecordKey key, InstanceMemory.Before before) {
        runner.end(
                key,
                Running.Ending.STOP,
                _ -> {
                    try (InstanceLocks.Held _ = locks.holdAlone(key, "save")) {
                        InstanceRecord instance = savable(key);
                        memory.save(instance, runner.usable(key), true, before);
                        memory.keep(key);
                    }
                });
        ProjectName project = new ProjectName(key.project());
        events.publishLifecycle(
                Lifecycle.of("instance-stopped", InstanceView.url(project, key.name()), project));
    }

    /// Says whether a running instance can be saved. Changes nothing.
    void require(RecordKey key) {
        InstanceRecord unused = savable(key);
    }

    private InstanceRecord savable(RecordKey key) {
        Container container = runner.usable(key);
        InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
        if (instance.isEphemeral()) {
            throw new InvalidConfigException(
                    "An ephemeral instance is deleted when it stops, with what is saved of it; stop"
                            + " it without --stateful");
        }
        if (instance.pending().kind() != Pending.Kind.NOTHING) {
            throw new InvalidConfigException("Instance is not complete");
        }
        memory.require(instance, container);
        return instance;
    }

    /// Ends what an earlier daemon began. CRIU goes on without it: of what still runs that is
    /// waited for in the background.
    void recover() {
        for (InstanceRecord instance : table.list()) {
            boolean isSaved =
                    instance.isStateful() || instance.pending().kind() == Pending.Kind.ARRIVE;
            if (isSaved && runner.isRunning(instance.key())) {
                // It was started from them; nobody was left to write that down.
                memory.drop(instance);
            } else if (instance.pending().kind() == Pending.Kind.SAVE) {
                finishOf(instance);
            }
        }
    }

    private void finishOf(InstanceRecord instance) {
        if (runner.isRunning(instance.key())) {
            Thread.ofVirtual().name("saving-" + instance.name()).start(() -> awaitSaved(instance));
        } else {
            finish(instance);
        }
    }

    private void awaitSaved(InstanceRecord instance) {
        RecordKey key = instance.key();
        try (InstanceLocks.Held _ = locks.hold(key, "save")) {
            Optional<Container> container = runner.find(key).map(Running::container);
            if (container.isPresent()) {
                awaitTracer(container.get());
            }
            finish(instance);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "saving was not ended instance=" + key.name(), e);
        }
    }

    private static void awaitTracer(Container container) throws InterruptedException {
        while (container.state() != ContainerState.STOPPED && isTraced(container.initPid())) {
            Thread.sleep(TRACER_PAUSE);
        }
        if (container.state() == ContainerState.FROZEN) {
            container.thaw();
        }
    }

    private void finish(InstanceRecord instance) {
        boolean isEnded =
                runner.find(instance.key())
                        .filter(run -> run.container().state() != ContainerState.STOPPED)
                        .isEmpty();
        if (isEnded
                && instance.pending().equals(Pending.STOP_SAVED)
                && memory.isComplete(instance)) {
            memory.keep(instance.key());
        } else {
            memory.drop(instance);
        }
    }

    /// Whether somebody holds a process by ptrace, as CRIU does; proc(5).
    private static boolean isTraced(int pid) {
        try {
            return Files.readString(Path.of("/proc", Integer.toString(pid), "status"))
                    .lines()
                    .anyMatch(l -> l.startsWith("TracerPid:") && !l.endsWith("\t0"));
        } catch (IOException _) {
            return false;
        }
    }
}
