package io.atoll.daemon.server;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The server's own configuration: one record of keys that differ from their defaults.
public final class ServerConfig {
    private static final RecordKind<Map<String, String>> KIND =
            RecordKind.of("server-config", Wire::json, Wire::config);
    private static final RecordKey KEY = RecordKey.global("server");

    private final Store store;

    public ServerConfig(Store store) {
        this.store = store;
    }

    /// Makes the record if this state directory is new.
    public void start() {
        if (store.find(KIND, KEY).isEmpty()) {
            store.create(KIND, KEY, Map.of());
        }
    }

    /// The keys that are set.
    public Map<String, String> all() {
        return store.find(KIND, KEY).map(Stored::value).orElse(Map.of());
    }

    /// The key's value: as set, else its default.
    public String value(ServerKey key) {
        return Optional.ofNullable(all().get(key.key())).orElse(key.fallback());
    }

    /// How long stopping waits for running operations (`core.shutdown_timeout`).
    public Duration shutdownTimeout() {
        return Duration.ofMinutes(Long.parseLong(value(ServerKey.SHUTDOWN_TIMEOUT)));
    }

    Etag etag() {
        return Etag.of(Wire.json(all()));
    }

    /// Checks the request's tag, then replaces (PUT) or merges (PATCH) the keys; an empty value
    /// unsets.
    ///
    /// @throws InvalidConfigException naming the key that is unknown or has a bad value
    void change(Request request, Json config, boolean isPatch) {
        store.attempt(() -> {
            Stored<Map<String, String>> read = store.find(KIND, KEY).orElseThrow();
            etag().check(request);
            Map<String, String> next = new TreeMap<>(isPatch ? read.value() : Map.of());
            next.putAll(Wire.config(config));
            next.forEach(ServerKey::check);
            next.values().removeIf(String::isEmpty);
            store.commit(new Batch().replace(KIND, read, Wire.sorted(next)));
            return next;
        });
    }
}
