package io.atoll.network.bgp;

import io.atoll.linux.net.IpNetwork;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// What is said over one connection, from the OPEN to the end; RFC 4271, section 8. Knows neither
/// sockets nor clocks: bytes and the time are given to it, and what it wants to say is fetched.
///
/// An OPEN is sent at once. The peer's OPEN leads from [State#OPEN_SENT] to [State#OPEN_CONFIRM],
/// its first KEEPALIVE to [State#ESTABLISHED], all in [#receive]; [#end] and every fault to
/// [State#ENDED].
final class Session {
    /// How far it got.
    enum State {
        OPEN_SENT,
        OPEN_CONFIRM,
        ESTABLISHED,
        ENDED
    }

    /// Until the peer has said how long; RFC 4271 calls it large.
    private static final long OPEN_NANOS = Duration.ofMinutes(4).toNanos();

    /// How long a peer may not read what we say; RFC 9687.
    private static final long SEND_NANOS = Duration.ofMinutes(8).toNanos();

    /// More is not encoded before some of it is gone.
    private static final int PENDING_BYTES = 64 << 10;

    private final BgpIdentity self;
    private final BgpPeer peer;
    private final Map<Family, InetAddress> own;
    private final MessageReader reader = new MessageReader();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// What the peer knows, with the next hop that it was told.
    private final Map<IpNetwork, InetAddress> told = new LinkedHashMap<>();

    /// What it is to know.
    private Map<IpNetwork, InetAddress> wanted = Map.of();

    private State state = State.OPEN_SENT;
    private Set<Family> families = Set.of();
    private boolean hasWideAsns;
    private boolean isAllTold;

    /// Nothing is different from what is wanted.
    private boolean isQuiet;

    private long routerId;
    private long holdNanos = OPEN_NANOS;
    private long heardAt;
    private long spokeAt;
    private long movedAt;
    private Optional<String> reason = Optional.empty();

    /// @param own the addresses of this end, which routes lead to that do not say
    /// @param isRestarted whether it is our first one with this peer
    /// @param now as [System#nanoTime]
    Session(
            BgpIdentity self,
            BgpPeer peer,
            Map<Family, InetAddress> own,
            boolean isRestarted,
            long now) {
        this.self = self;
        this.peer = peer;
        this.own = Map.copyOf(own);
        heardAt = now;
        movedAt = now;
        say(MessageWriter.open(self, peer.holdSeconds(), isRestarted), now);
    }

    State state() {
        return state;
    }

    /// Why it has ended.
    Optional<String> reason() {
        return reason;
    }

    /// The peer's, once it has sent its OPEN.
    long routerId() {
        return routerId;
    }

    /// How many routes the peer was told of.
    int routes() {
        return told.size();
    }

    /// What the peer is to know, instead of what it was to know before. Routes without a next hop
    /// lead to this end of the connection.
    void announce(Map<IpNetwork, Optional<InetAddress>> routes) {
        Map<IpNetwork, InetAddress> next = new LinkedHashMap<>();
        routes.forEach((route, hop) ->
                hop.or(() -> Optional.ofNullable(own.get(Family.of(route.address()))))
                        .ifPresent(to -> next.put(route, to)));
        wanted = next;
        isQuiet = false;
    }

    /// Takes what the peer has sent.
    void receive(byte[] bytes, int count, long now) {
        ByteBuffer from = ByteBuffer.wrap(bytes, 0, count);
        try {
            while (from.hasRemaining() && state != State.ENDED) {
                reader.add(from);
                for (Optional<Message> next = reader.next();
                        next.isPresent() && state != State.ENDED;
                        next = reader.next()) {
                    heardAt = now;
                    hear(next.get(), now);
                }
            }
        } catch (Fault e) {
            end(e, now);
        }
    }

    private void hear(Message message, long now) {
        switch (message) {
            case Message.Open open -> open(open, now);
            case Message.Keepalive _ -> {
                require(state != State.OPEN_SENT, 1);
                state = State.ESTABLISHED;
            }
            case Message.Update _ -> requireEstablished();
            case Message.Refresh refresh -> {
                requireEstablished();
                told.keySet().removeIf(r -> Family.of(r.address()).afi() == refresh.afi());
                isQuiet = false;
            }
            case Message.Notification why ->
                    ended("it says " + why.code() + "/" + why.subcode() + meaning(why));
        }
    }

    private void open(Message.Open open, long now) {
        require(state == State.OPEN_SENT, state == State.ESTABLISHED ? 3 : 2);
        if (open.asn() != peer.asn()) {
            throw new Fault(
                    Fault.OPEN, 2, "it is of AS" + open.asn() + " and not of AS" + peer.asn());
        }
        int own = ByteBuffer.wrap(self.routerId().getAddress()).getInt();
        if (isInside() && open.routerId() == Integer.toUnsignedLong(own)) {
            throw new Fault(Fault.OPEN, 3, "it has our router id");
        }
        routerId = open.routerId();
        families = open.families();
        hasWideAsns = open.hasWideAsns();
        holdNanos = Duration.ofSeconds(Math.min(peer.holdSeconds(), open.holdSeconds())).toNanos();
        state = State.OPEN_CONFIRM;
        say(MessageWriter.keepalive(), now);
    }

