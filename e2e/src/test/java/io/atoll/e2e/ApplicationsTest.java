package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Architecture;
import io.atoll.base.json.Json;
import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Images of an OCI registry run as applications: their program instead of an init.
@Tag("privileged")
@Tag("e2e")
class ApplicationsTest {
    private static final String MARKER = "atoll-e2eo";
    private static final String BRIDGE = "e2eo0";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String ARCHITECTURE =
            Architecture.host().kernelName().equals("aarch64") ? "arm64" : "amd64";

    /// What it was started with goes into a file; it ends when it is asked to.
    private static final String PROGRAM =
            "trap 'exit 7' TERM; echo $(id -u):$(id -g) $PWD $GREETING $0 $1 > state; touch ready;"
                    + " while :; do sleep 0.1; done";

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path folder;
    private TestRegistry registry;
    private TestDaemon daemon;

    @BeforeEach
    void start() throws IOException {
        registry = new TestRegistry();
        Path root = folder.resolve("root");
        Files.createDirectories(root.resolve("bin"));
        Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
        for (String name : List.of("sh", "id", "sleep", "touch", "cat", "ping", "nslookup")) {
            Files.createSymbolicLink(root.resolve("bin/" + name), Path.of("busybox"));
        }
        Path upper = folder.resolve("upper");
        Path data = Files.createDirectories(upper.resolve("data"));
        Files.setAttribute(data, "unix:mode", 0777);
        Json run =
                Json.object()
                        .put("Entrypoint", List.of("sh", "-c", PROGRAM))
                        .put("Cmd", List.of("first", "second"))
                        .put("Env", List.of("GREETING=hello", "PATH=/bin"))
                        .put("WorkingDir", "/data")
                        .put("User", "1000:50");
        registry.publish(
                "team/app",
                "1",
                ARCHITECTURE,
                run,
                List.of(registry.layer(root), registry.layer(upper)));
        daemon = TestDaemon.launch(MARKER);
        atoll("storage", "create", "default", "overlay");
        atoll("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        atoll("network", "create", BRIDGE, "ipv4.address=10.231.97.1/24", "ipv6.address=none");
        atoll("profile", "device", "add", "default", "eth0", "nic", "network=" + BRIDGE);
    }

    @AfterEach
    void stop() {
        daemon.close();
        registry.close();
    }

    private Output atoll(String... command) {
        return daemon.atoll().run(command).ok();
    }

    private String address() {
        return atoll("list", "app", "--format=csv", "--columns=4").out();
    }

    @Test
    void runsWhatTheImageSays() {
        atoll("launch", "oci:" + registry.host() + "/team/app:1", "app");
        Await.until(
                "the application to be ready",
                SOON,
                () -> daemon.atoll().run("exec", "app", "--", "cat", "/data/ready").exit() == 0);
        assertEquals(
                "1000:50 /data hello first second\n",
                atoll("exec", "app", "--", "cat", "/data/state").out());
        assertTrue(atoll("image", "list", "--format=csv").out().contains("team/app"));
        String address = address();
        assertTrue(address.matches("10\\.231\\.97\\.\\d+ \\(eth0\\)\n"), address);
        atoll("stop", "app", "--timeout=20");
        assertEquals("STOPPED\n", atoll("list", "app", "--format=csv", "--columns=s").out());
        atoll("start", "app");
        assertEquals(address, address(), "an address is kept");
        atoll("exec", "app", "--", "ping", "-c", "1", "10.231.97.1");
        assertEquals(
                "search lxd\nnameserver 10.231.97.1\n",
                atoll("exec", "app", "--", "cat", "/etc/resolv.conf").out());
        assertEquals("app\n", atoll("exec", "app", "--", "cat", "/etc/hostname").out());
        for (String name : List.of("app", "app.lxd", address.split(" ")[0])) {
            String found = atoll("exec", "app", "--", "nslookup", name, "10.231.97.1").out();
            boolean isAddress = name.equals(address.split(" ")[0]);
            assertTrue(found.contains(isAddress ? "app.lxd" : address.split(" ")[0]), found);
        }
        atoll("network", "set", BRIDGE, "dns.domain=home");
        String moved = atoll("exec", "app", "--", "nslookup", "app.home", "10.231.97.1").out();
        assertTrue(moved.contains(address.split(" ")[0]), moved);
        assertTrue(
                atoll("network", "list-leases", BRIDGE).out().contains(address.split(" ")[0]),
                "nobody else gets it");
        atoll("delete", "--force", "app");
    }

    @Test
    void copiesAndSaysWhatIsWrong() {
        atoll(
                "image",
                "copy",
                "oci:" + registry.host() + "/team/app:1",
                "local:",
                "--alias",
                "app");
        assertTrue(atoll("image", "show", "app").out().contains("oci.entrypoint"));
        Output refused = daemon.atoll().run("launch", "oci:" + registry.host() + "/no/such", "x");
        assertEquals(1, refused.exit());
        assertTrue(refused.err().contains("has no image \"no/such:latest\""), refused.err());
    }
}
