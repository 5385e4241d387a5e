package io.atoll.runtime;

import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.LazyLogger;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.GracePeriods;
import io.atoll.linux.Opens;
import io.atoll.linux.PidFd;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Signals;
import io.atoll.plan.Blob;
import io.atoll.plan.ExecPlan;
import io.atoll.plan.PlanLimits;
import io.atoll.plan.ShimMessage;
import io.atoll.plan.Slot;
import io.atoll.runtime.compiler.MonitorFiles;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.NamespaceKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;

/// A container behind its monitor's socket, or behind its init's pidfd alone when the monitor was
/// killed.
///
/// States and who moves between them: *watched* (constructor; a connection to the monitor tells
/// what happens) → *watched* by way of a new monitor, or *orphaned* if none can be made
/// ([#monitorGone]) → *gone* ([#finish], once). `finish` may also follow *watched* directly.
final class ShimContainer implements Container {
    private static final System.Logger LOG = LazyLogger.of(ShimContainer.class);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration EXEC_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration HURRY = Duration.ofSeconds(1);
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration STOP_SIGNAL_PATIENCE = Duration.ofSeconds(10);
    private static final Duration MONITOR_PAUSE = Duration.ofMillis(20);
    private static final Duration SIGNAL_AGAIN = Duration.ofMillis(50);
    private static final Duration SIGNAL_SETTLE = Duration.ofSeconds(2);
    private static final int O_PATH_DIRECTORY = Fcntl.O_PATH | Fcntl.O_DIRECTORY;

    private final ShimContainers owner;
    private final MonitorRecord record;
    private final MonitorFiles files;
    private final ContainerCgroups cgroups;
    private final ExecCompiler commands;
    private volatile Consumer<Fd> systemCallsOfCommand = Fd::close;
    private final CountDownLatch gone = new CountDownLatch(1);

    /// Guards all fields below. Nothing that blocks and no listener runs while it is held.
    private final ReentrantLock lock = new ReentrantLock();

    private ShimConnection events;
    private int pid;
    private Fd pidFd;
    private ContainerState phase = ContainerState.RUNNING;
    private boolean isOrphaned;
    private ExitReason reason = ExitReason.UNKNOWN;
    private final List<Consumer<ExitReason>> listeners = new ArrayList<>();
    private final List<Consumer<ContainerEvent>> watchers = new ArrayList<>();

    ShimContainer(
            ShimContainers owner,
            MonitorRecord record,
            MonitorFiles files,
            ShimConnection events,
            int pid,
            Fd pidFd) {
        this.owner = owner;
        this.record = record;
        this.files = files;
        this.events = events;
        this.pid = pid;
        this.pidFd = pidFd;
        cgroups = new ContainerCgroups(record.trees().orElseGet(owner::layout), record.cgroup());
        commands = new ExecCompiler(record.plan());
    }

    // ---- life

