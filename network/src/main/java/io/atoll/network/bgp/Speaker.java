package io.atoll.network.bgp;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.TcpSocket;
import io.atoll.linux.net.IpNetwork;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A speaker of BGP-4 at work: listens, connects to its peers, and tells each of them the same
/// routes. One platform thread does it all; what is to be told is handed to it whole.
public final class Speaker implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Speaker.class.getName());
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration END = Duration.ofSeconds(5);

    /// How long nobody is let in after that has failed, for want of descriptors say.
    private static final long ACCEPT_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    /// What all peers are to know.
    private record Wanted(List<BgpPeer> peers, Map<IpNetwork, Optional<InetAddress>> routes) {}

    private final BgpIdentity self;
    private final TcpSocket listener;
    private final InetSocketAddress address;
    private final FdIo.Pipe wake = FdIo.pipe();
    private final Thread thread;

    /// Of the thread alone.
    private final Map<InetAddress, Peer> peers = new LinkedHashMap<>();

    private long acceptAt = System.nanoTime();
    private volatile Wanted wanted = new Wanted(List.of(), Map.of());
    private volatile List<PeerState> states = List.of();
    private volatile boolean isClosed;
    private volatile boolean isLeaving;

    private Speaker(BgpIdentity self, TcpSocket listener) {
        this.self = self;
        this.listener = listener;
        address = listener.local();
        FdIo.setNonBlocking(wake.reader(), true);
        FdIo.setNonBlocking(wake.writer(), true);
        thread = Thread.ofPlatform().daemon().name("bgp").unstarted(this::run);
    }

    /// Begins to listen.
    ///
    /// @throws ErrnoException if the address cannot be had
    public static Speaker open(BgpIdentity self, InetSocketAddress address) {
        Speaker speaker = new Speaker(self, TcpSocket.listen(address));
        speaker.thread.start();
        return speaker;
    }

    /// Where it listens.
    public InetSocketAddress address() {
        return address;
    }

    /// From now on these are the peers, and these the routes that they are told of, each with its
    /// next hop or, without one, our end of the session.
    ///
    /// @param all of different addresses
    public void tell(Collection<BgpPeer> all, Map<IpNetwork, Optional<InetAddress>> routes) {
        wanted = new Wanted(List.copyOf(all), Map.copyOf(routes));
        wake();
    }

    private void wake() {
        // If the pipe is full, it is awake.
        int unused = FdIo.writeSome(wake.writer(), new byte[1], 0, 1);
    }

    /// How it stands with each peer.
    public List<PeerState> peers() {
        return states;
    }

    /// The edge of the thread.
    private void run() {
        Wanted known = new Wanted(List.of(), Map.of());
        while (!isClosed) {
            try {
                Wanted next = wanted;
                if (!next.equals(known)) {
                    known = next;
                    follow(next);
                }
                step();
            } catch (RuntimeException e) {
                // Whatever it was: routers are told anew rather than nothing any more.
                LOG.log(Level.ERROR, "BGP failed once", e);
                endAll(Optional.of(Fault.shutdown()));
                known = new Wanted(List.of(), Map.of());
                int unused = FdIo.poll(wake.reader(), FdIo.POLLIN, PAUSE);
            }
        }
        endAll(isLeaving ? Optional.of(Fault.shutdown()) : Optional.empty());
    }

    private void endAll(Optional<Fault> why) {
        long now = System.nanoTime();
        peers.values().forEach(peer -> peer.end(why, now));
        peers.clear();
    }

    private void follow(Wanted next) {
        long now = System.nanoTime();
        Map<InetAddress, BgpPeer> configs = new HashMap<>();
        next.peers().forEach(config -> configs.put(config.address(), config));
        for (Peer peer : List.copyOf(peers.values())) {
            InetAddress key = peer.config().address();
            Optional<BgpPeer> config = Optional.ofNullable(configs.get(key));
            if (!config.equals(Optional.of(peer.config()))) {
                peer.end(Optional.of(config.isPresent() ? Fault.changed() : Fault.removed()), now);
                peers.remove(key);
                sign(key, new byte[0]);
            }
        }
        for (BgpPeer config : configs.values()) {
            if (!peers.containsKey(config.address()) && sign(config.address(), Peer.key(config))) {
                Optional<InetAddress> from =
                        Optional.of(address.getAddress()).filter(a -> !a.isAnyLocalAddress());
                peers.put(config.address(), new Peer(self, config, from, now));
            }
        }
        peers.values().forEach(peer -> peer.announce(next.routes()));
    }

    /// @return false if that is not possible: then there is no session, rather than one that
    ///   anybody can break in
    private boolean sign(InetAddress peer, byte[] key) {
        boolean isHeard =
                Family.of(address.getAddress()) == Family.IPV6 || Family.of(peer) == Family.IPV4;
        try {
            if (isHeard) {
                listener.sign(peer, key);
            }
            return true;
        } catch (ErrnoException e) {
            LOG.log(Level.ERROR, "no BGP session peer=" + peer.getHostAddress(), e);
            return false;
        }
    }

    private void step() {
        long now = System.nanoTime();
        peers.values().forEach(peer -> peer.tick(now));
        List<Fd> fds = new ArrayList<>(List.of(wake.reader()));
        List<Integer> events = new ArrayList<>(List.of(FdIo.POLLIN));
        boolean isOpen = now - acceptAt >= 0;
        if (isOpen) {
            fds.add(listener.fd());
            events.add(FdIo.POLLIN);
        }
        List<Map.Entry<Peer, Connection>> connections = new ArrayList<>();
        long deadline = isOpen ? now + LONGEST.toNanos() : acceptAt;
        for (Peer peer : peers.values()) {
            deadline = Math.min(deadline, peer.deadline());
            for (Connection connection : peer.connections()) {
                connections.add(Map.entry(peer, connection));
                fds.add(connection.socket().fd());
                events.add(connection.events(now));
            }
        }
        states = peers.values().stream().map(Peer::state).toList();
        int[] asked = events.stream().mapToInt(Integer::intValue).toArray();
        int[] found = FdIo.poll(fds, asked, patience(deadline - now));
        int first = found.length - connections.size();
        for (int i = 0; i < connections.size(); i++) {
            Peer peer = connections.get(i).getKey();
            Connection connection = connections.get(i).getValue();
            // Another one's news may have ended it.
            if (found[first + i] != 0 && peer.connections().contains(connection)) {
                peer.follow(connection, found[first + i], System.nanoTime());
            }
        }
        if (found[0] != 0) {
            int unused = FdIo.read(wake.reader(), new byte[64], 0, 64);
        }
        if (isOpen && found[1] != 0) {
            accept();
        }
    }

    private static Duration patience(long nanos) {
        Duration left = Duration.ofNanos(Math.max(nanos, 0));
        return left.compareTo(SHORTEST) < 0 ? SHORTEST : left;
    }

    private void accept() {
        long now = System.nanoTime();
        try {
            Optional<TcpSocket> socket = listener.accept();
            if (socket.isPresent()) {
                take(socket.get(), now);
            }
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "a BGP peer was not let in", e);
            acceptAt = now + ACCEPT_PAUSE_NANOS;
        }
    }

    /// Strangers are not spoken with.
    private void take(TcpSocket socket, long now) {
        Optional<Peer> peer = Optional.empty();
        try {
            peer = Optional.ofNullable(peers.get(socket.remote().getAddress()));
        } catch (ErrnoException _) {
            LOG.log(Level.DEBUG, "a BGP peer is gone already");
        }
        if (peer.isPresent()) {
            peer.get().accept(socket, now);
        } else {
            socket.close();
        }
    }

    /// Ends all sessions for good: routers forget our routes at once.
    public void leave() {
        isLeaving = true;
        close();
    }

    /// Ends all sessions without a word: routers that can wait a while for us to come back.
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        wake();
        try {
            if (!thread.join(END)) {
                throw new IllegalStateException("the thread of BGP does not end");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return;
        }
        listener.close();
        wake.close();
    }
}
