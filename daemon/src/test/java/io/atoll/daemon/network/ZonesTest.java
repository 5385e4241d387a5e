package io.atoll.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.dns.ServedZone;
import io.atoll.daemon.dns.ZoneEntry;
import io.atoll.network.BridgeConfig;
import io.atoll.network.Lease;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What zones hold of networks and users.
class ZonesTest {
    private static final Map<String, String> NETWORK =
            Map.of(
                    "ipv4.address", "10.0.5.1/24",
                    "ipv4.nat", "true",
                    "ipv6.address", "fd42::1/64",
                    "dns.zone.forward", "example.net",
                    "dns.zone.reverse.ipv4", "5.0.10.in-addr.arpa",
                    "dns.zone.reverse.ipv6", "0.0.0.0.0.0.0.0.0.0.0.0.2.4.d.f.ip6.arpa");

    private static final List<ZoneContent.Bridge> BRIDGES =
            List.of(
                    new ZoneContent.Bridge(
                            BridgeConfig.parse("br0", NETWORK),
                            NETWORK,
                            List.of(
                                    lease("br0.gw", "10.0.5.1"),
                                    lease("c1", "10.0.5.7"),
                                    lease("c1", "fd42::7"),
                                    lease("", "10.0.5.8"))));

    private static Lease lease(String host, String address) {
        return new Lease(
                host, Optional.empty(), InetAddress.ofLiteral(address), Lease.Kind.DYNAMIC);
    }

    private static NetworkZone zone(String name, String... config) {
        Json.Obj keys = Json.object();
        for (int i = 0; i < config.length; i += 2) {
            keys.put(config[i], config[i + 1]);
        }
        return NetworkZone.of(
                ProjectName.DEFAULT, name, Json.object().put("config", keys), List.of());
    }

    private static List<String> lines(NetworkZone zone) {
        return ZoneContent.of(zone, BRIDGES).stream()
                .map(e -> e.name() + " " + e.type() + " " + e.value())
                .toList();
    }

    @Test
    void namesLeadToAddresses() {
        assertEquals(
                List.of("br0.gw A 10.0.5.1", "c1 A 10.0.5.7", "c1 AAAA fd42::7"),
                lines(zone("example.net")));
        assertEquals(
                List.of("c1 AAAA fd42::7"), lines(zone("example.net", "network.nat", "false")));
        assertEquals(List.of(), lines(zone("example.org")));
    }

    @Test
    void addressesLeadToNames() {
        assertEquals(
                List.of("1 PTR br0.gw.example.net.", "7 PTR c1.example.net."),
                lines(zone("5.0.10.in-addr.arpa")));
        assertEquals(
                List.of("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR c1.example.net."),
                lines(zone("0.0.0.0.0.0.0.0.0.0.0.0.2.4.d.f.ip6.arpa")).stream()
                        .map(line ->
                                line.replaceFirst(
                                        "^((?:[0-9a-f]\\.){15}[0-9a-f]).*? PTR", "$1 PTR"))
                        .toList());
    }

    @Test
    void usersAddLines() {
        NetworkZone.Extra record =
                NetworkZone.Extra.of(
                        "www",
                        Json.parse(
                                "{\"entries\": [{\"type\": \"CNAME\", \"value\": \"c1\"},"
                                        + " {\"type\": \"TXT\", \"ttl\": 5, \"value\": \"x\"}]}"));
        NetworkZone zone = zone("example.net").withRecords(List.of(record));
        zone.check();
        assertTrue(zone.extras().contains(new ZoneEntry("www", "TXT", 5, "x")));
        assertEquals(5, ZoneContent.of(zone, BRIDGES).size());
        assertEquals(3, lines(zone.withRecords(List.of())).size());
    }

    @Test
    void peersHaveAnAddressOrAKey() {
        NetworkZone zone =
                zone(
                        "example.net",
                        "peers.ns1.address",
                        "192.0.2.1",
                        "peers.ns2.key",
                        "c2VjcmV0",
                        "peers.ns2.address",
                        "192.0.2.2");
        zone.check();
        assertEquals(
                List.of("ns1", "ns2"), zone.peers().stream().map(ServedZone.Peer::name).toList());
        assertEquals(Optional.of("c2VjcmV0"), zone.peers().get(1).key());
    }

    @Test
    void whatIsWrongIsRefused() {
        for (String name : List.of("", "UPPER.net", "a..b", "-a.net", "a b", "x".repeat(64))) {
            assertThrows(InvalidConfigException.class, () -> zone(name).check(), name);
        }
        String[][] wrong = {
            {"peers.ns1.address", "nowhere"},
            {"peers.ns1.key", "no base64!"},
            {"peers.ns1.port", "53"},
            {"peers.address", "192.0.2.1"},
            {"network.nat", "maybe"},
            {"dns.nameservers", "ns 1"},
            {"dns.contact", "x"}
        };
        for (String[] pair : wrong) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> zone("example.net", pair).check(),
                    String.join("=", pair));
        }
        NetworkZone.Extra bad =
                NetworkZone.Extra.of(
                        "www", Json.parse("{\"entries\": [{\"type\": \"A\", \"value\": \"x\"}]}"));
        assertThrows(
                InvalidConfigException.class,
                () -> zone("example.net").withRecords(List.of(bad)).check());
    }
}
