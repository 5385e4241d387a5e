package io.atoll.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ParentConfigTest {
    private static ParentConfig parse(NetworkType type, Map<String, String> more) {
        Map<String, String> config = new TreeMap<>(Map.of("parent", "eth9"));
        config.putAll(more);
        return ParentConfig.parse(Network.of("n", type, "", config));
    }

    @Test
    void readsWhatInterfacesGet() {
        ParentConfig config =
                parse(NetworkType.MACVLAN, Map.of("vlan", "7", "gvrp", "true", "mtu", "1400"));
        assertEquals(OptionalInt.of(7), config.vlan());
        assertEquals(OptionalInt.of(1400), config.mtu());
        assertTrue(config.isAnnounced());
        assertFalse(parse(NetworkType.PHYSICAL, Map.of("vlan", "7")).isAnnounced());
    }

    @Test
    void refusesWhatTheTypeDoesNotHave() {
        record Case(NetworkType type, String key, String value) {}
        for (Case wrong :
                new Case[] {
                    new Case(NetworkType.SRIOV, "gvrp", "true"),
                    new Case(NetworkType.MACVLAN, "gvrp", "perhaps"),
                    new Case(NetworkType.MACVLAN, "vlan", "4095"),
                    new Case(NetworkType.MACVLAN, "mtu", "67"),
                    new Case(NetworkType.MACVLAN, "dns.nameservers", "10.0.0.1"),
                    new Case(NetworkType.PHYSICAL, "ipv4.nat", "true"),
                    new Case(NetworkType.PHYSICAL, "parent", "")
                }) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> parse(wrong.type(), Map.of(wrong.key(), wrong.value())),
                    wrong::toString);
        }
    }
}