    private boolean isInside() {
        return peer.asn() == self.asn();
    }

    private void requireEstablished() {
        require(state == State.ESTABLISHED, state == State.OPEN_SENT ? 1 : 2);
    }

    private static void require(boolean isExpected, int subcode) {
        if (!isExpected) {
            throw new Fault(Fault.STATE, subcode, "a message out of turn");
        }
    }

    private static String meaning(Message.Notification why) {
        return switch (why.code()) {
            case Fault.HEADER -> ", a bad header";
            case Fault.OPEN -> why.subcode() == 2 ? ", a wrong AS number" : ", a bad OPEN";
            case 3 -> ", a bad UPDATE";
            case Fault.HOLD_TIMER -> ", the hold time is over";
            case Fault.STATE -> ", a message out of turn";
            case Fault.CEASE -> ", it ceases";
            default -> "";
        };
    }

    /// Does what the time asks for.
    void tick(long now) {
        if (state == State.ENDED) {
            return;
        }
        if (holdNanos > 0 && now - heardAt >= holdNanos) {
            end(new Fault(Fault.HOLD_TIMER, 0, "nothing was heard of it for too long"), now);
        } else if (out.size() > 0 && now - movedAt >= SEND_NANOS) {
            ended("it does not read");
        } else if (isKeptAlive() && now - spokeAt >= holdNanos / 3) {
            say(MessageWriter.keepalive(), now);
        }
    }

    private boolean isKeptAlive() {
        return holdNanos > 0 && state != State.OPEN_SENT;
    }

    /// When [#tick] has something to do at the latest.
    long deadline() {
        long hold = holdNanos > 0 ? heardAt + holdNanos : heardAt + SEND_NANOS;
        return isKeptAlive() ? Math.min(hold, spokeAt + holdNanos / 3) : hold;
    }

    private void say(byte[] message, long now) {
        if (out.size() == 0) {
            movedAt = now;
        }
        out.writeBytes(message);
        spokeAt = now;
    }

    /// What is to be sent, from the beginning of what [#sent] has not confirmed.
    byte[] pending(long now) {
        while (state == State.ESTABLISHED && !isQuiet && out.size() < PENDING_BYTES) {
            Optional<byte[]> next = nextUpdate();
            next.ifPresent(update -> say(update, now));
            isQuiet = next.isEmpty();
        }
        return out.toByteArray();
    }

    /// So much of it was sent.
    void sent(int count, long now) {
        byte[] all = out.toByteArray();
        out.reset();
        out.write(all, count, all.length - count);
        movedAt = now;
    }

    /// Withdrawals go first: what a route is replaced by may be a part of it.
    private Optional<byte[]> nextUpdate() {
        for (Family family : Family.values()) {
            List<IpNetwork> gone =
                    told.keySet().stream()
                            .filter(r -> Family.of(r.address()) == family && !wanted.containsKey(r))
                            .limit(MessageWriter.ROUTES_MAX)
                            .toList();
            if (!gone.isEmpty()) {
                gone.forEach(told::remove);
                return Optional.of(MessageWriter.withdraw(family, gone));
            }
        }
        List<IpNetwork> fresh = new ArrayList<>();
        Optional<InetAddress> hop = Optional.empty();
        for (Map.Entry<IpNetwork, InetAddress> route : wanted.entrySet()) {
            boolean isMissing =
                    families.contains(Family.of(route.getKey().address()))
                            && !Objects.equals(told.get(route.getKey()), route.getValue());
            if (isMissing && hop.map(route.getValue()::equals).orElse(true)) {
                hop = Optional.of(route.getValue());
                fresh.add(route.getKey());
            }
            if (fresh.size() == MessageWriter.ROUTES_MAX) {
                break;
            }
        }
        if (hop.isPresent()) {
            InetAddress to = hop.get();
            fresh.forEach(route -> told.put(route, to));
            return Optional.of(MessageWriter.announce(self, isInside(), hasWideAsns, to, fresh));
        }
        return endOfFirst();
    }

    /// A peer that kept routes of our last session can drop those that were not said again.
    private Optional<byte[]> endOfFirst() {
        if (isAllTold) {
            return Optional.empty();
        }
        isAllTold = true;
        ByteArrayOutputStream marks = new ByteArrayOutputStream();
        families.stream()
                .sorted()
                .forEach(family -> marks.writeBytes(MessageWriter.withdraw(family, List.of())));
        return Optional.of(marks.toByteArray());
    }

    /// Tells the peer why it is over.
    void end(Fault why, long now) {
        if (state != State.ENDED) {
            say(why.encode(), now);
            ended(String.valueOf(why.getMessage()));
        }
    }

    /// It is over, and the peer knows or cannot be told.
    void ended(String why) {
        state = State.ENDED;
        reason = Optional.of(why);
    }
}
