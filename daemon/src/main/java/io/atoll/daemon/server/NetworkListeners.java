package io.atoll.daemon.server;

import io.atoll.api.tls.TlsContexts;
import io.atoll.daemon.http.ApiServer;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.Callers;
import io.atoll.daemon.http.NetworkEndpoint;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.trust.AnyClient;
import io.atoll.daemon.trust.ServerIdentity;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// Keeps the server listening on the network addresses that its configuration names.
public final class NetworkListeners implements ServerConfig.Follower, AutoCloseable {
    private record Listener(ListenAddress address, NetworkEndpoint endpoint) {}

    private final ApiServer server;
    private final ServerIdentity identity;
    private final Callers callers;
    private final ServerConfig config;
    private final Warnings warnings;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`; by configuration key.
    private final Map<ServerKey, Listener> open = new HashMap<>();

    public NetworkListeners(
            ApiServer server,
            ServerIdentity identity,
            Callers callers,
            ServerConfig config,
            Warnings warnings) {
        this.server = server;
        this.identity = identity;
        this.callers = callers;
        this.config = config;
        this.warnings = warnings;
    }

    /// Listens as configured when the daemon starts. An address that cannot be had is warned about:
    /// the host may have lost it, and the unix socket must work all the same.
    public void start() {
        config.begin(this, warnings, "Cannot listen on the network", Warning.Severity.HIGH);
    }

    @Override
    public void apply(Map<String, String> wanted) {
        lock.lock();
        try {
            follow(ServerKey.HTTPS_ADDRESS, wanted, ListenAddress.API_PORT, callers);
            follow(ServerKey.METRICS_ADDRESS, wanted, ListenAddress.API_PORT, this::metricsCaller);
        } finally {
            lock.unlock();
        }
    }

    /// On the metrics address there are the metrics and nothing else, for whomever.
    private Caller metricsCaller(Optional<X509Certificate> certificate, String address) {
        Caller caller = callers.of(certificate, address);
        boolean isReader =
                caller.may(Right.METRICS) || !config.isOn(ServerKey.METRICS_AUTHENTICATION);
        return isReader
                ? new Caller(caller.username(), "tls", address, Set.of(Right.PUBLIC, Right.METRICS))
                : new Caller("", "", address, Set.of());
    }

    private void follow(ServerKey key, Map<String, String> wanted, int defaultPort, Callers who) {
        String text = wanted.getOrDefault(key.key(), "");
        Optional<ListenAddress> next =
                text.isEmpty()
                        ? Optional.empty()
                        : Optional.of(ListenAddress.parse(text, defaultPort));
        Listener now = open.get(key);
        if (Optional.ofNullable(now).map(Listener::address).equals(next)) {
            return;
        }
        if (now != null) {
            // First the old one: the new one may be another address with the same port.
            open.remove(key);
            now.endpoint.close();
        }
        next.ifPresent(address -> open.put(key, new Listener(address, listen(address, who))));
    }

    private NetworkEndpoint listen(ListenAddress address, Callers who) {
        return server.listen(
                address.socketAddress(),
                TlsContexts.of(Optional.of(identity.get()), AnyClient.INSTANCE),
                who,
                peer ->
                        ListenAddress.proxies(config.value(ServerKey.TRUSTED_PROXY))
                                .contains(peer));
    }

    /// `HOST:PORT` of every address that clients can reach the API on.
    public List<String> addresses() {
        lock.lock();
        try {
            Listener api = open.get(ServerKey.HTTPS_ADDRESS);
            return api == null ? List.of() : api.address.reachable();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            open.values().forEach(listener -> listener.endpoint.close());
            open.clear();
        } finally {
            lock.unlock();
        }
    }
}
