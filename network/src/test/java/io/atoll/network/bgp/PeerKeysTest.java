package io.atoll.network.bgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InvalidConfigException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerKeysTest {
    @Test
    void readsPeers() {
        List<BgpPeer> peers =
                PeerKeys.parse(
                        "br0",
                        Map.of(
                                "bgp.peers.a.address",
                                "192.0.2.1",
                                "bgp.peers.a.asn",
                                "4294967294",
                                "bgp.peers.a.password",
                                "secret",
                                "bgp.peers.a.holdtime",
                                "9",
                                "bgp.peers.b.address",
                                "2001:db8::1",
                                "bgp.peers.b.asn",
                                "1",
                                "bgp.ipv4.nexthop",
                                "192.0.2.9"));
        assertEquals(
                List.of(
                        new BgpPeer(
                                InetAddress.ofLiteral("192.0.2.1"),
                                179,
                                4_294_967_294L,
                                "secret",
                                9),
                        new BgpPeer(InetAddress.ofLiteral("2001:db8::1"), 179, 1, "", 180)),
                peers);
        assertFalse(peers.toString().contains("secret"));
    }

    @Test
    void peerThatIsNotCompleteIsNone() {
        assertEquals(List.of(), PeerKeys.parse("br0", Map.of("bgp.peers.a.address", "192.0.2.1")));
        assertEquals(List.of(), PeerKeys.parse("br0", Map.of("bgp.peers.a.asn", "64513")));
    }

    @Test
    void oneAddressIsOnePeer() {
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class,
                        () ->
                                PeerKeys.parse(
                                        "br0",
                                        Map.of(
                                                "bgp.peers.a.address",
                                                "192.0.2.1",
                                                "bgp.peers.a.asn",
                                                "1",
                                                "bgp.peers.b.address",
                                                "192.0.2.1",
                                                "bgp.peers.b.asn",
                                                "2")));
        assertEquals(
                "Network \"br0\" has the BGP peers \"a\" and \"b\" of one address", e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "bgp.peers.a, 1",
        "bgp.peers.a.port, 1",
        "bgp.peers.a.b.asn, 1",
        "bgp.peers..asn, 1",
        "bgp.peers.a.address, router",
        "bgp.peers.a.address, 192.0.2.1/24",
        "bgp.peers.a.address, 0.0.0.0",
        "bgp.peers.a.address, fe80::1",
        "bgp.peers.a.address, ff02::1",
        "bgp.peers.a.asn, 0",
        "bgp.peers.a.asn, 4294967295",
        "bgp.peers.a.asn, -1",
        "bgp.peers.a.asn, 1.1",
        "bgp.peers.a.holdtime, 8",
        "bgp.peers.a.holdtime, 65536",
        "bgp.peers.a.password, "
                + "123456789012345678901234567890123456789012345678901234567890123456789012345678901",
    })
    void refusesWhatIsNone(String key, String value) {
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> PeerKeys.parse("br0", Map.of(key, value)));
        assertEquals(true, e.getMessage().contains("option \"" + key + "\""), e.getMessage());
    }
}
