package io.atoll.daemon.instance.config;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What an instance is made of once its profiles are applied: profiles in their order, a later one
/// wins, the instance's own values last. A device overrides one of the same name as a whole; the
/// type `none` removes it.
///
/// @param config all keys, sorted
/// @param devices all devices by name, sorted; those of type `none` are still listed, as LXD shows
///   them
public record Expansion(Map<String, String> config, Map<String, Map<String, String>> devices) {
    /// One source of configuration: a profile, or the instance itself.
    public record Source(Map<String, String> config, Map<String, Map<String, String>> devices) {}

    public Expansion {
        config = Collections.unmodifiableSortedMap(new TreeMap<>(config));
        devices = Collections.unmodifiableSortedMap(new TreeMap<>(devices));
    }

    /// Applies `sources` from first to last.
    public static Expansion of(List<Source> sources) {
        Map<String, String> config = new TreeMap<>();
        Map<String, Map<String, String>> devices = new TreeMap<>();
        for (Source source : sources) {
            config.putAll(source.config());
            source.devices().forEach((name, device) -> devices.put(name, new TreeMap<>(device)));
        }
        return new Expansion(config, devices);
    }

    /// The configuration with typed look-up.
    public InstanceConfig typed() {
        return new InstanceConfig(config);
    }
}
