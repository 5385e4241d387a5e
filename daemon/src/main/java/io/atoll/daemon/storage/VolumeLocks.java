package io.atoll.daemon.storage;

import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.UsedValues;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/// One lock for each custom volume that something is being done to; drivers want one caller at a
/// time for a volume. Held over the driver's work. Who needs several takes them here in one call,
/// which orders them.
final class VolumeLocks {
    private final UsedValues<ReentrantLock> locks = new UsedValues<>(() -> new ReentrantLock(true));

    /// Locks that are held until this is closed, by the thread that took them.
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    Held hold(RecordKey... keys) {
        List<RecordKey> ordered = List.copyOf(new TreeSet<>(List.of(keys)));
        List<ReentrantLock> taken = new ArrayList<>();
        for (RecordKey key : ordered) {
            ReentrantLock lock = locks.use(key);
            lock.lock();
            taken.add(lock);
        }
        return () -> {
            for (int i = taken.size() - 1; i >= 0; i--) {
                taken.get(i).unlock();
                locks.unuse(ordered.get(i));
            }
        };
    }
}
