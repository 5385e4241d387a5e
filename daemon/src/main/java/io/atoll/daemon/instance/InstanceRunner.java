package io.atoll.daemon.instance;

import io.atoll.api.StatusCode;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.instance.config.TemplateTriggers;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.instance.files.LogRoutes;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.UeventSocket;
import io.atoll.plan.StartPlan;
import io.atoll.runtime.BeforeInit;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerState;
import io.atoll.runtime.Containers;
import io.atoll.runtime.ExitReason;
import io.atoll.runtime.StartOptions;
import io.atoll.runtime.compiler.CriuRestore;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.intercept.Guest;
import io.atoll.runtime.intercept.Interceptor;
import io.atoll.runtime.intercept.MountPolicy;
import io.atoll.runtime.spec.NamespaceKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Starts and ends instances, and keeps those that run. What runs is known from the runtime, which
/// watches pidfds; an instance that idles has no thread here.
///
/// An instance's lock is held while it is started and while what a run left is taken away, never
/// while one waits for it to shut down by itself.
final class InstanceRunner {
    private static final Logger LOG = System.getLogger(InstanceRunner.class.getName());

    /// How long taking away a run may last after its last process is gone.
    private static final Duration CLEANUP_MAX = Duration.ofMinutes(2);

    private static final Duration MODPROBE_MAX = Duration.ofSeconds(30);

    /// What may be going on with an instance that is started: one that may run elsewhere does not,
    /// if somebody starts it here.
    private static final Set<Pending.Kind> STARTABLE =
            EnumSet.of(Pending.Kind.NOTHING, Pending.Kind.AWAY);

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final Containers containers;
    private final AttachedDevices attached;
    private final InstancePaths paths;
    private final Preparation preparation;
    private final InstanceMemory memory;
    private final InstanceTemplates templates;
    private volatile Consumer<RecordKey> starting = _ -> {};
    private final InstanceGuests guests;
    private final InstanceIds ids;
    private final CpuBalancer balancer;
    private final Events events;
    private final Interceptor interceptor;
    private final Consumer<InstanceRecord> deleteEphemeral;
    private final Map<RecordKey, Running> running = new ConcurrentHashMap<>();
    private final Departures departures = new Departures();

    /// @param deleteEphemeral deletes an ephemeral instance that has ended; called with its lock
    ///   held
    InstanceRunner(
            InstanceTable table,
            InstanceLocks locks,
            Containers containers,
            AttachedDevices attached,
            InstancePaths paths,
            Preparation preparation,
            InstanceMemory memory,
            InstanceTemplates templates,
            InstanceGuests guests,
            InstanceIds ids,
            CpuBalancer balancer,
            Events events,
            Interceptor interceptor,
            Consumer<InstanceRecord> deleteEphemeral) {
        this.table = table;
        this.locks = locks;
        this.containers = containers;
        this.attached = attached;
        this.paths = paths;
        this.preparation = preparation;
        this.memory = memory;
        this.templates = templates;
        this.guests = guests;
        this.ids = ids;
        this.balancer = balancer;
        this.events = events;
        this.interceptor = interceptor;
        this.deleteEphemeral = deleteEphemeral;
    }

    /// Says what to do with an instance before each of its starts, with its lock held; called while
    /// the daemon is put together.
    void whenStarting(Consumer<RecordKey> work) {
        starting = work;
    }

    Optional<Running> find(RecordKey key) {
        return Optional.ofNullable(running.get(key));
    }

    boolean isRunning(RecordKey key) {
        return running.containsKey(key);
    }

    Set<RecordKey> running() {
        return new TreeSet<>(running.keySet());
    }

    StatusCode status(RecordKey key) {
        Running run = running.get(key);
        if (run == null) {
            return StatusCode.STOPPED;
        }
        return switch (run.container().state()) {
            case STARTING, RUNNING, STOPPING -> StatusCode.RUNNING;
            case FROZEN -> StatusCode.FROZEN;
            case STOPPED -> StatusCode.STOPPED;
        };
    }

