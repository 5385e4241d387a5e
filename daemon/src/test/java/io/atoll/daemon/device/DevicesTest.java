package io.atoll.daemon.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
    private static String refusal(Map<String, String> device) {
        return assertThrows(DomainException.class, () -> Devices.parse("d", device)).getMessage();
    }

    @Test
    void readsTheUsualTwo() {
        List<DeviceConfig> devices =
                Devices.parseAll(
                        Map.of(
                                "root",
                                        Map.of(
                                                "type", "disk", "path", "/", "pool", "p", "size",
                                                "1GiB"),
                                "eth0", Map.of("type", "nic", "network", "br0", "name", "eth0")));
        DeviceConfig.RootDisk root = Devices.root(devices);
        assertEquals("p", root.pool());
        assertEquals(Optional.of(new ByteSize(1 << 30)), root.size());
        assertTrue(
                devices.stream()
                        .anyMatch(d -> d instanceof DeviceConfig.BridgedNic n && n.isManaged()));
    }

    @Test
    void refusesInTheWordsOfLxd() {
        String prefix = "Device validation failed for \"d\": ";
        assertEquals(
                prefix + "Failed loading device \"d\": Unsupported device type",
                refusal(Map.of("type", "nic")));
        assertEquals(
                prefix + "Failed loading device \"d\": Unsupported device type", refusal(Map.of()));
        assertEquals(
                prefix + "Disk entry is missing the required \"source\" or \"path\" property",
                refusal(Map.of("type", "disk", "path", "/x")));
        assertEquals(
                prefix + "Root disk entry must have a \"pool\" property set",
                refusal(Map.of("type", "disk", "path", "/")));
        assertEquals(
                prefix + "Invalid device option \"foo\"",
                refusal(Map.of("type", "disk", "path", "/", "pool", "p", "foo", "x")));
        assertEquals(
                prefix + "Invalid value for device option \"size\": Invalid value: big",
                refusal(Map.of("type", "disk", "path", "/", "pool", "p", "size", "big")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proxy", "gpu", "usb", "infiniband", "unix-hotplug", "tpm", "pci"})
    void namesTheTypesThatAreMissing(String type) {
        UnsupportedException e =
                assertThrows(
                        UnsupportedException.class, () -> Devices.parse("d", Map.of("type", type)));
        assertTrue(e.getMessage().contains(type));
    }

    @Test
    void refusesOptionsItCannotHonour() {
        assertThrows(
                UnsupportedException.class,
                () ->
                        Devices.parse(
                                "d",
                                Map.of("type", "nic", "network", "b", "limits.ingress", "1Mbit")));
        Devices.parse(
                "d", Map.of("type", "nic", "network", "b", "security.mac_filtering", "false"));
    }

    @Test
    void guestPathsStayInside() {
        assertTrue(
                refusal(Map.of("type", "disk", "source", "/a", "path", "/b/../.."))
                        .contains("leaves the instance"));
    }

    @Test
    void unixNodesNameTheirNumbersOrASource() {
        DeviceConfig.UnixNode node =
                assertInstanceOf(
                        DeviceConfig.UnixNode.class,
                        Devices.parse(
                                "d",
                                Map.of(
                                        "type",
                                        "unix-char",
                                        "path",
                                        "/dev/x",
                                        "major",
                                        "10",
                                        "minor",
                                        "5")));
        assertTrue(node.source().isEmpty());
        assertThrows(
                InvalidConfigException.class,
                () ->
                        Devices.parse(
                                "d", Map.of("type", "unix-char", "path", "/dev/x", "major", "10")));
    }

    @Test
    void anInstanceHasExactlyOneRoot() {
        Exception e = assertThrows(InvalidConfigException.class, () -> Devices.root(List.of()));
        assertEquals("Failed getting root disk: No root device could be found", e.getMessage());
    }
}
