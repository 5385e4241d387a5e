package io.atoll.daemon.server;

import io.atoll.daemon.dns.DnsServer;
import io.atoll.daemon.dns.ServedZone;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Keeps the server of DNS zones listening where `core.dns_address` says.
public final class DnsListener implements ServerConfig.Follower, AutoCloseable {
    private static final int PORT = 53;

    private final ServedZone.Source zones;
    private final ServerConfig config;
    private final Warnings warnings;

    /// Held while one is closed and another opened.
    private final ReentrantLock lock = new ReentrantLock();

    private Optional<ListenAddress> address = Optional.empty();
    private @Nullable DnsServer server;

    public DnsListener(ServedZone.Source zones, ServerConfig config, Warnings warnings) {
        this.zones = zones;
        this.config = config;
        this.warnings = warnings;
    }

    /// Listens as configured when the daemon starts; an address that cannot be had is warned about.
    public void start() {
        config.begin(this, warnings, "Cannot serve DNS zones", Warning.Severity.MODERATE);
    }

    @Override
    public void apply(Map<String, String> wanted) {
        String text = wanted.getOrDefault(ServerKey.DNS_ADDRESS.key(), "");
        Optional<ListenAddress> next =
                text.isEmpty() ? Optional.empty() : Optional.of(ListenAddress.parse(text, PORT));
        lock.lock();
        try {
            if (next.equals(address)) {
                return;
            }
            end();
            if (next.isPresent()) {
                server = DnsServer.listen(next.get().socketAddress(), zones);
                address = next;
            }
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        address = Optional.empty();
        if (server != null) {
            server.close();
            server = null;
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            end();
        } finally {
            lock.unlock();
        }
    }
}
