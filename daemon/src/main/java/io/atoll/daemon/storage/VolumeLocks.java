package io.atoll.daemon.storage;

import io.atoll.daemon.store.RecordKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/// One lock for each custom volume that something is being done to; drivers want one caller at a
/// time for a volume. Held over the driver's work. Who needs several takes them here in one call,
/// which orders them.
final class VolumeLocks {
    /// `users` counts those that hold or await it and is guarded by `slots`.
    private static final class Slot {
        private final ReentrantLock lock = new ReentrantLock(true);
        private int users;
    }

    private final Map<RecordKey, Slot> slots = new HashMap<>();

    /// Locks that are held until this is closed, by the thread that took them.
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    Held hold(RecordKey... keys) {
        List<RecordKey> ordered = List.copyOf(new TreeSet<>(List.of(keys)));
        List<Slot> taken = new ArrayList<>();
        for (RecordKey key : ordered) {
            Slot slot = use(key);
            slot.lock.lock();
            taken.add(slot);
        }
        return () -> {
            for (int i = taken.size() - 1; i >= 0; i--) {
                taken.get(i).lock.unlock();
                unuse(ordered.get(i), taken.get(i));
            }
        };
    }

    private Slot use(RecordKey key) {
        synchronized (slots) {
            Slot slot = slots.computeIfAbsent(key, _ -> new Slot());
            slot.users++;
            return slot;
        }
    }

    private void unuse(RecordKey key, Slot slot) {
        synchronized (slots) {
            slot.users--;
            if (slot.users == 0) {
                slots.remove(key);
            }
        }
    }
}
