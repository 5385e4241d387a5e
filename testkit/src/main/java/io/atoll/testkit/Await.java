package io.atoll.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Waits for a condition with a deadline; the only place where tests wait for time to pass.
public final class Await {
    private static final Duration PAUSE = Duration.ofMillis(20);

    private Await() {}

    /// Returns when the condition holds.
    ///
    /// @param what completes the sentence "waited N s for ..."
    /// @throws AssertionError if it does not hold in time
    public static void until(String what, Duration limit, Supplier<Boolean> condition) {
        present(what, limit, () -> condition.get() ? Optional.of(true) : Optional.empty());
    }

    /// The value as soon as there is one.
    ///
    /// @throws AssertionError if there is none in time
    public static <T> T present(String what, Duration limit, Supplier<Optional<T>> probe) {
        Instant deadline = Instant.now().plus(limit);
        while (true) {
            Optional<T> value = probe.get();
            if (value.isPresent()) {
                return value.get();
            }
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("waited " + limit.toMillis() / 1000.0 + " s for " + what);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
