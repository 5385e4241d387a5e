package io.atoll.daemon.instance;

import io.atoll.base.ProjectName;
import io.atoll.daemon.DaemonPart;
import io.atoll.daemon.backup.Backup;
import io.atoll.daemon.backup.BackupTable;
import io.atoll.daemon.backup.CompressionDefaults;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.device.attach.ProxyServer;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.image.ImagePublisher;
import io.atoll.daemon.instance.compile.HostReader;
import io.atoll.daemon.instance.compile.HostResources;
import io.atoll.daemon.instance.compile.SpecCompiler;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.instance.exec.ConsoleRoutes;
import io.atoll.daemon.instance.exec.ExecRoutes;
import io.atoll.daemon.instance.files.FileRoutes;
import io.atoll.daemon.instance.files.LogRoutes;
import io.atoll.daemon.instance.files.MetadataRoutes;
import io.atoll.daemon.instance.files.SftpRoutes;
import io.atoll.daemon.metric.MetricSource;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.recover.LostVolumes;
import io.atoll.daemon.schedule.MinuteTimer;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import io.atoll.linux.Idmaps;
import io.atoll.runtime.Container;
import io.atoll.runtime.Containers;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.intercept.Interceptor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Instances, put together: their endpoints, what happens to them when the daemon starts, and when
/// the host goes down.
public final class InstancePart implements DaemonPart {
    private static final Logger LOG = System.getLogger(InstancePart.class.getName());

    private static final String NOT_STARTED = "Failed to autostart instance";

    /// How long an instance may take to shut down with the host where it does not say.
    private static final Duration HOST_SHUTDOWN = Duration.ofSeconds(30);

    private final InstanceTable table;
    private final InstanceRunner runner;
    private final InstanceSaver saver;
    private final InstanceRemover remover;
    private final InstanceSnapshots snapshots;
    private final InstanceGuests guests;
    private final InstanceDocuments documents;
    private final InstanceVolumes volumes;
    private final SnapshotSchedule schedule;
    private final MinuteTimer timer;
    private final InstanceUpdater updater;
    private final InstantSource clock;
    private final Containers containers;
    private final Ports ports;
    private final Warnings warnings;
    private final InstancePublisher publisher;
    private final MetricSource metrics;
    private final List<Routes> routes;
    private final BackupTable backups;
    private final Interceptor interceptor;

