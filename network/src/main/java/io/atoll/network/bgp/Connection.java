package io.atoll.network.bgp;

import io.atoll.linux.FdIo;
import io.atoll.linux.TcpSocket;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.Netlink;
import java.net.InetAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A connection to a peer, made by us or by it: first a socket that connects, then a session on it.
final class Connection {
    private static final int CHUNK_BYTES = 16 << 10;

    private final TcpSocket socket;
    private final boolean isOurs;
    private final long begunAt;
    private Optional<Session> session = Optional.empty();

    /// @param isOurs whether we have made it, and it does not exist yet
    Connection(TcpSocket socket, boolean isOurs, long now) {
        this.socket = socket;
        this.isOurs = isOurs;
        begunAt = now;
    }

    TcpSocket socket() {
        return socket;
    }

    boolean isOurs() {
        return isOurs;
    }

    long begunAt() {
        return begunAt;
    }

    /// Empty while it connects.
    Optional<Session> session() {
        return session;
    }

    boolean isEstablished() {
        return is(Session.State.ESTABLISHED);
    }

    boolean is(Session.State state) {
        return session.filter(s -> s.state() == state).isPresent();
    }

    /// The socket is connected: begins to speak.
    void open(BgpIdentity self, BgpPeer peer, boolean isRestarted, long now) {
        session = Optional.of(new Session(self, peer, own(), isRestarted, now));
    }

    /// This end's addresses: the connection's own, and the other family's of the same interface.
    private Map<Family, InetAddress> own() {
        InetAddress local = socket.local().getAddress();
        Map<Family, InetAddress> out = new EnumMap<>(Family.class);
        out.put(Family.of(local), local);
        try (Netlink netlink = Netlink.open()) {
            List<LinkAddress> all = netlink.addresses();
            all.stream()
                    .filter(a -> a.address().address().equals(local))
                    .flatMap(a -> all.stream().filter(b -> b.linkIndex() == a.linkIndex()))
                    .map(a -> a.address().address())
                    .filter(a -> Family.of(a) != Family.of(local))
                    .filter(a -> !a.isLinkLocalAddress())
                    .filter(a -> a.isLoopbackAddress() == local.isLoopbackAddress())
                    .findFirst()
                    .ifPresent(a -> out.put(Family.of(a), a));
        }
        return out;
    }

    /// What its socket is asked about.
    int events(long now) {
        if (session.isEmpty()) {
            return FdIo.POLLOUT;
        }
        return FdIo.POLLIN | (session.get().pending(now).length > 0 ? FdIo.POLLOUT : 0);
    }

    /// Takes what the peer has sent.
    void read(Session from, long now) {
        byte[] chunk = new byte[CHUNK_BYTES];
        int count = socket.read(chunk);
        if (count < 0) {
            from.ended("it closed the connection");
        } else {
            from.receive(chunk, count, now);
        }
    }

    /// Sends what fits.
    void write(Session to, long now) {
        byte[] pending = to.pending(now);
        int count = pending.length == 0 ? 0 : socket.write(pending, pending.length);
        if (count > 0) {
            to.sent(count, now);
        }
    }
}
