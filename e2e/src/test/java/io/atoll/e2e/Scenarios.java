package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Pty.WindowSize;
import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.Terminal;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What people do with a container, said in the commands they type. Subclasses choose the client,
/// so the same scenarios run with the distribution's `lxc` and with ours.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Scenarios {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final WindowSize WINDOW = new WindowSize(101, 37);
    private static final int LARGE_BYTES = 100 * 1024 * 1024;

    private final String marker;
    private final String bridge;

    private Program client = Program.of("false");
    @TempDir Path scratch;

    /// @param marker names everything on the host, at most ten characters
    Scenarios(String marker) {
        this.marker = marker;
        this.bridge = marker + "br";
    }

    /// Starts the server; its state directory is named after the marker.
    ///
    /// @return the client, told where the server is
    abstract Program startServer(String name);

    abstract void stopServer();

    /// The pool driver to test on.
    abstract String poolDriver();

    /// How the bridge gets its IPv4 subnet.
    abstract String bridgeOption();

    @BeforeAll
    void prepare() {
        client = startServer("atoll-" + marker);
        lxc("storage", "create", "default", poolDriver());
        lxc("network", "create", bridge, "ipv6.address=none", bridgeOption());
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("profile", "device", "add", "default", "eth0", "nic", "network=" + bridge, "name=eth0");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    @AfterAll
    void cleanUp() {
        try {
            deleteInstances();
            lxc("image", "delete", "busybox");
            lxc("profile", "device", "remove", "default", "root");
            lxc("profile", "device", "remove", "default", "eth0");
            lxc("network", "delete", bridge);
            lxc("storage", "delete", "default");
        } finally {
            stopServer();
        }
    }

    @AfterEach
    void deleteInstances() {
        for (String name : lxc("list", "--format=csv", "--columns=n").out().lines().toList()) {
            // A stop that the test did not wait for may still be going on.
            Await.until(
                    name + " to be deleted",
                    SOON,
                    () -> client.run("delete", "--force", name).exit() == 0);
        }
    }

    Output lxc(String... command) {
        return client.run(command).ok();
    }

    private String state(String name) {
        return lxc("list", "^" + name + "$", "--format=csv", "--columns=s").out().strip();
    }

    private String initPid(String name) {
        return lxc("list", "^" + name + "$", "--format=csv", "--columns=p").out().strip();
    }

    private void awaitState(String name, String expected) {
        Await.until(name + " to be " + expected, SOON, () -> state(name).equals(expected));
    }

    @Test
    void importedImageIsListed() {
        Output images = lxc("image", "list", "--format=csv", "--columns=lt");
        assertEquals("busybox,CONTAINER", images.out().strip());
    }

    @Test
    void launchListDelete() {
        lxc("launch", "busybox", "c1");
        assertEquals("c1,RUNNING", lxc("list", "--format=csv", "--columns=ns").out().strip());
        assertTrue(lxc("info", "c1").out().contains("Status: RUNNING"));
        Output refused = client.run("delete", "c1").exits(1);
        assertTrue(refused.err().contains("running"), refused.err());
        lxc("delete", "--force", "c1");
        assertEquals("", lxc("list", "--format=csv").out().strip());
    }

    @Test
    void aSecondInstanceOfTheSameNameIsRefused() {
        lxc("init", "busybox", "c1");
        Output refused = client.run("init", "busybox", "c1").exits(1);
        assertTrue(refused.err().contains("already exists"), refused.err());
        assertEquals("c1,STOPPED", lxc("list", "--format=csv", "--columns=ns").out().strip());
    }

    @Test
    void anUnknownImageIsRefusedAndLeavesNoInstance() {
        client.run("launch", "nosuchimage", "c1").exits(1);
        assertEquals("", lxc("list", "--format=csv").out().strip());
    }

    @Test
    void exitCodesComeBack() {
        lxc("launch", "busybox", "c1");
        client.run("exec", "c1", "--", "true").exits(0);
        client.run("exec", "c1", "--", "sh", "-c", "exit 7").exits(7);
        client.run("exec", "c1", "--", "sh", "-c", "kill -TERM $$").exits(128 + 15);
        client.run("exec", "c1", "--", "nosuchcommand").exits(127);
    }

    @Test
    void outputAndErrorStayApart() {
        lxc("launch", "busybox", "c1");
        Output output =
                client.run("exec", "c1", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
                        .exits(3);
        assertEquals("out\n", output.out());
        assertTrue(output.err().startsWith("err\n"), output.err());
    }

    @Test
    void environmentUserAndDirectoryAreSet() {
        lxc("launch", "busybox", "c1");
        String text =
                lxc(
                                "exec",
                                "c1",
                                "--env",
                                "COLOUR=blue",
                                "--user",
                                "1000",
                                "--group",
                                "1001",
                                "--cwd",
                                "/tmp",
                                "--",
                                "sh",
                                "-c",
                                "echo $COLOUR $(id -u) $(id -g) $(pwd)")
                        .out();
        assertEquals("blue 1000 1001 /tmp\n", text);
    }

    @Test
    void hundredMegabytesPassThroughPipesUnchanged() throws NoSuchAlgorithmException {
        lxc("launch", "busybox", "c1");
        byte[] data = new byte[LARGE_BYTES];
        new SplittableRandom(42).nextBytes(data);
        Output output = client.runWith(data, "exec", "c1", "--", "cat").ok();
        assertEquals(LARGE_BYTES, output.bytes().length);
        assertEquals(sha256(data), sha256(output.bytes()));
    }

    private static String sha256(byte[] data) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    }

    @Test
    void aSignalToTheClientReachesTheCommand() throws Exception {
        lxc("launch", "busybox", "c1");
        Process process =
                client.start(
                        "exec",
                        "c1",
                        "--",
                        "sh",
                        "-c",
                        "trap 'exit 42' TERM; echo ready; while :; do sleep 1; done");
        try {
            assertEquals("ready", process.inputReader().readLine());
            process.destroy();
            assertTrue(
                    process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS), "the client does not end");
            assertEquals(42, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aTerminalHasTheSizeOfTheWindowAndFollowsIt() {
        lxc("launch", "busybox", "c1");
        try (Terminal terminal = Terminal.start(client, WINDOW, "exec", "c1", "--", "sh")) {
            terminal.type("tty; stty size\n");
            terminal.expect("/dev/pts/");
            terminal.expect("37 101");
            terminal.resize(new WindowSize(77, 22));
            terminal.type("sleep 1; stty size\n");
            terminal.expect("22 77");
            terminal.type("echo on$((40+2)); cat\n");
            terminal.expect("on42");
            terminal.type("\u0003"); // Interrupts cat, not the client.
            terminal.expect("#");
            terminal.type("exit 5\n");
            assertEquals(5, terminal.exit());
        }
    }

    @Test
    void filesGoInAndOut() throws IOException {
        lxc("launch", "busybox", "c1");
        byte[] data = new byte[3_000_000];
        new SplittableRandom(7).nextBytes(data);
        Path file = Files.write(scratch.resolve("data"), data);
        lxc(
                "file",
                "push",
                "--uid=1000",
                "--gid=1001",
                "--mode=0640",
                file.toString(),
                "c1/tmp/in/data",
                "-p");
        assertEquals(
                "1000 1001 640 3000000\n",
                lxc("exec", "c1", "--", "stat", "-c", "%u %g %a %s", "/tmp/in/data").out());
        Path back = scratch.resolve("back");
        lxc("file", "pull", "c1/tmp/in/data", back.toString());
        assertArrayEquals(data, Files.readAllBytes(back));
        lxc("file", "delete", "c1/tmp/in/data");
        client.run("file", "pull", "c1/tmp/in/data", back.toString()).exits(1);
    }

    @Test
    void directoriesGoInAndOut() throws IOException {
        lxc("launch", "busybox", "c1");
        Path tree = Files.createDirectories(scratch.resolve("tree/sub"));
        Files.writeString(tree.resolve("one"), "1");
        Files.createSymbolicLink(tree.resolve("link"), Path.of("one"));
        lxc("file", "push", "--recursive", scratch.resolve("tree").toString(), "c1/root/");
        assertEquals("1", lxc("exec", "c1", "--", "cat", "/root/tree/sub/link").out());
        Path out = Files.createDirectories(scratch.resolve("out"));
        lxc("file", "pull", "--recursive", "c1/root/tree", out.toString());
        assertEquals("1", Files.readString(out.resolve("tree/sub/one")));
    }

    /// Clients and daemon run without any locale here, as from cron, Ansible or a bare service.
    @Test
    void namesNeedNotBeAscii() throws IOException {
        lxc("launch", "busybox", "c1");
        Path tree = Files.createDirectories(scratch.resolve("größe"));
        Files.writeString(tree.resolve("€.txt"), "1");
        Files.createSymbolicLink(tree.resolve("ссылка"), Path.of("€.txt"));
        lxc("file", "push", "--recursive", tree.toString(), "c1/root/");
        assertEquals("1", lxc("exec", "c1", "--", "cat", "/root/größe/ссылка").out());
        assertEquals("é\n", lxc("exec", "c1", "--env=X=é", "--", "sh", "-c", "echo $X").out());
        lxc("config", "device", "add", "c1", "d", "disk", "source=" + tree, "path=/mnt/日本");
        assertEquals("1", lxc("exec", "c1", "--", "cat", "/mnt/日本/€.txt").out());
        lxc("config", "device", "remove", "c1", "d");
        lxc("stop", "--force", "c1");
        lxc("snapshot", "c1", "before");
        lxc("copy", "c1", "c2");
        assertEquals("1", lxc("file", "pull", "c2/root/größe/€.txt", "-").out());
        Path backup = scratch.resolve("sauvegardé.tar.gz");
        lxc("export", "c1", backup.toString());
        lxc("delete", "c1");
        lxc("import", backup.toString());
        lxc("restore", "c1", "before");
        Path out = Files.createDirectories(scratch.resolve("zurück"));
        lxc("file", "pull", "--recursive", "c1/root/größe", out.toString());
        assertEquals("1", Files.readString(out.resolve("größe/€.txt")));
        assertTrue(Files.readSymbolicLink(out.resolve("größe/ссылка")).endsWith("€.txt"));
    }

    @Test
    void filesOfAStoppedInstanceAreReachable() throws IOException {
        lxc("init", "busybox", "c1");
        Path file = Files.writeString(scratch.resolve("motd"), "hello");
        lxc("file", "push", file.toString(), "c1/root/motd");
        assertEquals("hello", lxc("file", "pull", "c1/root/motd", "-").out());
        lxc("start", "c1");
        assertEquals("hello", lxc("exec", "c1", "--", "cat", "/root/motd").out());
    }

    @Test
    void aLinkInTheContainerDoesNotLeadOut() throws IOException {
        lxc("launch", "busybox", "c1");
        Path outside = Files.createDirectories(scratch.resolve("outside"));
        lxc("exec", "c1", "--", "ln", "-s", outside.toString(), "/tmp/way");
        Path file = Files.writeString(scratch.resolve("file"), "x");
        client.run("file", "push", file.toString(), "c1/tmp/way/file");
        assertTrue(Files.notExists(outside.resolve("file")));
    }

    @Test
    void theConsoleIsAttachedAndLeft() {
        lxc("launch", "busybox", "c1");
        try (Terminal terminal = Terminal.start(client, WINDOW, "console", "c1")) {
            terminal.expect("To detach");
            terminal.typeUntil("\n", "#");
            terminal.type("echo con$((40+2))sole\n");
            terminal.expect("con42sole");
            terminal.press("\u0001q");
            assertEquals(0, terminal.exit());
        }
        assertEquals("RUNNING", state("c1"));
        assertTrue(lxc("console", "c1", "--show-log").out().contains("con42sole"));
    }

    @Test
    void stopsStartsAndRestarts() {
        lxc("launch", "busybox", "c1");
        String pid = initPid("c1");
        lxc("restart", "--force", "c1");
        assertNotEquals(pid, initPid("c1"));
        lxc("stop", "--force", "c1");
        assertEquals("STOPPED", state("c1"));
        client.run("exec", "c1", "--", "true").exits(1);
        lxc("start", "c1");
        assertEquals("RUNNING", state("c1"));
        lxc("stop", "c1", "--timeout=30");
        assertEquals("STOPPED", state("c1"));
    }

    @Test
    void pausesAndGoesOn() {
        lxc("launch", "busybox", "c1");
        lxc("pause", "c1");
        assertEquals("FROZEN", state("c1"));
        client.run("exec", "c1", "--", "true").exits(1);
        lxc("start", "c1");
        assertEquals("RUNNING", state("c1"));
        lxc("exec", "c1", "--", "true");
    }

    @Test
    void aPausedInstanceIsDeleted() {
        lxc("launch", "busybox", "c1");
        lxc("pause", "c1");
        lxc("delete", "--force", "c1");
    }

    @Test
    void rebootsFromInside() {
        lxc("launch", "busybox", "c1");
        String pid = initPid("c1");
        client.run("exec", "c1", "--", "reboot", "-f");
        Await.until(
                "a new init",
                SOON,
                () -> state("c1").equals("RUNNING") && !initPid("c1").equals(pid));
        lxc("exec", "c1", "--", "true");
    }

    @Test
    void powersOffFromInside() {
        lxc("launch", "busybox", "c1");
        client.run("exec", "c1", "--", "poweroff", "-f");
        awaitState("c1", "STOPPED");
    }

    @Test
    void anEphemeralInstanceGoesWithItsStop() {
        lxc("launch", "--ephemeral", "busybox", "c1");
        lxc("stop", "--force", "c1");
        Await.until("c1 to be gone", SOON, () -> lxc("list", "--format=csv").out().isBlank());
    }

    @Test
    void renames() {
        lxc("init", "busybox", "c1");
        lxc("rename", "c1", "c2");
        assertEquals("c2", lxc("list", "--format=csv", "--columns=n").out().strip());
        lxc("start", "c2");
        assertEquals("c2", lxc("exec", "c2", "--", "hostname").out().strip());
    }

    @Test
    void configKeysAreSetAndRefused() {
        lxc("init", "busybox", "c1");
        lxc("config", "set", "c1", "user.colour=blue");
        assertEquals("blue", lxc("config", "get", "c1", "user.colour").out().strip());
        lxc("config", "unset", "c1", "user.colour");
        assertEquals("", lxc("config", "get", "c1", "user.colour").out().strip());
        Output refused = client.run("config", "set", "c1", "nosuch.key=1").exits(1);
        assertTrue(refused.err().contains("nosuch.key"), refused.err());
    }

    @Test
    void aMemoryLimitIsSeenByTheKernel() {
        lxc("launch", "busybox", "c1", "--config", "limits.memory=64MiB");
        String info = lxc("query", "/1.0/instances/c1/state").out();
        assertTrue(info.contains("\"memory\""), info);
        client.run(
                        "exec",
                        "c1",
                        "--",
                        "sh",
                        "-c",
                        "head -c 200000000 /dev/zero | tail -c 190000000 >/dev/null")
                .exits(137);
    }

    @Test
    void aHostDirectoryIsShared() throws IOException {
        Path shared = Files.createDirectories(scratch.resolve("shared"));
        Files.writeString(shared.resolve("note"), "from outside");
        lxc("init", "busybox", "c1");
        lxc(
                "config",
                "device",
                "add",
                "c1",
                "share",
                "disk",
                "source=" + shared,
                "path=/mnt/share");
        lxc("start", "c1");
        assertEquals("from outside", lxc("exec", "c1", "--", "cat", "/mnt/share/note").out());
    }

    @Test
    void rootInsideIsNobodyOutside() throws IOException {
        lxc("launch", "busybox", "c1");
        String status = Files.readString(Path.of("/proc", initPid("c1"), "status"));
        String uid =
                status.lines().filter(line -> line.startsWith("Uid:")).findFirst().orElseThrow();
        assertTrue(Long.parseLong(uid.split("\\s+")[1]) >= 65536, uid);
    }

    @Test
    void anAddressComesByDhcpAndIsListed() {
        lxc("launch", "busybox", "c1");
        lxc("exec", "c1", "--", "udhcpc", "-i", "eth0", "-n", "-q", "-s", "/etc/udhcpc.script");
        Await.until(
                "an address",
                SOON,
                () -> lxc("list", "--format=csv", "--columns=4").out().contains("(eth0)"));
        String gateway =
                lxc("network", "get", bridge, "ipv4.address").out().strip().replaceAll("/.*", "");
        lxc("exec", "c1", "--", "ping", "-c", "1", "-W", "5", gateway);
        lxc("exec", "c1", "--", "nslookup", "c1.lxd", gateway);
    }
}
