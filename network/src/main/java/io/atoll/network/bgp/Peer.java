package io.atoll.network.bgp;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.FdIo;
import io.atoll.linux.TcpSocket;
import io.atoll.linux.net.IpNetwork;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/// One router: our connections with it, of which one remains, and when we try the next. Belongs to
/// the speaker's thread.
final class Peer {
    private static final Logger LOG = System.getLogger(Peer.class.getName());
    private static final long CONNECT_NANOS = Duration.ofSeconds(20).toNanos();
    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

    /// After so many failures the pauses do not grow any more: about a minute.
    private static final int DOUBLINGS_MAX = 6;

    /// A session that lasts so long was no failure.
    private static final long STABLE_NANOS = Duration.ofMinutes(1).toNanos();

    /// When two connections begin at once, both ends see it within this time. A second one later
    /// comes from a peer that lost the first.
    private static final long COLLISION_NANOS = Duration.ofSeconds(10).toNanos();

    private final BgpIdentity self;
    private final BgpPeer config;
    private final Optional<InetAddress> from;
    private final List<Connection> connections = new ArrayList<>();
    private Map<IpNetwork, Optional<InetAddress>> routes = Map.of();
    private long attemptAt;
    private int failures;
    private boolean hadSession;
    private OptionalLong establishedAt = OptionalLong.empty();
    private Optional<String> trouble = Optional.empty();

    /// @param from the address to connect from; empty: whatever leads there
    Peer(BgpIdentity self, BgpPeer config, Optional<InetAddress> from, long now) {
        this.self = self;
        this.config = config;
        this.from = from.filter(own -> Family.of(own) == Family.of(config.address()));
        attemptAt = now;
    }

    BgpPeer config() {
        return config;
    }

    /// A copy.
    List<Connection> connections() {
        return List.copyOf(connections);
    }

    /// The key of the signatures; empty: none.
    static byte[] key(BgpPeer peer) {
        return peer.password().getBytes(StandardCharsets.UTF_8);
    }

    PeerState state() {
        Optional<Connection> established =
                connections.stream().filter(Connection::isEstablished).findFirst();
        return new PeerState(
                config.address(),
                config.asn(),
                established.isPresent(),
                established.flatMap(Connection::session).map(Session::routes).orElse(0),
                established.isPresent() ? Optional.empty() : trouble);
    }

    void announce(Map<IpNetwork, Optional<InetAddress>> wanted) {
        routes = wanted;
        connections.forEach(c -> c.session().ifPresent(s -> s.announce(wanted)));
    }

    /// It has connected to us.
    void accept(TcpSocket socket, long now) {
        for (Connection old : connections()) {
            // A second one from it replaces the first, and one that only begins is not needed.
            boolean isBegun = old.session().isPresent();
            if (!old.isEstablished() && !(old.isOurs() && isBegun)) {
                drop(old, Fault.collision(), now);
            }
        }
        open(add(new Connection(socket, false, now)), now);
    }

    private Connection add(Connection connection) {
        connections.add(connection);
        return connection;
    }

    private void open(Connection connection, long now) {
        connection.open(self, config, !hadSession, now);
        connection.session().ifPresent(s -> s.announce(routes));
    }

    /// Does what the time asks for.
    void tick(long now) {
        for (Connection connection : connections()) {
            connection.session().ifPresent(s -> s.tick(now));
            boolean isLate =
                    connection.session().isEmpty() && now - connection.begunAt() >= CONNECT_NANOS;
            if (isLate) {
                failed(connection, "it does not answer", now);
            }
            settle(connection, now);
        }
        if (connections.isEmpty() && now - attemptAt >= 0) {
            connect(now);
        }
    }

    /// When [#tick] has something to do at the latest.
    long deadline() {
        long next = connections.isEmpty() ? attemptAt : Long.MAX_VALUE;
        for (Connection connection : connections) {
            long due =
                    connection.session().isPresent()
                            ? connection.session().get().deadline()
                            : connection.begunAt() + CONNECT_NANOS;
            next = Math.min(next, due);
        }
        return next;
    }

    private void connect(long now) {
        InetSocketAddress to = new InetSocketAddress(config.address(), config.port());
        try {
            add(new Connection(TcpSocket.connect(to, from, key(config)), true, now));
        } catch (ErrnoException e) {
            pause(String.valueOf(e.getMessage()), now);
        }
    }

