package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A real Debian with cloud-init takes what the keys of its instance say. Run by hand, as its image
/// takes long to make.
@Tag("privileged")
@Tag("e2e")
@Tag("upstream")
class CloudInitTest {
    private static final Duration BOOT = Duration.ofMinutes(3);
    private static final String BRIDGE = "e2eclbr";

    private static final String USER =
            "#cloud-config\nlocale: C.UTF-8\nhostname: named\nruncmd:\n  - [touch, /root/by-user]\n";
    private static final String VENDOR = "#cloud-config\nbootcmd:\n  - [touch, /root/by-vendor]\n";
    private static final String NETWORK =
            "version: 2\nethernets:\n  eth0:\n    addresses: [10.231.96.77/24]\n";

    /// The old keys go through templates into a seed directory, the new ones through the socket.
    @ParameterizedTest
    @ValueSource(strings = {"user", "cloud-init"})
    void keysReachCloudInit(String prefix) {
        boolean isSeed = prefix.equals("user");
        try (TestDaemon daemon = TestDaemon.launch("atoll-e2ecl")) {
            Program lxc = daemon.lxc();
            lxc.run("storage", "create", "default", "overlay").ok();
            lxc.run("network", "create", BRIDGE, "ipv4.address=10.231.96.1/24", "ipv6.address=none")
                    .ok();
            lxc.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                    .ok();
            lxc.run("profile", "device", "add", "default", "eth0", "nic", "network=" + BRIDGE).ok();
            lxc.run("image", "import", TestImages.cloud(isSeed).toString(), "--alias", "cloud")
                    .ok();
            lxc.run(
                            "launch",
                            "cloud",
                            "c1",
                            "-c",
                            prefix + ".user-data=" + USER,
                            "-c",
                            prefix + ".vendor-data=" + VENDOR,
                            "-c",
                            prefix + ".network-config=" + NETWORK)
                    .ok();
            Await.until(
                    "cloud-init to end",
                    BOOT,
                    () -> inside(lxc, "cloud-init status").matches("(?s)status: (done|error).*"));
            String status = inside(lxc, "cloud-init status --long");
            assertTrue(status.startsWith("status: done"), status);
            String result = inside(lxc, "cat /run/cloud-init/result.json");
            assertTrue(result.contains(isSeed ? "DataSourceNoCloud" : "DataSourceLXD"), result);
            assertEquals("named\n", inside(lxc, "hostname"));
            assertEquals("by-user\nby-vendor\n", inside(lxc, "ls /root"));
            assertTrue(inside(lxc, "ip -4 address show dev eth0").contains("10.231.96.77/24"));
        }
    }

    private static String inside(Program lxc, String command) {
        return lxc.run("exec", "c1", "--", "sh", "-c", command).out();
    }
}
