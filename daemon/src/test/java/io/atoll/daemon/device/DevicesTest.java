package io.atoll.daemon.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.Expansion;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
                        .anyMatch(d ->
                                d instanceof NicConfig n
                                        && n.network().equals(Optional.of("br0"))));
    }

    @Test
    void refusesInTheWordsOfLxd() {
        String prefix = "Device validation failed for \"d\": ";
        assertEquals(
                prefix + "Failed loading device \"d\": Unsupported device type",
                refusal(Map.of("type", "nic")));
        assertEquals(
                prefix + "Failed loading device \"d\": Missing device type in config",
                refusal(Map.of()));
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

    @Test
    void keysOfTheUserAreFree() {
        List<DeviceConfig> devices =
                Devices.parseAll(
                        Map.of(
                                "root",
                                Map.of("type", "disk", "path", "/", "pool", "p", "user.note", "x"),
                                "eth0",
                                Map.of("type", "nic", "network", "br0", "user.owner", "ops")));
        assertEquals(2, devices.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci"})
    void namesTheTypesThatAreMissing(String type) {
        UnsupportedException e =
                assertThrows(
                        UnsupportedException.class, () -> Devices.parse("d", Map.of("type", type)));
        assertTrue(e.getMessage().contains(type));
    }

    @Test
    void readsWhatDevicesAreFoundBy() {
        DeviceConfig.Found usb =
                (DeviceConfig.Found) Devices.parse("d", Map.of("type", "usb", "vendorid", "0951"));
        assertEquals(
                new DeviceConfig.Wanted.Usb(Optional.of("0951"), Optional.empty()), usb.wanted());
        DeviceConfig.Found gpu =
                (DeviceConfig.Found)
                        Devices.parse("d", Map.of("type", "gpu", "id", "nvidia.com/gpu=0"));
        assertEquals(new DeviceConfig.Wanted.Cdi("nvidia.com/gpu=0"), gpu.wanted());
        for (Map<String, String> wrong :
                List.of(
                        Map.of("type", "usb", "vendorid", "95"),
                        Map.of("type", "unix-hotplug"),
                        Map.of("type", "gpu", "id", "one"),
                        Map.of("type", "gpu", "pci", "01:00"),
                        Map.of("type", "gpu", "id", "0", "vendorid", "10de"))) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> Devices.parse("d", wrong),
                    wrong.toString());
        }
    }

    @Test
    void externalRoutesAreRoutesToo() {
        NicConfig nic =
                (NicConfig)
                        Devices.parse(
                                "d",
                                Map.of(
                                        "type",
                                        "nic",
                                        "network",
                                        "b",
                                        "ipv4.routes",
                                        "10.8.0.0/24,10.9.0.0/24",
                                        "ipv4.routes.external",
                                        "10.9.0.0/24, 192.0.2.7/32",
                                        "ipv6.routes.external",
                                        "2001:db8::5/128"));
        assertEquals("[10.9.0.0/24, 192.0.2.7/32, 10.8.0.0/24]", nic.ipv4().routes().toString());
        assertEquals("[10.9.0.0/24, 192.0.2.7/32]", nic.ipv4().external().toString());
        assertEquals("[2001:db8::5/128]", nic.ipv6().external().toString());
    }

    @ParameterizedTest
    @CsvSource({
        "bridged, ipv4.routes.external, 10.9.0.0",
        "bridged, ipv4.routes.external, 2001:db8::/64",
        "bridged, ipv6.routes.external, 10.9.0.0/24",
        "p2p, ipv4.routes.external, 10.9.0.0/24",
        "macvlan, ipv6.routes.external, 2001:db8::/64",
    })
    void badExternalRoutesAreRefused(String kind, String key, String value) {
        Map<String, String> options = new java.util.TreeMap<>();
        options.putAll(Map.of("type", "nic", "nictype", kind, key, value));
        if (!kind.equals("p2p")) {
            options.put("parent", "br0");
        }
        assertThrows(InvalidConfigException.class, () -> Devices.parse("d", options));
    }

    @ParameterizedTest
    @CsvSource({
        "'', /tmp, size, 1GiB, Only the root disk may have a size quota",
        "p, /tmp, readonly, true, Storage volumes cannot be specified as absolute paths",
        "p, v, recursive, true, The recursive option is only supported for additional bind-mounted paths",
        "'', tmp, readonly, true, Source path must be absolute for local sources",
        "'', /tmp, boot.priority, x, Invalid value for device option \"boot.priority\": Invalid value for uint32 \"x\"",
        "'', /tmp, ceph.user_name, a, Invalid options ceph.cluster_name/ceph.user_name for source \"/tmp\"",
    })
    void badDisksAreRefusedInTheWordsOfLxd(
            String pool, String source, String key, String value, String why) {
        Map<String, String> options = new java.util.TreeMap<>();
        options.putAll(Map.of("type", "disk", "path", "/x", "source", source, "pool", pool));
        options.put(key, value);
        assertEquals("Device validation failed for \"d\": " + why, refusal(options));
    }

    @Test
    void twoDisksAreNotInOnePlace() {
        DeviceConfig one =
                Devices.parse("a", Map.of("type", "disk", "source", "/srv", "path", "/x/"));
        DeviceConfig other =
                Devices.parse("b", Map.of("type", "disk", "source", "tmpfs:", "path", "x"));
        Devices.requireApart(List.of(one));
        String why =
                assertThrows(
                                InvalidConfigException.class,
                                () -> Devices.requireApart(List.of(one, other)))
                        .getMessage();
        assertTrue(why.contains("More than one disk device uses the same path"), why);
        assertThrows(
                InvalidConfigException.class,
                () -> Devices.parse("n", Map.of("type", "none", "foo", "bar")));
    }

    private static NicConfig nic(String... keysAndValues) {
        Map<String, String> values = new java.util.TreeMap<>(Map.of("type", "nic"));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            values.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return assertInstanceOf(NicConfig.class, Devices.parse("d", values));
    }

    @Test
    void interfacesHaveOnlyTheOptionsOfTheirKind() {
        assertEquals(NicConfig.Kind.P2P, nic("nictype", "p2p", "host_name", "v0").kind());
        assertEquals("l2", nic("nictype", "ipvlan", "parent", "eth0", "mode", "l2").mode());
        for (Map<String, String> wrong :
                List.of(
                        Map.of("type", "nic", "nictype", "macvlan"),
                        Map.of(
                                "type",
                                "nic",
                                "nictype",
                                "macvlan",
                                "parent",
                                "e",
                                "host_name",
                                "v"),
                        Map.of("type", "nic", "nictype", "p2p", "parent", "e"),
                        Map.of("type", "nic", "nictype", "p2p", "vlan", "3"),
                        Map.of("type", "nic", "nictype", "p2p", "gvrp", "true"),
                        Map.of("type", "nic", "network", "b", "gvrp", "true"),
                        Map.of("type", "nic", "nictype", "macvlan", "parent", "e", "gvrp", "x"),
                        Map.of("type", "nic", "nictype", "ipvlan", "parent", "e", "hwaddr", "x"),
                        Map.of("type", "nic", "nictype", "physical", "parent", "e", "mode", "l2"),
                        Map.of("type", "nic", "network", "b", "parent", "e"),
                        Map.of("type", "nic", "network", "b", "vlan", "5000"),
                        Map.of("type", "nic", "network", "b", "vlan.tagged", "9-3"),
                        Map.of("type", "nic", "network", "b", "ipv4.address", "10.0.0.1,10.0.0.2"),
                        Map.of("type", "nic", "network", "b", "ipv4.address", "fd42::1"),
                        Map.of("type", "nic", "network", "b", "ipv4.routes", "10.0.0.1"),
                        Map.of("type", "nic", "network", "b", "ipv4.address", "none"),
                        Map.of("type", "nic", "nictype", "routed", "ipv4.address", "none"),
                        Map.of(
                                "type",
                                "nic",
                                "nictype",
                                "routed",
                                "ipv6.address",
                                "fd42::1,fd42:0::1"),
                        Map.of(
                                "type",
                                "nic",
                                "network",
                                "b",
                                "limits.max",
                                "1Mbit",
                                "limits.egress",
                                "1Mbit"))) {
            assertThrows(DomainException.class, () -> Devices.parse("d", wrong), wrong::toString);
        }
    }

    /// Names and addresses go into rules of nft and into files of dnsmasq.
    @Test
    void nothingCarriesTextIntoGeneratedConfiguration() {
        for (String text :
                List.of("a\"b", "a;b", "a{b", "a\nb", "a b", "a,b", "a#b", "a/b", "..")) {
            for (String key : List.of("host_name", "name", "parent")) {
                assertThrows(
                        InvalidConfigException.class,
                        () -> nic("nictype", "macvlan", "parent", "p", key, text),
                        key + " " + text);
            }
            for (String key : List.of("hwaddr", "ipv4.address", "ipv6.address", "ipv4.routes")) {
                assertThrows(
                        DomainException.class, () -> nic("network", "b", key, text), key + text);
            }
        }
    }

    @Test
    void throughputIsReadInBits() {
        assertEquals(
                new NicConfig.Limits(10_000_000, 2 << 10, OptionalLong.empty()),
                nic("network", "b", "limits.ingress", "10Mbit", "limits.egress", "2Kibit")
                        .limits());
        assertEquals(
                new NicConfig.Limits(1000, 1000, OptionalLong.of(5)),
                nic("network", "b", "limits.max", "1kbit", "limits.priority", "5").limits());
        assertThrows(
                InvalidConfigException.class, () -> nic("network", "b", "limits.priority", "-1"));
        assertThrows(InvalidConfigException.class, () -> nic("network", "b", "limits.max", "10MB"));
    }

    @Test
    void theInstancesPriorityIsItsInterfacesWhereTheySayNone() {
        Expansion instance =
                new Expansion(
                        Map.of("limits.network.priority", "3"),
                        Map.of(
                                "a", Map.of("type", "nic", "network", "b"),
                                "b", Map.of("type", "nic", "network", "b", "limits.priority", "9"),
                                "c", Map.of("type", "nic", "nictype", "macvlan", "parent", "x")));
        assertEquals(
                List.of(OptionalLong.of(3), OptionalLong.of(9), OptionalLong.empty()),
                Devices.of(instance).stream()
                        .map(d -> ((NicConfig) d).limits().priority())
                        .toList());
    }

    @Test
    void addressesAreRoutedInMoreTablesWhereTheSayIsTheHosts() {
        NicConfig nic =
                nic(
                        "nictype",
                        "ipvlan",
                        "parent",
                        "eth0",
                        "ipv4.address",
                        "10.0.0.9",
                        "ipv4.host_table",
                        "100");
        assertEquals(OptionalInt.of(100), nic.ipv4().hostTable());
        assertThrows(
                InvalidConfigException.class, () -> nic("network", "b", "ipv4.host_table", "100"));
    }

    @Test
    void infinibandAndTpmSayWhereTheyAre() {
        DeviceConfig.Infiniband card =
                assertInstanceOf(
                        DeviceConfig.Infiniband.class,
                        Devices.parse(
                                "ib",
                                Map.of(
                                        "type",
                                        "infiniband",
                                        "nictype",
                                        "physical",
                                        "parent",
                                        "ibp5s0",
                                        "mtu",
                                        "2044")));
        assertEquals("ib", card.name());
        assertEquals(NicConfig.Kind.PHYSICAL, card.link().kind());
        assertEquals(Optional.of("ibp5s0"), card.link().guestName());
        assertEquals(
                new DeviceConfig.Tpm("t", "/dev/tpm0", "/dev/tpmrm0"),
                Devices.parse(
                        "t", Map.of("type", "tpm", "path", "/dev/tpm0", "pathrm", "dev/tpmrm0")));
        assertEquals(
                "Device validation failed for \"d\": Failed to validate config:"
                        + " Invalid value for device option \"pathrm\": Required value",
                refusal(Map.of("type", "tpm", "path", "/dev/tpm0")));
        for (Map<String, String> wrong :
                List.of(
                        Map.of("type", "infiniband", "parent", "ib0"),
                        Map.of("type", "infiniband", "nictype", "bridged", "parent", "ib0"),
                        Map.of("type", "infiniband", "nictype", "physical"),
                        Map.of(
                                "type",
                                "infiniband",
                                "nictype",
                                "physical",
                                "parent",
                                "ib0",
                                "hwaddr",
                                "00:00"),
                        Map.of("type", "tpm"),
                        Map.of("type", "tpm", "path", "/dev/../etc/passwd"),
                        Map.of("type", "pci", "address", "0000:01:00.0"))) {
            assertThrows(DomainException.class, () -> Devices.parse("d", wrong), wrong::toString);
        }
    }

    @Test
    void anIpvlanOfLayer2IsInNetworks() {
        NicConfig nic =
                nic(
                        "nictype", "ipvlan",
                        "parent", "e",
                        "mode", "l2",
                        "ipv4.address", "10.1.0.5/16, 10.2.0.5",
                        "ipv4.gateway", "10.1.0.1",
                        "ipv6.address", "fd42::5");
        assertEquals("[10.1.0.5/16, 10.2.0.5/24]", nic.ipv4().own().toString());
        assertEquals("[fd42::5/64]", nic.ipv6().own().toString());
        assertTrue(nic.ipv4().hasGateway());
        assertFalse(nic.ipv6().hasGateway());
        for (Map<String, String> wrong :
                List.of(
                        Map.of("mode", "l2", "ipv4.gateway", "auto"),
                        Map.of("mode", "l2", "ipv4.address", "10.1.0.5/33"),
                        Map.of("mode", "l2", "ipv4.address", "fd42::1/64"),
                        Map.of("mode", "l3s", "ipv4.gateway", "10.1.0.1"),
                        Map.of("mode", "l3s", "ipv4.address", "10.1.0.5/24"))) {
            Map<String, String> device = new java.util.TreeMap<>(wrong);
            device.putAll(Map.of("type", "nic", "nictype", "ipvlan", "parent", "e"));
            assertThrows(DomainException.class, () -> Devices.parse("d", device), wrong::toString);
        }
    }

    @Test
    void switchesHearOfAVlanThatIsALinkOfItsOwn() {
        for (String kind : List.of("macvlan", "ipvlan", "physical", "routed")) {
            NicConfig nic = nic("nictype", kind, "parent", "e", "vlan", "5", "gvrp", "true");
            assertTrue(nic.isAnnounced(), kind);
            assertFalse(nic("nictype", kind, "parent", "e", "vlan", "5").isAnnounced(), kind);
        }
    }

    @Test
    void vlanRangesAreSpelledOut() {
        NicConfig nic = nic("parent", "br0", "nictype", "bridged", "vlan.tagged", "5, 7-9");
        assertEquals(List.of(5, 7, 8, 9), nic.taggedVlans());
        assertEquals(0, nic("network", "b", "vlan", "none").vlan().getAsInt());
    }

    @Test
    void disksAreLimitedInBytesOrOperations() {
        assertEquals(new IoLimits(30_000_000, 0, 0, 20), IoLimits.parse("30MB", "20iops", ""));
        assertEquals(new IoLimits(5, 0, 5, 0), IoLimits.parse("", "", "5"));
        assertThrows(InvalidConfigException.class, () -> IoLimits.parse("1", "", "1"));
        assertThrows(InvalidConfigException.class, () -> IoLimits.parse("x iops", "", ""));
    }

    @Test
    void memoryFileSystemsHaveASize() {
        DeviceConfig.Tmpfs disk =
                assertInstanceOf(
                        DeviceConfig.Tmpfs.class,
                        Devices.parse(
                                "d",
                                Map.of(
                                        "type", "disk", "source", "tmpfs:", "path", "scratch",
                                        "size", "1MiB")));
        assertEquals("/scratch", disk.guestPath());
        assertEquals(Optional.of(new ByteSize(1 << 20)), disk.size());
        assertThrows(
                DomainException.class,
                () ->
                        Devices.parse(
                                "d",
                                Map.of("type", "disk", "source", "/x", "path", "y", "size", "1")));
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
