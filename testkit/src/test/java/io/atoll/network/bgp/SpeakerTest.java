package io.atoll.network.bgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.testkit.Await;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Speakers with each other, and with a router of the test's own, over loopback. Each has an
/// address of its own, for peers are known by that.
class SpeakerTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String OURS = "127.0.31.1";
    private static final String THEIRS = "127.0.31.2";

    private final Speaker speaker = open(OURS, 64_512);

    private static InetAddress address(String text) {
        return InetAddress.ofLiteral(text);
    }

    private static Speaker open(String own, long asn) {
        return Speaker.open(
                new BgpIdentity(asn, (Inet4Address) address(own)),
                new InetSocketAddress(address(own), 0));
    }

    /// As it is known to the other.
    private static BgpPeer peer(Speaker other, long asn, String password) {
        InetSocketAddress at = other.address();
        return new BgpPeer(at.getAddress(), at.getPort(), asn, password, 90);
    }

    /// A peer that never answers when it is connected to.
    private static BgpPeer silent(long asn) {
        return new BgpPeer(address(THEIRS), 1, asn, "", 90);
    }

    private static Map<IpNetwork, Optional<InetAddress>> routes(String... texts) {
        Map<IpNetwork, Optional<InetAddress>> out = new HashMap<>();
        for (String text : texts) {
            String[] words = text.split(" via ");
            out.put(
                    IpNetwork.parse(words[0]).orElseThrow(),
                    words.length == 1 ? Optional.empty() : Optional.of(address(words[1])));
        }
        return out;
    }

    /// Tells of one peer, which is let in from then on.
    private static void tell(
            Speaker speaker, BgpPeer peer, Map<IpNetwork, Optional<InetAddress>> routes) {
        speaker.tell(List.of(peer), routes);
        Await.until(
                "the peer " + peer,
                SOON,
                () -> speaker.peers().stream().anyMatch(p -> p.asn() == peer.asn()));
    }

    private static void awaitSession(Speaker at, int routes) {
        Await.until(
                routes + " routes told, " + at.peers(),
                SOON,
                () -> at.peers().stream().anyMatch(p -> p.isEstablished() && p.routes() == routes));
    }

    private static String awaitTrouble(Speaker at) {
        return Await.present(
                "trouble",
                SOON,
                () -> at.peers().stream().flatMap(p -> p.trouble().stream()).findFirst());
    }

    @AfterEach
    void close() {
        speaker.close();
    }

    @Test
    void twoSpeakersMeetHoweverTheyConnect() {
        try (Speaker other = open(THEIRS, 64_513)) {
            speaker.tell(List.of(peer(other, 64_513, "")), routes("203.0.113.0/24"));
            other.tell(List.of(peer(speaker, 64_512, "")), routes());
            awaitSession(speaker, 1);
            awaitSession(other, 0);
        }
    }

    @Test
    void twoSpeakersInsideMeetWithAPassword() {
        try (Speaker other = open(THEIRS, 64_512)) {
            speaker.tell(List.of(peer(other, 64_512, "sécret")), routes("203.0.113.0/24"));
            other.tell(List.of(peer(speaker, 64_512, "sécret")), routes());
            awaitSession(speaker, 1);
            // Another password: what was is over.
            other.tell(List.of(peer(speaker, 64_512, "other")), routes());
            Await.until(
                    "the end of the session",
                    SOON,
                    () -> speaker.peers().stream().noneMatch(PeerState::isEstablished));
            other.tell(List.of(peer(speaker, 64_512, "sécret")), routes());
            awaitSession(speaker, 1);
        }
    }

    @Test
    void withoutThePasswordNobodyComesIn() throws IOException {
        BgpPeer signed = new BgpPeer(address(THEIRS), 1, 64_513, "secret", 90);
        tell(speaker, signed, routes("203.0.113.0/24"));
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(address(THEIRS), 0));
            assertThrows(IOException.class, () -> socket.connect(speaker.address(), 500));
        }
    }

    @Test
    void routerLearnsAndForgets() throws IOException {
        tell(
                speaker,
                silent(64_513),
                routes("203.0.113.0/24", "2001:db8:1::/64 via 2001:db8::9", "198.51.100.7/32"));
        try (TestRouter router = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
            router.await(
                    Map.of(
                            "203.0.113.0/24",
                            OURS,
                            "2001:db8:1::/64",
                            "2001:db8::9",
                            "198.51.100.7/32",
                            OURS));
            tell(speaker, silent(64_513), routes("203.0.113.0/24 via 192.0.2.5"));
            router.await(Map.of("203.0.113.0/24", "192.0.2.5"));
            tell(speaker, silent(64_513), routes());
            router.await(Map.of());
            speaker.leave();
            assertEquals(List.of("6/2"), router.awaitEnd());
        }
    }

    @Test
    void closingSaysNothingSoThatRoutersWait() throws IOException {
        tell(speaker, silent(64_513), routes("203.0.113.0/24"));
        try (TestRouter router = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
            router.await(Map.of("203.0.113.0/24", OURS));
            speaker.close();
            assertEquals(List.of(), router.awaitEnd());
        }
    }

    @Test
    void peerThatIsRemovedOrChangedIsTold() throws IOException {
        tell(speaker, silent(64_513), routes("203.0.113.0/24"));
        try (TestRouter router = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
            router.await(Map.of("203.0.113.0/24", OURS));
            tell(speaker, silent(64_999), routes("203.0.113.0/24"));
            assertEquals(List.of("6/6"), router.awaitEnd());
        }
        try (TestRouter router = TestRouter.connect(THEIRS, speaker.address(), 64_999)) {
            router.await(Map.of("203.0.113.0/24", OURS));
            speaker.tell(List.of(), routes());
            assertEquals(List.of("6/3"), router.awaitEnd());
        }
    }

    @Test
    void strangersAndLiarsAreNotSpokenWith() throws IOException {
        try (TestRouter stranger = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
            assertEquals(List.of(), stranger.awaitEnd());
        }
        tell(speaker, silent(64_513), routes("203.0.113.0/24"));
        String unused = awaitTrouble(speaker);
        try (TestRouter liar = TestRouter.connect(THEIRS, speaker.address(), 64_999)) {
            assertEquals(List.of("2/2"), liar.awaitEnd());
        }
    }

    @Test
    void secondConnectionOfTheSameMomentIsRefused() throws IOException {
        tell(speaker, silent(64_513), routes("203.0.113.0/24"));
        try (TestRouter router = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
            router.await(Map.of("203.0.113.0/24", OURS));
            try (TestRouter second = TestRouter.connect(THEIRS, speaker.address(), 64_513)) {
                assertEquals(List.of("6/7"), second.awaitEnd());
            }
            tell(speaker, silent(64_513), routes());
            router.await(Map.of());
        }
    }

    @Test
    void addressInUseIsSaid() {
        ErrnoException e =
                assertThrows(
                        ErrnoException.class,
                        () ->
                                Speaker.open(
                                        new BgpIdentity(1, (Inet4Address) address(OURS)),
                                        speaker.address()));
        assertTrue(e.is(Errno.EADDRINUSE));
    }

    @Test
    void listensForBothFamilies() throws IOException {
        try (Speaker all = open6()) {
            tell(all, silent(64_513), routes("203.0.113.0/24"));
            InetSocketAddress at = new InetSocketAddress(address(OURS), all.address().getPort());
            try (TestRouter router = TestRouter.connect(THEIRS, at, 64_513)) {
                router.await(Map.of("203.0.113.0/24", OURS));
            }
        }
    }

    private static Speaker open6() {
        return Speaker.open(
                new BgpIdentity(64_512, (Inet4Address) address(OURS)),
                new InetSocketAddress(address("::"), 0));
    }
}
