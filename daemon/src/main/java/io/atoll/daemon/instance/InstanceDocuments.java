package io.atoll.daemon.instance;

import io.atoll.daemon.device.Devices;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.linux.WholeFile;
import io.atoll.storage.StorageDriver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Keeps a document beside each instance's root, `backup.yaml` in LXD's layout, that says what its
/// record says. With it a pool alone is enough to get instances back after the database was lost.
///
/// Writing follows the records a moment later, in the background: a start changes a record several
/// times, and nobody should wait for this. What a daemon that died left unwritten, the next one
/// writes.
final class InstanceDocuments implements AutoCloseable {
    static final String NAME = "backup.yaml";

    private static final Logger LOG = System.getLogger(InstanceDocuments.class.getName());

    /// How long a record must have had time to change again.
    private static final Duration SETTLED = Duration.ofSeconds(1);

    private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);

    private final Store store;
    private final InstanceTable table;
    private final Ports ports;
    private final List<AutoCloseable> watches = new ArrayList<>();

    /// Guards the two below; nothing else is taken meanwhile.
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition isWork = lock.newCondition();
    private final Set<RecordKey> changed = new LinkedHashSet<>();
    private boolean isClosing;

    private final Thread writer =
            Thread.ofVirtual().name("instance-documents").unstarted(this::writeUntilClosed);

    InstanceDocuments(Store store, InstanceTable table, Ports ports) {
        this.store = store;
        this.table = table;
        this.ports = ports;
    }

    /// Follows the records from now on, and looks at all that are there.
    void start() {
        watches.add(store.watch(InstanceRecord.KIND, change -> note(change.key())));
        watches.add(store.watch(SnapshotRecord.KIND, change -> note(instance(change.key()))));
        table.list().forEach(r -> note(r.key()));
        writer.start();
    }

    private static RecordKey instance(RecordKey snapshot) {
        String name = snapshot.name();
        return new RecordKey(snapshot.project(), name.substring(0, name.indexOf('/')));
    }

    private void note(RecordKey key) {
        lock.lock();
        try {
            changed.add(key);
            isWork.signal();
        } finally {
            lock.unlock();
        }
    }

    private void writeUntilClosed() {
        while (true) {
            List<RecordKey> keys = take();
            if (keys.isEmpty()) {
                return;
            }
            keys.forEach(this::write);
        }
    }

    /// What has changed; empty only when it is over.
    private List<RecordKey> take() {
        lock.lock();
        try {
            while (changed.isEmpty() && !isClosing) {
                isWork.awaitUninterruptibly();
            }
            long left = SETTLED.toNanos();
            while (!isClosing && left > 0) {
                left = isWork.awaitNanos(left);
            }
            List<RecordKey> out = List.copyOf(changed);
            changed.clear();
            return out;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    private void write(RecordKey key) {
        try {
            Optional<InstanceRecord> found = table.find(key);
            if (found.isPresent() && found.get().pending().equals(Pending.NOTHING)) {
                write(found.get());
            }
        } catch (IOException | RuntimeException e) {
            // The instance may be on its way elsewhere; what follows comes here, too.
            LOG.log(Level.DEBUG, "document is not written instance=" + key.name(), e);
        }
    }

    private void write(InstanceRecord instance) throws IOException {
        StorageDriver pool =
                ports.pools()
                        .get(
                                Devices.root(Devices.parseAll(table.expand(instance).devices()))
                                        .pool());
        Path directory = pool.directory(Instances.volume(instance).current());
        Path file = directory.resolve(NAME);
        String text = text(instance, pool);
        if (!Files.isDirectory(directory) || isSame(file, text)) {
            return;
        }
        WholeFile.write(file, text, "r--------");
    }

    private static boolean isSame(Path file, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Files.isRegularFile(file)
                && Files.size(file) == bytes.length
                && Arrays.equals(Files.readAllBytes(file), bytes);
    }

    private String text(InstanceRecord instance, StorageDriver pool) {
        Map<String, Expansion.Source> profiles = new HashMap<>();
        return new InstanceIndex.Writer(
                        instance,
                        table.snapshots(instance),
                        pool,
                        table::expand,
                        name ->
                                profiles.computeIfAbsent(
                                        name, n -> ports.profiles().get(instance.project(), n)))
                .document();
    }

    /// Writes what is still to be written.
    @Override
    public void close() {
        lock.lock();
        try {
            isClosing = true;
            isWork.signal();
        } finally {
            lock.unlock();
        }
        try {
            boolean isStarted = writer.getState() != Thread.State.NEW;
            if (isStarted && !writer.join(CLOSE_GRACE)) {
                LOG.log(Level.WARNING, "documents of instances are not all written");
            }
            for (AutoCloseable watch : watches) {
                watch.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new IllegalStateException("a watch does not end", e);
        }
    }
}