    /// The container of an instance that takes commands now.
    ///
    /// @throws InvalidConfigException in LXD's words if it is stopped or frozen
    Container usable(RecordKey key) {
        Running run = running.get(key);
        if (run == null || run.container().state() == ContainerState.STOPPED) {
            throw new InvalidConfigException(InstanceMessages.NOT_RUNNING);
        }
        if (run.container().state() == ContainerState.FROZEN) {
            throw new InvalidConfigException(InstanceMessages.FROZEN);
        }
        return run.container();
    }

    /// What a start would do.
    StartPlan explain(InstanceRecord instance) {
        return containers.explain(preparation.prepare(instance).spec());
    }

    /// Starts an instance, with its saved processes if there are any.
    ///
    /// @throws InvalidConfigException in LXD's words if it runs already
    void start(RecordKey key) {
        start(key, Saved.IF_ANY, STARTABLE);
    }

    /// Starts an instance.
    ///
    /// @param isStateful with its saved processes, which are forgotten otherwise
    /// @throws InvalidConfigException in LXD's words if it runs already, or none are saved
    void start(RecordKey key, boolean isStateful) {
        start(key, isStateful ? Saved.REQUIRED : Saved.FORGOTTEN, STARTABLE);
    }

    /// Starts an instance that came with its processes and is whole once they go on.
    void startArrived(RecordKey key) {
        start(key, Saved.IF_ANY, EnumSet.of(Pending.Kind.ARRIVE));
    }

    /// What becomes of saved processes at a start.
    private enum Saved {
        IF_ANY,
        REQUIRED,
        FORGOTTEN
    }

    private void start(RecordKey key, Saved saved, Set<Pending.Kind> from) {
        awaitEnd(key);
        try (InstanceLocks.Held _ = locks.holdAlone(key, "start")) {
            if (saved == Saved.REQUIRED
                    && !table.find(key).map(InstanceRecord::isStateful).orElse(false)) {
                throw new InvalidConfigException("Instance has no existing state to restore");
            }
            launch(key, saved != Saved.FORGOTTEN, from);
        }
        tell("instance-started", key);
    }

    /// An instance that has just ended by itself shows as stopped a moment before what its run left
    /// is taken away; without the lock, which that needs.
    void awaitEnd(RecordKey key) {
        Running run = running.get(key);
        if (run == null) {
            return;
        }
        ContainerState state = run.container().state();
        if (state == ContainerState.STOPPING || state == ContainerState.STOPPED) {
            awaitCleaned(key, run, "starting");
        }
    }

