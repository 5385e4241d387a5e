package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.LazyLogger;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.GracePeriods;
import io.atoll.linux.KernelRandom;
import io.atoll.linux.Opens;
import io.atoll.linux.PidFd;
import io.atoll.linux.Processes;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.plan.Blob;
import io.atoll.plan.Place;
import io.atoll.plan.ShimMessage;
import io.atoll.plan.Slot;
import io.atoll.plan.StartPlan;
import io.atoll.plan.Step;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.HostProbe;
import io.atoll.runtime.compiler.LinkNames;
import io.atoll.runtime.compiler.MonitorFiles;
import io.atoll.runtime.compiler.PlanCompiler;
import io.atoll.runtime.spec.ContainerSpec;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Containers by way of `atoll-shim`.
final class ShimContainers implements Containers {
    private static final Logger LOG = LazyLogger.of(ShimContainers.class);

    private static final Duration START_TIMEOUT = Duration.ofMinutes(65);
    private static final Duration SETTLE = Duration.ofSeconds(5);

    private final RuntimePaths paths;

    /// The directory is somebody else's, who may be hostile: nothing that is found there may make
    /// us change anything.
    private final boolean isObserver;

    private final Function<CgroupLayout, HostFacts> probe;
    private final Supplier<CgroupLayout> cgroups;
    private final ForkServer server;
    private final GracePeriods gracePeriods;
    private final ExecutorService events = Executors.newVirtualThreadPerTaskExecutor();
    private final ExitWatcher watcher = new ExitWatcher(events);
    private final Map<String, ShimContainer> running = new ConcurrentHashMap<>();

    private final UserNamespaceCache userNamespaces = new UserNamespaceCache();

    /// Guarded by `this`.
    private @Nullable HostFacts facts;

    /// Guarded by `this`.
    private @Nullable CgroupLayout layout;

    /// Ids whose start is under way here, so that a second one is refused at once.
    private final Set<String> starting = ConcurrentHashMap.newKeySet();

    ShimContainers(RuntimePaths paths) {
        this(paths, HostProbe.probe());
    }

    static ShimContainers lazy(RuntimePaths paths) {
        return new ShimContainers(paths, HostProbe::probe, HostProbe::cgroups, false);
    }

    static ShimContainers observing(RuntimePaths paths) {
        return new ShimContainers(paths, HostProbe::probe, HostProbe::cgroups, true);
    }

    /// With facts that may leave out a part of what the host has.
    ShimContainers(RuntimePaths paths, HostFacts facts) {
        this(paths, _ -> facts, facts::cgroups, false);
        makeDirectories();
        gracePeriods.recover();
        ids();
    }

    private ShimContainers(
            RuntimePaths paths,
            Function<CgroupLayout, HostFacts> probe,
            Supplier<CgroupLayout> cgroups,
            boolean isObserver) {
        this.paths = paths;
        this.isObserver = isObserver;
        this.probe = probe;
        this.cgroups = cgroups;
        server = new ForkServer(paths);
        gracePeriods = new GracePeriods(paths.hurryMark());
    }

    private synchronized HostFacts facts() {
        if (facts == null) {
            facts = probe.apply(layout());
        }
        return facts;
    }

    private PlanCompiler compiler(ContainerSpec spec) {
        return new PlanCompiler(
                spec.cgroup().trees().map(facts()::withCgroups).orElseGet(this::facts),
                SeccompFilters::compile,
                LinkNames.random(new KernelRandom()));
    }

    private void makeDirectories() {
        if (Files.isDirectory(paths.monitors())) {
            return;
        }
        try {
            Files.createDirectories(paths.runDir(), permissions("rwx--x--x"));
            Files.createDirectories(paths.monitors(), permissions("rwx------"));
        } catch (IOException e) {
            throw new InternalException("make " + paths.monitors() + ": " + e.getMessage(), e);
        }
    }

