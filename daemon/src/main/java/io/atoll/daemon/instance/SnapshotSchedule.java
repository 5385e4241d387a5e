package io.atoll.daemon.instance;

import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.schedule.CronSchedule;
import io.atoll.daemon.store.RecordKey;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.util.Optional;
import java.util.function.Predicate;

/// Takes the snapshots that `snapshots.schedule` asks for and removes those whose time is over.
final class SnapshotSchedule {
    private static final Logger LOG = System.getLogger(SnapshotSchedule.class.getName());

    private final InstanceTable table;
    private final InstanceRunner runner;
    private final InstanceSnapshots snapshots;
    private final InstantSource clock;

    SnapshotSchedule(
            InstanceTable table,
            InstanceRunner runner,
            InstanceSnapshots snapshots,
            InstantSource clock) {
        this.table = table;
        this.runner = runner;
        this.snapshots = snapshots;
        this.clock = clock;
    }

    /// What is due in the minute that begins at `minute`.
    void tick(LocalDateTime minute) {
        prune(clock.instant());
        take(schedule -> schedule.matches(minute));
    }

    /// What is due because an instance starts, which does not run yet.
    void starting(RecordKey key) {
        Optional<InstanceRecord> found = table.find(key);
        if (found.isPresent()
                && schedule(found.get()).filter(CronSchedule::isAtStartup).isPresent()) {
            attempt(found.get(), () -> take(found.get()));
        }
    }

    /// Removes the snapshots that have expired by then.
    private void prune(Instant now) {
        for (InstanceRecord instance : table.list()) {
            for (SnapshotRecord snapshot : table.snapshots(instance)) {
                boolean isOver = snapshot.expiresAt().filter(t -> t.isBefore(now)).isPresent();
                if (isOver && snapshot.pending().kind() == Pending.Kind.NOTHING) {
                    attempt(instance, () -> snapshots.delete(instance.key(), snapshot.name()));
                }
            }
        }
    }

    private void take(Predicate<CronSchedule> isDue) {
        for (InstanceRecord instance : table.list()) {
            attempt(
                    instance,
                    () -> {
                        if (isWanted(instance, isDue)) {
                            take(instance);
                        }
                    });
        }
    }

    private void take(InstanceRecord instance) {
        snapshots.create(instance.key(), "", Optional.empty(), false);
    }

    private boolean isWanted(InstanceRecord instance, Predicate<CronSchedule> isDue) {
        return instance.pending().kind() == Pending.Kind.NOTHING
                && schedule(instance).filter(isDue).isPresent()
                && (runner.isRunning(instance.key())
                        || table.expand(instance)
                                .typed()
                                .is(ConfigKeys.SNAPSHOTS_SCHEDULE_STOPPED));
    }

    private Optional<CronSchedule> schedule(InstanceRecord instance) {
        return table.expand(instance)
                .typed()
                .text(ConfigKeys.SNAPSHOTS_SCHEDULE.name())
                .map(CronSchedule::parse);
    }

    /// One instance's trouble is not the others'.
    private static void attempt(InstanceRecord instance, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "scheduled snapshot failed instance=" + instance.name(), e);
        }
    }
}