    private static void awaitCleaned(RecordKey key, Running run, String what) {
        try {
            if (!run.awaitCleaned(CLEANUP_MAX)) {
                throw new InternalException(
                        "Failed to clean up after instance \"" + key.name() + "\" in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException(
                    "Interrupted while " + what + " instance \"" + key.name() + "\"", e);
        }
    }

    /// Starts with the lock held. A start that fails leaves nothing, neither in the record; saved
    /// processes stay as they are then.
    ///
    /// @param isStateful with saved processes if there are any
    /// @param from what may be going on with it
    private void launch(RecordKey key, boolean isStateful, Set<Pending.Kind> from) {
        InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
        if (running.containsKey(key)) {
            throw new InvalidConfigException(InstanceMessages.ALREADY_RUNNING);
        }
        if (!from.contains(instance.pending().kind())) {
            throw new InvalidConfigException("Instance is not complete");
        }
        awaitDeparture(key);
        starting.accept(key);
        instance = withRightIds(instance);
        Preparation.Prepared prepared = preparation.prepare(instance);
        InstanceRecord found = instance;
        Optional<CriuRestore> saved =
                isStateful && found.isStateful()
                        ? Optional.of(memory.restoring(prepared))
                        : Optional.empty();
        try (Undo undo = new Undo()) {
            // On disk before the first program runs, and not sooner: the container is made
            // meanwhile.
            Meanwhile recorded =
                    Meanwhile.begin(
                            "record-" + key.name(),
                            () ->
                                    table.update(
                                            key,
                                            now ->
                                                    now.withConfig(prepared.config())
                                                            .withLastUsedAt(Instant.now())));
            undo.add(() ->
                    table.update(
                            key,
                            now ->
                                    withoutTraces(now.withConfig(found.config()))
                                            .withLastUsedAt(found.lastUsedAt())));
            undo.add(recorded::join);
            paths.makeLogs(found);
            guests.open(found);
            undo.add(() -> guests.close(found));
            loadModules(prepared);
            // What runs on knows its files.
            List<String> triggers =
                    saved.isPresent() ? List.of() : TemplateTriggers.atStart(found.config());
            templates.beforeStart(prepared, triggers);
            if (prepared.site().isApplication()) {
                ApplicationFiles.write(prepared, attached.nameServers(prepared.devices()));
            }
            attached.beforeStart(prepared.site(), prepared.devices(), undo);
            StartOptions options =
                    new StartOptions(Optional.of(completion(prepared, triggers, recorded, undo)));
            Container container =
                    saved.isPresent()
                            ? restore(prepared, saved.get(), undo)
                            : containers.start(prepared.spec(), options);
            undo.keep();
            adopt(key, container);
            if (found.isStateful()) {
                memory.drop(found);
            }
            attached.afterStart(prepared.site(), container, prepared.devices());
        } catch (IOException | UncheckedIOException | ErrnoException e) {
            String why = "Failed to start instance \"" + key.name() + "\": " + e.getMessage();
            explainFailure(found, why);
            throw new InternalException(why, e);
        } catch (DomainException e) {
            explainFailure(found, e.getMessage());
            throw e;
        }
    }

    private BeforeInit completion(
            Preparation.Prepared prepared, List<String> triggers, Meanwhile recorded, Undo undo) {
        return new BeforeInit() {
            private InstanceTemplates.Texts texts = InstanceTemplates.Texts.NONE;

            @Override
            public void prepare() {
                texts = templates.render(prepared, triggers);
            }

            @Override
            public void complete(Container container) {
                attached.beforeInit(prepared.site(), prepared.devices(), container, undo);
                templates.beforeInit(prepared, texts, container);
                recorded.join();
            }
        };
    }

    private Container restore(Preparation.Prepared prepared, CriuRestore saved, Undo undo) {
        Container container;
        try {
            container =
                    containers.start(
                            prepared.spec(),
                            new StartOptions(
                                    Optional.empty(), Optional.empty(), Optional.of(saved)));
        } catch (UnsupportedException | BusyException e) {
            throw e;
        } catch (DomainException e) {
            Optional<String> words = Checkpoint.lastWords(saved.images());
            if (words.isEmpty()) {
                throw e;
            }
            throw new UnavailableException(
                    "criu could not restore the processes of instance \""
                            + prepared.instance().name()
                            + "\" ("
                            + words.get()
                            + "); they stay saved, and a start with --stateless does without them",
                    e);
        }
        try {
            attached.afterRestore(prepared.site(), prepared.devices(), container, undo);
            return container;
        } catch (RuntimeException e) {
            container.kill();
            throw e;
        }
    }

    /// Whatever way its configuration became what it is, an instance runs with the ids that it asks
    /// for and no others.
    private InstanceRecord withRightIds(InstanceRecord instance) {
        InstanceConfig config = table.expand(instance).typed();
        if (ids.isRight(instance, config)) {
            return instance;
        }
        RecordKey key = instance.key();
        ids.allocate(
                key,
                config,
                chosen -> {
                    InstanceRecord unused =
                            table.update(
                                    key,
                                    now ->
                                            now.withConfig(own -> {
                                                own.putAll(Volatile.ofIds(chosen));
                                                return own;
                                            }));
                });
        return table.get(instance.project(), instance.name());
    }

    /// The overlay of the last run, if there was one a moment ago, keeps its upper layer busy.
    private void awaitDeparture(RecordKey key) {
        try {
            departures.await(key, CLEANUP_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException(
                    "Interrupted while starting instance \"" + key.name() + "\"", e);
        }
    }

    /// Leaves the reason where `lxc info --show-log` looks for it.
    private void explainFailure(InstanceRecord instance, String why) {
        try {
            Files.writeString(
                    paths.makeLogs(instance).resolve(LogRoutes.START_LOG),
                    Instant.now() + " " + why + "\n");
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot log a failed start instance=" + instance.name(), e);
        }
    }

    private static void loadModules(Preparation.Prepared prepared) {
        for (String module :
                prepared.expansion().typed().get(ConfigKeys.KERNEL_MODULES).orElse(List.of())) {
            Commands.run(Command.of("modprobe", "--", module).timeout(MODPROBE_MAX));
        }
    }

    /// Takes a container into care, a new one or one that an earlier daemon started.
    void adopt(RecordKey key, Container container) {
        Running run = new Running(container);
        running.put(key, run);
        answerSystemCalls(key, container);
        balancer.started(key, container);
        container.onGone(reason ->
                Thread.ofVirtual().name("gone-" + key.name()).start(() -> gone(key, run, reason)));
    }

    /// As configured at this moment: the keys and devices may change while it runs.
    private MountPolicy mounts(RecordKey key) {
        return table.find(key)
                .map(table::expand)
                .map(now -> GuestDisks.policy(now.typed(), Devices.of(now)))
                .orElse(MountPolicy.NOTHING);
    }

    private void answerSystemCalls(RecordKey key, Container container) {
        Optional<InstanceRecord> record = table.find(key);
        Idmap ids =
                record.map(now -> IdmapJson.parse(now.config(ConfigKeys.IDMAP_CURRENT.name())))
                        .orElse(Idmap.NONE);
        boolean filtersDevices =
                record.map(table::expand)
                        .filter(now -> now.typed().is(ConfigKeys.INTERCEPT_BPF_DEVICES))
                        .isPresent();
        Guest guest = new Guest(container, ids, () -> mounts(key), filtersDevices);
        try {
            container.onSystemCalls(
                    calls -> interceptor.serve(calls, guest),
                    listener -> interceptor.serveCommand(listener, guest));
        } catch (DomainException | ErrnoException e) {
            LOG.log(Level.WARNING, "system calls are not answered instance=" + key.name(), e);
        }
    }

    /// The last process is gone: takes away what the run left, and does what was asked to follow.
    /// The edge of its thread.
    private void gone(RecordKey key, Running run, ExitReason reason) {
        run.release();
        balancer.ended(key);
        try (InstanceLocks.Held _ = locks.holdAlone(key, "stop")) {
            if (running.remove(key, run)) {
                follow(key, run, reason);
            }
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "clean up after the end failed instance=" + key.name(), e);
        } finally {
            run.markCleaned();
        }
    }

    private void follow(RecordKey key, Running run, ExitReason reason) {
        LOG.log(
                Level.INFO,
                "instance ended instance="
                        + key.name()
                        + " how="
                        + reason.kind()
                        + " status="
                        + reason.status());
        boolean isReboot =
                run.ending() == Running.Ending.BY_ITSELF
                        && reason.kind() == ExitReason.Kind.REBOOTED;
        clearDevices(key);
        table.find(key).ifPresent(guests::close);
        InstanceRecord instance = table.update(key, now -> ended(now, run.ending()));
        if (isReboot) {
            reboot(key);
            return;
        }
        if (run.ending() == Running.Ending.BY_ITSELF) {
            tell("instance-shutdown", key);
        }
        if (instance.isEphemeral() && run.ending() != Running.Ending.RESTART) {
            deleteEphemeral.accept(instance);
        }
    }

    /// Takes away what the devices of an instance that has ended left on the host.
    private void clearDevices(RecordKey key) {
        table.find(key).ifPresent(this::clearDevices);
    }

    /// As above, for an instance that ended while no daemon ran.
    void clearDevices(InstanceRecord instance) {
        try {
            attached.afterStop(Sites.of(instance), Devices.of(table.expand(instance)));
        } catch (DomainException e) {
            LOG.log(Level.WARNING, "devices are not cleaned up instance=" + instance.name(), e);
        }
    }

    /// The daemon was restarted while this instance ran on.
    void resume(InstanceRecord instance, Container container) {
        adopt(instance.key(), container);
        try {
            guests.open(instance);
            attached.resume(Sites.of(instance), container, Devices.of(table.expand(instance)));
        } catch (DomainException e) {
            LOG.log(Level.WARNING, "devices are not taken up again instance=" + instance.name(), e);
        }
    }

    /// Others took away rules of the packet filter: those of running instances' devices are made
    /// again.
    void restoreDevices() {
        for (RecordKey key : List.copyOf(running.keySet())) {
            try (InstanceLocks.Held _ = locks.hold(key, "restore devices")) {
                Optional<InstanceRecord> now = table.find(key);
                if (running.containsKey(key) && now.isPresent()) {
                    attached.restore(Sites.of(now.get()), Devices.of(table.expand(now.get())));
                }
            } catch (DomainException e) {
                LOG.log(Level.WARNING, "devices are not restored instance=" + key.name(), e);
            }
        }
    }

    /// The host has other processors now.
    void cpusChanged() {
        balancer.hostChanged();
    }

    /// Something came to the host or went: devices of running instances follow, and programs inside
    /// that listen for such news hear of it.
    ///
    /// @param event as the kernel told it
    void refreshDevices(byte[] event) {
        for (RecordKey key : List.copyOf(running.keySet())) {
            try {
                refreshDevices(key, event);
            } catch (DomainException | ErrnoException e) {
                LOG.log(Level.WARNING, "devices did not follow instance=" + key.name(), e);
            }
        }
    }

    private void refreshDevices(RecordKey key, byte[] event) {
        Optional<InstanceRecord> found = table.find(key);
        if (found.isEmpty() || !AttachedDevices.mayFollow(Devices.of(table.expand(found.get())))) {
            return;
        }
        try (InstanceLocks.Held _ = locks.hold(key, "refresh devices")) {
            Running run = running.get(key);
            Optional<InstanceRecord> now = table.find(key);
            if (run == null || now.isEmpty()) {
                return;
            }
            Container container = run.container();
            boolean followed =
                    attached.refresh(
                            Sites.of(now.get()), container, Devices.of(table.expand(now.get())));
            if (followed && event.length > 0) {
                try (Fd namespace = container.namespaceFd(NamespaceKind.NET)) {
                    UeventSocket.inject(namespace, event);
                }
            }
        }
    }

    private void reboot(RecordKey key) {
        try {
            launch(key, false, STARTABLE);
            tell("instance-restarted", key);
        } catch (DomainException e) {
            LOG.log(
                    Level.ERROR,
                    "start after a reboot from inside failed instance=" + key.name(),
                    e);
            tell("instance-shutdown", key);
        }
    }

    private static InstanceRecord ended(InstanceRecord instance, Running.Ending ending) {
        InstanceRecord clean = withoutTraces(instance);
        if (ending == Running.Ending.HOST_SHUTDOWN) {
            return clean;
        }
        return clean.withConfig(config -> {
            config.put(ConfigKeys.LAST_STATE_POWER.name(), "STOPPED");
            config.remove(ConfigKeys.LAST_STATE_READY.name());
            return config;
        });
    }

    /// Without the keys that hold only while it runs.
    static InstanceRecord withoutTraces(InstanceRecord instance) {
        String suffix = Volatile.hostName("x").substring("volatile.x".length());
        return instance.withConfig(config -> {
            Map<String, String> rest = new TreeMap<>(config);
            rest.keySet()
                    .removeIf(k ->
                            k.startsWith("volatile.")
                                    && (k.endsWith(suffix) || k.contains(".last_state.vf.")));
            return rest;
        });
    }

    /// Ends an instance.
    ///
    /// @param patience how long it may take to shut down by itself; zero ends it by force
    /// @throws InvalidConfigException in LXD's words if it does not run
    /// @throws InternalException in LXD's words if it did not shut down in time; it goes on running
    void stop(RecordKey key, Duration patience) {
        end(key, patience, Running.Ending.STOP);
        tell(patience.isZero() ? "instance-stopped" : "instance-shutdown", key);
    }

    /// Ends an instance by force, to be started again by the caller: an ephemeral one is not
    /// deleted.
    void killForReturn(RecordKey key) {
        end(key, Duration.ZERO, Running.Ending.RESTART);
    }

    /// Ends an instance and starts it again.
    void restart(RecordKey key, Duration patience) {
        end(key, patience, Running.Ending.RESTART);
        try (InstanceLocks.Held _ = locks.holdAlone(key, "restart")) {
            launch(key, false, STARTABLE);
        }
        tell("instance-restarted", key);
    }

    /// Ends an instance because the host goes down; by force when its time is over.
    void stopWithHost(RecordKey key, Duration patience) {
        try {
            end(key, patience, Running.Ending.HOST_SHUTDOWN);
        } catch (DomainException e) {
            LOG.log(
                    Level.WARNING,
                    "instance did not shut down in time, killed instance=" + key.name(),
                    e);
            end(key, Duration.ZERO, Running.Ending.HOST_SHUTDOWN);
        }
    }

    private void end(RecordKey key, Duration patience, Running.Ending ending) {
        end(
                key,
                ending,
                container -> {
                    if (patience.isZero()) {
                        container.kill();
                    } else {
                        shutDown(container, patience);
                    }
                });
    }

    /// Makes the last process of a container end, or throws, and it runs on.
    @FunctionalInterface
    interface Way {
        void end(Container container);
    }

    /// Ends an instance in some way.
    ///
    /// @throws InvalidConfigException in LXD's words if it does not run
    void end(RecordKey key, Running.Ending ending, Way way) {
        Running run = running.get(key);
        if (run == null) {
            throw new InvalidConfigException(InstanceMessages.ALREADY_STOPPED);
        }
        Running.Ending before = run.ending();
        run.ending(ending);
        try (Departures.Hold _ = departures.hold(key, run.container())) {
            try {
                way.end(run.container());
            } catch (RuntimeException e) {
                run.ending(before);
                throw e;
            }
            awaitCleaned(key, run, "stopping");
        }
    }

    private static void shutDown(Container container, Duration patience) {
        if (container.state() == ContainerState.FROZEN) {
            container.thaw();
        }
        if (!container.stop(patience)) {
            throw new InternalException(
                    "Failed shutting down instance, status is \"Running\": shutting down the"
                            + " container failed");
        }
    }

    /// Stops all processes of an instance where they are.
    void freeze(RecordKey key) {
        try (InstanceLocks.Held _ = locks.hold(key, "freeze")) {
            Container container = running(key);
            if (container.state() == ContainerState.FROZEN) {
                throw new InvalidConfigException("The instance is already frozen");
            }
            container.freeze();
        }
        tell("instance-paused", key);
    }

    /// Lets them run on.
    void thaw(RecordKey key) {
        try (InstanceLocks.Held _ = locks.hold(key, "unfreeze")) {
            Container container = running(key);
            if (container.state() != ContainerState.FROZEN) {
                throw new InvalidConfigException(InstanceMessages.ALREADY_RUNNING);
            }
            container.thaw();
        }
        tell("instance-resumed", key);
    }

    private Container running(RecordKey key) {
        return find(key)
                .map(Running::container)
                .orElseThrow(() -> new InvalidConfigException("The container isn't running"));
    }

    private void tell(String action, RecordKey key) {
        ProjectName project = new ProjectName(key.project());
        events.publishLifecycle(
                Lifecycle.of(action, InstanceView.url(project, key.name()), project));
    }
}
