package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Pty.WindowSize;
import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import io.atoll.testkit.Terminal;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// A real Debian with systemd, through the distribution's client.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DebianTest {
    private static final Duration BOOT = Duration.ofSeconds(60);
    private static final String BRIDGE = "e2edbr";

    private TestDaemon daemon;
    private Program client;

    @BeforeAll
    void launch() {
        daemon = TestDaemon.launch("atoll-e2ed");
        client = daemon.lxc();
        lxc("storage", "create", "default", "overlay");
        lxc("network", "create", BRIDGE, "ipv6.address=none");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("profile", "device", "add", "default", "eth0", "nic", "network=" + BRIDGE, "name=eth0");
        lxc("image", "import", TestImages.debian().toString(), "--alias", "debian");
        lxc("launch", "debian", "d1");
    }

    @AfterAll
    void stop() {
        daemon.close();
    }

    private String lxc(String... command) {
        return client.run(command).ok().out();
    }

    @Test
    void systemdReachesRunning() {
        Await.until(
                "systemd to be up",
                BOOT,
                () ->
                        client.run("exec", "d1", "--", "systemctl", "is-system-running")
                                .out()
                                .strip()
                                .equals("running"));
    }

    @Test
    void theNetworkWorks() {
        Await.until(
                "an address",
                BOOT,
                () -> lxc("list", "--format=csv", "--columns=4").contains("(eth0)"));
        String gateway =
                lxc("network", "get", BRIDGE, "ipv4.address").strip().replaceAll("/.*", "");
        lxc("exec", "d1", "--", "ping", "-c", "1", "-W", "5", gateway);
        // The image has no resolver of its own that would take the DHCP server's word.
        lxc("exec", "d1", "--", "sh", "-c", "echo nameserver " + gateway + " >/etc/resolv.conf");
        lxc("exec", "d1", "--", "ping", "-c", "1", "-W", "5", "d1.lxd");
    }

    @Test
    void d4_13_theShellOfItsRoot() {
        try (Terminal terminal =
                Terminal.start(client, new WindowSize(101, 37), "exec", "d1", "/bin/bash")) {
            terminal.expect("root@d1:~#");
            terminal.type("exit\n");
            assertEquals(0, terminal.exit());
        }
    }

    /// Its own first process, services and consoles; what is called from outside has no parent.
    @Test
    void d4_14_aWholeSystemIsInside() {
        systemdReachesRunning();
        String seen = lxc("exec", "d1", "--", "ps", "-eo", "pid=,ppid=,user=,args=");
        List<String> lines = seen.lines().map(l -> l.strip().replaceAll(" +", " ")).toList();
        assertTrue(lines.stream().anyMatch(l -> l.matches("1 0 root .*init.*")), seen);
        for (String each :
                List.of("systemd-journald", "systemd-networkd", "dbus-daemon", "agetty")) {
            assertTrue(lines.stream().anyMatch(l -> l.contains(each)), each + ":\n" + seen);
        }
        assertTrue(lines.stream().anyMatch(l -> l.matches("\\d+ 0 root ps -eo .*")), seen);
    }

    @Test
    void itsNameIsTheInstances() {
        assertEquals("d1\n", lxc("exec", "d1", "--", "hostname"));
    }

    @Test
    void stopsInGoodOrder() {
        lxc("launch", "debian", "d2");
        Await.until(
                "systemd to be up",
                BOOT,
                () ->
                        client.run("exec", "d2", "--", "systemctl", "is-system-running")
                                .out()
                                .strip()
                                .equals("running"));
        lxc("stop", "d2", "--timeout=30");
        assertEquals("STOPPED", lxc("list", "^d2$", "--format=csv", "--columns=s").strip());
    }
}
