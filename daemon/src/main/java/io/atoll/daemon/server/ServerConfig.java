package io.atoll.daemon.server;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.CrossOrigin;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.RecordKind;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.trust.TrustPassword;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

/// The server's own configuration: one record of keys that differ from their defaults. Whoever has
/// to follow a key registers with [#follow].
public final class ServerConfig {
    private static final RecordKind<Map<String, String>> KIND =
            RecordKind.of("server-config", Wire::json, Wire::config);
    private static final RecordKey KEY = RecordKey.global("server");

    /// What follows the configuration: opens a listener, say.
    @FunctionalInterface
    public interface Follower {
        /// Makes the configuration real, before it is stored. Called again with the old one if
        /// something else refuses the new one; doing nothing new must be cheap.
        ///
        /// @throws io.atoll.base.DomainException if it cannot be done: then nothing is stored
        void apply(Map<String, String> config);

        /// What was applied is stored now: what was kept in case it would not be can go.
        ///
        /// @param old the configuration before
        default void stored(Map<String, String> old) {}
    }

    private final Store store;
    private final List<Follower> followers = new CopyOnWriteArrayList<>();

    /// Held from applying to storing, so that what is applied last is what is stored.
    private final ReentrantLock changing = new ReentrantLock();

    public ServerConfig(Store store) {
        this.store = store;
    }

    /// Makes the record if this state directory is new.
    public void start() {
        if (store.find(KIND, KEY).isEmpty()) {
            store.create(KIND, KEY, Map.of());
        }
    }

    /// Adds a follower; it is told of changes from now on, not of what is set already.
    public void follow(Follower follower) {
        followers.add(follower);
    }

    /// Tells a listener of what is set when the daemon starts, and of changes from then on. An
    /// address that cannot be had any more is warned about and keeps nothing else from starting.
    void begin(Follower listener, Warnings warnings, String warning, Warning.Severity severity) {
        try {
            listener.apply(all());
        } catch (UnavailableException e) {
            warnings.raise(warning, severity, "", String.valueOf(e.getMessage()));
        }
        follow(listener);
    }

    /// The keys that are set, as clients may see them: of the trust password only that there is
    /// one.
    Json shown() {
        Json.Obj out = Wire.json(all());
        if (!value(ServerKey.TRUST_PASSWORD).isEmpty()) {
            out.put(ServerKey.TRUST_PASSWORD.key(), true);
        }
        return out;
    }

    /// Whether the key's value means yes.
    public boolean isOn(ServerKey key) {
        return ServerKey.isTrue(value(key));
    }

    /// The keys that are set.
    public Map<String, String> all() {
        return store.find(KIND, KEY).map(Stored::value).orElse(Map.of());
    }

    /// The key's value: as set, else its default.
    public String value(ServerKey key) {
        return Optional.ofNullable(all().get(key.key())).orElse(key.fallback());
    }

    /// The `core.https_allowed_*` keys.
    public CrossOrigin.Settings crossOrigin() {
        return new CrossOrigin.Settings(
                value(ServerKey.HTTPS_ORIGIN),
                value(ServerKey.HTTPS_METHODS),
                value(ServerKey.HTTPS_HEADERS),
                isOn(ServerKey.HTTPS_CREDENTIALS));
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
        changing.lock();
        try {
            Stored<Map<String, String>> read = store.find(KIND, KEY).orElseThrow();
            etag().check(request);
            Map<String, String> next = new TreeMap<>(isPatch ? read.value() : Map.of());
            next.putAll(Wire.config(config));
            next.forEach(ServerKey::check);
            keepPassword(read.value(), next);
            next.values().removeIf(String::isEmpty);
            apply(next, read.value());
            try {
                store.commit(new Batch().replace(KIND, read, Wire.sorted(next)));
            } catch (RuntimeException e) {
                followers.forEach(follower -> follower.apply(read.value()));
                throw e;
            }
            followers.forEach(follower -> follower.stored(read.value()));
        } finally {
            changing.unlock();
        }
    }

    /// Stores a new password as its hash; `true`, which is how clients see one, keeps the old one.
    private static void keepPassword(Map<String, String> old, Map<String, String> next) {
        String key = ServerKey.TRUST_PASSWORD.key();
        String before = old.getOrDefault(key, "");
        String given = next.getOrDefault(key, "");
        if (given.equals(before) || given.isEmpty()) {
            return;
        }
        boolean isKept = given.equals("true") && !before.isEmpty();
        next.put(key, isKept ? before : TrustPassword.hash(given));
    }

    private void apply(Map<String, String> next, Map<String, String> old) {
        List<Follower> done = new ArrayList<>();
        try {
            for (Follower follower : followers) {
                done.add(follower);
                follower.apply(next);
            }
        } catch (RuntimeException e) {
            done.forEach(follower -> follower.apply(old));
            throw e;
        }
    }
}
