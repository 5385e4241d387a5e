package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// What programs of the host are asked for bridges of Open vSwitch.
class OpenVswitchTest {
    private final List<String> asked = new ArrayList<>();
    private final OpenVswitch openVswitch =
            new OpenVswitch(arguments -> {
                asked.add(String.join(" ", arguments));
                return switch (arguments.getFirst()) {
                    case "list-br" -> "ovs0\novs1\n";
                    case "list-ports" -> arguments.get(1).equals("ovs1") ? "eth9\n" : "";
                    default -> "";
                };
            });

    @Test
    void portsAreInVlans() {
        openVswitch.addPort("ovs0", "veth1", OptionalInt.empty(), List.of());
        openVswitch.addPort("ovs0", "veth1", OptionalInt.of(5), List.of());
        openVswitch.addPort("ovs0", "veth1", OptionalInt.empty(), List.of(6, 7));
        openVswitch.addPort("ovs0", "veth1", OptionalInt.of(5), List.of(6));
        openVswitch.addPort("ovs0", "veth1", OptionalInt.of(0), List.of());
        String head = "--may-exist add-port ovs0 veth1";
        assertEquals(
                List.of(
                        head,
                        head + " tag=5",
                        head + " vlan_mode=trunk trunks=6,7",
                        head + " tag=5 vlan_mode=native-untagged trunks=6",
                        head),
                asked);
    }

    @Test
    void bridgesAndPortsAreFound() {
        assertTrue(openVswitch.isBridge("ovs1"));
        assertFalse(openVswitch.isBridge("ovs"));
        assertEquals(Optional.of("ovs1"), openVswitch.bridgeOf("eth9"));
        assertEquals(Optional.empty(), openVswitch.bridgeOf("eth8"));
        OpenVswitch absent =
                new OpenVswitch(_ -> {
                    throw new UnavailableException("not there");
                });
        assertFalse(absent.isBridge("ovs1"), "where there is no switch there are no bridges");
        assertThrows(UnavailableException.class, () -> absent.deletePort("ovs1", "eth9"));
        assertThrows(InvalidConfigException.class, () -> openVswitch.deletePort("a b", "eth9"));
    }

    @Test
    void neighborsAreAnsweredForOnlyWhereAddressesAreKnown() {
        Map<String, String> good =
                Map.of("ipv6.address", "fd42::1/80", "ipv6.neighbor_proxy", "eth0");
        assertEquals(Optional.of("eth0"), BridgeConfig.parse("br0", good).neighborProxy());
        for (Map<String, String> wrong :
                List.of(
                        Map.of("ipv6.neighbor_proxy", "eth0"),
                        Map.of("ipv6.address", "fd42::1/64", "ipv6.neighbor_proxy", "eth0"),
                        Map.of(
                                "ipv6.address", "fd42::1/80",
                                "ipv6.dhcp", "false",
                                "ipv6.neighbor_proxy", "eth0"),
                        Map.of("ipv6.address", "fd42::1/80", "ipv6.neighbor_proxy", "br0"),
                        Map.of("ipv6.address", "fd42::1/80", "ipv6.neighbor_proxy", "a b"))) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> BridgeConfig.parse("br0", wrong),
                    wrong.toString());
        }
    }
}
