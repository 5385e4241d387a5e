package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NamespaceSpec;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Interfaces of containers on a bridge of the test's own.
@Tag("privileged")
class NetworkIT {
    private static final String BRIDGE = "rttbr0";
    private static final String SPARE = "rttspare0";

    private Traces before;
    private BusyboxHost host;

    @BeforeEach
    void open() {
        ip("link", "del", BRIDGE);
        ip("link", "del", SPARE);
        before = Traces.now();
        ip("link", "add", BRIDGE, "type", "bridge");
        ip("addr", "add", "10.217.3.1/24", "dev", BRIDGE);
        ip("link", "set", BRIDGE, "up");
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        host.close();
        ip("link", "del", BRIDGE);
        ip("link", "del", SPARE);
        before.assertNothingNew();
    }

    private static String ip(String... arguments) {
        List<String> argv = new java.util.ArrayList<>(List.of("ip"));
        argv.addAll(List.of(arguments));
        try {
            return Commands.run(Command.of(argv)).text();
        } catch (CommandFailed e) {
            return "failed: " + e.getMessage();
        }
    }

    private static NicSpec bridged(String hostName, String mac, String address) {
        return bridged(hostName, mac, address, "eth0");
    }

    private static NicSpec bridged(String hostName, String mac, String address, String name) {
        return new NicSpec(
                name,
                NicLink.Veth.on(BRIDGE).named(hostName),
                Optional.of(new MacAddress(mac)),
                OptionalInt.of(1400),
                true,
                List.of(address),
                name.equals("eth0") ? List.of("10.217.3.1") : List.of(),
                List.of(),
                List.of(),
                List.of());
    }

    private Container start(String name, NicSpec... nics) {
        return host.containers()
                .start(host.spec(name).withNetwork(new NetworkSpec(List.of(nics), true)));
    }

    @Test
    void bridgedInterfaceIsConfiguredInside() {
        Container container = start("nic", bridged("rtta0", "00:16:3e:01:02:03", "10.217.3.77/24"));
        String inside = host.run(container, "ip addr show eth0");
        assertTrue(inside.contains("00:16:3e:01:02:03") && inside.contains("mtu 1400"), inside);
        assertTrue(
                inside.contains("10.217.3.77/24 brd 10.217.3.255") && inside.contains("UP"),
                inside);
        assertTrue(host.run(container, "ip route").contains("default via 10.217.3.1 dev eth0"));
        assertTrue(host.run(container, "ip addr show lo").contains("127.0.0.1/8"));
        String outside = ip("-o", "link", "show", "rtta0");
        assertTrue(
                outside.contains("master " + BRIDGE) && outside.contains("link/ether fe:"),
                outside);
        container.kill();
        assertTrue(!Files.exists(Path.of("/sys/class/net/rtta0")));
    }

    @Test
    void aRebootKeepsTheInterface() {
        NicSpec nic = bridged("rttb0", "00:16:3e:01:02:04", "10.217.3.78/24");
        Container container =
                host.containers()
                        .start(
                                host.spec("nicboot")
                                        .withReboot(true)
                                        .withNetwork(new NetworkSpec(List.of(nic), true)));
        int pid = container.initPid();
        container.reboot();
        Traces.until(
                () -> container.initPid() != pid && container.state() == ContainerState.RUNNING,
                () -> "no reboot");
        assertTrue(host.run(container, "ip addr show eth0").contains("10.217.3.78"));
    }

    @Test
    void stackedInterfaces() {
        NicSpec macvlan =
                NicSpec.of(
                        "eth1",
                        new NicLink.Macvlan(BRIDGE, NicLink.Macvlan.MacvlanMode.BRIDGE),
                        Optional.empty());
        Container container = start("macvlan", macvlan);
        assertTrue(host.run(container, "ip link show eth1").contains("eth1"));
    }

    @Test
    void aPhysicalInterfaceComesBack() {
        ip("link", "add", SPARE, "type", "veth", "peer", "name", "rttspare1");
        String mac = ip("-o", "link", "show", SPARE).replaceAll("(?s).*link/ether (\\S+).*", "$1");
        Container container =
                start(
                        "phys",
                        bridged("rttc0", "00:16:3e:01:02:05", "10.217.3.79/24"),
                        NicSpec.of("wan", new NicLink.Phys(SPARE), Optional.empty()),
                        bridged("rttd0", "00:16:3e:01:02:06", "10.217.3.80/24", "eth1"));
        assertTrue(host.run(container, "ip link show wan").contains(mac));
        assertTrue(!Files.exists(Path.of("/sys/class/net/" + SPARE)));
        container.kill();
        assertTrue(ip("-o", "link", "show", SPARE).contains(mac));
        assertTrue(
                !Files.exists(Path.of("/sys/class/net/rttc0"))
                        && !Files.exists(Path.of("/sys/class/net/rttd0")));
    }

    @Test
    void sharesTheHostsNetwork() {
        Container container =
                host.containers()
                        .start(
                                host.spec("hostnet")
                                        .withNamespaces(
                                                NamespaceSpec.DEFAULT.keeping(NamespaceKind.NET))
                                        .withNetwork(new NetworkSpec(List.of(), false)));
        assertTrue(host.run(container, "ip link").contains(BRIDGE));
        assertEquals("1", host.run(container, "ls -d /sys/class/net/" + BRIDGE + " | wc -l"));
    }
}
