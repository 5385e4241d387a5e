package io.atoll.daemon.trust;

import io.atoll.base.ForbiddenException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// Slows down who guesses: after [#FREE] wrong tries an address has to wait, twice as long after
/// every further one, up to [#WAIT_MAX]. A right try forgets them. A try counts as wrong until it
/// is known to be right, so that many at once are as many as one after the other. Whoever has one
/// address of IPv6 has the other ones of its network, which count as one. Thread-safe.
final class FailedAttempts {
    /// Tries that anyone may get wrong.
    static final int FREE = 5;

    static final Duration WAIT_MAX = Duration.ofMinutes(10);

    /// Addresses remembered; beyond that the longest silent one is forgotten.
    static final int ADDRESSES_MAX = 10_000;

    /// What a provider gives to one customer at least; RFC 6177.
    private static final int NETWORK_BYTES = 8;

    private record Failures(int count, long notBefore) {}

    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`; the longest silent address first.
    private final Map<String, Failures> byAddress = new LinkedHashMap<>(16, 0.75f, true);

    FailedAttempts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /// Begins a try.
    ///
    /// @param host an address, in brackets or not
    /// @throws ForbiddenException saying how long to wait, if the address tries too early
    void begin(String host) {
        String address = network(host);
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
            count(address, failures == null ? 1 : Math.min(failures.count + 1, 1000));
        } finally {
            lock.unlock();
        }
    }

    private void count(String address, int count) {
        long seconds = 1L << Math.clamp(count - FREE, 0, 20);
        long wait = Math.min(seconds, WAIT_MAX.toSeconds()) * 1_000_000_000L;
        byAddress.put(address, new Failures(count, nanoTime.getAsLong() + wait));
        if (byAddress.size() > ADDRESSES_MAX) {
            byAddress.remove(byAddress.keySet().iterator().next());
        }
    }

    private static String network(String host) {
        try {
            InetAddress address = InetAddress.ofLiteral(host);
            return address instanceof Inet6Address
                    ? HexFormat.of().formatHex(address.getAddress(), 0, NETWORK_BYTES)
                    : address.getHostAddress();
        } catch (IllegalArgumentException _) {
            // A name that a test has, or a proxy: as good as a number.
            return host;
        }
    }

    /// A try was right.
    void succeeded(String host) {
        lock.lock();
        try {
            byAddress.remove(network(host));
        } finally {
            lock.unlock();
        }
    }
}