    /// The socket of a connection has something for us.
    void follow(Connection connection, int events, long now) {
        try {
            if (connection.session().isEmpty()) {
                connection.socket().finish();
                open(connection, now);
            }
            Session session = connection.session().orElseThrow();
            boolean wasEstablished = connection.isEstablished();
            if ((events & ~FdIo.POLLOUT) != 0) {
                connection.read(session, now);
            }
            if (session.state() == Session.State.OPEN_CONFIRM || connection.isEstablished()) {
                decide(connection, now);
            }
            if (!connections.contains(connection)) {
                return;
            }
            connection.write(session, now);
            if (!wasEstablished && connection.isEstablished()) {
                hadSession = true;
                establishedAt = OptionalLong.of(now);
                trouble = Optional.empty();
                LOG.log(Level.INFO, "BGP session begins peer=" + config);
            }
            settle(connection, now);
        } catch (ErrnoException e) {
            failed(connection, String.valueOf(e.getMessage()), now);
        }
    }

    /// Of two connections one remains: the one that was made by the speaker with the higher router
    /// id, unless the other was established; RFC 4271, section 6.8.
    private void decide(Connection fresh, long now) {
        for (Connection other : connections()) {
            boolean isOther = other != fresh;
            if (isOther && other.isEstablished()) {
                // The peer has lost the old one, if that is not of the same moment (RFC 4724, 5).
                boolean isLost = fresh.begunAt() - other.begunAt() >= COLLISION_NANOS;
                drop(isLost ? other : fresh, Fault.collision(), now);
            } else if (isOther && other.is(Session.State.OPEN_CONFIRM)) {
                long theirs = fresh.session().map(Session::routerId).orElse(0L);
                byte[] ours = self.routerId().getAddress();
                boolean isOursHigher =
                        Integer.toUnsignedLong(ByteBuffer.wrap(ours).getInt()) > theirs;
                drop(fresh.isOurs() == isOursHigher ? other : fresh, Fault.collision(), now);
            }
        }
    }

    private void drop(Connection connection, Fault why, long now) {
        connection.session().ifPresent(s -> s.end(why, now));
        close(connection, now);
    }

    /// Ends a connection whose session has ended.
    private void settle(Connection connection, long now) {
        if (connection.is(Session.State.ENDED) && connections.contains(connection)) {
            String why = connection.session().flatMap(Session::reason).orElse("");
            close(connection, now);
            pause(why, now);
        }
    }

    private void failed(Connection connection, String why, long now) {
        connection.session().ifPresent(s -> s.ended(why));
        close(connection, now);
        pause(why, now);
    }

    /// With the last words, if they still fit.
    private void close(Connection connection, long now) {
        try {
            connection.session().ifPresent(s -> connection.write(s, now));
        } catch (ErrnoException _) {
            // It does not hear them.
            LOG.log(Level.DEBUG, "BGP peer is gone already peer=" + config);
        } finally {
            connection.socket().close();
            connections.remove(connection);
        }
    }

    private void pause(String why, long now) {
        if (!connections.isEmpty()) {
            return;
        }
        boolean isNews = !trouble.equals(Optional.of(why));
        LOG.log(
                isNews ? Level.WARNING : Level.DEBUG,
                "no BGP session peer=" + config + " reason=" + why);
        trouble = Optional.of(why);
        boolean wasStable =
                establishedAt.isPresent() && now - establishedAt.getAsLong() >= STABLE_NANOS;
        establishedAt = OptionalLong.empty();
        failures = wasStable ? 1 : Math.min(failures + 1, DOUBLINGS_MAX);
        long pause = RETRY_NANOS << (failures - 1);
        // Not in step with the peer, which would meet us in the middle each time.
        attemptAt = now + pause - ThreadLocalRandom.current().nextLong(pause / 4);
    }

    /// Ends all connections.
    ///
    /// @param why what the peer is told; empty: nothing, for it is to wait for us
    void end(Optional<Fault> why, long now) {
        for (Connection connection : connections()) {
            why.ifPresent(fault -> connection.session().ifPresent(s -> s.end(fault, now)));
            close(connection, now);
        }
    }
}
