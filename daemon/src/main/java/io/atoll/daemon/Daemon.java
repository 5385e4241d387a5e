package io.atoll.daemon;

import io.atoll.api.ApiPath;
import io.atoll.base.Lately;
import io.atoll.base.ProjectName;
import io.atoll.daemon.backup.CompressionDefaults;
import io.atoll.daemon.device.attach.ProxyServer;
import io.atoll.daemon.event.EventRoutes;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.ApiServer;
import io.atoll.daemon.http.Availability;
import io.atoll.daemon.http.CrossOrigin;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.RouteTable;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.image.AliasRoutes;
import io.atoll.daemon.image.ImagePulls;
import io.atoll.daemon.image.ImageRoutes;
import io.atoll.daemon.image.ImageSettings;
import io.atoll.daemon.image.ImageUpkeep;
import io.atoll.daemon.image.Images;
import io.atoll.daemon.instance.InstancePart;
import io.atoll.daemon.instance.InstancePaths;
import io.atoll.daemon.instance.compile.HostReader;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.metric.Metric;
import io.atoll.daemon.metric.MetricRoutes;
import io.atoll.daemon.metric.Metrics;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.network.AclRoutes;
import io.atoll.daemon.network.ForwardRoutes;
import io.atoll.daemon.network.NetworkRoutes;
import io.atoll.daemon.network.Networks;
import io.atoll.daemon.network.PeerRoutes;
import io.atoll.daemon.network.ZoneRoutes;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationClass;
import io.atoll.daemon.operation.OperationRoutes;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.profile.ProfileRoutes;
import io.atoll.daemon.profile.Profiles;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.ProjectRoutes;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.recover.RecoverRoutes;
import io.atoll.daemon.resource.ResourceRoutes;
import io.atoll.daemon.server.AbsentRoutes;
import io.atoll.daemon.server.BgpListener;
import io.atoll.daemon.server.DebugListener;
import io.atoll.daemon.server.DnsListener;
import io.atoll.daemon.server.EmptyRoutes;
import io.atoll.daemon.server.InternalRoutes;
import io.atoll.daemon.server.NetworkListeners;
import io.atoll.daemon.server.ServerConfig;
import io.atoll.daemon.server.ServerKey;
import io.atoll.daemon.server.ServerRoutes;
import io.atoll.daemon.server.SqlRoutes;
import io.atoll.daemon.storage.OwnVolumes;
import io.atoll.daemon.storage.Pools;
import io.atoll.daemon.storage.StoragePart;
import io.atoll.daemon.store.ReadOnlyQuery;
import io.atoll.daemon.store.SqliteStore;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.trust.CertificateRoutes;
import io.atoll.daemon.trust.ServerIdentity;
import io.atoll.daemon.trust.Trust;
import io.atoll.daemon.ui.UiRoutes;
import io.atoll.daemon.user.LocalUsers;
import io.atoll.daemon.warning.WarningRoutes;
import io.atoll.daemon.warning.Warnings;
import io.atoll.linux.Idmaps;
import io.atoll.network.Bridges;
import io.atoll.runtime.Containers;
import io.atoll.runtime.RuntimePaths;
import io.atoll.storage.HostTools;
import io.atoll.storage.StorageDrivers;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/// One daemon: makes every service by its constructor, starts them in order, stops them in the
/// opposite one.
///
/// Life: [#open], [#start()], serves until someone calls [#requestExit()] or [#stopInstances()] and
/// then [#close()]. Tests make several in one process.
public final class Daemon implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Daemon.class.getName());

    /// How long closing waits for running tasks; what is cut off is taken back or finished at the
    /// next start.
    private static final Duration CLOSE_GRACE = Duration.ofSeconds(10);

    private final DaemonPaths paths;
    private final DaemonOptions options;
    private final StateLock lock;
    private final Store store;
    private final Events events;
    private final Operations operations;
    private final Warnings warnings;
    private final Projects projects;
    private final ProjectGate gate;
    private final Profiles profiles;
    private final Pools pools;

    /// Every command asks for it, and it is a search for programs.
    private final Lately<Map<String, String>> availableDrivers =
            new Lately<>(Duration.ofSeconds(10), () -> StorageDrivers.available(HostTools.REAL));

    private final Images images;
    private final ImageSettings imageSettings;
    private final ImagePulls pulls;
    private final ImageUpkeep upkeep;
    private final Networks networks;
    private final ServerConfig config;
    private final Containers containers;
    private final InstancePaths instancePaths;
    private final InstancePart instances;
    private final RecoverRoutes recovery;
    private final Availability availability = new Availability();
    private final List<DaemonPart> parts = new ArrayList<>();
    private final ServerIdentity identity;
    private final Trust trust;
    private final List<Routes> endpoints;
    private final ApiServer server;
    private final NetworkListeners listeners;

    /// Who may use the second socket; empty if there is none.
    private final Optional<GroupPrincipal> userGroup;

    private final DnsListener dns;
    private final DebugListener debug;
    private final BgpListener bgp;
    private final CountDownLatch exit = new CountDownLatch(1);
    private final IdleHeap heap = new IdleHeap();
    private final long openedAt = System.nanoTime();

    /// Instances were stopped for good: closing takes the rest of what we have on the host away.
    private volatile boolean isLeaving;

    private Daemon(
            DaemonOptions options,
            DaemonPaths paths,
            StateLock lock,
            Events events,
            HostTools tools,
            InstantSource clock) {
        this.options = options;
        this.paths = paths;
        this.lock = lock;
        this.events = events;
        store = SqliteStore.open(paths.database());
        operations = new Operations(events);
        warnings = new Warnings(store, events);
        projects = new Projects(store);
        gate = new ProjectGate(projects);
        profiles = new Profiles(store, projects, gate);
        pools = new Pools(store, projects, paths.pools(), warnings, tools);
        images = new Images(store, projects, pools, paths.images());
        networks = new Networks(store, projects, gate, new Bridges(paths.networks()), warnings);
        config = new ServerConfig(store);
        imageSettings = new ImageSettings(projects, config);
        pulls = new ImagePulls(images, imageSettings, paths.state().resolve("image-keys"));
        upkeep = new ImageUpkeep(store, images, pulls, imageSettings, operations, events);
        containers = Containers.open(RuntimePaths.under(paths.run()));
        instancePaths = new InstancePaths(paths.state());
        Migrations migrations = new Migrations(operations, paths.state().resolve("migration"));
        migrations.recover();
        instances =
                new InstancePart(
                        store,
                        operations,
                        events,
                        containers,
                        InstancePorts.of(projects, gate, profiles, images, pulls, pools, networks),
                        instancePaths,
                        warnings,
                        hostIds(),
                        HostReader.read(),
                        new ProxyServer(
                                RuntimePaths.under(paths.run())
                                        .shim()
                                        .resolveSibling("atoll-proxy"),
                                paths.run().resolve("proxy.sock")),
                        migrations,
                        compression(),
                        clock);
        OwnVolumes own =
                new OwnVolumes(
                        store,
                        pools,
                        config,
                        Map.of(
                                ServerKey.IMAGES_VOLUME,
                                paths.images(),
                                ServerKey.BACKUPS_VOLUME,
                                paths.backups()));
        pools.addUsers(own);
        StoragePart storage =
                new StoragePart(
                        store,
                        pools,
                        projects,
                        gate,
                        operations,
                        events,
                        paths.state().resolve("backups/volumes"),
                        migrations,
                        compression(),
                        own,
                        images::start,
                        clock);
        parts.add(storage);
        recovery =
                new RecoverRoutes(
                        storage.poolAccess(),
                        List.of(instances.lostVolumes(), storage.lostVolumes()));
        parts.add(instances);
        parts.add(upkeep);
        profiles.addUsers(instances.uses());
        pools.addUsers(instances.uses());
        projects.addContents(instances.uses());
        networks.addUsers(instances.uses().ofNetworks());
        identity = new ServerIdentity(paths.state());
        trust = new Trust(store, paths.state(), () -> config.isOn(ServerKey.TRUST_CA));
        endpoints = routes();
        server =
                new ApiServer(
                        paths.socket(),
                        options.isActivated(),
                        new RouteTable(endpoints, new AbsentRoutes()),
                        availability,
                        gate,
                        new CrossOrigin(config::crossOrigin));
        listeners = new NetworkListeners(server, identity, trust, config, warnings);
        userGroup = StateDirectory.userGroup(paths.state(), options.userGroup());
        if (userGroup.isPresent()) {
            server.serveUsers(
                    paths.userSocket(),
                    new LocalUsers(store, projects, new UserGround(pools, networks)));
        }
        dns = new DnsListener(networks.zones(), config, warnings);
        debug =
                new DebugListener(
                        paths.state().resolve("debug"), operations::list, config, warnings);
        bgp = new BgpListener(networks.announcements(), config, warnings);
    }

    /// Does what is due in a minute, as the timers of the parts do when it begins.
    void minute(LocalDateTime minute) {
        parts.forEach(part -> part.minute(minute));
    }

    /// Takes the state directory and makes the daemon; nothing runs yet.
    public static Daemon open(DaemonOptions options, Events events) {
        return open(options, events, HostTools.REAL, InstantSource.system());
    }

    /// As [#open(DaemonOptions,Events)] on a host whose volume managers may be a test's own, and
    /// whose time of snapshots, too.
    static Daemon open(DaemonOptions options, Events events, HostTools tools, InstantSource clock) {
        DaemonPaths paths = DaemonPaths.of(options.stateDir());
        StateDirectory.prepare(paths);
        StateLock lock = StateLock.take(paths.lock());
        try {
            return new Daemon(options, paths, lock, events, tools, clock);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static Idmaps.Range hostIds() {
        return Idmaps.ofRoot()
                .orElseGet(() -> {
                    LOG.log(
                            Level.WARNING,
                            "/etc/subuid and /etc/subgid give root no usable range of ids, using "
                                    + Idmaps.DEFAULT);
                    return Idmaps.DEFAULT;
                });
    }

    private List<Routes> routes() {
        ImageRoutes imageRoutes =
                new ImageRoutes(store, images, pulls, upkeep, projects, operations, events);
        imageRoutes.publishWith(instances.publisher());
        List<Routes> out = new ArrayList<>();
        out.add(
                new ServerRoutes(
                        config,
                        events,
                        this::storageFacts,
                        paths.state(),
                        identity,
                        this::addresses));
        out.add(new UiRoutes(options.ui()));
        out.add(new InternalRoutes(availability, this::shutdown));
        out.add(new OperationRoutes(operations, events));
        out.add(new EventRoutes(events, name -> projects.find(name).isPresent()));
        out.add(
                new ProjectRoutes(
                        store,
                        projects,
                        gate,
                        operations,
                        events,
                        profiles::createDefault,
                        profiles::deleteDefault));
        out.add(new ProfileRoutes(store, profiles, projects, events));
        out.add(imageRoutes);
        out.add(new AliasRoutes(store, images, projects, events));
        out.add(new NetworkRoutes(store, projects, networks, events, gate::seesNetwork));
        out.add(new ForwardRoutes(store, projects, networks, events));
        out.add(new AclRoutes(store, projects, networks, events));
        out.add(new PeerRoutes(store, projects, networks, events));
        out.add(new ZoneRoutes(store, projects, networks, events));
        out.add(new CertificateRoutes(store, trust, operations, identity, trustSettings(), events));
        out.add(new WarningRoutes(warnings));
        out.add(recovery);
        out.add(new SqlRoutes(new ReadOnlyQuery(paths.database())));
        out.add(new MetricRoutes(List.of(instances.metrics(), this::measure)));
        out.add(new ResourceRoutes());
        out.add(new EmptyRoutes(() -> pools.list().stream().map(Stored::name).toList()));
        out.addAll(parts);
        return out;
    }

    private CompressionDefaults compression() {
        return new CompressionDefaults() {
            @Override
            public String ofBackups(ProjectName project) {
                return imageSettings.value(project, ServerKey.BACKUP_COMPRESSION);
            }

            @Override
            public String ofImages(ProjectName project) {
                return imageSettings.value(project, ServerKey.IMAGE_COMPRESSION);
            }
        };
    }

    private void measure(Metrics out, Optional<ProjectName> project) {
        out.add(Metric.OPERATIONS, Map.of(), operations.list().size());
        out.add(Metric.WARNINGS, Map.of(), warnings.unseen());
        out.add(Metric.UPTIME, Map.of(), Duration.ofNanos(System.nanoTime() - openedAt));
    }

    /// Every endpoint it serves, for the reference pages.
    public List<Route> endpoints() {
        return endpoints.stream().flatMap(part -> part.routes().stream()).toList();
    }

    private List<String> addresses() {
        return listeners.addresses();
    }

    private CertificateRoutes.Settings trustSettings() {
        return new CertificateRoutes.Settings() {
            @Override
            public String passwordHash() {
                return config.value(ServerKey.TRUST_PASSWORD);
            }

            @Override
            public Expiry tokenExpiry() {
                return Expiry.parse(config.value(ServerKey.TOKEN_EXPIRY));
            }

            @Override
            public List<String> addresses() {
                return listeners.addresses();
            }

            @Override
            public boolean hasProject(String name) {
                return projects.find(new ProjectName(name)).isPresent();
            }
        };
    }

    private ServerRoutes.StorageFacts storageFacts() {
        return new ServerRoutes.StorageFacts(pools.driversInUse(), availableDrivers.get());
    }

    /// Listens at once, but answers 503 until everything is up.
    public void start() {
        remove(paths.userSocket());
        if (options.isActivated()) {
            server.start();
        } else {
            remove(paths.socket());
            server.start();
            StateDirectory.openSocket(paths.socket(), options.group());
        }
        userGroup.ifPresent(group -> StateDirectory.openSocket(paths.userSocket(), group));
        warnings.prune(Instant.now());
        KernelLimits.raise(warnings);
        HostFeatures.check(warnings);
        config.start();
        debug.start();
        projects.start();
        profiles.start();
        networks.start();
        parts.forEach(DaemonPart::start);
        listeners.start();
        dns.start();
        bgp.start();
        availability.enter(Availability.Phase.READY);
        heap.start();
        LOG.log(
                Level.INFO,
                "ready state=" + paths.state() + " pid=" + ProcessHandle.current().pid());
    }

    private static void remove(Path socket) {
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// `/internal/shutdown`: stops all instances, then lets [#awaitExit()] return.
    private void shutdown(boolean isForced) {
        LOG.log(Level.INFO, "shutting down forced=" + isForced);
        availability.enter(Availability.Phase.STOPPING);
        if (!isForced) {
            awaitTasks(config.shutdownTimeout());
        }
        stopInstances();
        requestExit();
    }

    /// The host goes down: stops what runs, in all parts.
    public void stopInstances() {
        isLeaving = true;
        availability.enter(Availability.Phase.STOPPING);
        bgp.leave();
        parts.reversed().forEach(DaemonPart::stopInstances);
    }

    /// Lets [#awaitExit()] return.
    public void requestExit() {
        exit.countDown();
    }

    /// Blocks until the daemon is asked to exit.
    public void awaitExit() throws InterruptedException {
        exit.await();
    }

    private void awaitTasks(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        for (Operation operation : operations.list()) {
            boolean isTask =
                    operation.spec().kind() == OperationClass.TASK && !operation.status().isFinal();
            try {
                if (isTask
                        && !operation.await(
                                Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
                    LOG.log(
                            Level.WARNING,
                            "stopping although a task runs operation=" + operation.id());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void leave() {
        if (!containers.ids().isEmpty()) {
            LOG.log(Level.WARNING, "some instances could not be stopped; what they need stays");
            return;
        }
        networks.stop();
        pools.stop();
        quietly("end the fork server", containers::retire);
    }

    private static void quietly(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "failed to " + what, e);
        }
    }

    /// Stops serving. Instances run on; after [#stopInstances()], nothing of us is left on the host
    /// but files.
    @Override
    public void close() {
        availability.enter(Availability.Phase.STOPPING);
        events.publishLifecycle(Lifecycle.server("shutdown", ApiPath.VERSION));
        awaitTasks(CLOSE_GRACE);
        heap.close();
        listeners.close();
        dns.close();
        bgp.close();
        server.close();
        parts.reversed().forEach(DaemonPart::close);
        if (isLeaving) {
            leave();
        }
        quietly("remove cgroups", () -> containers.removeCgroup(instancePaths.cgroups()));
        containers.close();
        // As late as can be: ending is a time for faults too.
        debug.close();
        operations.close();
        store.close();
        if (!options.isActivated()) {
            quietly("remove the socket " + paths.socket(), () -> remove(paths.socket()));
        }
        quietly("remove the socket " + paths.userSocket(), () -> remove(paths.userSocket()));
        lock.close();
        LOG.log(Level.INFO, "stopped");
    }
}
