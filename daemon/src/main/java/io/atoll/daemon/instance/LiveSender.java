package io.atoll.daemon.instance;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.migration.MigrationHeader;
import io.atoll.daemon.migration.Outgoing;
import io.atoll.daemon.store.RecordKey;
import io.atoll.runtime.Container;
import io.atoll.runtime.criu.DumpStats;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Running instances, sent with their processes to another server of this kind.
///
/// First go the files as they are at one moment, then, if the instance is configured so, memory in
/// rounds; all this while it runs. Then it stops, by being saved; what was saved goes, and what
/// changed of the files. Until then it is this server's: whatever fails, it goes on here. Then it
/// is marked ([Pending.Kind#AWAY]) and the other server is told to start it; from there on it is
/// the other server's, unless that says that it did not start. If nothing is heard, nobody starts
/// it here but who looked there: it never runs on both.
final class LiveSender {
    private static final Logger LOG = System.getLogger(LiveSender.class.getName());

    /// LXD's defaults of `migration.incremental.memory.*`.
    private static final long ROUNDS = 10;

    private static final long GOAL = 70;

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceSaver saver;
    private final InstanceVolumes volumes;
    private final InstanceSnapshots snapshots;
    private final InstanceMemory memory;

    LiveSender(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceSaver saver,
            InstanceVolumes volumes,
            InstanceSnapshots snapshots,
            InstanceMemory memory) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.saver = saver;
        this.volumes = volumes;
        this.snapshots = snapshots;
        this.memory = memory;
    }

    void send(RecordKey key, InstanceSender.Wish wish, Outgoing out)
            throws IOException, InterruptedException {
        snapshots.ofThisMoment(
                key,
                moment -> {
                    InstanceRecord instance = table.find(key).orElseThrow(InstanceSender::gone);
                    List<SnapshotRecord> along =
                            wish.isInstanceOnly() ? List.of() : table.snapshots(instance);
                    StorageDriver pool = volumes.pool(instance);
                    VolumeName volume = InstanceVolumes.volume(instance);
                    for (String snapshot : negotiate(along, out)) {
                        InstanceSender.send(
                                instance.name() + "/" + snapshot,
                                pool,
                                volume.snapshot(snapshot),
                                out);
                    }
                    InstanceSender.send(instance.name(), pool, moment, out);
                });
        long[] stopped = new long[1];
        saver.stop(
                key,
                (instance, container, images) -> {
                    Optional<Path> last = rounds(instance, container, images, out);
                    stopped[0] = System.nanoTime();
                    return last;
                });
        try {
            sendSaved(key, out);
            out.awaitReady();
        } catch (IOException | RuntimeException | InterruptedException e) {
            goOn(key, e);
            throw e;
        }
        handOver(key, out);
        out.show(
                "downtime",
                String.format(Locale.ROOT, "%.2f s", (System.nanoTime() - stopped[0]) / 1e9));
        leave(key);
    }

    private void handOver(RecordKey key, Outgoing out) throws InterruptedException {
        InstanceRecord unused = table.update(key, now -> now.withPending(Pending.AWAY));
        boolean isKnown;
        try {
            isKnown = out.handOver();
        } catch (RuntimeException e) {
            unused = table.update(key, now -> now.withPending(Pending.NOTHING));
            goOn(key, e);
            throw e;
        }
        if (!isKnown) {
            throw new UnavailableException(
                    "The other server was told to go on with the instance and has not said whether"
                            + " it does; if it runs there, delete it here, and if not, start it"
                            + " here: its processes are saved");
        }
    }

    private static List<String> negotiate(List<SnapshotRecord> along, Outgoing out)
            throws IOException {
        try {
            return out.negotiate(
                    MigrationHeader.offer(along.stream().map(InstanceSender::header).toList()),
                    true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException("Interrupted", e);
        }
    }

    /// Memory in rounds, until enough of it stays as it was sent.
    private Optional<Path> rounds(
            InstanceRecord instance, Container container, Path images, Outgoing out) {
        InstanceConfig config = table.expand(instance).typed();
        if (!config.is(ConfigKeys.MIGRATION_INCREMENTAL)) {
            return Optional.empty();
        }
        long most = config.get(ConfigKeys.MIGRATION_ITERATIONS).orElse(ROUNDS);
        long goal = config.get(ConfigKeys.MIGRATION_GOAL).orElse(GOAL);
        Optional<Path> last = Optional.empty();
        for (int round = 1; round <= most; round++) {
            String name = String.format(Locale.ROOT, "%03d", round);
            Path before = images.resolve(name);
            memory.write(
                    instance,
                    container,
                    new InstanceMemory.Round(
                            before, false, true, last.map(Path.of("..")::resolve)));
            last = Optional.of(Path.of(name));
            out.sendDirectory(instance.name() + " memory " + round, memory.directory(instance));
            if (DumpStats.read(before).filter(s -> s.percentInSync() > goal).isPresent()) {
                break;
            }
        }
        return last;
    }

    private void sendSaved(RecordKey key, Outgoing out) throws IOException {
        try (InstanceLocks.Held _ = locks.hold(key, "migrate")) {
            InstanceRecord instance = table.find(key).orElseThrow(InstanceSender::gone);
            if (runner.isRunning(key) || !instance.isStateful()) {
                throw new BusyException("The instance was started while it was moved");
            }
            out.sendDirectory(instance.name() + " processes", memory.directory(instance));
            InstanceSender.send(
                    instance.name(),
                    volumes.pool(instance),
                    InstanceVolumes.volume(instance).current(),
                    out);
        }
    }

    /// It did not arrive.
    private void goOn(RecordKey key, Exception why) {
        try {
            if (!runner.isRunning(key)) {
                runner.start(key);
            }
        } catch (DomainException e) {
            LOG.log(Level.ERROR, "instance does not go on after a move instance=" + key.name(), e);
            why.addSuppressed(e);
        }
    }

    /// It runs elsewhere: what was saved must not run again here.
    private void leave(RecordKey key) {
        try (InstanceLocks.Held _ = locks.hold(key, "migrate")) {
            table.find(key)
                    .filter(instance -> !runner.isRunning(key) && instance.isStateful())
                    .ifPresent(memory::drop);
        }
    }
}
