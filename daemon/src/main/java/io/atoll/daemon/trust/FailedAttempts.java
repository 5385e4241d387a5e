package io.atoll.daemon.trust;

import io.atoll.base.ForbiddenException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// Slows down who guesses: after [#FREE] wrong tries an address has to wait, twice as long after
/// every further one, up to [#WAIT_MAX]. A right try forgets them. Thread-safe.
final class FailedAttempts {
    /// Tries that anyone may get wrong.
    static final int FREE = 5;

    static final Duration WAIT_MAX = Duration.ofMinutes(10);

    /// Addresses remembered; beyond that the longest silent one is forgotten.
    static final int ADDRESSES_MAX = 10_000;

    private record Failures(int count, long notBefore) {}

    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`; the longest silent address first.
    private final Map<String, Failures> byAddress = new LinkedHashMap<>(16, 0.75f, true);

    FailedAttempts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /// @throws ForbiddenException saying how long to wait, if the address tries too early
    void check(String address) {
        lock.lock();
        try {
            Failures failures = byAddress.get(address);
            long left = failures == null ? 0 : failures.notBefore - nanoTime.getAsLong();
            if (failures != null && failures.count >= FREE && left > 0) {
                throw new ForbiddenException(
                        "Too many failed attempts from this address, try again in "
                                + (left / 1_000_000_000L + 1)
                                + " s");
            }
        } finally {
            lock.unlock();
        }
    }

    void failed(String address) {
        lock.lock();
        try {
            Failures before = byAddress.get(address);
            int count = before == null ? 1 : Math.min(before.count + 1, 1000);
            long seconds = 1L << Math.clamp(count - FREE, 0, 20);
            long wait = Math.min(seconds, WAIT_MAX.toSeconds()) * 1_000_000_000L;
            byAddress.put(address, new Failures(count, nanoTime.getAsLong() + wait));
            if (byAddress.size() > ADDRESSES_MAX) {
                byAddress.remove(byAddress.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    void succeeded(String address) {
        lock.lock();
        try {
            byAddress.remove(address);
        } finally {
            lock.unlock();
        }
    }
}
