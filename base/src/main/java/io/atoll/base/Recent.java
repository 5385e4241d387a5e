package io.atoll.base;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// The last few results of a function whose result depends on its argument alone.
public final class Recent<K, V> {
    private final Function<K, V> function;
    private final Map<K, V> results;

    /// @param most how many results are kept; those that were not asked for longest go first
    public Recent(int most, Function<K, V> function) {
        this.function = function;
        this.results =
                new LinkedHashMap<>(most, 0.75f, true) {
                    private static final long serialVersionUID = 1L;

                    @Override
                    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                        return size() > most;
                    }
                };
    }

    /// The function runs without a lock, so for two at once it may run twice. What it throws is not
    /// kept.
    public V get(K argument) {
        synchronized (results) {
            V known = results.get(argument);
            if (known != null) {
                return known;
            }
        }
        V made = function.apply(argument);
        synchronized (results) {
            results.put(argument, made);
        }
        return made;
    }
}
