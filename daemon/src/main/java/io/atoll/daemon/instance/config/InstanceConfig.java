package io.atoll.daemon.instance.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A checked configuration with typed look-up. An empty value counts as unset.
///
/// @param values keys and values, sorted by key
public record InstanceConfig(Map<String, String> values) {
    public InstanceConfig {
        values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
    }

    /// The value of a key, if it is set.
    public <T> Optional<T> get(ConfigKey<T> key) {
        return text(key.name()).map(key.type()::parse);
    }

    /// A flag; unset means false.
    public boolean is(ConfigKey<Boolean> key) {
        return is(key, false);
    }

    /// A flag with the meaning of unset given.
    public boolean is(ConfigKey<Boolean> key, boolean unset) {
        return get(key).orElse(unset);
    }

    /// The raw text of a key that is set.
    public Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name)).filter(v -> !v.isEmpty());
    }

    /// All values below a prefix key, by the rest of the name.
    public <T> Map<String, T> below(ConfigKey<T> prefix) {
        Map<String, T> out = new LinkedHashMap<>();
        for (Map.Entry<String, String> e : values.entrySet()) {
            String name = e.getKey();
            if (name.startsWith(prefix.name())
                    && name.length() > prefix.name().length()
                    && !e.getValue().isEmpty()) {
                out.put(name.substring(prefix.name().length()), prefix.type().parse(e.getValue()));
            }
        }
        return out;
    }
}