    /// Begins to listen to the monitor; when it is gone already, to init.
    void listen() {
        try {
            owner.watcher().watch(events.socket(), this::readEvent);
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.WARNING, "monitor is not watched container=" + id(), e);
        } catch (IllegalStateException e) {
            // The runtime directory was closed while the last event was on its way.
            LOG.log(System.Logger.Level.DEBUG, "no longer watched container=" + id(), e);
        }
    }

    /// Has no monitor from the beginning.
    void adoptOrphan() {
        lock.lock();
        try {
            isOrphaned = true;
        } finally {
            lock.unlock();
        }
        owner.watcher().watch(pidFd, this::orphanGone);
    }

    private void readEvent() {
        Optional<ShimConnection.Received> received;
        try {
            received = events.receiveNow();
        } catch (ErrnoException | IllegalStateException _) {
            received = Optional.empty();
        }
        if (received.isEmpty()) {
            monitorGone();
        } else if (take(received.get())) {
            listen();
        }
    }

    /// @return false if it was the last event
    boolean take(ShimConnection.Received received) {
        switch (received.message()) {
            case ShimMessage.Gone end -> {
                received.close();
                finish(ExitReason.of(end));
                return false;
            }
            case ShimMessage.Started(int newPid, _, _) -> {
                restarted(newPid, received.fds());
                publish(ContainerEvent.STARTED);
            }
            case ShimMessage.Rebooting _ -> {
                setPhase(ContainerState.STARTING);
                publish(ContainerEvent.REBOOTING);
            }
            case ShimMessage.Announced(ShimMessage.Pace pace) -> publish(event(pace));
            case ShimMessage.Failed failed ->
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "step failed container=" + id() + " section=" + failed.section(),
                            new StepFailed(failed));
            default -> received.close();
        }
        return true;
    }

    private static ContainerEvent event(ShimMessage.Pace pace) {
        return switch (pace) {
            case FREEZING -> ContainerEvent.FREEZING;
            case FROZEN -> ContainerEvent.FROZEN;
            case THAWED -> ContainerEvent.THAWED;
        };
    }

    private void publish(ContainerEvent event) {
        List<Consumer<ContainerEvent>> told;
        lock.lock();
        try {
            told = List.copyOf(watchers);
        } finally {
            lock.unlock();
        }
        told.forEach(watcher -> tell(watcher, event));
    }

    private void restarted(int newPid, List<Fd> fds) {
        lock.lock();
        try {
            if (!fds.isEmpty()) {
                pidFd.close();
                pidFd = fds.getFirst();
                pid = newPid;
            }
            phase = ContainerState.RUNNING;
        } finally {
            lock.unlock();
        }
    }

    private void setPhase(ContainerState next) {
        lock.lock();
        try {
            phase = next;
        } finally {
            lock.unlock();
        }
    }

    /// The connection ended without a last word: the monitor dropped us, or it was killed.
    private void monitorGone() {
        if (reconnect()) {
            return;
        }
        Optional<ShimContainers.Adoption> adoption = owner.takeOver(record, files);
        if (adoption.isPresent()) {
            listenTo(adoption.get().connection(), Optional.of(adoption.get().pidFd()));
        } else if (!reconnect()) {
            LOG.log(System.Logger.Level.WARNING, "monitor is gone container=" + id());
            adoptOrphan();
        }
    }

    private boolean reconnect() {
        try {
            ShimConnection again = ShimConnection.open(files.socket());
            again.send(new ShimMessage.Watch());
            listenTo(again, Optional.empty());
            return true;
        } catch (ErrnoException _) {
            return false;
        }
    }

    private void listenTo(ShimConnection connection, Optional<Fd> newPidFd) {
        lock.lock();
        try {
            events.close();
            events = connection;
            newPidFd.ifPresent(fd -> {
                pidFd.close();
                pidFd = fd;
            });
        } finally {
            lock.unlock();
        }
        listen();
    }

    /// What the monitor would have done.
    private void orphanGone() {
        try {
            cgroups.delete();
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.WARNING, "cgroups are left container=" + id(), e);
        }
        finish(MonitorRecord.exit(files).orElse(ExitReason.UNKNOWN));
    }

    private void finish(ExitReason why) {
        List<Consumer<ExitReason>> told;
        lock.lock();
        try {
            if (phase == ContainerState.STOPPED) {
                return;
            }
            phase = ContainerState.STOPPED;
            reason = why;
            events.close();
            pidFd.close();
            told = List.copyOf(listeners);
            listeners.clear();
            watchers.clear();
        } finally {
            lock.unlock();
        }
        owner.forget(this);
        gone.countDown();
        told.forEach(listener -> tell(listener, why));
    }

    private <T> void tell(Consumer<T> listener, T news) {
        try {
            listener.accept(news);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "listener failed container=" + id(), e);
        }
    }

    @Override
    public void onSystemCalls(Consumer<SystemCalls> own, Consumer<Fd> ofCommands) {
        systemCallsOfCommand = ofCommands;
        commands.listener().ifPresent(slot -> own.accept(systemCalls(slot)));
    }

    /// The connection stays open: to the monitor its end is ours.
    private SystemCalls systemCalls(Slot slot) {
        ShimConnection line = connect();
        try {
            ShimConnection.Received kept = ask(line, new ShimMessage.GetKept(slot));
            return new SystemCalls(kept.fds().getFirst(), files.calls(), line);
        } catch (RuntimeException e) {
            line.close();
            throw e;
        }
    }

    @Override
    public void onGone(Consumer<ExitReason> listener) {
        lock.lock();
        try {
            if (phase != ContainerState.STOPPED) {
                listeners.add(listener);
                return;
            }
        } finally {
            lock.unlock();
        }
        tell(listener, reason);
    }

    @Override
    public void onEvent(Consumer<ContainerEvent> watcher) {
        lock.lock();
        try {
            watchers.add(watcher);
        } finally {
            lock.unlock();
        }
    }

    /// Lets go of the descriptors; the container lives on.
    void release() {
        lock.lock();
        try {
            events.close();
            pidFd.close();
        } finally {
            lock.unlock();
        }
    }

    // ---- what it is

    @Override
    public String id() {
        return record.plan().name();
    }

    MonitorFiles files() {
        return files;
    }

    @Override
    public int initPid() {
        lock.lock();
        try {
            return pid;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Fd initPidFd() {
        return whileAlive(Fd::duplicate);
    }

    @Override
    public int monitorPid() {
        if (isOrphaned()) {
            return 0;
        }
        try (ShimConnection connection = ShimConnection.open(files.socket())) {
            return io.atoll.linux.UnixSockets.peerCredentials(connection.socket()).pid();
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e)) {
                return 0;
            }
            throw e;
        }
    }

    @Override
    public Optional<io.atoll.linux.cgroup.CgroupFiles> cgroup(String controller) {
        return cgroups.controller(controller);
    }

    @Override
    public Optional<io.atoll.linux.cgroup.CgroupFiles> unifiedCgroup() {
        return cgroups.unified();
    }

    /// A short call with the pidfd, which cannot be closed meanwhile.
    private <T> T whileAlive(Function<Fd, T> work) {
        lock.lock();
        try {
            if (phase == ContainerState.STOPPED || !pidFd.isOpen()) {
                throw notRunning();
            }
            return work.apply(pidFd);
        } finally {
            lock.unlock();
        }
    }

    private PreconditionFailedException notRunning() {
        return new PreconditionFailedException("container " + id() + " is not running");
    }

    @Override
    public ContainerState state() {
        ContainerState now;
        lock.lock();
        try {
            now = phase;
            if (now == ContainerState.RUNNING && PidFd.isGone(pidFd)) {
                now = ContainerState.STOPPING;
            }
        } finally {
            lock.unlock();
        }
        return now == ContainerState.RUNNING && cgroups.isFrozen() ? ContainerState.FROZEN : now;
    }

    @Override
    public boolean isOrphaned() {
        lock.lock();
        try {
            return isOrphaned;
        } finally {
            lock.unlock();
        }
    }

    // ---- what is done to it

    @Override
    public void signal(int number) {
        if (!whileAlive(fd -> PidFd.sendSignal(fd, number))) {
            throw notRunning();
        }
    }

    @Override
    public boolean stop(Duration timeout) {
        Instant deadline = Instant.now().plus(timeout);
        while (gone.getCount() > 0) {
            Duration left = Duration.between(Instant.now(), deadline);
            String status = initStatus();
            int signal =
                    record.signals()
                            .halt()
                            .orElseGet(() -> InitSignals.halt(status, initProgram()));
            Duration pause = InitSignals.isExpected(status, signal) ? left : SIGNAL_AGAIN;
            sendIfAlive(signal);
            if (left.compareTo(pause) <= 0) {
                return awaitGone(left);
            }
            awaitGone(pause);
        }
        return true;
    }

    /// It may end by itself meanwhile; what is left then is to wait until all is gone.
    private void sendIfAlive(int signal) {
        try {
            signal(signal);
        } catch (PreconditionFailedException _) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "init ended before it was asked to container=" + id());
        }
    }

    @Override
    public void reboot() {
        Instant deadline = Instant.now().plus(SIGNAL_SETTLE);
        int signal = record.signals().reboot().orElseGet(() -> InitSignals.reboot(initProgram()));
        while (!InitSignals.isExpected(initStatus(), signal) && Instant.now().isBefore(deadline)) {
            awaitGone(SIGNAL_AGAIN);
        }
        signal(signal);
    }

    private String initStatus() {
        return ProcFiles.readIfPresent("/proc/" + initPid() + "/status").orElse("");
    }

    private String initProgram() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + initPid() + "/exe")).toString();
        } catch (java.io.IOException _) {
            return "";
        }
    }

    private boolean awaitGone(Duration timeout) {
        try {
            return gone.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException(
                    "interrupted while waiting for the end of container " + id(), e);
        }
    }

    @Override
    public void kill() {
        if (gone.getCount() == 0) {
            return;
        }
        if (endsByItsOwnSignal()) {
            return;
        }
        // What takes longer than this is not the kernel's grace periods.
        try (GracePeriods.Hurry _ = owner.gracePeriods().hurry()) {
            killAll();
            if (awaitGone(HURRY)) {
                return;
            }
        }
        if (!awaitGone(KILL_TIMEOUT)) {
            throw new InternalException(
                    "container "
                            + id()
                            + " does not end "
                            + KILL_TIMEOUT.plus(HURRY).toSeconds()
                            + " s after it was killed");
        }
    }

    /// Who gave a signal for this wants init to have a last word; not one that lasts for ever.
    private boolean endsByItsOwnSignal() {
        int signal = record.signals().stop().orElse(Signals.SIGKILL);
        if (signal == Signals.SIGKILL) {
            return false;
        }
        sendIfAlive(signal);
        thawQuietly();
        return awaitGone(STOP_SIGNAL_PATIENCE);
    }

    private void killAll() {
        try {
            if (isOrphaned()) {
                signal(Signals.SIGKILL);
            } else {
                request(new ShimMessage.Kill()).close();
            }
        } catch (PreconditionFailedException _) {
            // It is ending already; a frozen one still needs the thaw below.
            LOG.log(System.Logger.Level.DEBUG, "init ended before it was killed container=" + id());
        }
        // Not only init, whose end would be that of the others too: closing an inotify descriptor
        // waits for a grace period of the kernel, and so they wait side by side.
        cgroups.killAll();
        thawQuietly();
    }

    /// On version 1 a frozen process does not die before it is thawed.
    private void thawQuietly() {
        try {
            if (cgroups.isFrozen()) {
                cgroups.thaw();
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.ENODEV)) {
                throw e;
            }
        }
    }

    @Override
    public void freeze() {
        whileAlive(Fd::isOpen);
        try (ShimConnection monitor = connectToAnnounce()) {
            announce(monitor, ShimMessage.Pace.FREEZING);
            try {
                cgroups.freeze();
            } catch (RuntimeException e) {
                announce(monitor, ShimMessage.Pace.THAWED);
                throw e;
            }
            announce(monitor, ShimMessage.Pace.FROZEN);
        }
    }

    /// Who watches hears of it by the monitor. Without one, or with one of an older build, nobody
    /// does.
    private ShimConnection connectToAnnounce() {
        try {
            return isOrphaned() ? ShimConnection.none() : ShimConnection.open(files.socket());
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "nobody to announce to container=" + id(), e);
            return ShimConnection.none();
        }
    }

    private static void announce(ShimConnection monitor, ShimMessage.Pace pace) {
        if (!monitor.socket().isOpen()) {
            return;
        }
        try {
            monitor.send(new ShimMessage.Announce(pace));
            // An answer that nobody has read when the connection closes takes the next request
            // along.
            monitor.receive(ANSWER).ifPresent(ShimConnection.Received::close);
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "not announced pace=" + pace, e);
        }
    }

    @Override
    public void thaw() {
        whileAlive(Fd::isOpen);
        cgroups.thaw();
        try (ShimConnection monitor = connectToAnnounce()) {
            announce(monitor, ShimMessage.Pace.THAWED);
        }
    }

    @Override
    public void updateLimits(LimitsSpec limits) {
        whileAlive(Fd::isOpen);
        cgroups.update(limits);
    }

    @Override
    public String cpus() {
        whileAlive(Fd::isOpen);
        return cgroups.cpus();
    }

    @Override
    public void updateCpus(Optional<String> cpus) {
        whileAlive(Fd::isOpen);
        cgroups.updateCpus(cpus);
    }

    @Override
    public void updateDevices(List<DeviceRule> before, List<DeviceRule> after) {
        whileAlive(Fd::isOpen);
        cgroups.updateDevices(before, after);
    }

    @Override
    public void updateThrottles(List<LimitsSpec.Throttle> throttles) {
        whileAlive(Fd::isOpen);
        cgroups.updateThrottles(throttles);
    }

    @Override
    public Path lifeDirectory() {
        return files.directory();
    }

    @Override
    public CgroupUsage usage() {
        whileAlive(Fd::isOpen);
        return cgroups.usage();
    }

    @Override
    public CgroupStats stats() {
        whileAlive(Fd::isOpen);
        return cgroups.stats();
    }

    @Override
    public Execution exec(ExecSpec spec) {
        whileAlive(Fd::isOpen);
        if (cgroups.isFrozen()) {
            throw new PreconditionFailedException("container " + id() + " is frozen");
        }
        List<Slot> slots = new ArrayList<>();
        List<Fd> fds = new ArrayList<>();
        try (Fd target = initPidFd()) {
            Optional<Fd> cgroup =
                    spec.special().isOutsideCgroups() ? Optional.empty() : cgroups.openForCommand();
            try {
                slots.add(ExecCompiler.TARGET);
                fds.add(target);
                cgroup.ifPresent(fd -> {
                    slots.add(ExecCompiler.CGROUP);
                    fds.add(fd);
                });
                if (spec.stdio() instanceof ExecSpec.Stdio.Fds(Fd in, Fd out, Fd err)) {
                    slots.addAll(List.of(ExecCompiler.IN, ExecCompiler.OUT, ExecCompiler.ERR));
                    fds.addAll(List.of(in, out, err));
                }
                if (spec.stdio() instanceof ExecSpec.Stdio.Mixed mixed) {
                    give(ExecCompiler.IN, mixed.in(), slots, fds);
                    give(ExecCompiler.OUT, mixed.out(), slots, fds);
                    give(ExecCompiler.ERR, mixed.err(), slots, fds);
                }
                ExecPlan plan = commands.compile(spec, cgroup.isPresent());
                return run(spec, new ShimMessage.Exec(slots, Blob.of(plan)), fds);
            } finally {
                cgroup.ifPresent(Fd::close);
            }
        }
    }

    private static void give(Slot slot, Optional<Fd> fd, List<Slot> slots, List<Fd> fds) {
        if (fd.isPresent()) {
            slots.add(slot);
            fds.add(fd.get());
        }
    }

    private Execution run(ExecSpec spec, ShimMessage.Exec request, List<Fd> fds) {
        ShimConnection connection = owner.server().connect();
        try {
            connection.send(request, fds);
            ShimConnection.Received received =
                    connection
                            .receive(EXEC_TIMEOUT, owner.watcher())
                            .orElseThrow(() ->
                                    new UnavailableException(
                                            "run "
                                                    + spec.argv().getFirst()
                                                    + ": the shim hung up"));
            return switch (received.message()) {
                case ShimMessage.Started(int commandPid, _, int terminals) -> {
                    received.fds().getFirst().close();
                    if (received.fds().size() > 1 + terminals) {
                        serveCommand(received.fds().getLast());
                    }
                    Optional<Fd> terminal =
                            terminals > 0 ? Optional.of(received.fds().get(1)) : Optional.empty();
                    yield new ShimExecution(commandPid, connection, terminal, owner.watcher());
                }
                case ShimMessage.Failed failed ->
                        throw Failures.of("run " + spec.argv().getFirst() + " in " + id(), failed);
                default ->
                        throw new InternalException(
                                "the shim answered " + received.message() + " to an exec");
            };
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private void serveCommand(Fd listener) {
        if (!commands.forwardsCalls()) {
            systemCallsOfCommand.accept(listener);
            return;
        }
        // Its calls fail with ENOSYS if the monitor does not take it.
        try (listener;
                ShimConnection line = connect()) {
            ask(line, new ShimMessage.ForwardCalls(), List.of(listener)).close();
        } catch (ErrnoException | DomainException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "system calls of a command have no answer container=" + id(),
                    e);
        }
    }

    // ---- console

    /// A moment may pass until a killed monitor is replaced.
    private ShimConnection connect() {
        Instant deadline = Instant.now().plus(ANSWER);
        while (true) {
            if (isOrphaned()) {
                throw new UnavailableException("container " + id() + " has lost its monitor");
            }
            try {
                return ShimConnection.open(files.socket());
            } catch (ErrnoException e) {
                if (!ShimConnection.isAbsence(e)
                        || whileAlive(PidFd::isGone)
                        || Instant.now().isAfter(deadline)) {
                    throw e;
                }
            }
            awaitGone(MONITOR_PAUSE);
        }
    }

    /// One question to the monitor, on a connection of its own.
    private ShimConnection.Received request(ShimMessage question) {
        try (ShimConnection connection = connect()) {
            return ask(connection, question);
        }
    }

    private ShimConnection.Received ask(ShimConnection connection, ShimMessage question) {
        return ask(connection, question, List.of());
    }

    private ShimConnection.Received ask(
            ShimConnection connection, ShimMessage question, List<Fd> fds) {
        try {
            connection.send(question, fds);
            ShimConnection.Received answer =
                    connection
                            .receive(ANSWER)
                            .orElseThrow(() ->
                                    new UnavailableException(
                                            "the monitor of " + id() + " hung up"));
            if (answer.message() instanceof ShimMessage.Refused(int errno, String text)) {
                throw refused(errno, text);
            }
            return answer;
        } catch (ErrnoException e) {
            if (ShimConnection.isAbsence(e) || e.is(Errno.EPIPE)) {
                throw notRunning();
            }
            throw e;
        }
    }

    private RuntimeException refused(int errno, String text) {
        return switch (errno) {
            case Errno.ENXIO ->
                    new PreconditionFailedException("container " + id() + " has no such terminal");
            case Errno.EBUSY ->
                    new io.atoll.base.BusyException(
                            "the terminal of container " + id() + " is in use");
            case Errno.ESRCH -> notRunning();
            default -> new InternalException("the monitor of " + id() + " refused: " + text);
        };
    }

    private Fd attach(int terminal) {
        return request(new ShimMessage.Attach(terminal, false, true)).fds().getFirst();
    }

    @Override
    public Fd console() {
        return attach(0);
    }

    @Override
    public Fd consoleFromStart() {
        return request(new ShimMessage.Attach(0, true, true)).fds().getFirst();
    }

    @Override
    public Fd tty(int number) {
        return attach(number);
    }

    @Override
    public TerminalLease leaseTerminal(java.util.OptionalInt number) {
        if (isOrphaned()) {
            throw new UnavailableException("container " + id() + " has lost its monitor");
        }
        ShimConnection connection = ShimConnection.open(files.socket());
        try {
            connection.send(new ShimMessage.GetTerminal(number.orElse(ShimMessage.ANY_TERMINAL)));
            ShimConnection.Received answer =
                    connection.receive(ANSWER).orElseThrow(this::notRunning);
            return switch (answer.message()) {
                case ShimMessage.Descriptor(int given) ->
                        new TerminalLease(given, answer.fds().getFirst(), connection);
                case ShimMessage.Refused(int errno, String text) -> throw refused(errno, text);
                default ->
                        throw new InternalException(
                                "the monitor of " + id() + " answered " + answer.message());
            };
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public void resizeConsole(int columns, int rows) {
        request(new ShimMessage.Resize(0, rows, columns)).close();
    }

    @Override
    public byte[] consoleLog() {
        try (ShimConnection.Received received = request(new ShimMessage.GetLog())) {
            return FdIo.readAll(received.fds().getFirst(), PlanLimits.RING_BYTES_MAX);
        }
    }

    @Override
    public void clearConsoleLog() {
        request(new ShimMessage.ClearLog()).close();
    }

    // ---- what it sees

    @Override
    public Fd rootFd() {
        return openProc("root", O_PATH_DIRECTORY);
    }

    @Override
    public Fd namespaceFd(NamespaceKind kind) {
        return openProc("ns/" + kind.fileName(), Fcntl.O_RDONLY);
    }

    /// The pid cannot have become another's in between: the pidfd is asked after the file is open.
    private Fd openProc(String name, int flags) {
        Fd file = Opens.open("/proc/" + initPid() + "/" + name, flags, 0);
        if (whileAlive(PidFd::isGone)) {
            file.close();
            throw notRunning();
        }
        return file;
    }

    @Override
    public String toString() {
        return "container " + id();
    }
}
