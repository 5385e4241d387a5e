package io.atoll.storage;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// A pool as it is recorded.
///
/// @param path where its volumes appear: `<state>/storage-pools/NAME`
/// @param config the pool's keys: `source`, `size`, ...
public record PoolSpec(String name, Path path, Map<String, String> config) {
    public PoolSpec {
        VolumeName.checkFileName("pool", name);
        config = Map.copyOf(config);
    }

    /// A key's value; empty if it is absent or empty.
    public Optional<String> get(String key) {
        return Optional.ofNullable(config.get(key)).filter(v -> !v.isEmpty());
    }
}
