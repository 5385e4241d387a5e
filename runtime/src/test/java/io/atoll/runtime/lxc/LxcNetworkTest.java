package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LxcNetworkTest {
    private static final Optional<MacAddress> MAC =
            Optional.of(new MacAddress("02:00:00:00:00:01"));

    private static final HostLinks LINKS =
            () ->
                    List.of(
                            new HostLinks.HostLink(
                                    "lxcbr0",
                                    1400,
                                    Optional.empty(),
                                    true,
                                    List.of("10.0.3.1", "fd00::1")),
                            new HostLinks.HostLink("eth0", 1500, MAC, false, List.of()),
                            new HostLinks.HostLink("enp1", 1500, MAC, false, List.of()),
                            new HostLinks.HostLink("enp2", 1500, MAC, false, List.of()));

    private static final NicGrants GRANTS =
            new NicGrants(Path.of("/lxc-user-nic"), Map.of(), Path.of("/lxc"), "c1");

    private static NetworkSpec compile(String... lines) {
        return compile(Optional.empty(), lines);
    }

    private static NetworkSpec compile(Optional<NicGrants> grants, String... lines) {
        LxcConfig config = LxcConfig.parse(String.join("\n", lines), "test", LxcIncludes.none());
        return new LxcNetwork(
                        config,
                        LINKS,
                        new LxcHooks("c1", config, Map.of()),
                        new Random(1),
                        Optional.empty(),
                        grants)
                .compile();
    }

    @Test
    void asksForWhatAPlainUserMayNotMake() {
        NicSpec nic =
                compile(
                                Optional.of(GRANTS),
                                "lxc.net.0.type = veth",
                                "lxc.net.0.link = lxcbr0",
                                "lxc.net.0.flags = up",
                                "lxc.net.0.veth.pair = mine",
                                "lxc.net.0.hwaddr = 00:16:3e:00:00:09",
                                "lxc.net.0.ipv4.address = 10.0.3.9/24")
                        .nics()
                        .getFirst();
        NicLink.Granted link = (NicLink.Granted) nic.link();
        assertEquals(
                List.of(
                        "/lxc-user-nic",
                        "create",
                        "/lxc",
                        "c1",
                        Tokens.CHILD_PID,
                        "veth",
                        "lxcbr0",
                        "eth0"),
                link.ask().argv());
        assertEquals("delete", link.giveBack().argv().get(1));
        assertEquals(List.of("10.0.3.9/24"), nic.addresses());
        assertTrue(nic.isUp());
        assertEquals(
                "none",
                ((NicLink.Granted)
                                compile(Optional.of(GRANTS), "lxc.net.0.type = veth")
                                        .nics()
                                        .getFirst()
                                        .link())
                        .ask()
                        .argv()
                        .get(6));
    }

    @Test
    void saysWhatOnlyRootMayDo() {
        for (String type : List.of("macvlan", "ipvlan", "vlan", "phys")) {
            ForbiddenException refused =
                    assertThrows(
                            ForbiddenException.class,
                            () ->
                                    compile(
                                            Optional.of(GRANTS),
                                            "lxc.net.0.type = " + type,
                                            "lxc.net.0.link = eth0"));
            assertTrue(refused.getMessage().contains("only root"), refused.getMessage());
        }
        assertThrows(
                ForbiddenException.class,
                () ->
                        compile(
                                Optional.of(GRANTS),
                                "lxc.net.0.type = veth",
                                "lxc.net.0.veth.mode = router"));
        assertEquals(List.of(), compile(Optional.of(GRANTS), "lxc.net.0.type = empty").nics());
    }

    @Test
    void takesTheMtuOfTheBridgeAndTheGatewayOfItsAddress() {
        NicSpec nic =
                compile(
                                "lxc.net.0.type = veth",
                                "lxc.net.0.link = lxcbr0",
                                "lxc.net.0.ipv4.address = 10.0.3.9",
                                "lxc.net.0.ipv4.gateway = auto",
                                "lxc.net.0.ipv6.gateway = auto")
                        .nics()
                        .getFirst();
        assertEquals(OptionalInt.of(1400), nic.mtu());
        assertEquals(List.of("10.0.3.9/8"), nic.addresses());
        assertEquals(List.of("10.0.3.1", "fd00::1"), nic.gateways());
        NicLink.Veth veth = (NicLink.Veth) nic.link();
        assertTrue(veth.hostName().orElse("").startsWith("veth"));
        assertTrue(veth.isLeft(), "the kernel may take its time with a name of nobody's");
    }

    @Test
    void givesTheFirstFreeName() {
        NetworkSpec network =
                compile(
                        "lxc.net.0.type = veth",
                        "lxc.net.1.type = veth",
                        "lxc.net.1.name = eth0",
                        "lxc.net.2.type = veth");
        assertEquals(
                List.of("eth1", "eth0", "eth2"),
                network.nics().stream().map(NicSpec::name).toList());
    }

    @Test
    void movesAllInterfacesOfAPrefix() {
        NetworkSpec network = compile("lxc.net.0.type = phys", "lxc.net.0.link = enp+");
        assertEquals(List.of("enp1", "enp2"), network.nics().stream().map(NicSpec::name).toList());
    }

    @Test
    void givesAPhysicalInterfaceBackAsItWas() {
        assertEquals(
                new NicLink.Phys("eth0"),
                compile("lxc.net.0.type = phys", "lxc.net.0.link = eth0").nics().getFirst().link());
        assertEquals(
                new NicLink.Phys("eth0", OptionalInt.of(1500), MAC),
                compile(
                                "lxc.net.0.type = phys",
                                "lxc.net.0.link = eth0",
                                "lxc.net.0.mtu = 1280",
                                "lxc.net.0.hwaddr = 00:16:3e:00:00:09")
                        .nics()
                        .getFirst()
                        .link());
    }

    @Test
    void knowsAllModes() {
        for (NicLink.Macvlan.MacvlanMode mode : NicLink.Macvlan.MacvlanMode.values()) {
            assertEquals(
                    new NicLink.Macvlan("eth0", mode),
                    link("macvlan", "macvlan.mode = " + mode.name().toLowerCase(Locale.ROOT)));
        }
        for (NicLink.Ipvlan.IpvlanMode mode : NicLink.Ipvlan.IpvlanMode.values()) {
            for (NicLink.Ipvlan.Isolation isolation : NicLink.Ipvlan.Isolation.values()) {
                assertEquals(
                        new NicLink.Ipvlan("eth0", mode, isolation),
                        link(
                                "ipvlan",
                                "ipvlan.mode = " + mode.name().toLowerCase(Locale.ROOT),
                                "ipvlan.isolation = " + isolation.name().toLowerCase(Locale.ROOT)));
            }
        }
        assertEquals(
                new NicLink.Macvlan("eth0", NicLink.Macvlan.MacvlanMode.PRIVATE), link("macvlan"));
        assertEquals(
                new NicLink.Ipvlan(
                        "eth0", NicLink.Ipvlan.IpvlanMode.L3, NicLink.Ipvlan.Isolation.BRIDGE),
                link("ipvlan"));
        assertEquals(new NicLink.Vlan("eth0", 7), link("vlan", "vlan.id = 7"));
        assertThrows(InvalidConfigException.class, () -> link("vlan"));
        assertThrows(InvalidConfigException.class, () -> link("macvlan", "macvlan.mode = odd"));
    }

    private static NicLink link(String type, String... keys) {
        List<String> lines = new ArrayList<>();
        lines.add("lxc.net.3.type = " + type);
        lines.add("lxc.net.3.link = eth0");
        for (String key : keys) {
            lines.add("lxc.net.3." + key);
        }
        return compile(lines.toArray(String[]::new)).nics().getFirst().link();
    }

    @Test
    void gatewaysMayBeTheDevice() {
        NicSpec nic =
                compile(
                                "lxc.net.0.type = veth",
                                "lxc.net.0.ipv4.gateway = dev",
                                "lxc.net.0.ipv6.gateway = dev")
                        .nics()
                        .getFirst();
        assertEquals(List.of(NicSpec.DEVICE_GATEWAY, NicSpec.DEVICE_GATEWAY_V6), nic.gateways());
    }

    @Test
    void refusesWhatIsNotThere() {
        NotFoundException missing =
                assertThrows(
                        NotFoundException.class,
                        () -> compile("lxc.net.0.type = veth", "lxc.net.0.link = br9"));
        assertTrue(missing.getMessage().contains("lxc.net.0.link = br9"), missing.getMessage());
        assertThrows(
                InvalidConfigException.class,
                () -> compile("lxc.net.0.type = veth", "lxc.net.0.link = eth0"));
        assertThrows(InvalidConfigException.class, () -> compile("lxc.net.0.link = lxcbr0"));
        assertThrows(InvalidConfigException.class, () -> compile("lxc.net.0.type = macvlan"));
        assertThrows(
                InvalidConfigException.class,
                () ->
                        compile(
                                "lxc.net.0.type = phys",
                                "lxc.net.0.link = eth0",
                                "lxc.net.0.ipv4.gateway = auto"));
    }

    @Test
    void emptyAndNoneHaveNoInterface() {
        assertTrue(compile("lxc.net.0.type = empty").isLoopbackUp());
        assertEquals(List.of(), compile("lxc.net.0.type = empty").nics());
        assertEquals(List.of(), compile("lxc.net.0.type = none").nics());
    }

    @Test
    void drawsTheDigitsThatAreLeftOpen() {
        String mac =
                compile("lxc.net.0.type = veth", "lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx")
                        .nics()
                        .getFirst()
                        .mac()
                        .orElseThrow()
                        .toString();
        assertTrue(mac.contains("00:16:3e:"), mac);
    }

    @Test
    void saysWhatQueuesAndProxiesAreFor() {
        assertEquals(
                new NicLink.Veth.Queues(4, 1),
                ((NicLink.Veth)
                                compile(
                                                "lxc.net.0.type = veth",
                                                "lxc.net.0.link = lxcbr0",
                                                "lxc.net.0.veth.n_rxqueues = 4")
                                        .nics()
                                        .getFirst()
                                        .link())
                        .queues());
        assertRefused(
                "lxc.net.0.veth.n_rxqueues = 0 is not in 1..4096",
                "lxc.net.0.type = veth",
                "lxc.net.0.link = lxcbr0",
                "lxc.net.0.veth.n_rxqueues = 0");
        assertRefused(
                "l2proxy = 1 is for interfaces of type ipvlan",
                "lxc.net.0.type = macvlan",
                "lxc.net.0.link = eth0",
                "lxc.net.0.l2proxy = 1");
    }

    private static void assertRefused(String reason, String... lines) {
        InvalidConfigException refused =
                assertThrows(InvalidConfigException.class, () -> compile(lines));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    }

    @Test
    void portsHaveVlans() {
        String[] lines = {
            "lxc.net.0.type = veth",
            "lxc.net.0.link = lxcbr0",
            "lxc.net.0.veth.vlan.id = 7",
            "lxc.net.0.veth.vlan.tagged.id = 8",
            "lxc.net.0.veth.vlan.tagged.id = 9"
        };
        NicLink.Veth veth = (NicLink.Veth) compile(lines).nics().getFirst().link();
        assertEquals(OptionalInt.of(7), veth.vlan());
        assertEquals(List.of(8, 9), veth.taggedVlans());
        lines[2] = "lxc.net.0.veth.vlan.id = none";
        veth = (NicLink.Veth) compile(lines).nics().getFirst().link();
        assertEquals(List.of(8, 9), veth.taggedVlans());
    }
}
