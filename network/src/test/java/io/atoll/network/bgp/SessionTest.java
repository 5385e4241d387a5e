package io.atoll.network.bgp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.net.IpNetwork;
import io.atoll.network.bgp.Session.State;
import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// A session without sockets and clocks: the peer is a second one, or bytes.
class SessionTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final InetAddress OUR4 = address("192.0.2.1");
    private static final InetAddress OUR6 = address("2001:db8::1");
    private static final BgpIdentity SELF = new BgpIdentity(64_512, (Inet4Address) OUR4);
    private static final BgpIdentity ROUTER =
            new BgpIdentity(64_513, (Inet4Address) address("192.0.2.2"));
    private static final IpNetwork NET4 = net("203.0.113.0/24");
    private static final IpNetwork NET6 = net("2001:db8:1::/64");

    private final Session session = session(64_513, 90);
    private final Session router = new Session(ROUTER, peer(64_512, 30), Map.of(), false, 0);

    private static InetAddress address(String text) {
        return IpNetwork.parseAddress(text).orElseThrow();
    }

    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static BgpPeer peer(long asn, int holdSeconds) {
        return new BgpPeer(address("192.0.2.2"), BgpPeer.PORT, asn, "", holdSeconds);
    }

    private static Session session(long asn, int holdSeconds) {
        return new Session(
                SELF,
                peer(asn, holdSeconds),
                Map.of(Family.IPV4, OUR4, Family.IPV6, OUR6),
                true,
                0);
    }

    /// Takes what it says.
    private static byte[] take(Session from, long now) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] next = from.pending(now); next.length > 0; next = from.pending(now)) {
            all.writeBytes(next);
            from.sent(next.length, now);
        }
        return all.toByteArray();
    }

    /// Each hears what the other says, until both are silent.
    private static byte[] talk(Session one, Session other, long now) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        while (true) {
            byte[] there = take(one, now);
            byte[] back = take(other, now);
            if (there.length + back.length == 0) {
                return said.toByteArray();
            }
            said.writeBytes(there);
            other.receive(there, there.length, now);
            one.receive(back, back.length, now);
        }
    }

    private static byte[] last(byte[] all, int count) {
        return java.util.Arrays.copyOfRange(all, all.length - count, all.length);
    }

    private static int count(byte[] all, byte[] part) {
        String hex = HexFormat.of().formatHex(all);
        return hex.split(HexFormat.of().formatHex(part), -1).length - 1;
    }

    private static byte[] announced(InetAddress hop, IpNetwork... routes) {
        return MessageWriter.announce(SELF, false, true, hop, List.of(routes));
    }

    @Test
    void bothAgree() {
        talk(session, router, 0);
        assertEquals(State.ESTABLISHED, session.state());
        assertEquals(State.ESTABLISHED, router.state());
        assertEquals(0xc000_0202L, session.routerId());
    }

    @Test
    void routesAreToldThenChangedThenWithdrawn() {
        session.announce(Map.of(NET4, Optional.empty(), NET6, Optional.empty()));
        byte[] first = talk(session, router, 0);
        assertEquals(1, count(first, announced(OUR4, NET4)));
        assertEquals(1, count(first, announced(OUR6, NET6)));
        assertEquals(2, session.routes());
        byte[] end = MessageWriter.withdraw(Family.IPV6, List.of());
        assertArrayEquals(end, last(first, end.length));

        session.announce(Map.of(NET4, Optional.of(address("192.0.2.77"))));
        byte[] second = talk(session, router, 0);
        assertEquals(1, count(second, MessageWriter.withdraw(Family.IPV6, List.of(NET6))));
        assertEquals(1, count(second, announced(address("192.0.2.77"), NET4)));

        session.announce(Map.of());
        assertArrayEquals(
                MessageWriter.withdraw(Family.IPV4, List.of(NET4)), talk(session, router, 0));
        session.announce(Map.of());
        assertEquals(0, talk(session, router, 0).length);
        assertEquals(State.ESTABLISHED, session.state());
    }

    @Test
    void nothingIsToldBeforeTheSessionIsThere() {
        session.announce(Map.of(NET4, Optional.empty()));
        assertEquals(0, count(take(session, 0), announced(OUR4, NET4)));
    }

    @Test
    void familyThatThePeerDoesNotTakeIsNotTold() {
        byte[] open = HexFormat.of().parseHex("ff".repeat(16) + "001d01" + "04fc01005ac000020200");
        session.announce(Map.of(NET4, Optional.empty(), NET6, Optional.empty()));
        session.receive(open, open.length, 0);
        byte[] alive = MessageWriter.keepalive();
        session.receive(alive, alive.length, 0);
        byte[] said = take(session, 0);
        byte[] short4 = MessageWriter.announce(SELF, false, false, OUR4, List.of(NET4));
        assertEquals(1, count(said, short4));
        assertEquals(1, session.routes());
    }

    @Test
    void routeWithoutAWayHereIsNotTold() {
        Session other = new Session(SELF, peer(64_513, 90), Map.of(Family.IPV4, OUR4), true, 0);
        other.announce(Map.of(NET4, Optional.empty(), NET6, Optional.empty()));
        talk(other, router, 0);
        assertEquals(1, other.routes());
    }

    /// Networks of one address each, from 10.0.0.0 on.
    private static Map<IpNetwork, Optional<InetAddress>> hosts(int count) {
        Map<IpNetwork, Optional<InetAddress>> out = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            out.put(
                    new IpNetwork(
                            IpNetwork.fromNumber(
                                    java.math.BigInteger.valueOf(0x0a00_0000L + i), false),
                            32),
                    Optional.empty());
        }
        return out;
    }

    @Test
    void manyRoutesGoInManyMessages() {
        session.announce(hosts(10_000));
        talk(session, router, 0);
        assertEquals(10_000, session.routes());
        assertEquals(State.ESTABLISHED, router.state(), router.reason()::toString);
        session.announce(Map.of());
        talk(session, router, 0);
        assertEquals(0, session.routes());
    }

    @Test
    void whatIsNotReadIsNotPiledUp() {
        talk(session, router, 0);
        session.announce(hosts(50_000));
        assertTrue(session.pending(0).length < (64 << 10) + MessageReader.MESSAGE_BYTES_MAX);
    }

    @Test
    void saysItAllAgainWhenAsked() {
        session.announce(Map.of(NET4, Optional.empty(), NET6, Optional.empty()));
        talk(session, router, 0);
        byte[] refresh = HexFormat.of().parseHex("ff".repeat(16) + "001705" + "00020001");
        session.receive(refresh, refresh.length, 0);
        assertArrayEquals(announced(OUR6, NET6), take(session, 0));
    }

    @Test
    void wrongSystemIsRefused() {
        Session strict = session(65_000, 90);
        talk(strict, router, 0);
        assertEquals(State.ENDED, strict.state());
        assertEquals(Optional.of("it is of AS64513 and not of AS65000"), strict.reason());
        assertEquals(Optional.of("it says 2/2, a wrong AS number"), router.reason());
    }

    @Test
    void ownRouterIdInsideIsRefused() {
        Session inside = session(64_512, 90);
        Session twin = new Session(SELF, peer(64_512, 90), Map.of(Family.IPV4, OUR4), false, 0);
        talk(inside, twin, 0);
        assertEquals(Optional.of("it has our router id"), inside.reason());
    }

    @Test
    void silenceEndsIt() {
        talk(session, router, 0);
        // The shorter one of 90 and 30 seconds holds.
        session.tick(29 * SECOND);
        assertEquals(State.ESTABLISHED, session.state());
        session.tick(30 * SECOND);
        assertEquals(State.ENDED, session.state());
        byte[] said = take(session, 30 * SECOND);
        assertArrayEquals(MessageWriter.notification(4, 0), last(said, 21));
    }

    @Test
    void keepsItselfAlive() {
        talk(session, router, 0);
        for (long now = 0; now < 300 * SECOND; now += SECOND) {
            session.tick(now);
            router.tick(now);
            talk(session, router, now);
        }
        assertEquals(State.ESTABLISHED, session.state());
        assertTrue(session.deadline() <= 310 * SECOND);
    }

    @Test
    void peerWithoutHoldTimeMayBeSilent() {
        byte[] open = HexFormat.of().parseHex("ff".repeat(16) + "001d01" + "04fc010000c000020200");
        session.receive(open, open.length, 0);
        byte[] alive = MessageWriter.keepalive();
        session.receive(alive, alive.length, 0);
        take(session, 0);
        session.tick(100_000 * SECOND);
        assertEquals(State.ESTABLISHED, session.state());
        assertEquals(0, take(session, 100_000 * SECOND).length);
    }

    @Test
    void peerThatNeverReadsIsLeft() {
        talk(session, router, 0);
        session.announce(Map.of(NET4, Optional.empty()));
        session.pending(0);
        byte[] alive = MessageWriter.keepalive();
        for (long now = SECOND; now < 480 * SECOND; now += SECOND) {
            session.receive(alive, alive.length, now);
            session.tick(now);
            assertEquals(State.ESTABLISHED, session.state(), "after " + now / SECOND);
        }
        session.receive(alive, alive.length, 480 * SECOND);
        session.tick(480 * SECOND);
        assertEquals(Optional.of("it does not read"), session.reason());
    }

    @Test
    void peerThatNeverSpeaksIsLeft() {
        session.tick(239 * SECOND);
        assertEquals(State.OPEN_SENT, session.state());
        session.tick(240 * SECOND);
        assertEquals(State.ENDED, session.state());
    }

    @Test
    void messagesOutOfTurnEndIt() {
        byte[] alive = MessageWriter.keepalive();
        session.receive(alive, alive.length, 0);
        assertArrayEquals(MessageWriter.notification(5, 1), last(take(session, 0), 21));

        Session second = session(64_513, 90);
        talk(second, router, 0);
        byte[] open = MessageWriter.open(ROUTER, 90, false);
        second.receive(open, open.length, 0);
        assertArrayEquals(MessageWriter.notification(5, 3), last(take(second, 0), 21));
    }

    @Test
    void updatesOfThePeerAreDropped() {
        talk(session, router, 0);
        byte[] update =
                MessageWriter.announce(ROUTER, false, true, address("192.0.2.2"), List.of(NET4));
        session.receive(update, update.length, 0);
        assertEquals(State.ESTABLISHED, session.state());
        assertEquals(0, session.routes());
    }

    @Test
    void endedSessionHearsAndSaysNothingMore() {
        talk(session, router, 0);
        session.end(Fault.shutdown(), 0);
        session.end(Fault.changed(), 0);
        session.announce(Map.of(NET4, Optional.empty()));
        assertArrayEquals(MessageWriter.notification(6, 2), take(session, 0));
        byte[] alive = MessageWriter.keepalive();
        session.receive(alive, alive.length, 0);
        session.tick(1000 * SECOND);
        assertEquals(Optional.of("we are shut down"), session.reason());
    }
}
