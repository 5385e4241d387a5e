package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Instances and volumes that go from one server to another: between two of ours, and to a real LXD
/// and back, by our client and the stock one.
@Tag("privileged")
@Tag("e2e")
class MigrationTest {
    private static final String MARKER = "e2em";

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path folder;

    private TestDaemon a;
    private TestDaemon b;

    @BeforeEach
    void start() throws IOException {
        a = TestDaemon.launch("atoll-" + MARKER);
        b = TestDaemon.launch("atoll-" + MARKER);
        for (TestDaemon daemon : List.of(a, b)) {
            prepare(daemon.atoll(), "overlay");
        }
        a.atoll().run("image", "import", TestImages.busybox().toString(), "--alias", "bb").ok();
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
    }

    private static void prepare(Program local, String driver) throws IOException {
        local.run("config", "set", "core.https_address", "127.0.0.1:" + freePort()).ok();
        local.run("storage", "create", "default", driver).ok();
        local.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// A client that knows the servers as `a:` and `b:`, or whatever they are called.
    private Program client(String program) {
        Path path = program.equals("atoll") ? a.home().resolve("bin/atoll") : Path.of("lxc");
        return Program.of(path.toString())
                .with("LXD_CONF", folder.resolve(program).toString())
                .with("LXD_DIR", folder.resolve("nowhere").toString());
    }

    private static void introduce(Program client, String name, Program server) {
        String token =
                server.run("config", "trust", "add", "--name", "friend")
                        .ok()
                        .out()
                        .lines()
                        .toList()
                        .getLast();
        client.run("remote", "add", name, token).ok();
    }

    private static void push(Program client, String file, String content) {
        client.runWith(content.getBytes(StandardCharsets.UTF_8), "file", "push", "-", file).ok();
    }

    private static String pull(Program client, String file) {
        return client.run("file", "pull", file, "-").ok().out();
    }

    /// An instance with two snapshots that differ, stopped.
    private void make(Program local, String name) {
        local.run("init", "bb", name).ok();
        push(local, name + "/root/note", "one");
        push(local, name + "/root/old", "old");
        local.run("snapshot", name, "s0").ok();
        push(local, name + "/root/note", "second");
        local.run("file", "delete", name + "/root/old").ok();
        local.run("snapshot", name, "s1").ok();
        push(local, name + "/root/note", "three");
    }

    private static void isWhole(Program client, String remote, String name) {
        assertEquals("three", pull(client, remote + name + "/root/note"));
        client.run("copy", remote + name + "/s0", remote + name + "-s0").ok();
        assertEquals("one", pull(client, remote + name + "-s0/root/note"));
        assertEquals("old", pull(client, remote + name + "-s0/root/old"));
        client.run("copy", remote + name + "/s1", remote + name + "-s1").ok();
        assertEquals("second", pull(client, remote + name + "-s1/root/note"));
        client.run("file", "pull", remote + name + "-s1/root/old", "-").exits(1);
        client.run("delete", remote + name + "-s0", remote + name + "-s1").ok();
    }

    @Test
    void copiesGoInEveryModeWithTheirSnapshots() {
        make(a.atoll(), "c1");
        for (String program : List.of("atoll", "lxc")) {
            Program client = client(program);
            introduce(client, "a", a.atoll());
            introduce(client, "b", b.atoll());
            for (String mode : List.of("pull", "push", "relay")) {
                String name = program + "-" + mode;
                client.run("copy", "a:c1", "b:" + name, "--mode", mode).ok();
                isWhole(client, "b:", name);
            }
        }
        Program client = client("atoll");
        client.run("start", "b:atoll-pull").ok();
        assertEquals(
                "three", client.run("exec", "b:atoll-pull", "--", "cat", "/root/note").ok().out());
        String operations = a.atoll().run("operation", "list", "--format=csv").ok().out();
        assertFalse(operations.contains("RUNNING"), operations);
    }

    @Test
    void aSecondCopyBringsTheFirstUpToDate() {
        make(a.atoll(), "c1");
        Program client = client("atoll");
        introduce(client, "a", a.atoll());
        introduce(client, "b", b.atoll());
        client.run("copy", "a:c1", "b:c1").ok();
        client.run("snapshot", "b:c1", "strange").ok();
        a.atoll().run("delete", "c1/s0").ok();
        push(a.atoll(), "c1/root/note", "four");
        a.atoll().run("snapshot", "c1", "s2").ok();
        push(a.atoll(), "c1/root/note", "five");
        client.run("copy", "a:c1", "b:c1").exits(1);
        client.run("copy", "a:c1", "b:c1", "--refresh").ok();
        assertEquals("five", pull(client, "b:c1/root/note"));
        String snapshots = client.run("info", "b:c1").ok().out();
        assertTrue(snapshots.contains("s1") && snapshots.contains("s2"), snapshots);
        assertFalse(snapshots.contains("s0") || snapshots.contains("strange"), snapshots);
        client.run("copy", "b:c1/s2", "b:c2").ok();
        assertEquals("four", pull(client, "b:c2/root/note"));
    }

    @Test
    void aRunningInstanceMovesAndTheDowntimeIsTold() {
        Program client = client("atoll");
        introduce(client, "a", a.atoll());
        introduce(client, "b", b.atoll());
        client.run("launch", "a:bb", "a:c1").ok();
        String id = client.run("config", "get", "a:c1", "volatile.uuid").ok().out();
        client.run("exec", "a:c1", "--", "sh", "-c", "echo kept > /root/note").ok();
        Output moved = client.run("move", "a:c1", "b:c2").ok();
        assertTrue(moved.out().startsWith("Downtime: "), moved.out());
        assertEquals("kept\n", client.run("exec", "b:c2", "--", "cat", "/root/note").ok().out());
        assertEquals(id, client.run("config", "get", "b:c2", "volatile.uuid").ok().out());
        assertEquals("", client.run("list", "a:", "--format=csv").ok().out());
        client.run("delete", "--force", "b:c2").ok();
    }

    @Test
    void volumesGoWithTheirSnapshots() {
        Program client = client("atoll");
        introduce(client, "a", a.atoll());
        introduce(client, "b", b.atoll());
        client.run("storage", "volume", "create", "a:default", "v1").ok();
        client.run("launch", "a:bb", "a:c1").ok();
        client.run("storage", "volume", "attach", "a:default", "v1", "c1", "/data").ok();
        client.run("exec", "a:c1", "--", "sh", "-c", "echo one > /data/x; chown 7:8 /data/x").ok();
        client.run("storage", "volume", "snapshot", "a:default", "v1", "s0").ok();
        client.run("exec", "a:c1", "--", "sh", "-c", "echo two > /data/x").ok();
        client.run("delete", "--force", "a:c1").ok();
        for (String mode : List.of("pull", "push", "relay")) {
            client.run(
                            "storage",
                            "volume",
                            "copy",
                            "a:default/v1",
                            "b:default/" + mode,
                            "--mode",
                            mode)
                    .ok();
        }
        client.run("storage", "volume", "restore", "b:default", "relay", "s0").ok();
        client.run("copy", "a:c1", "b:c1").exits(1);
        client.run("image", "copy", "a:bb", "b:", "--alias", "bb").ok();
        client.run("launch", "b:bb", "b:c1").ok();
        client.run("storage", "volume", "attach", "b:default", "pull", "c1", "/new").ok();
        client.run("storage", "volume", "attach", "b:default", "relay", "c1", "/old").ok();
        assertEquals(
                "two\n7:8\none\n",
                client.run(
                                "exec",
                                "b:c1",
                                "--",
                                "sh",
                                "-c",
                                "cat /new/x; stat -c %u:%g /new/x; cat /old/x")
                        .ok()
                        .out());
        client.run("delete", "--force", "b:c1").ok();
    }

    @Test
    void aRealLxdIsSourceAndTarget() throws IOException {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        make(a.atoll(), "c1");
        try (UpstreamDaemon upstream = UpstreamDaemon.launch("lxd-" + MARKER)) {
            prepare(upstream.lxc(), "dir");
            for (String program : List.of("atoll", "lxc")) {
                Program client = client(program);
                introduce(client, "a", a.atoll());
                introduce(client, "real", upstream.lxc());
                String there = program + "-there";
                String back = program + "-back";
                client.run("copy", "a:c1", "real:" + there).ok();
                isWhole(client, "real:", there);
                client.run("copy", "real:" + there, "a:" + back, "--mode", "push").ok();
                isWhole(client, "a:", back);
                push(a.atoll(), "c1/root/note", "changed again");
                client.run("copy", "a:c1", "real:" + there, "--refresh").ok();
                assertEquals("changed again", pull(client, "real:" + there + "/root/note"));
                client.run("copy", "real:" + there, "a:" + back, "--refresh").ok();
                assertEquals("changed again", pull(client, "a:" + back + "/root/note"));
                push(a.atoll(), "c1/root/note", "three");
                client.run("delete", "real:" + there).ok();
            }
        }
    }

    /// A way to a server that breaks each connection after so many bytes from the server.
    private static final class Cutter implements AutoCloseable {
        private final ServerSocket listener;
        private final int port;
        private final long bytesMax;

        Cutter(int port, long bytesMax) throws IOException {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            this.port = port;
            this.bytesMax = bytesMax;
            Thread unused = Thread.ofVirtual().start(this::serve);
        }

        private void serve() {
            while (!listener.isClosed()) {
                try {
                    Socket near = listener.accept();
                    Socket far = new Socket(InetAddress.getLoopbackAddress(), port);
                    Thread up = Thread.ofVirtual().start(() -> pass(near, far, Long.MAX_VALUE));
                    Thread down = Thread.ofVirtual().start(() -> pass(far, near, bytesMax));
                    assertTrue(up.isVirtual() && down.isVirtual());
                } catch (IOException _) {
                    return;
                }
            }
        }

        private static void pass(Socket from, Socket to, long bytesMax) {
            byte[] chunk = new byte[8192];
            long left = bytesMax;
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                while (left > 0) {
                    int n = in.read(chunk, 0, (int) Math.min(chunk.length, left));
                    if (n < 0) {
                        return;
                    }
                    to.getOutputStream().write(chunk, 0, n);
                    left -= n;
                }
            } catch (IOException _) {
                // Broken is what it is for.
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static int port(TestDaemon daemon) {
        String address = daemon.atoll().run("config", "get", "core.https_address").ok().out();
        return Integer.parseInt(address.strip().replaceFirst(".*:", ""));
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    private void nothingIsLeft(TestDaemon daemon) throws IOException {
        assertEquals("", daemon.atoll().run("list", "--format=csv").ok().out());
        assertTrue(isEmpty(daemon.state().resolve("storage-pools/default/containers")));
        Path stages = daemon.state().resolve("migration");
        assertTrue(!Files.exists(stages) || isEmpty(stages));
    }

    @Test
    void aCutLeavesNothingBehindAndTheNextTryWorks() throws IOException {
        make(a.atoll(), "c1");
        Program client = client("atoll");
        introduce(client, "a", a.atoll());
        introduce(client, "b", b.atoll());
        int port = port(a);
        Random random = new Random(5);
        for (int i = 0; i < 4; i++) {
            // Compressed the files take about a megabyte; what the client asks for itself is less
            // than these.
            long offset = 30_000 + random.nextInt(500_000);
            try (Cutter cutter = new Cutter(port, offset)) {
                client.run(
                                "remote",
                                "set-url",
                                "a",
                                "https://127.0.0.1:" + cutter.listener.getLocalPort())
                        .ok();
                Output cut = client.run("copy", "a:c1", "b:c1").exits(1);
                assertTrue(cut.err().contains("other server"), cut.err());
            }
            nothingIsLeft(b);
        }
        client.run("remote", "set-url", "a", "https://127.0.0.1:" + port).ok();
        client.run("copy", "a:c1", "b:c1").ok();
        isWhole(client, "b:", "c1");
        push(a.atoll(), "c1/root/note", "later");
        try (Cutter cutter = new Cutter(port, 30_000)) {
            client.run(
                            "remote",
                            "set-url",
                            "a",
                            "https://127.0.0.1:" + cutter.listener.getLocalPort())
                    .ok();
            byte[] big = new byte[1 << 20];
            random.nextBytes(big);
            a.atoll().runWith(big, "file", "push", "-", "c1/root/big").ok();
            client.run("copy", "a:c1", "b:c1", "--refresh").exits(1);
        }
        isWhole(client, "b:", "c1");
    }

    @Test
    void aPoolThatIsFullIsToldAndLeftAsItWas() throws IOException {
        make(a.atoll(), "c1");
        Program client = client("atoll");
        introduce(client, "a", a.atoll());
        introduce(client, "b", b.atoll());
        Path small = Files.createDirectory(folder.resolve("small"));
        Program.of("mount").run("-t", "tmpfs", "-o", "size=1m", MARKER, small.toString()).ok();
        try {
            String source = "source=" + Files.createDirectory(small.resolve("pool"));
            client.run("storage", "create", "b:small", "dir", source).ok();
            Output full = client.run("copy", "a:c1", "b:c1", "--storage", "small").exits(1);
            assertTrue(full.err().contains("No space left"), full.err());
            assertEquals("", client.run("list", "b:", "--format=csv").ok().out());
            client.run("storage", "delete", "b:small").ok();
        } finally {
            Program.of("umount").run(small.toString()).ok();
        }
    }

    @Test
    void secretsAreGoodOnceAndForOneCopy() throws IOException {
        make(a.atoll(), "c1");
        String body = "{\"name\":\"c1\",\"migration\":true}";
        String sending =
                a.atoll().run("query", "-X", "POST", "-d", body, "/1.0/instances/c1").ok().out();
        Json operation = Json.parse(sending);
        String certificate =
                Json.parse(a.atoll().run("query", "/1.0").ok().out())
                        .get("environment")
                        .get("certificate")
                        .asString();
        String url =
                "https://127.0.0.1:"
                        + port(a)
                        + "/1.0/operations/"
                        + operation.get("id").asString();
        Json wrong = Json.object().put("control", "0".repeat(64)).put("fs", "1".repeat(64));
        assertTrue(take(url, certificate, wrong).err().contains("refused the websocket"));
        take(url, certificate, operation.get("metadata")).ok();
        Output again = take(url, certificate, operation.get("metadata")).exits(1);
        assertTrue(again.err().contains("already exists") || again.err().contains("refused"));
        b.atoll().run("delete", "c1").ok();
        Output replayed = take(url, certificate, operation.get("metadata")).exits(1);
        assertTrue(replayed.err().contains("refused the websocket"), replayed.err());
        nothingIsLeft(b);
    }

    private Output take(String url, String certificate, Json secrets) {
        Json source =
                Json.object()
                        .put("type", "migration")
                        .put("mode", "pull")
                        .put("operation", url)
                        .put("certificate", certificate)
                        .put("secrets", secrets);
        Json body =
                Json.object().put("name", "c1").put("architecture", "x86_64").put("source", source);
        return b.atoll()
                .run("query", "-X", "POST", "--wait", "-d", body.render(), "/1.0/instances");
    }
}
