package io.atoll.daemon.store;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Values that are there while somebody uses them, one a key: the first user makes one, the last
/// takes it away. For locks of things that come and go, and for what such things share.
public final class UsedValues<V> {
    /// Both are guarded by the map.
    private static final class Used<V> {
        private final V value;
        private int users;

        private Used(V value) {
            this.value = value;
        }
    }

    private final Map<RecordKey, Used<V>> all = new HashMap<>();
    private final Supplier<V> maker;

    /// @param maker called while nobody else gets in; quick
    public UsedValues(Supplier<V> maker) {
        this.maker = maker;
    }

    /// The value of a key. To be followed by one [#unuse].
    public V use(RecordKey key) {
        synchronized (all) {
            Used<V> used = all.computeIfAbsent(key, _ -> new Used<>(maker.get()));
            used.users++;
            return used.value;
        }
    }

    /// Ends one use.
    public void unuse(RecordKey key) {
        unuse(key, _ -> {});
    }

    /// Ends one use.
    ///
    /// @param end what to do with the value if it was the last use, before anybody gets a new one
    public void unuse(RecordKey key, Consumer<V> end) {
        synchronized (all) {
            Used<V> used = all.get(key);
            if (used == null) {
                throw new IllegalStateException("nobody uses " + key);
            }
            used.users--;
            if (used.users == 0) {
                all.remove(key);
                end.accept(used.value);
            }
        }
    }
}
