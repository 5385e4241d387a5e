package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Servers on the network: our client and the stock one reach our server, and ours a real LXD.
@Tag("privileged")
@Tag("e2e")
class RemotesTest {
    private static final String MARKER = "e2er";

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path folder;

    private TestDaemon daemon;
    private int port;

    @BeforeEach
    void start() throws IOException {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        port = freePort();
        local("config", "set", "core.https_address", "127.0.0.1:" + port);
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Output local(String... command) {
        return daemon.atoll().run(command).ok();
    }

    /// A client with a home of its own, which knows no server.
    private Program stranger(String client) {
        Path program = client.equals("atoll") ? daemon.home().resolve("bin/atoll") : Path.of("lxc");
        return Program.of(program.toString())
                .with("LXD_CONF", folder.resolve(client).toString())
                .with("LXD_DIR", folder.resolve("nowhere").toString());
    }

    private String token() {
        return local("config", "trust", "add", "--name", "friend").out().lines().toList().getLast();
    }

    @ParameterizedTest
    @ValueSource(strings = {"atoll", "lxc"})
    void aTokenIsAllAClientNeeds(String name) {
        Program client = stranger(name);
        String token = token();
        client.run("remote", "add", "there", token).ok();
        assertEquals("", client.run("list", "there:", "--format=csv").ok().out());
        String listed = client.run("config", "trust", "list", "there:", "--format=csv").ok().out();
        assertTrue(listed.startsWith("client,friend,"), listed);
        assertFalse(
                stranger("atoll")
                        .with("LXD_CONF", folder.resolve("thief").toString())
                        .run("remote", "add", "there", token)
                        .err()
                        .isEmpty(),
                "a token is good for one client");
    }

    @ParameterizedTest
    @ValueSource(strings = {"atoll", "lxc"})
    void instancesAreUsedOverTheNetworkLikeLocalOnes(String name) {
        local("storage", "create", "default", "overlay");
        local("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        Program client = stranger(name);
        client.run("remote", "add", "there", token()).ok();
        client.run("image", "import", TestImages.busybox().toString(), "there:", "--alias", "bb")
                .ok();
        client.run("launch", "there:bb", "there:c1").ok();
        byte[] bytes = new byte[5 << 20];
        new Random(1).nextBytes(bytes);
        Output echoed = client.runWith(bytes, "exec", "there:c1", "--", "cat").ok();
        assertArrayEquals(bytes, echoed.bytes());
        client.run("exec", "there:c1", "--", "sh", "-c", "exit 7").exits(7);
        client.runWith(
                        "over the wire".getBytes(StandardCharsets.UTF_8),
                        "file",
                        "push",
                        "-",
                        "there:c1/root/note")
                .ok();
        assertEquals(
                "over the wire", client.run("file", "pull", "there:c1/root/note", "-").ok().out());
        client.run("delete", "--force", "there:c1").ok();
    }

    @Test
    void thePasswordAndTheFingerprintAreAskedFor() {
        local("config", "set", "core.trust_password", "sesame");
        Program client = stranger("atoll");
        String address = "127.0.0.1:" + port;
        Output refused =
                client.runWith(
                        "n\n".getBytes(StandardCharsets.UTF_8), "remote", "add", "r", address);
        assertEquals(1, refused.exit());
        assertTrue(refused.err().contains("NACKed"), refused.toString());
        client.runWith("y\nwrong\n".getBytes(StandardCharsets.UTF_8), "remote", "add", "r", address)
                .exits(1);
        assertFalse(client.run("remote", "list", "--format=csv").ok().out().contains("r,https"));
        client.runWith(
                        "y\nsesame\n".getBytes(StandardCharsets.UTF_8),
                        "remote",
                        "add",
                        "r",
                        address)
                .ok();
        client.run("list", "r:").ok();
    }

    @Test
    void anotherServerUnderAKnownAddressIsNotBelieved() throws IOException {
        Program client = stranger("atoll");
        client.run("remote", "add", "there", token()).ok();
        daemon.stop();
        Files.delete(daemon.state().resolve("server.crt"));
        Files.delete(daemon.state().resolve("server.key"));
        daemon.start();
        Output refused = client.run("list", "there:").exits(1);
        assertTrue(refused.err().contains("certificate is not trusted"), refused.toString());
    }

    @Test
    void d4_22_aServerThatBreaksConnectionsIsAskedAgainAndNamed() throws IOException {
        Program client = stranger("atoll");
        AtomicInteger taken = new AtomicInteger();
        try (ServerSocket resetting = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> reset(resetting, taken));
            String address = "https://127.0.0.1:" + resetting.getLocalPort();
            Files.createDirectories(folder.resolve("atoll"));
            Files.writeString(
                    folder.resolve("atoll/config.yml"),
                    "remotes: {bad: {addr: \"" + address + "\", protocol: lxd}}\n");
            Output refused = client.run("list", "bad:").exits(1);
            assertTrue(
                    refused.err()
                            .startsWith(
                                    "Error: cannot reach the server at "
                                            + address
                                            + " (remote bad): "),
                    refused.toString());
            assertEquals(3, taken.get());
        }
    }

    /// Takes some bytes and resets the connection, for as long as somebody connects.
    private static void reset(ServerSocket from, AtomicInteger taken) {
        while (!from.isClosed()) {
            try (Socket peer = from.accept()) {
                taken.incrementAndGet();
                peer.setSoLinger(true, 0);
                byte[] some = peer.getInputStream().readNBytes(50);
                assertEquals(50, some.length);
            } catch (IOException _) {
                // The next one, unless this is the end of the test.
            }
        }
    }

    @Test
    void d4_21_aServerWhoseNameIsUnknownIsNamed() throws IOException {
        Program client = stranger("atoll");
        Output refused = client.run("remote", "add", "gone", "nowhere.invalid").exits(1);
        assertTrue(
                refused.err().contains("the name nowhere.invalid cannot be resolved"),
                refused.err());
        assertFalse(client.run("remote", "list", "--format=csv").ok().out().contains("gone"));
    }

    @Test
    void oursReachesARealLxd() throws IOException {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        try (UpstreamDaemon upstream = UpstreamDaemon.launch("lxd-" + MARKER)) {
            String address = "127.0.0.1:" + freePort();
            upstream.lxc().run("config", "set", "core.https_address", address).ok();
            String token =
                    upstream.lxc()
                            .run("config", "trust", "add", "--name", "friend")
                            .ok()
                            .out()
                            .lines()
                            .toList()
                            .getLast();
            Program client = stranger("atoll");
            client.run("remote", "add", "real", token).ok();
            assertEquals("", client.run("list", "real:", "--format=csv").ok().out());
            assertTrue(
                    client.run("config", "trust", "list", "real:", "--format=csv")
                            .ok()
                            .out()
                            .startsWith("client,friend,"));
            client.run("image", "import", TestImages.busybox().toString(), "real:", "--alias", "b")
                    .ok();
            assertEquals(
                    1,
                    client.run("image", "list", "real:", "--format=csv")
                            .ok()
                            .out()
                            .lines()
                            .count());
            client.run("image", "delete", "real:b").ok();
        }
    }
}
