package io.atoll.daemon.instance;

import io.atoll.base.BusyException;
import io.atoll.base.InternalException;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.UsedValues;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// One lock per instance, held while something is done to it: created, started, taken down,
/// renamed, deleted. There is no lock over all instances, so they do not wait for each other.
///
/// Nobody holds one while waiting for an instance to shut down by itself: that may take for ever,
/// and a forced stop must get through. A thread may take the lock of an instance it holds again.
/// Who needs two takes them in the order of their keys.
public final class InstanceLocks {
    /// System property: how many milliseconds one waits for another before giving up.
    public static final String PATIENCE = "atoll.instance.patience.millis";

    private static final long PATIENCE_MILLIS = 30_000;

    /// The lock of one instance and what it is held for; `action` is written by the holder only.
    private static final class Slot {
        private final ReentrantLock lock = new ReentrantLock(true);
        private volatile String action = "";
    }

    private final UsedValues<Slot> slots = new UsedValues<>(Slot::new);

    /// Somebody who looks at the files of an instance without its lock.
    private record Visit(RecordKey key, Runnable end, CountDownLatch over) {}

    private final Set<Visit> visits = ConcurrentHashMap.newKeySet();

    /// How long visits may take to end once they are asked to.
    private static final Duration VISIT_END_MAX = Duration.ofSeconds(10);

    /// A lock that is held until it is closed, by the thread that took it.
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /// Takes the lock of an instance, waiting for whoever has it.
    ///
    /// @param action what for, one word, told to those who wait in vain
    /// @throws BusyException in LXD's words if it takes too long
    public Held hold(RecordKey key, String action) {
        return hold(key, action, Duration.ofMillis(Long.getLong(PATIENCE, PATIENCE_MILLIS)));
    }

    /// Takes the lock of an instance whose root comes, goes or is replaced: visits to its files end
    /// first, for what they have open keeps the root busy.
    Held holdAlone(RecordKey key, String action) {
        Held held = hold(key, action);
        try {
            endVisits(key);
            return held;
        } catch (RuntimeException e) {
            held.close();
            throw e;
        }
    }

    /// Ends the visits to the files of an instance. The caller holds its lock, so that nobody
    /// begins another.
    ///
    /// @throws BusyException if one does not end
    void endVisits(RecordKey key) {
        List<Visit> here = visits.stream().filter(v -> v.key.equals(key)).toList();
        here.forEach(v -> v.end.run());
        try {
            for (Visit visit : here) {
                if (!visit.over.await(VISIT_END_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new BusyException("Files of the instance are in use");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException(
                    "Interrupted while waiting for instance \"" + key.name() + "\"", e);
        }
    }

    /// Looks at the files of an instance for as long as it takes, without keeping others from it.
    ///
    /// @param end makes `work` return soon; from another thread
    /// @param open opens the root, with the lock held
    /// @param work closes what was opened
    <T> void visit(RecordKey key, Runnable end, Supplier<T> open, Consumer<T> work) {
        Visit visit = new Visit(key, end, new CountDownLatch(1));
        T opened;
        try (Held _ = hold(key, "open files")) {
            opened = open.get();
            boolean _ = visits.add(visit);
        }
        try {
            work.accept(opened);
        } finally {
            boolean _ = visits.remove(visit);
            visit.over.countDown();
        }
    }

    Held hold(RecordKey key, String action, Duration patience) {
        Slot slot = slots.use(key);
        boolean taken = false;
        try {
            taken = slot.lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (!taken) {
                throw new BusyException(
                        "Instance is busy running a \"" + slot.action + "\" operation");
            }
            String before = slot.action;
            slot.action = action;
            return () -> release(key, slot, before);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException(
                    "Interrupted while waiting for instance \"" + key.name() + "\"", e);
        } finally {
            if (!taken) {
                slots.unuse(key);
            }
        }
    }

    private void release(RecordKey key, Slot slot, String before) {
        slot.action = before;
        slot.lock.unlock();
        slots.unuse(key);
    }
}
