package io.atoll.daemon.instance;

import io.atoll.base.BusyException;
import io.atoll.base.InternalException;
import io.atoll.daemon.store.RecordKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// One lock per instance, held while something is done to it: created, started, taken down,
/// renamed, deleted. There is no lock over all instances, so they do not wait for each other.
///
/// Nobody holds one while waiting for an instance to shut down by itself: that may take for ever,
/// and a forced stop must get through. A thread may take the lock of an instance it holds again.
/// Who needs two takes them in the order of their keys.
public final class InstanceLocks {
    /// How long one waits for another before giving up.
    static final Duration PATIENCE = Duration.ofSeconds(30);

    /// The lock of one instance and what it is held for. `users` counts those that hold or await it
    /// and is guarded by `slots`; `action` is written by the holder only.
    private static final class Slot {
        private final ReentrantLock lock = new ReentrantLock(true);
        private int users;
        private volatile String action = "";
    }

    private final Map<RecordKey, Slot> slots = new HashMap<>();

    /// A lock that is held until it is closed, by the thread that took it.
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /// Takes the lock of an instance, waiting for whoever has it.
    ///
    /// @param action what for, one word, told to those who wait in vain
    /// @throws BusyException in LXD's words after [#PATIENCE]
    public Held hold(RecordKey key, String action) {
        return hold(key, action, PATIENCE);
    }

    Held hold(RecordKey key, String action, Duration patience) {
        Slot slot = use(key);
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
                unuse(key, slot);
            }
        }
    }

    private void release(RecordKey key, Slot slot, String before) {
        slot.action = before;
        slot.lock.unlock();
        unuse(key, slot);
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