    private static java.nio.file.attribute.FileAttribute<?> permissions(String text) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
    }

    @Override
    public CgroupLayout cgroups() {
        return layout();
    }

    /// Without the other facts, which cost more and which a mere look at a container does not need.
    synchronized CgroupLayout layout() {
        if (layout == null) {
            layout = cgroups.get();
        }
        return layout;
    }

    ExitWatcher watcher() {
        return watcher;
    }

    ForkServer server() {
        return server;
    }

    GracePeriods gracePeriods() {
        return gracePeriods;
    }

    private MonitorFiles files(String id) {
        return new MonitorFiles(paths.monitors().resolve(id));
    }

    @Override
    public StartPlan explain(ContainerSpec spec) {
        return explain(spec, StartOptions.DEFAULT);
    }

    @Override
    public StartPlan explain(ContainerSpec spec, StartOptions options) {
        return compiler(spec)
                .compile(
                        spec,
                        files(spec.id()),
                        false,
                        PlanCompiler.Given.NOTHING,
                        options.restore());
    }

    // ---- start

    @Override
    public Container start(ContainerSpec spec, StartOptions options) {
        makeDirectories();
        if (!facts().isHostRoot() && facts().isPureV2()) {
            layout().unified().ifPresent(DelegatedTree::passOn);
        }
        boolean waits = options.beforeInit().isPresent();
        spec.security().profile().ifPresent(AppArmor::write);
        Optional<Fd> namespace = userNamespaces.find(spec.idmap());
        // The server makes a process for us while we make the plan.
        ShimConnection connection = server.connect();
        try {
            PlanCompiler.Given given =
                    new PlanCompiler.Given(namespace.isPresent(), options.stdio().isPresent());
            Map<Slot, Fd> fds = new LinkedHashMap<>();
            namespace.ifPresent(fd -> fds.put(given.userNamespace(), fd));
            options.stdio()
                    .ifPresent(stdio -> {
                        fds.put(given.stdio(0), stdio.in());
                        fds.put(given.stdio(1), stdio.out());
                        fds.put(given.stdio(2), stdio.err());
                    });
            StartPlan plan =
                    compiler(spec).compile(spec, files(spec.id()), waits, given, options.restore());
            return start(spec, options, plan, fds, namespace.isPresent(), connection);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        } finally {
            namespace.ifPresent(Fd::close);
        }
    }

    /// Starts by a plan that is already made, so that tests can break it.
    Container start(ContainerSpec spec, StartOptions options, StartPlan plan) {
        return start(spec, options, plan, Map.of(), false, server.connect());
    }

    private Container start(
            ContainerSpec spec,
            StartOptions options,
            StartPlan plan,
            Map<Slot, Fd> given,
            boolean borrowsNamespace,
            ShimConnection connection) {
        String id = spec.id();
        if (!starting.add(id)) {
            throw new BusyException("container " + id + " is being started already");
        }
        try (ContainerLock _ =
                ContainerLock.tryLock(paths.locks(), id)
                        .orElseThrow(() ->
                                new BusyException(
                                        "container " + id + " is being started already"))) {
            if (find(id).isPresent()) {
                throw new BusyException("container " + id + " is already running");
            }
            MonitorRecord record =
                    MonitorRecord.of(
                            spec, plan, spec.cgroup().trees().or(this::ownTrees), borrowsNamespace);
            Blob encoded = Blob.of(plan);
            ShimContainer container = new Start(record, encoded, options, connection).run(given);
            userNamespaces.keep(spec.idmap(), container);
            return container;
        } finally {
            starting.remove(id);
        }
    }

    private Optional<CgroupLayout> ownTrees() {
        return facts().isHostRoot() ? Optional.empty() : Optional.of(layout());
    }

    /// One start, from the request to the running program.
    private final class Start {
        private final MonitorRecord record;
        private final Blob encoded;
        private final StartOptions options;
        private final MonitorFiles files;
        private ShimConnection connection;

        Start(MonitorRecord record, Blob encoded, StartOptions options, ShimConnection connection) {
            this.record = record;
            this.encoded = encoded;
            this.options = options;
            this.files = files(record.plan().name());
            this.connection = connection;
        }

        /// Whoever is killed in the middle leaves a container that is on record, or one that waits
        /// at its gate: its monitor ends it then.
        ShimContainer run(Map<Slot, Fd> given) {
            try {
                record.makeDirectory(files);
                if (options.beforeInit().isEmpty()) {
                    record.write(files, encoded);
                }
                send(given);
                Optional<RuntimeException> trouble = options.beforeInit().flatMap(this::prepare);
                return await(trouble);
            } catch (RuntimeException e) {
                connection.close();
                MonitorRecord.delete(files);
                throw e;
            }
        }

        /// The server gives up whoever says nothing for some seconds, which on a host under load
        /// may be as long as a plan takes; it has done nothing for him then.
        private void send(Map<Slot, Fd> given) {
            var request = new ShimMessage.Start(List.copyOf(given.keySet()), encoded);
            try {
                connection.send(request, List.copyOf(given.values()));
            } catch (ErrnoException e) {
                if (!e.is(Errno.EPIPE, Errno.ECONNRESET)) {
                    throw e;
                }
                connection.close();
                connection = server.connect();
                connection.send(request, List.copyOf(given.values()));
            }
        }

        /// What is done while the monitor works. What goes wrong is told at the gate, where the
        /// container can still be taken back.
        private Optional<RuntimeException> prepare(BeforeInit work) {
            try {
                record.write(files, encoded);
                work.prepare();
                return Optional.empty();
            } catch (RuntimeException e) {
                return Optional.of(e);
            }
        }

        /// @param trouble why the gate must not be opened
        private ShimContainer await(Optional<RuntimeException> trouble) {
            while (true) {
                ShimConnection.Received received = next();
                switch (received.message()) {
                    case ShimMessage.Gate(int pid) ->
                            atGate(pid, received.fds().getFirst(), trouble);
                    case ShimMessage.Started(int pid, _, _) -> {
                        ShimContainer container =
                                new ShimContainer(
                                        ShimContainers.this,
                                        record,
                                        files,
                                        connection,
                                        pid,
                                        received.fds().getFirst());
                        running.put(container.id(), container);
                        container.listen();
                        return container;
                    }
                    case ShimMessage.Failed failed -> {
                        awaitCleanup();
                        throw Failures.of("start " + record.plan().name(), failed);
                    }
                    case ShimMessage.Gone _ ->
                            throw new InternalException(
                                    "container "
                                            + record.plan().name()
                                            + " ended while it started");
                    default -> received.close();
                }
            }
        }

        private ShimConnection.Received next() {
            return connection
                    .receive(START_TIMEOUT, watcher)
                    .orElseThrow(() ->
                            new UnavailableException(
                                    "start " + record.plan().name() + ": the monitor was killed"));
        }

        /// Everything that the start made is gone when the monitor says so.
        private void awaitCleanup() {
            for (Optional<ShimConnection.Received> received =
                            connection.receive(START_TIMEOUT, watcher);
                    received.isPresent();
                    received = connection.receive(START_TIMEOUT, watcher)) {
                received.get().close();
                if (received.get().message() instanceof ShimMessage.Gone) {
                    return;
                }
            }
        }

        private void atGate(int pid, Fd pidFd, Optional<RuntimeException> trouble) {
            ShimContainer waiting =
                    new ShimContainer(ShimContainers.this, record, files, connection, pid, pidFd);
            try {
                if (trouble.isPresent()) {
                    throw trouble.get();
                }
                options.beforeInit().ifPresent(work -> work.complete(waiting));
            } catch (RuntimeException e) {
                connection.send(new ShimMessage.Kill());
                awaitCleanup();
                throw e;
            } finally {
                pidFd.close();
            }
            connection.send(new ShimMessage.OpenGate());
        }
    }

    // ---- finding

    @Override
    public Optional<Container> find(String id) {
        ShimContainer known = running.get(id);
        if (known != null) {
            return Optional.of(known);
        }
        // An id that is no file name is nobody's.
        if (id.isEmpty() || id.indexOf('/') >= 0 || id.startsWith(".")) {
            return Optional.empty();
        }
        return adopt(id).map(Container.class::cast);
    }

    @Override
    public List<String> ids() {
        if (!Files.isDirectory(paths.monitors())) {
            return List.of();
        }
        try (Stream<Path> directories = Files.list(paths.monitors())) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(id ->
                            running.containsKey(id)
                                    || !starting.contains(id) && adopt(id).isPresent())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InternalException("list " + paths.monitors() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Optional<ExitReason> lastExit(String id) {
        return MonitorRecord.exit(files(id));
    }

    /// A container that somebody else started, or we in an earlier life.
    private Optional<ShimContainer> adopt(String id) {
        MonitorFiles files = files(id);
        Optional<MonitorRecord> record = MonitorRecord.read(files);
        if (record.isEmpty()) {
            return Optional.empty();
        }
        if (isObserver) {
            return adoptMonitor(record.get(), files);
        }
        Optional<ShimContainer> found =
                adoptMonitor(record.get(), files).or(() -> adoptInit(record.get(), files));
        if (found.isEmpty()) {
            clearLeftovers(record.get(), files);
        }
        return found;
    }

    private Optional<ShimContainer> adoptMonitor(MonitorRecord record, MonitorFiles files) {
        ShimConnection connection;
        try {
            connection = ShimConnection.open(files.socket());
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e)) {
                return Optional.empty();
            }
            throw e;
        }
        // Watching begins before the state is asked for, so that no event falls in between.
        connection.send(new ShimMessage.Watch());
        connection.send(new ShimMessage.GetState());
        while (true) {
            Optional<ShimConnection.Received> received = connection.receive(SETTLE);
            if (received.isEmpty() || received.get().message() instanceof ShimMessage.Gone) {
                connection.close();
                return Optional.empty();
            }
            List<Fd> fds = received.get().fds();
            switch (received.get().message()) {
                case ShimMessage.State(ShimMessage.Phase phase, int pid, _, _, _)
                        when phase == ShimMessage.Phase.RUNNING && !fds.isEmpty() -> {
                    return Optional.of(register(record, files, connection, pid, fds.getFirst()));
                }
                case ShimMessage.Started(int pid, _, _) when !fds.isEmpty() -> {
                    return Optional.of(register(record, files, connection, pid, fds.getFirst()));
                }
                default -> received.get().close();
            }
        }
    }

    private ShimContainer register(
            MonitorRecord record,
            MonitorFiles files,
            ShimConnection connection,
            int pid,
            Fd pidFd) {
        // An observed monitor's pids are those of another namespace.
        int known = isObserver ? PidFd.pid(pidFd).orElse(0) : pid;
        ShimContainer mine = new ShimContainer(this, record, files, connection, known, pidFd);
        ShimContainer other = running.putIfAbsent(mine.id(), mine);
        if (other != null) {
            mine.release();
            return other;
        }
        mine.listen();
        return mine;
    }

    /// The monitor was killed, but the init that it wrote down lives: a new monitor goes on with
    /// it. Where that cannot be made either, it is watched by its pidfd alone.
    private Optional<ShimContainer> adoptInit(MonitorRecord record, MonitorFiles files) {
        Optional<Adoption> adoption = takeOver(record, files);
        if (adoption.isPresent()) {
            Adoption it = adoption.get();
            return Optional.of(register(record, files, it.connection(), it.pid(), it.pidFd()));
        }
        Optional<ShimContainer> other = adoptMonitor(record, files);
        return other.isPresent() ? other : adoptOrphan(record, files);
    }

    private Optional<ShimContainer> adoptOrphan(MonitorRecord record, MonitorFiles files) {
        Optional<MonitorRecord.Life> life = MonitorRecord.living(files);
        Optional<Fd> pidFd = life.flatMap(ShimContainers::open);
        if (pidFd.isEmpty()) {
            return Optional.empty();
        }
        ShimContainer mine =
                new ShimContainer(
                        this,
                        record,
                        files,
                        ShimConnection.none(),
                        life.get().init().pid(),
                        pidFd.get());
        ShimContainer other = running.putIfAbsent(mine.id(), mine);
        if (other != null) {
            mine.release();
            return Optional.of(other);
        }
        mine.adoptOrphan();
        return Optional.of(mine);
    }

    /// A pidfd of just this process.
    private static Optional<Fd> open(MonitorRecord.Life life) {
        Optional<Fd> pidFd = PidFd.open(life.init().pid());
        if (pidFd.isPresent() && !Processes.isAlive(life.init())) {
            pidFd.get().close();
            return Optional.empty();
        }
        return pidFd;
    }

    /// A new monitor, which tells what happens on this connection.
    record Adoption(ShimConnection connection, int pid, Fd pidFd) {}

    /// Makes a new monitor for a container whose own was killed. Empty if init is gone, or the new
    /// one could not be made, as when somebody else was faster.
    Optional<Adoption> takeOver(MonitorRecord record, MonitorFiles files) {
        if (isObserver) {
            return Optional.empty();
        }
        Optional<MonitorRecord.Life> life = MonitorRecord.living(files);
        Optional<Fd> pidFd = life.flatMap(ShimContainers::open);
        if (pidFd.isEmpty()) {
            return Optional.empty();
        }
        try (Fd init = pidFd.get()) {
            return takeOver(record, life.get(), init);
        } catch (ErrnoException | DomainException e) {
            LOG.log(
                    Level.WARNING,
                    "container gets no new monitor container=" + record.plan().name(),
                    e);
            return Optional.empty();
        }
    }

    private Optional<Adoption> takeOver(MonitorRecord record, MonitorRecord.Life life, Fd init) {
        List<Slot> slots = new ArrayList<>();
        List<Fd> fds = new ArrayList<>();
        ShimConnection connection = server.connect();
        try {
            if (record.borrowsNamespace()) {
                // Any user namespace of the same map serves, so the container's own.
                String own = "/proc/" + life.init().pid() + "/ns/user";
                slots.add(new PlanCompiler.Given(true, false).userNamespace());
                fds.add(Opens.open(own, Fcntl.O_RDONLY, 0));
            }
            reopenKept(record.plan(), life.init().pid(), slots, fds);
            fds.add(init);
            Blob plan = Blob.of(record.plan());
            connection.send(
                    new ShimMessage.Adopt(slots, plan, life.init().pid(), life.boots()), fds);
            return awaitTakeOver(record, connection);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        } finally {
            fds.stream().filter(fd -> !fd.equals(init)).forEach(Fd::close);
        }
    }

    /// What the monitor kept open for the end went with it. The namespaces among that are opened
    /// again while they are there: without them an interface of the host's would not come back.
    private static void reopenKept(StartPlan plan, int init, List<Slot> slots, List<Fd> fds) {
        Map<Slot, Place> opened = new HashMap<>();
        for (Step step : plan.gate()) {
            switch (step) {
                case Step.Open(Slot slot, Place at, _) -> opened.put(slot, at);
                case Step.Keep(Slot slot) when opened.containsKey(slot) -> {
                    Optional<String> path =
                            switch (opened.get(slot)) {
                                case Place.ChildProc(String name) ->
                                        Optional.of("/proc/" + init + "/" + name);
                                case Place.HostPath(String name) -> Optional.of(name);
                                default -> Optional.empty();
                            };
                    path.ifPresent(name -> {
                        fds.add(Opens.open(name, Fcntl.O_RDONLY, 0));
                        slots.add(slot);
                    });
                }
                default -> {
                    // Nothing is open after it.
                }
            }
        }
    }

    private Optional<Adoption> awaitTakeOver(MonitorRecord record, ShimConnection connection) {
        while (true) {
            Optional<ShimConnection.Received> received = connection.receive(SETTLE, watcher);
            if (received.isEmpty() || received.get().message() instanceof ShimMessage.Gone) {
                connection.close();
                return Optional.empty();
            }
            switch (received.get().message()) {
                case ShimMessage.Started(int pid, _, _) -> {
                    LOG.log(
                            Level.WARNING,
                            "container got a new monitor container=" + record.plan().name());
                    return Optional.of(
                            new Adoption(connection, pid, received.get().fds().getFirst()));
                }
                case ShimMessage.Failed failed ->
                        LOG.log(
                                Level.WARNING,
                                "terminals are not taken over container=" + record.plan().name(),
                                new StepFailed(failed));
                default -> received.get().close();
            }
        }
    }

    /// Neither monitor nor init: what is left of it, but for the word of how it ended. Unless
    /// somebody starts it at this moment: then it only looks so.
    private void clearLeftovers(MonitorRecord record, MonitorFiles files) {
        Optional<ContainerLock> lock = ContainerLock.tryLock(paths.locks(), record.plan().name());
        if (lock.isPresent()) {
            try (ContainerLock _ = lock.get()) {
                if (!answers(files)) {
                    new ContainerCgroups(record.trees().orElseGet(this::layout), record.cgroup())
                            .delete();
                    MonitorRecord.deleteAllButExit(files);
                }
            }
        }
    }

    void forget(ShimContainer container) {
        running.remove(container.id(), container);
        if (isObserver) {
            return;
        }
        Optional<ContainerLock> lock = ContainerLock.tryLock(paths.locks(), container.id());
        if (lock.isPresent()) {
            try (ContainerLock _ = lock.get()) {
                if (!answers(container.files())) {
                    MonitorRecord.delete(container.files());
                }
            }
        }
    }

    /// True if a monitor is there, of a later start perhaps.
    private static boolean answers(MonitorFiles files) {
        try (ShimConnection _ = ShimConnection.open(files.socket())) {
            return true;
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e)) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void removeCgroup(String path) {
        for (CgroupHierarchy hierarchy : layout().hierarchies()) {
            new CgroupFiles(HostFacts.directory(hierarchy, path)).deleteIfEmpty();
        }
    }

    @Override
    public void retire() {
        server.retire();
    }

    @Override
    public void close() {
        watcher.close();
        // Who still reads an event has its socket until then: the number of one that is closed may
        // be somebody else's a moment later, who loses a message to him.
        events.close();
        running.values().forEach(ShimContainer::release);
        running.clear();
        userNamespaces.close();
    }
}
