package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.Room;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import io.atoll.testkit.UpstreamDaemon;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Instances and volumes that go from one server to another: between two of ours, and to a real LXD
/// and back, by our client and the stock one.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MigrationTest {
    private static final String MARKER = "e2em";
    private static final Room ROOM = Room.take(MARKER, 80);

    /// Where the test's own clients are.
    private static final String HERE = ROOM.ipv4("1.1");

    private static final int PORT = 8443;
    private static final Duration SOON = Duration.ofSeconds(60);

    /// Longer than a broken connection may take to come back.
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final int BIG_MIB = 200;

    private final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path folder;

    @TempDir static Path clients;

    private TestDaemon a;
    private TestDaemon b;

    /// Our client, which knows both servers.
    private Program client;

    /// Debian's client, which does, too.
    private Program stock;

    @BeforeAll
    void start() throws IOException {
        leaks.remember();
        ip("link", "add", ROOM.name(), "type", "bridge");
        ip("address", "add", HERE + "/24", "dev", ROOM.name());
        ip("link", "set", ROOM.name(), "up");
        a = launch("a");
        b = launch("b");
        a.atoll().run("image", "import", TestImages.busybox().toString(), "--alias", "bb").ok();
        client = client("atoll");
        stock = client("lxc");
        make("a:c1");
    }

    @AfterAll
    void stop() {
        a.close();
        b.close();
        disconnect("a");
        disconnect("b");
        ip("link", "delete", ROOM.name());
        leaks.assertNothingNew();
    }

    private static void ip(String... command) {
        Program.of("ip").run(command).ok();
    }

    /// The address of a server, each of which is in a network namespace of its own.
    private static String address(String server) {
        return ROOM.ipv4("1." + (2 + server.charAt(0) - 'a'));
    }

    private static String namespace(String server) {
        return ROOM.name() + server;
    }

    private static TestDaemon launch(String server) {
        String name = namespace(server);
        ip("netns", "add", name);
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
        ip("link", "set", name, "master", ROOM.name(), "up");
        ip("-netns", name, "address", "add", address(server) + "/24", "dev", "eth0");
        ip("-netns", name, "link", "set", "eth0", "up");
        ip("-netns", name, "link", "set", "lo", "up");
        TestDaemon out =
                TestDaemon.launch(
                        "atoll-" + MARKER, List.of("nsenter", "--net=/run/netns/" + name));
        prepare(out.atoll(), "overlay", address(server) + ":" + PORT);
        return out;
    }

    private static void disconnect(String server) {
        ip("netns", "delete", namespace(server));
    }

    @AfterEach
    void nothingStaysOnTheTarget() {
        for (String name : lines(stock, "list", "b:", "--format=csv", "--columns=n")) {
            stock.run("delete", "--force", "b:" + name).ok();
        }
        for (String name :
                lines(
                        stock,
                        "storage",
                        "volume",
                        "list",
                        "b:default",
                        "--format=csv",
                        "--columns=tn")) {
            if (name.startsWith("custom,")) {
                stock.run("storage", "volume", "delete", "b:default", name.split(",")[1]).ok();
            }
        }
    }

    private static List<String> lines(Program local, String... command) {
        return local.run(command).ok().out().lines().filter(line -> !line.isBlank()).toList();
    }

    private List<String> fingerprints(String remote) {
        return lines(client, "image", "list", remote, "--format=csv", "--columns=f");
    }

    private static void prepare(Program local, String driver, String address) {
        local.run("config", "set", "core.https_address", address).ok();
        local.run("storage", "create", "default", driver).ok();
        local.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
    }

    /// A client that knows the servers as `a:` and `b:`.
    private Program client(String program) {
        Path path = program.equals("atoll") ? a.home().resolve("bin/atoll") : Path.of("lxc");
        Program out =
                Program.of(path.toString())
                        .with("LXD_CONF", clients.resolve(program).toString())
                        .with("LXD_DIR", clients.resolve("nowhere").toString());
        introduce(out, "a", a.atoll());
        introduce(out, "b", b.atoll());
        return out;
    }

    private static void introduce(
            Program client, String name, Program server, String... restrictions) {
        List<String> command =
                new ArrayList<>(List.of("config", "trust", "add", "--name", "friend"));
        command.addAll(List.of(restrictions));
        String token =
                server.run(command.toArray(String[]::new)).ok().out().lines().toList().getLast();
        client.run("remote", "add", name, token).ok();
    }

    private void push(String file, String content) {
        stock.runWith(content.getBytes(StandardCharsets.UTF_8), "file", "push", "-", file).ok();
    }

    private String pull(String file) {
        return stock.run("file", "pull", file, "-").ok().out();
    }

    /// An instance with two snapshots that differ, stopped. What is not under test is done by the
    /// stock client, which starts sooner.
    private void make(String name) {
        stock.run("init", "a:bb", name).ok();
        push(name + "/root/note", "one");
        push(name + "/root/old", "old");
        stock.run("snapshot", name, "s0").ok();
        push(name + "/root/note", "second");
        stock.run("file", "delete", name + "/root/old").ok();
        stock.run("snapshot", name, "s1").ok();
        push(name + "/root/note", "three");
    }

    private void isWhole(String name) {
        assertEquals("three", pull(name + "/root/note"));
        stock.run("copy", name + "/s0", name + "-s0").ok();
        assertEquals("one", pull(name + "-s0/root/note"));
        assertEquals("old", pull(name + "-s0/root/old"));
        stock.run("copy", name + "/s1", name + "-s1").ok();
        assertEquals("second", pull(name + "-s1/root/note"));
        stock.run("file", "pull", name + "-s1/root/old", "-").exits(1);
        stock.run("delete", name + "-s0", name + "-s1").ok();
    }

    @Test
    void copiesGoInEveryModeWithTheirSnapshots() {
        for (String mode : List.of("pull", "push", "relay")) {
            client.run("copy", "a:c1", "b:" + mode, "--mode", mode).ok();
            isWhole("b:" + mode);
            stock.run("copy", "a:c1", "b:lxc-" + mode, "--mode", mode).ok();
            assertEquals("three", pull("b:lxc-" + mode + "/root/note"));
            assertEquals(
                    2,
                    lines(stock, "query", "b:/1.0/instances/lxc-" + mode + "/snapshots").stream()
                            .filter(line -> line.contains("/snapshots/s"))
                            .count());
        }
        stock.run("start", "b:pull").ok();
        assertEquals("three", stock.run("exec", "b:pull", "--", "cat", "/root/note").ok().out());
        String operations = a.atoll().run("operation", "list", "--format=csv").ok().out();
        assertFalse(operations.contains("RUNNING"), operations);
    }

    /// Three servers, of which two do not reach each other.
    @Test
    void theClientOrAThirdServerStandsBetween() throws IOException {
        ip("-netns", namespace("b"), "route", "add", "unreachable", address("a") + "/32");
        ip("-netns", namespace("a"), "route", "add", "unreachable", address("b") + "/32");
        try (TestDaemon c = launch("c")) {
            introduce(client, "c", c.atoll());
            for (String mode : List.of("pull", "push")) {
                Output failed = client.run("copy", "a:c1", "b:c1", "--mode", mode).exits(1);
                assertTrue(failed.err().contains("Failed connecting to"), failed.err());
                nothingIsLeft(b);
            }
            client.run("copy", "a:c1", "b:c1", "--mode", "relay").ok();
            isWhole("b:c1");
            client.run("copy", "a:c1", "c:c1").ok();
            client.run("copy", "c:c1", "b:c2", "--mode", "push").ok();
            isWhole("b:c2");
            client.run("image", "copy", "a:bb", "c:", "--mode", "push").ok();
            client.run("image", "copy", "a:bb", "b:", "--mode", "relay").ok();
            for (String there : List.of("b:", "c:")) {
                assertEquals(fingerprints("a:"), fingerprints(there));
            }
            stock.run("image", "delete", "b:" + fingerprints("b:").getFirst()).ok();
        } finally {
            disconnect("c");
            ip("-netns", namespace("b"), "route", "delete", address("a") + "/32");
            ip("-netns", namespace("a"), "route", "delete", address("b") + "/32");
        }
    }

    @Test
    void aSecondCopyBringsTheFirstUpToDate() {
        stock.run("copy", "a:c1", "a:r1").ok();
        client.run("copy", "a:r1", "b:c1").ok();
        stock.run("snapshot", "b:c1", "strange").ok();
        stock.run("delete", "a:r1/s0").ok();
        push("a:r1/root/note", "four");
        stock.run("snapshot", "a:r1", "s2").ok();
        push("a:r1/root/note", "five");
        client.run("copy", "a:r1", "b:c1").exits(1);
        client.run("copy", "a:r1", "b:c1", "--refresh").ok();
        assertEquals("five", pull("b:c1/root/note"));
        String snapshots = stock.run("info", "b:c1").ok().out();
        assertTrue(snapshots.contains("s1") && snapshots.contains("s2"), snapshots);
        assertFalse(snapshots.contains("s0") || snapshots.contains("strange"), snapshots);
        stock.run("copy", "b:c1/s2", "b:c2").ok();
        assertEquals("four", pull("b:c2/root/note"));
        stock.run("delete", "a:r1").ok();
    }

    @Test
    void aRunningInstanceMovesAndTheDowntimeIsTold() {
        stock.run("launch", "a:bb", "a:m1").ok();
        String id = stock.run("config", "get", "a:m1", "volatile.uuid").ok().out();
        stock.run("exec", "a:m1", "--", "sh", "-c", "echo kept > /root/note").ok();
        Output moved = client.run("move", "a:m1", "b:c2").ok();
        assertTrue(moved.out().startsWith("Downtime: "), moved.out());
        assertEquals("kept\n", stock.run("exec", "b:c2", "--", "cat", "/root/note").ok().out());
        assertEquals(id, stock.run("config", "get", "b:c2", "volatile.uuid").ok().out());
        assertEquals(List.of("c1"), lines(client, "list", "a:", "--format=csv", "--columns=n"));
    }

    @Test
    void volumesGoWithTheirSnapshots() {
        stock.run("storage", "volume", "create", "a:default", "v1").ok();
        stock.run("launch", "a:bb", "a:v1user").ok();
        stock.run("storage", "volume", "attach", "a:default", "v1", "v1user", "/data").ok();
        stock.run("exec", "a:v1user", "--", "sh", "-c", "echo one > /data/x; chown 7:8 /data/x")
                .ok();
        stock.run("storage", "volume", "snapshot", "a:default", "v1", "s0").ok();
        stock.run("exec", "a:v1user", "--", "sh", "-c", "echo two > /data/x").ok();
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
        stock.run("storage", "volume", "restore", "b:default", "relay", "s0").ok();
        client.run("image", "copy", "a:bb", "b:", "--alias", "bb").ok();
        stock.run("launch", "b:bb", "b:c1").ok();
        stock.run("storage", "volume", "attach", "b:default", "pull", "c1", "/new").ok();
        stock.run("storage", "volume", "attach", "b:default", "relay", "c1", "/old").ok();
        assertEquals(
                "two\n7:8\none\n",
                stock.run(
                                "exec",
                                "b:c1",
                                "--",
                                "sh",
                                "-c",
                                "cat /new/x; stat -c %u:%g /new/x; cat /old/x")
                        .ok()
                        .out());
        stock.run("exec", "a:v1user", "--", "sh", "-c", "echo three > /data/x").ok();
        stock.run("storage", "volume", "snapshot", "a:default", "v1", "s1").ok();
        stock.run("exec", "a:v1user", "--", "sh", "-c", "echo four > /data/x").ok();
        stock.run("storage", "volume", "delete", "a:default", "v1/s0").ok();
        String[] refresh = {
            "storage", "volume", "copy", "a:default/v1", "b:default/pull", "--refresh"
        };
        Output busy = client.run(refresh).exits(1);
        assertTrue(busy.err().contains("used by running instances"), busy.err());
        stock.run("storage", "volume", "detach", "b:default", "pull", "c1").ok();
        client.run(refresh).ok();
        String url = "b:/1.0/storage-pools/default/volumes/custom/pull/snapshots";
        String snapshots = stock.run("query", url).ok().out();
        assertTrue(snapshots.contains("/s1") && !snapshots.contains("/s0"), snapshots);
        stock.run("storage", "volume", "attach", "b:default", "pull", "c1", "/new").ok();
        assertEquals("four\n", stock.run("exec", "b:c1", "--", "cat", "/new/x").ok().out());
        stock.run("delete", "--force", "b:c1", "a:v1user").ok();
        stock.run("storage", "volume", "restore", "b:default", "pull", "s1").ok();
        // On one server, too.
        stock.run("storage", "volume", "create", "b:default", "local").ok();
        client.run("storage", "volume", "copy", "b:default/pull", "b:default/local", "--refresh")
                .ok();
        stock.run("storage", "volume", "delete", "a:default", "v1").ok();
        stock.run("image", "delete", "b:bb").ok();
    }

    @Test
    void aRealLxdIsSourceAndTarget() throws IOException {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        try (UpstreamDaemon upstream = UpstreamDaemon.launch("lxd-" + MARKER)) {
            prepare(upstream.lxc(), "dir", HERE + ":" + PORT);
            introduce(client, "real", upstream.lxc());
            introduce(stock, "real", upstream.lxc());
            client.run("copy", "a:c1", "real:there").ok();
            isWhole("real:there");
            client.run("copy", "real:there", "a:back", "--mode", "push").ok();
            isWhole("a:back");
            push("real:there/root/note", "changed again");
            client.run("copy", "real:there", "a:back", "--refresh").ok();
            assertEquals("changed again", pull("a:back/root/note"));
            client.run("copy", "a:c1", "real:there", "--refresh").ok();
            assertEquals("three", pull("real:there/root/note"));
            stock.run("delete", "a:back").ok();
            Path ours = a.state().resolve("storage-pools/default/custom");
            Path theirs = upstream.state().resolve("storage-pools/default/custom");
            refreshesWithSnapshots(
                    "a:",
                    ours.resolve("default_data/rootfs/f"),
                    "real:",
                    theirs.resolve("default_copied/f"));
            refreshesWithSnapshots(
                    "real:",
                    theirs.resolve("default_data/f"),
                    "a:",
                    ours.resolve("default_copied/rootfs/f"));
            stock.run("copy", "a:c1", "real:second", "--mode", "relay").ok();
            stock.run("copy", "real:second", "b:back").ok();
            isWhole("b:back");
            stock.run("delete", "real:there", "real:second").ok();
            makeDisk();
            client.run("storage", "volume", "copy", "a:default/disk", "real:default/disk").ok();
            client.run("storage", "volume", "copy", "real:default/disk", "b:default/disk").ok();
            isDisk("disk");
            stock.run("storage", "volume", "delete", "real:default", "disk").ok();
            stock.run("storage", "volume", "delete", "a:default", "disk").ok();
        }
    }

    /// What the source has made since the last copy is there after the next, and what it has
    /// removed is not: of an instance and of a volume, snapshots and files.
    private void refreshesWithSnapshots(String from, Path data, String to, Path copied)
            throws IOException {
        stock.run("copy", "a:c1", from + "src", "--instance-only").ok();
        stock.run("storage", "volume", "create", from + "default", "data").ok();
        List<String[]> copies =
                List.of(
                        new String[] {"copy", from + "src", to + "dst", "--refresh"},
                        new String[] {
                            "storage",
                            "volume",
                            "copy",
                            from + "default/data",
                            to + "default/copied",
                            "--refresh"
                        });
        becomes(from, data, "one");
        keep(from, "gone");
        keep(from, "kept");
        copies.forEach(copy -> client.run(copy).ok());
        stock.run("snapshot", to + "dst", "strange").ok();
        stock.run("delete", from + "src/gone").ok();
        stock.run("storage", "volume", "delete", from + "default", "data/gone").ok();
        becomes(from, data, "two");
        keep(from, "more");
        becomes(from, data, "three");
        copies.forEach(copy -> client.run(copy).ok());
        String volume = "storage-pools/default/volumes/custom/copied";
        for (String what : List.of("instances/dst", volume)) {
            assertEquals(
                    List.of("kept", "more"),
                    lines(stock, "query", to + "/1.0/" + what + "/snapshots").stream()
                            .filter(line -> line.contains("/1.0/"))
                            .map(line -> line.replaceAll(".*/snapshots/|\".*", ""))
                            .toList());
        }
        assertEquals("three", pull(to + "dst/root/note"));
        assertEquals("three", Files.readString(copied));
        for (String[] state : List.of(new String[] {"kept", "one"}, new String[] {"more", "two"})) {
            stock.run("restore", to + "dst", state[0]).ok();
            stock.run("storage", "volume", "restore", to + "default", "copied", state[0]).ok();
            assertEquals(state[1], pull(to + "dst/root/note"));
            assertEquals(state[1], Files.readString(copied));
        }
        stock.run("delete", from + "src", to + "dst").ok();
        stock.run("storage", "volume", "delete", from + "default", "data").ok();
        stock.run("storage", "volume", "delete", to + "default", "copied").ok();
    }

    private void becomes(String server, Path data, String text) throws IOException {
        push(server + "src/root/note", text);
        Files.writeString(data, text);
    }

    private void keep(String server, String snapshot) {
        stock.run("snapshot", server + "src", snapshot).ok();
        stock.run("storage", "volume", "snapshot", server + "default", "data", snapshot).ok();
    }

    /// To another server of ours, to a real LXD, from there on, and each once more.
    @Test
    void subvolumesWithinStayOnesOnOtherServers() throws IOException {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/btrfs")), "btrfs-progs is not installed");
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        for (String server : List.of("a:", "b:")) {
            stock.run("storage", "create", server + "sub", "btrfs", "size=256MiB").ok();
        }
        try (UpstreamDaemon upstream = UpstreamDaemon.launch("lxd-" + MARKER)) {
            upstream.lxc().run("config", "set", "core.https_address", HERE + ":" + PORT).ok();
            upstream.lxc().run("storage", "create", "sub", "btrfs", "size=256MiB").ok();
            upstream.lxc()
                    .run(
                            "profile",
                            "device",
                            "add",
                            "default",
                            "root",
                            "disk",
                            "path=/",
                            "pool=sub")
                    .ok();
            introduce(stock, "btrfs", upstream.lxc());
            stock.run("init", "a:bb", "a:n1", "--storage", "sub").ok();
            stock.run("storage", "volume", "create", "a:sub", "n2").ok();
            Path pool = a.state().resolve("storage-pools/sub");
            Path instance = pool.resolve("containers/n1/rootfs/root");
            Path volume = pool.resolve("custom/default_n2/rootfs");
            for (Path place : List.of(instance, volume)) {
                nest(place.resolve("sub"));
                nest(place.resolve("sub/deep"));
            }
            change(instance, volume, "one");
            snapshot("s0");
            change(instance, volume, "two");
            send("a:", "b:", "--storage", "sub");
            send("a:", "btrfs:");
            send("btrfs:", "b:", "--storage", "sub", "again");
            nest(instance.resolve("sub/late"));
            nest(volume.resolve("sub/late"));
            change(instance, volume, "three");
            snapshot("s1");
            change(instance, volume, "four");
            send("a:", "b:", "--refresh");
            send("a:", "btrfs:", "--refresh");
            Path ours = b.state().resolve("storage-pools/sub");
            Path theirs = upstream.state().resolve("storage-pools/sub");
            isNested(ours.resolve("containers/n1/rootfs/root"), "four");
            isNested(ours.resolve("containers-snapshots/n1/s1/rootfs/root"), "three");
            isNested(ours.resolve("custom/default_n2/rootfs"), "four");
            isNested(ours.resolve("custom-snapshots/default_n2/s1/rootfs"), "three");
            isNested(theirs.resolve("containers/n1/rootfs/root"), "four");
            isNested(theirs.resolve("containers-snapshots/n1/s1/rootfs/root"), "three");
            isNested(theirs.resolve("custom/default_n2"), "four");
            isNested(theirs.resolve("custom-snapshots/default_n2/s1"), "three");
            for (String way : List.of("n1", "n1again")) {
                Path first = ours.resolve("containers-snapshots/" + way + "/s0/rootfs/root/sub");
                assertEquals("one", Files.readString(first.resolve("deep/f")));
                isSubvolume(first.resolve("deep"));
            }
            stock.run("delete", "btrfs:n1").ok();
            stock.run("storage", "volume", "delete", "btrfs:sub", "n2").ok();
        } finally {
            stock.run("delete", "a:n1", "b:n1", "b:n1again").ok();
            stock.run("storage", "volume", "delete", "a:sub", "n2").ok();
            stock.run("storage", "volume", "delete", "b:sub", "n2").ok();
            stock.run("storage", "volume", "delete", "b:sub", "n2again").ok();
            for (String server : List.of("a:", "b:")) {
                stock.run("storage", "delete", server + "sub").ok();
            }
        }
    }

    /// What sends would wait for ever for what received.
    @Test
    void whenTheTargetDiesTheSourceEndsToo() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/btrfs")), "btrfs-progs is not installed");
        for (String server : List.of("a:", "b:")) {
            stock.run("storage", "create", server + "sub", "btrfs", "size=768MiB").ok();
        }
        try {
            stock.run("init", "a:bb", "a:n1", "--storage", "sub").ok();
            Path pool = a.state().resolve("storage-pools/sub");
            fill(pool.resolve("containers/n1/rootfs/big"));
            Path there = b.state().resolve("storage-pools/sub");
            Process copy = client.start("copy", "a:n1", "b:n1", "--storage", "sub");
            Await.until("something to arrive", SOON, () -> holdsData(there.resolve(".making")));
            b.kill();
            assertTrue(copy.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "the client waits");
            assertNotEquals(0, copy.exitValue());
            Await.until("the source's operation to end", PATIENCE, () -> !isBusy(a));
            assertEquals(
                    List.of(),
                    ProcessHandle.of(a.pid())
                            .orElseThrow()
                            .descendants()
                            .map(p -> p.info().command().orElse(""))
                            .filter(command -> command.endsWith("btrfs"))
                            .toList());
            assertTrue(isEmpty(pool.resolve(".making")), "what was to be sent is deleted");
            b.start();
            assertTrue(isEmpty(there.resolve(".making")));
            assertTrue(isEmpty(there.resolve("containers")));
            client.run("copy", "a:n1", "b:n1", "--storage", "sub").ok();
        } finally {
            if (b.pidIfRunning() == 0) {
                b.start();
            }
            stock.run("delete", "a:n1", "b:n1");
            for (String server : List.of("a:", "b:")) {
                stock.run("storage", "delete", server + "sub").ok();
            }
        }
    }

    private static void fill(Path file) throws IOException {
        byte[] chunk = new byte[1 << 20];
        Random random = new Random(8);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int i = 0; i < BIG_MIB; i++) {
                random.nextBytes(chunk);
                out.write(chunk);
            }
        }
    }

    private static boolean holdsData(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(f -> f.endsWith("rootfs/big"));
        } catch (IOException | UncheckedIOException _) {
            return false;
        }
    }

    private static boolean isBusy(TestDaemon daemon) {
        return daemon.lxc()
                .run("query", "/1.0/operations?recursion=1")
                .ok()
                .out()
                .contains("Migrating instance");
    }

    private static void nest(Path path) {
        Program.of("btrfs").run("subvolume", "create", path.toString()).ok();
    }

    private static void isSubvolume(Path path) throws IOException {
        assertEquals(256L, Files.getAttribute(path, "unix:ino"), path.toString());
    }

    private static void change(Path instance, Path volume, String text) throws IOException {
        for (Path place : List.of(instance, volume)) {
            Files.writeString(place.resolve("sub/f"), text);
            Files.writeString(place.resolve("sub/deep/f"), text);
        }
    }

    private static void isNested(Path place, String text) throws IOException {
        assertEquals(text, Files.readString(place.resolve("sub/f")), place.toString());
        assertEquals(text, Files.readString(place.resolve("sub/deep/f")), place.toString());
        for (String name : List.of("sub", "sub/deep", "sub/late")) {
            isSubvolume(place.resolve(name));
        }
    }

    private void snapshot(String name) {
        stock.run("snapshot", "a:n1", name).ok();
        stock.run("storage", "volume", "snapshot", "a:sub", "n2", name).ok();
    }

    /// @param options of `copy`; what is no option and no value of one ends the names there
    private void send(String from, String to, String... options) {
        List<String> words = new ArrayList<>(List.of(options));
        String end = words.remove("again") ? "again" : "";
        List<String> copy = new ArrayList<>(List.of("copy", from + "n1", to + "n1" + end));
        copy.addAll(words);
        stock.run(copy.toArray(String[]::new)).ok();
        List<String> volume =
                new ArrayList<>(
                        List.of("storage", "volume", "copy", from + "sub/n2", to + "sub/n2" + end));
        if (words.contains("--refresh")) {
            volume.add("--refresh");
        }
        stock.run(volume.toArray(String[]::new)).ok();
    }

    @Test
    void disksGoWithTheirSnapshots() throws IOException {
        makeDisk();
        for (String mode : List.of("pull", "push", "relay")) {
            client.run(
                            "storage",
                            "volume",
                            "copy",
                            "a:default/disk",
                            "b:default/" + mode,
                            "--mode",
                            mode)
                    .ok();
            isDisk(mode);
        }
        Path archive = a.state().resolveSibling("disk.tar.gz");
        client.run("storage", "volume", "export", "a:default", "disk", archive.toString()).ok();
        client.run("storage", "volume", "import", "b:default", archive.toString(), "back").ok();
        isDisk("back");
        // It went back to the smaller one, and the larger one is there still.
        stock.run("storage", "volume", "restore", "a:default", "disk", "s0").ok();
        assertEquals(
                "4194304B",
                stock.run("storage", "volume", "get", "a:default", "disk", "size")
                        .ok()
                        .out()
                        .strip());
        stock.run("storage", "volume", "delete", "b:default", "pull").ok();
        client.run("storage", "volume", "copy", "a:default/disk", "b:default/pull").ok();
        assertEquals(List.of(4L << 20, 1L), disk("custom/default_pull"));
        assertEquals(List.of(8L << 20, 2L), disk("custom-snapshots/default_pull/s1"));
        client.run("storage", "volume", "copy", "a:default/disk", "b:default/push", "--refresh")
                .ok();
        assertEquals(List.of(4L << 20, 1L), disk("custom/default_push"));
        assertEquals(List.of(8L << 20, 2L), disk("custom-snapshots/default_push/s1"));
        stock.run("storage", "volume", "delete", "a:default", "disk").ok();
        Files.delete(archive);
    }

    /// A disk that was smaller when its snapshots were taken, and began with their numbers.
    private void makeDisk() throws IOException {
        stock.run("storage", "volume", "create", "a:default", "disk", "--type=block", "size=4MiB")
                .ok();
        Path disk = volume(a, "custom/default_disk");
        Files.write(disk, new byte[] {1}, StandardOpenOption.WRITE);
        stock.run("storage", "volume", "snapshot", "a:default", "disk", "s0").ok();
        stock.run("storage", "volume", "set", "a:default", "disk", "size", "8MiB").ok();
        Files.write(disk, new byte[] {2}, StandardOpenOption.WRITE);
        stock.run("storage", "volume", "snapshot", "a:default", "disk", "s1").ok();
        stock.run("storage", "volume", "set", "a:default", "disk", "size", "12MiB").ok();
        Files.write(disk, new byte[] {3}, StandardOpenOption.WRITE);
    }

    private static Path volume(TestDaemon daemon, String name) {
        return daemon.state().resolve("storage-pools/default").resolve(name).resolve("root.img");
    }

    /// The size of a disk on the target, and how it begins.
    private List<Long> disk(String path) throws IOException {
        Path disk = volume(b, path);
        return List.of(Files.size(disk), (long) Files.readAllBytes(disk)[0]);
    }

    private void isDisk(String name) throws IOException {
        assertEquals(List.of(12L << 20, 3L), disk("custom/default_" + name));
        assertEquals(List.of(4L << 20, 1L), disk("custom-snapshots/default_" + name + "/s0"));
        assertEquals(List.of(8L << 20, 2L), disk("custom-snapshots/default_" + name + "/s1"));
    }

    /// A way to a server that breaks each connection after so many bytes from the server.
    private static final class Cutter implements AutoCloseable {
        private final ServerSocket listener;
        private final String server;
        private final LongSupplier bytesMax;
        private final AtomicInteger ends = new AtomicInteger();

        Cutter(String server, LongSupplier bytesMax) throws IOException {
            this.listener = new ServerSocket(0, 50, InetAddress.getByName(HERE));
            this.server = server;
            this.bytesMax = bytesMax;
            Thread unused = Thread.ofVirtual().start(this::serve);
        }

        String url() {
            return "https://" + HERE + ":" + listener.getLocalPort();
        }

        private void serve() {
            while (!listener.isClosed()) {
                try {
                    Socket near = listener.accept();
                    Socket far = new Socket(address(server), PORT);
                    Thread up = Thread.ofVirtual().start(() -> pass(near, far, Long.MAX_VALUE));
                    Thread down =
                            Thread.ofVirtual().start(() -> pass(far, near, bytesMax.getAsLong()));
                    assertTrue(up.isVirtual() && down.isVirtual());
                } catch (IOException _) {
                    return;
                }
            }
        }

        private void pass(Socket from, Socket to, long limit) {
            byte[] chunk = new byte[8192];
            long left = limit;
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                while (true) {
                    if (left <= 0) {
                        ends.incrementAndGet();
                        return;
                    }
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

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    private static boolean isClean(TestDaemon daemon) {
        try {
            Path stages = daemon.state().resolve("migration");
            return daemon.atoll().run("list", "--format=csv").ok().out().isEmpty()
                    && isEmpty(daemon.state().resolve("storage-pools/default/containers"))
                    && (!Files.exists(stages) || isEmpty(stages));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void nothingIsLeft(TestDaemon daemon) {
        assertTrue(isClean(daemon));
    }

    private void reach(String remote, String url) {
        client.run("remote", "set-url", remote, url).ok();
    }

    private void direct(String remote) {
        reach(remote, "https://" + address(remote) + ":" + PORT);
    }

    @Test
    void aCutCopyGoesOnWhereItBroke() throws IOException {
        Random random = new Random(6);
        byte[] big = new byte[1 << 20];
        random.nextBytes(big);
        stock.runWith(big, "file", "push", "-", "a:c1/root/big").ok();
        try (Cutter cutter = new Cutter("a", () -> 100_000 + random.nextInt(200_000))) {
            reach("a", cutter.url());
            client.run("copy", "a:c1", "b:c1").ok();
            assertTrue(cutter.ends.get() > 3, "cut " + cutter.ends + " times");
        } finally {
            direct("a");
            stock.run("file", "delete", "a:c1/root/big").ok();
        }
        isWhole("b:c1");
        stock.run("file", "pull", "b:c1/root/big", folder.resolve("big").toString()).ok();
        assertArrayEquals(big, Files.readAllBytes(folder.resolve("big")));
    }

    @Test
    void aPoolThatIsFullIsToldAndLeftAsItWas() throws IOException {
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

    /// The operation of a source that waits to be connected to.
    private Json offer(String name) {
        String body = "{\"name\":\"" + name + "\",\"migration\":true}";
        String url = "/1.0/instances/" + name;
        return Json.parse(a.atoll().run("query", "-X", "POST", "-d", body, url).ok().out());
    }

    @Test
    void secretsAreGoodOnceAndForOneCopy() throws IOException {
        Json operation = offer("c1");
        Json right = operation.get("metadata");
        Json wrong = Json.object().put("control", "0".repeat(64)).put("fs", "1".repeat(64));
        assertTrue(take(operation, wrong).err().contains("refused the websocket"));
        take(operation, right).ok();
        Output again = take(operation, right).exits(1);
        assertTrue(again.err().contains("already exists") || again.err().contains("refused"));
        stock.run("delete", "b:c1").ok();
        Output replayed = take(operation, right).exits(1);
        assertTrue(replayed.err().contains("refused the websocket"), replayed.err());
        nothingIsLeft(b);
    }

    private Output take(Json operation) {
        return take(operation, operation.get("metadata"));
    }

    private Output take(Json operation, Json secrets) {
        String certificate =
                Json.parse(a.atoll().run("query", "/1.0").ok().out())
                        .get("environment")
                        .get("certificate")
                        .asString();
        String url =
                "https://"
                        + address("a")
                        + ":"
                        + PORT
                        + "/1.0/operations/"
                        + operation.get("id").asString();
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