    /// @param containers closed by whoever opened it
    /// @param compression of archives if a request names none
    /// @param clock of snapshots and of what expires
    public InstancePart(
            Store store,
            Operations operations,
            Events events,
            Containers containers,
            Ports ports,
            InstancePaths paths,
            Warnings warnings,
            Idmaps.Range ids,
            HostResources host,
            ProxyServer proxies,
            Migrations migrations,
            CompressionDefaults compression,
            InstantSource clock) {
        this.clock = clock;
        this.containers = containers;
        this.ports = ports;
        this.warnings = warnings;
        this.table = new InstanceTable(store, ports.profiles(), ports.projects());
        this.documents = new InstanceDocuments(store, table, ports);
        this.guests = new InstanceGuests(table, paths, events, ports.images());
        this.backups = new BackupTable(store, Backup.OF_INSTANCE, paths.backups());
        InstanceLocks locks = new InstanceLocks();
        AttachedDevices attached =
                new AttachedDevices(InstanceDevices.host(table, ports, paths, proxies));
        CpuBalancer balancer = new CpuBalancer(table, HostReader::onlineCpus);
        Preparation preparation =
                new Preparation(table, ports, paths, new SpecCompiler(host), attached, balancer);
        this.remover =
                new InstanceRemover(
                        table, locks, ports, attached, paths, backups, events, this::isRunning);
        this.interceptor = new Interceptor();
        InstanceMemory memory = new InstanceMemory(table, ports, preparation, containers);
        InstanceIds chooser = new InstanceIds(table, ids);
        this.runner =
                new InstanceRunner(
                        table,
                        locks,
                        containers,
                        attached,
                        paths,
                        preparation,
                        memory,
                        new InstanceTemplates(),
                        guests,
                        chooser,
                        balancer,
                        events,
                        interceptor,
                        remover::deleteEphemeral);
        this.saver = new InstanceSaver(table, locks, runner, memory, events);
        this.snapshots = new InstanceSnapshots(table, locks, runner, ports, memory, events, clock);
        this.updater =
                new InstanceUpdater(
                        table,
                        locks,
                        chooser,
                        runner,
                        ports,
                        attached,
                        host,
                        balancer,
                        guests,
                        events,
                        new LoadedProfiles(AppArmor::probe, paths.profiles()),
                        paths);
        this.schedule = new SnapshotSchedule(table, runner, snapshots, clock);
        runner.whenStarting(schedule::starting);
        this.timer = new MinuteTimer("instance-schedule", this::minute);
        InstanceVolumes volumes = new InstanceVolumes(table, runner, ports, memory);
        this.volumes = volumes;
        InstanceMover mover = new InstanceMover(table, locks, runner, volumes, remover, snapshots);
        InstanceRebuilder rebuilder =
                new InstanceRebuilder(table, locks, runner, volumes, ports, events);
        Instances instances = new Instances(table, runner, ports, paths, events, locks);
        this.metrics = new InstanceMetrics(table, runner, ports.pools(), host.memoryBytes());
        this.publisher = new InstancePublisher(table, locks, runner, instances, compression);
        StateReader states = new StateReader(runner, ports.pools());
        InstanceCreator creator =
                new InstanceCreator(
                        table, locks, chooser, runner, volumes, ports, attached, events);
        InstanceBackups archives =
                new InstanceBackups(
                        table,
                        locks,
                        runner,
                        snapshots,
                        creator,
                        ports,
                        backups,
                        operations,
                        events,
                        compression);
        InstanceSender sender =
                new InstanceSender(
                        table, locks, runner, saver, volumes, snapshots, memory, migrations);
        InstanceReceiver receiver =
                new InstanceReceiver(
                        table, locks, runner, volumes, creator, remover, migrations, events);
        this.routes =
                List.of(
                        new InstanceRoutes(
                                instances,
                                table,
                                runner,
                                creator,
                                updater,
                                remover,
                                mover,
                                rebuilder,
                                snapshots,
                                states,
                                archives,
                                sender,
                                receiver,
                                operations),
                        archives,
                        new StateRoutes(instances, table, runner, saver, states, operations),
                        new SnapshotRoutes(instances, table, snapshots, sender, operations),
                        new ExecRoutes(instances, operations),
                        new ConsoleRoutes(instances, operations),
                        new FileRoutes(instances),
                        new SftpRoutes(instances),
                        new LogRoutes(instances),
                        new MetadataRoutes(instances));
    }

    /// Instances without a record.
    public LostVolumes lostVolumes() {
        return new InstanceRecovery(table, ports);
    }

    /// What instances use.
    public MetricSource metrics() {
        return metrics;
    }

    /// Makes images out of instances.
    public ImagePublisher publisher() {
        return publisher;
    }

    private boolean isRunning(RecordKey key) {
        return runner.isRunning(key);
    }

    @Override
    public List<Route> routes() {
        return routes.stream().flatMap(r -> r.routes().stream()).toList();
    }

    /// Takes care of what runs already, takes back what is half made, and then starts, in the
    /// background, what is to run.
    @Override
    public void start() {
        adopt();
        HostEvents.follow(runner);
        saver.recover();
        recoverVolumes();
        remover.recover();
        snapshots.recover();
        backups.recover();
        documents.start();
        List<RecordKey> wanted = autostarted();
        if (!wanted.isEmpty()) {
            Thread.ofVirtual().name("autostart").start(() -> autostart(wanted));
        }
        timer.start();
    }

    @Override
    public void close() {
        timer.close();
        documents.close();
        guests.close();
        interceptor.close();
    }

