package io.atoll.daemon.http;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/// Names of the users who connect. The C library reads the host's files of users and groups anew
/// for each question, and a command makes half a dozen connections: a name is good for a minute.
final class PeerNames {
    private static final long KEPT_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int USERS_MAX = 256;

    /// Asks for the name of a connection's peer.
    @FunctionalInterface
    interface Lookup {
        /// @throws IOException if the peer has gone
        String name(SocketChannel connection) throws IOException;
    }

    private record Known(String name, long since) {}

    private final Lookup lookup;
    private final LongSupplier clock;
    private final Map<Long, Known> known = new ConcurrentHashMap<>();

    PeerNames() {
        this(PeerNames::ask, System::nanoTime);
    }

    PeerNames(Lookup lookup, LongSupplier clock) {
        this.lookup = lookup;
        this.clock = clock;
    }

    /// What the host calls the user; empty if the peer has gone already, or has no name.
    ///
    /// @param uid whom the kernel says to have connected
    String of(long uid, SocketChannel connection) {
        long now = clock.getAsLong();
        Known found = known.get(uid);
        if (found != null && now - found.since() < KEPT_NANOS) {
            return found.name();
        }
        try {
            String name = lookup.name(connection);
            if (known.size() >= USERS_MAX) {
                known.clear();
            }
            known.put(uid, new Known(name, now));
            return name;
        } catch (IOException | UnsupportedOperationException _) {
            // Its name matters to nobody.
            return "";
        }
    }

    private static String ask(SocketChannel connection) throws IOException {
        UnixDomainPrincipal peer = connection.getOption(ExtendedSocketOptions.SO_PEERCRED);
        return peer == null ? "" : peer.user().getName();
    }
}
