package io.atoll.daemon.server;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.debug.DebugPages;
import io.atoll.daemon.debug.DebugServer;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Keeps the pages about the daemon's insides where `core.debug_address` says. While it is unset
/// nothing of them is loaded.
public final class DebugListener implements ServerConfig.Follower, AutoCloseable {
    private static final Logger LOG = System.getLogger(DebugListener.class.getName());

    /// LXD's port for it.
    private static final int PORT = 8444;

    private record Open(ListenAddress address, DebugServer server) {}

    private final Path scratch;
    private final Supplier<List<Operation>> operations;
    private final ServerConfig config;
    private final Warnings warnings;

    /// Held while one is closed and another opened.
    private final ReentrantLock lock = new ReentrantLock();

    private Optional<Open> open = Optional.empty();

    /// @param scratch a directory of ours for files on their way, which need not exist
    public DebugListener(
            Path scratch,
            Supplier<List<Operation>> operations,
            ServerConfig config,
            Warnings warnings) {
        this.scratch = scratch;
        this.operations = operations;
        this.config = config;
        this.warnings = warnings;
    }

    /// Listens as configured when the daemon starts; an address that cannot be had is warned about.
    public void start() {
        clean();
        config.begin(this, warnings, "Cannot listen for debugging", Warning.Severity.LOW);
    }

    /// Deletes what a daemon that was killed had on its way.
    private void clean() {
        if (!Files.exists(scratch)) {
            return;
        }
        try (Stream<Path> files = Files.list(scratch)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void apply(Map<String, String> wanted) {
        String text = wanted.getOrDefault(ServerKey.DEBUG_ADDRESS.key(), "");
        lock.lock();
        try {
            if (text.isEmpty()) {
                end();
                return;
            }
            ListenAddress next = ListenAddress.parse(text, PORT);
            if (!open.map(Open::address).equals(Optional.of(next))) {
                replace(next);
            }
        } finally {
            lock.unlock();
        }
    }

    private void replace(ListenAddress next) {
        Optional<Open> old = open;
        if (old.isEmpty() || old.get().address.port() != next.port()) {
            Open opened = listen(next);
            end();
            open = Optional.of(opened);
            return;
        }
        // Both cannot be had at a time, where one address stands for the other as well.
        end();
        try {
            open = Optional.of(listen(next));
        } catch (UnavailableException e) {
            try {
                open = Optional.of(listen(old.get().address));
            } catch (UnavailableException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private Open listen(ListenAddress address) {
        DebugServer server =
                DebugServer.listen(address.socketAddress(), new DebugPages(scratch, operations));
        LOG.log(
                Level.WARNING,
                "debugging is open without authentication: whoever reaches the address sees the"
                        + " daemon's threads and memory figures and may slow it down address="
                        + address.socketAddress());
        return new Open(address, server);
    }

    private void end() {
        open.ifPresent(now -> now.server.close());
        open = Optional.empty();
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