    private void recoverVolumes() {
        for (InstanceRecord instance : table.list()) {
            try {
                volumes.recover(instance);
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "recovery failed instance=" + instance.name(), e);
            }
        }
    }

    @Override
    public void minute(LocalDateTime minute) {
        if (ports.networks().repair()) {
            runner.restoreDevices();
        }
        prune();
        schedule.tick(minute);
    }

    /// Removes backups whose time has come.
    private void prune() {
        backups.prune(clock.instant(), instance -> table.find(instance).isPresent());
    }

    private void adopt() {
        Map<String, InstanceRecord> byId = new TreeMap<>();
        table.list().forEach(r -> byId.put(r.hostWideName(), r));
        Set<String> alive = new HashSet<>();
        for (String id : containers.ids()) {
            Optional<Container> container = containers.find(id);
            InstanceRecord instance = byId.get(id);
            if (container.isEmpty()) {
                continue;
            }
            if (instance == null || instance.pending().kind() == Pending.Kind.CREATE) {
                LOG.log(Level.WARNING, "ending a container that no instance has id=" + id);
                container.get().kill();
                continue;
            }
            alive.add(id);
            runner.resume(instance, container.get());
        }
        for (InstanceRecord instance : byId.values()) {
            if (!alive.contains(instance.hostWideName())) {
                if (!instance.equals(InstanceRunner.withoutTraces(instance))) {
                    runner.clearDevices(instance);
                }
                table.update(instance.key(), InstanceRunner::withoutTraces);
            }
        }
        LOG.log(Level.INFO, "instances found running=" + alive.size() + " of=" + byId.size());
    }

    /// What is to run and does not.
    private List<RecordKey> autostarted() {
        List<RecordKey> out = new ArrayList<>();
        for (InstanceRecord instance : table.list()) {
            try {
                InstanceConfig config = table.expand(instance).typed();
                boolean wasRunning =
                        instance.config(ConfigKeys.LAST_STATE_POWER.name()).equals("RUNNING");
                if (!runner.isRunning(instance.key())
                        && config.is(ConfigKeys.AUTOSTART, wasRunning)) {
                    if (instance.pending().kind() == Pending.Kind.AWAY) {
                        warnAway(instance);
                    } else {
                        out.add(instance.key());
                    }
                }
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "instance cannot be started instance=" + instance.name(), e);
            }
        }
        return out;
    }

    private void warnAway(InstanceRecord instance) {
        warnings.raise(
                NOT_STARTED,
                Warning.Severity.LOW,
                InstanceView.url(instance.project(), instance.name()),
                "It was moved as it ran, and the other server has not said whether it goes on"
                        + " there");
    }

    private void autostart(List<RecordKey> wanted) {
        try {
            Autostart.run(
                    Autostart.waves(
                            wanted, key -> table.expand(table.find(key).orElseThrow()).typed()),
                    this::startWithHost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "instances were not started with the daemon", e);
        }
    }

    private void startWithHost(RecordKey key) {
        String url = InstanceView.url(new ProjectName(key.project()), key.name());
        try {
            runner.start(key);
            warnings.resolve(NOT_STARTED, url);
        } catch (RuntimeException e) {
            warnings.raise(NOT_STARTED, Warning.Severity.LOW, url, String.valueOf(e.getMessage()));
            throw e;
        }
    }

    /// Stops what runs, those of higher priority first, those of the same side by side.
    @Override
    public void stopInstances() {
        Map<Long, List<RecordKey>> byPriority = new TreeMap<>(Comparator.reverseOrder());
        Map<RecordKey, Duration> patience = new TreeMap<>();
        for (RecordKey key : runner.running()) {
            InstanceConfig config =
                    table.find(key)
                            .map(r -> table.expand(r).typed())
                            .orElse(new InstanceConfig(Map.of()));
            long priority = config.get(ConfigKeys.STOP_PRIORITY).orElse(0L);
            byPriority.computeIfAbsent(priority, _ -> new ArrayList<>()).add(key);
            patience.put(
                    key,
                    config.get(ConfigKeys.HOST_SHUTDOWN_TIMEOUT)
                            .map(Duration::ofSeconds)
                            .orElse(HOST_SHUTDOWN));
        }
        byPriority.values().forEach(keys -> stopTogether(keys, patience));
    }

    private void stopTogether(List<RecordKey> keys, Map<RecordKey, Duration> patience) {
        List<Thread> workers = new ArrayList<>();
        for (RecordKey key : keys) {
            Duration limit = patience.getOrDefault(key, HOST_SHUTDOWN);
            workers.add(
                    Thread.ofVirtual().name("stop-" + key.name()).start(() -> stopOne(key, limit)));
        }
        try {
            for (Thread worker : workers) {
                worker.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stopOne(RecordKey key, Duration limit) {
        try {
            runner.stopWithHost(key, limit);
        } catch (RuntimeException e) {
            LOG.log(
                    Level.ERROR,
                    "instance was not stopped with the host instance=" + key.name(),
                    e);
        }
    }

    /// What the other parts of the daemon ask about the use of their things.
    public InstanceUses uses() {
        return new InstanceUses(table, updater, ports, runner::isRunning);
    }
}
