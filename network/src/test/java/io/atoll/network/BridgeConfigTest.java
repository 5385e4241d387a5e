package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BridgeConfigTest {
    private static final Path DIRECTORY = Path.of("/s/networks/br0");

    private static BridgeConfig parse(String... pairs) {
        Map<String, String> config = new TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            config.put(pairs[i], pairs[i + 1]);
        }
        return BridgeConfig.parse("br0", config);
    }

    @Test
    void hasLxdsDefaults() {
        BridgeConfig config = parse();
        assertTrue(config.ipv4().address().isEmpty());
        assertTrue(config.ipv4().dhcp());
        assertFalse(config.ipv4().nat());
        assertTrue(config.ipv4().firewall());
        assertTrue(config.ipv6().routing());
        assertFalse(config.ipv6().stateful());
        assertEquals("lxd", config.dnsDomain());
        assertEquals(DnsMode.MANAGED, config.dnsMode());
        assertEquals(Optional.empty(), config.mtu());
    }

    @Test
    void readsEveryKey() {
        BridgeConfig config =
                parse(
                        "ipv4.address",
                        "10.1.2.1/24",
                        "ipv4.nat",
                        "yes",
                        "ipv4.nat.order",
                        "before",
                        "ipv4.nat.address",
                        "192.0.2.9",
                        "ipv4.dhcp.ranges",
                        "10.1.2.10-10.1.2.20, 10.1.2.30-10.1.2.40",
                        "ipv4.dhcp.expiry",
                        "2d",
                        "ipv4.dhcp.gateway",
                        "10.1.2.3",
                        "ipv4.routes",
                        "10.9.0.0/16",
                        "ipv4.routing",
                        "false",
                        "ipv4.firewall",
                        "0",
                        "ipv6.address",
                        "fd42::1/64",
                        "ipv6.dhcp.stateful",
                        "true",
                        "bridge.mtu",
                        "9000",
                        "bridge.hwaddr",
                        "00:16:3E:00:00:01",
                        "bridge.external_interfaces",
                        "eth1,eth2",
                        "dns.domain",
                        "example.net",
                        "dns.mode",
                        "dynamic",
                        "dns.search",
                        "a.net,b.net",
                        "raw.dnsmasq",
                        "a\nb",
                        "tunnel.t1.protocol",
                        "vxlan",
                        "tunnel.t1.id",
                        "7",
                        "user.anything",
                        "x",
                        "security.acls",
                        "web");
        assertEquals(2, config.ipv4().ranges().size());
        assertEquals("00:16:3e:00:00:01", config.hwaddr().orElseThrow().text());
        assertEquals(List.of("eth1", "eth2"), config.externalInterfaces());
        assertEquals(7, config.tunnels().getFirst().id());
        assertEquals("a\nb", config.rawDnsmasq());
        assertTrue(config.ipv4().natBefore());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    ipv4.address     | 10.1.2.0/24  | Not a usable IPv4 address "10.1.2.0/24"
                    ipv4.address     | fd42::1/64   | invalid CIDR address: fd42::1/64
                    ipv4.address     | host/24      | invalid CIDR address: host/24
                    ipv6.address     | fd42::/64    | Not a usable IPv6 address "fd42::/64"
                    ipv4.nat         | maybe        | Invalid value for a boolean "maybe"
                    ipv4.dhcp.ranges | 10.0.0.1     | IP range must contain start and end IP addresses
                    ipv4.routes      | 10.0.0.1/8   | Not an IPv4 network "10.0.0.1/8"
                    ipv4.nat.address | fd42::1      | Not an IPv4 address "fd42::1"
                    ipv4.dhcp.expiry | 1h,set:x     | Invalid lease time "1h,set:x"
                    bridge.mtu       | 1000         | Invalid MTU "1000", must be between 1280 and 16384
                    bridge.hwaddr    | 00:16        | Invalid MAC address, must be 6 bytes of hex separated by colons
                    bridge.driver    | ovs          | Invalid value "ovs" (not one of [native openvswitch])
                    dns.mode         | full         | Invalid value "full" (not one of [managed dynamic none])
                    dns.domain       | a/b          | Invalid DNS domain "a/b"
                    """)
    void saysKeyAndReason(String key, String value, String why) {
        InvalidConfigException e =
                assertThrows(InvalidConfigException.class, () -> parse(key, value));
        assertEquals(
                "Invalid value for network \"br0\" option \"" + key + "\": " + why, e.getMessage());
    }

    @Test
    void refusesUnknownKeysAndBadNames() {
        assertEquals(
                "Invalid option for network \"br0\" option \"ipv4.addres\"",
                assertThrows(InvalidConfigException.class, () -> parse("ipv4.addres", "x"))
                        .getMessage());
        assertEquals(
                "Network interface is too long (maximum 15 characters)",
                assertThrows(
                                InvalidConfigException.class,
                                () -> BridgeConfig.parse("waytoolongbridgename0", Map.of()))
                        .getMessage());
        for (String name : new String[] {"", "a", "..", "a/b", "a b", "-ab", "a\nb"}) {
            assertThrows(
                    InvalidConfigException.class, () -> BridgeConfig.parse(name, Map.of()), name);
        }
    }

    @Test
    void startsDnsmasqAsLxdDoes() {
        BridgeConfig config =
                parse(
                        "ipv4.address",
                        "10.70.215.1/24",
                        "ipv6.address",
                        "fd42:2928:bbb4:d1fd::1/64");
        assertEquals(
                "dnsmasq --strict-order --bind-interfaces --except-interface=lo --pid-file=/s/networks/br0/dnsmasq.pid"
                        + " --no-ping --interface=br0 --dhcp-rapid-commit --quiet-dhcp --quiet-dhcp6 --quiet-ra"
                        + " --listen-address=10.70.215.1 --dhcp-no-override --dhcp-authoritative"
                        + " --dhcp-leasefile=/s/networks/br0/dnsmasq.leases"
                        + " --dhcp-hostsdir=/s/networks/br0/dnsmasq.hosts"
                        + " --dhcp-range 10.70.215.2,10.70.215.254,1h --listen-address=fd42:2928:bbb4:d1fd::1"
                        + " --enable-ra --dhcp-range ::,constructor:br0,ra-stateless,ra-names --dhcp-ignore-names"
                        + " -s lxd --interface-name _gateway.lxd,br0 -S /lxd/"
                        + " --hostsdir=/s/networks/br0/dnsmasq.names"
                        + " --conf-file=/s/networks/br0/dnsmasq.raw -u nobody",
                String.join(" ", Dnsmasq.arguments(config, DIRECTORY)));
    }

    @Test
    void leavesTheBridgeOutOfTheRangesInTheMiddle() {
        String args =
                String.join(
                        " ",
                        Dnsmasq.arguments(
                                parse(
                                        "ipv4.address",
                                        "10.0.0.100/24",
                                        "dns.mode",
                                        "none",
                                        "bridge.mtu",
                                        "1400"),
                                DIRECTORY));
        assertTrue(
                args.contains(
                        "--dhcp-range 10.0.0.1,10.0.0.99,1h --dhcp-range 10.0.0.101,10.0.0.254,1h"),
                args);
        assertTrue(args.contains("--port=0"), args);
        assertTrue(args.contains("--dhcp-option-force=26,1400"), args);
        assertFalse(args.contains("-S"), args);
        assertFalse(Dnsmasq.isNeeded(parse()));
        assertFalse(
                Dnsmasq.isNeeded(
                        parse(
                                "ipv4.address",
                                "10.0.0.1/24",
                                "ipv4.dhcp",
                                "false",
                                "dns.mode",
                                "none")));
    }

    @Test
    void rendersOneTransaction() {
        BridgeConfig config = parse("ipv4.address", "10.70.215.1/24", "ipv4.nat", "true");
        String text = Firewall.render(Firewall.chains(config));
        assertTrue(text.startsWith("add table inet atoll\nadd chain inet atoll pstrt.br0\n"), text);
        assertTrue(
                text.contains(
                        "add rule inet atoll pstrt.br0 ip saddr 10.70.215.0/24 ip daddr != 10.70.215.0/24 masquerade\n"));
        assertTrue(
                text.contains("add rule inet atoll fwd.br0 ip version 4 oifname \"br0\" accept\n"));
        assertTrue(
                text.contains("add rule inet atoll in.br0 iifname \"br0\" udp dport 67 accept\n"));
        assertFalse(text.contains("ip6"), text);
        String none =
                Firewall.render(
                        Firewall.chains(
                                parse("ipv4.address", "10.0.0.1/24", "ipv4.firewall", "false")));
        assertFalse(none.contains("add rule"), none);
        assertTrue(none.contains("delete chain inet atoll fwd.br0\n"), none);
    }
}
