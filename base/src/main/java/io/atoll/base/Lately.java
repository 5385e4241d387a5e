package io.atoll.base;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a supplier said not long ago: for what is asked often, changes seldom and costs something
/// to find out.
public final class Lately<T> implements Supplier<T> {
    private record Said<T>(T value, long since) {}

    private final Supplier<T> source;
    private final long keptNanos;
    private final LongSupplier clock;
    private volatile @Nullable Said<T> said;

    /// @param kept how old an answer may become
    public Lately(Duration kept, Supplier<T> source) {
        this(kept, source, System::nanoTime);
    }

    Lately(Duration kept, Supplier<T> source, LongSupplier clock) {
        this.keptNanos = kept.toNanos();
        this.source = source;
        this.clock = clock;
    }

    /// Two who come at the same moment may both ask the source.
    @Override
    public T get() {
        Said<T> last = said;
        long now = clock.getAsLong();
        if (last != null && now - last.since() < keptNanos) {
            return last.value();
        }
        T value = source.get();
        said = new Said<>(value, now);
        return value;
    }
}
