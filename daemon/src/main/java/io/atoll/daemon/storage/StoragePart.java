package io.atoll.daemon.storage;

import io.atoll.base.ProjectName;
import io.atoll.daemon.DaemonPart;
import io.atoll.daemon.backup.Backup;
import io.atoll.daemon.backup.BackupRoutes;
import io.atoll.daemon.backup.BackupTable;
import io.atoll.daemon.backup.CompressionDefaults;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.migration.Migrations;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.recover.LostVolumes;
import io.atoll.daemon.recover.PoolAccess;
import io.atoll.daemon.schedule.CronSchedule;
import io.atoll.daemon.schedule.MinuteTimer;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;

/// Pools and custom volumes: their routes, and what happens to volumes by the clock.
public final class StoragePart implements DaemonPart {
    private static final Logger LOG = System.getLogger(StoragePart.class.getName());

    private final Store store;
    private final Events events;
    private final Pools pools;
    private final CustomVolumes volumes;
    private final BackupTable backups;
    private final OwnVolumes own;
    private final Runnable housed;
    private final InstantSource clock;
    private final List<Routes> endpoints;
    private final VolumeRecovery lost;
    private final MinuteTimer timer = new MinuteTimer("volume-schedule", this::minute);

    /// @param folder where backups of volumes are kept
    /// @param compression of backups if a request names none
    /// @param own volumes that the server itself uses
    /// @param housed starts what may have its files in them
    /// @param clock of snapshots and of what expires
    public StoragePart(
            Store store,
            Pools pools,
            Projects projects,
            ProjectGate gate,
            Operations operations,
            Events events,
            Path folder,
            Migrations migrations,
            CompressionDefaults compression,
            OwnVolumes own,
            Runnable housed,
            InstantSource clock) {
        this.clock = clock;
        this.own = own;
        this.housed = housed;
        this.store = store;
        this.events = events;
        this.pools = pools;
        this.backups = new BackupTable(store, Backup.OF_VOLUME, folder);
        this.volumes = new CustomVolumes(store, pools, gate, backups, clock);
        VolumeBackups archives =
                new VolumeBackups(pools, volumes, projects, gate, operations, events);
        this.lost = new VolumeRecovery(store, projects);
        this.endpoints =
                List.of(
                        new PoolRoutes(store, pools, events),
                        new VolumeRoutes(
                                store,
                                pools,
                                volumes,
                                archives,
                                new VolumeMigration(pools, volumes, volumes.locks(), migrations),
                                projects,
                                operations,
                                events),
                        new VolumeSnapshotRoutes(pools, volumes, projects, operations, events),
                        new BackupRoutes(backups, archives, operations, events, compression));
    }

    /// What recovering needs to know of pools.
    public PoolAccess poolAccess() {
        return new PoolRecovery(pools);
    }

    /// Custom volumes without a record.
    public LostVolumes lostVolumes() {
        return lost;
    }

    @Override
    public List<Route> routes() {
        return endpoints.stream().flatMap(part -> part.routes().stream()).toList();
    }

    @Override
    public void start() {
        pools.start();
        own.start();
        housed.run();
        volumes.recover();
        backups.recover();
        snapshotsDue(CronSchedule::isAtStartup);
        timer.start();
    }

    @Override
    public void close() {
        timer.close();
        own.close();
    }

    @Override
    public void minute(LocalDateTime minute) {
        prune(clock.instant());
        snapshotsDue(schedule -> schedule.matches(minute));
    }

    /// Removes snapshots and backups whose time has come.
    private void prune(Instant now) {
        for (Stored<VolumeSnapshot> stored : store.list(VolumeSnapshot.KIND)) {
            VolumeSnapshot snapshot = stored.value();
            boolean isOld = snapshot.expiresAt().filter(t -> t.isBefore(now)).isPresent();
            if (isOld && snapshot.pending().isEmpty()) {
                ProjectName project = new ProjectName(stored.project());
                attempt(
                        stored.name(),
                        () -> {
                            volumes.deleteSnapshot(
                                    new CustomVolumes.Place(
                                            project, snapshot.pool(), snapshot.volume()),
                                    snapshot.name());
                            events.publishLifecycle(
                                    Lifecycle.of(
                                            "storage-volume-snapshot-deleted",
                                            snapshot.url(),
                                            project));
                        });
            }
        }
        backups.prune(now, volume -> store.find(CustomVolume.KIND, volume).isPresent());
    }

    /// Says of a volume's schedule whether it is time.
    private interface Due {
        boolean is(CronSchedule schedule);
    }

    private void snapshotsDue(Due due) {
        for (CustomVolumes.Place place : volumes.places()) {
            attempt(
                    place.name(),
                    () -> {
                        String text =
                                volumes.get(place)
                                        .value()
                                        .config()
                                        .getOrDefault(VolumeKeys.SCHEDULE, "");
                        if (due.is(CronSchedule.parse(text))) {
                            VolumeSnapshot made =
                                    volumes.takeSnapshot(place, "", "", Optional.empty());
                            events.publishLifecycle(
                                    Lifecycle.of(
                                            "storage-volume-snapshot-created",
                                            made.url(),
                                            place.project()));
                        }
                    });
        }
    }

    /// One volume's trouble is not the others'.
    private static void attempt(String volume, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "scheduled work on a volume failed volume=" + volume, e);
        }
    }
}
