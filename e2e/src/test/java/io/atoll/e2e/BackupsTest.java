package io.atoll.e2e;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Backups of instances: made and brought back here, and exchanged with a real LXD.
@Tag("privileged")
@Tag("e2e")
class BackupsTest {
    private static final String MARKER = "e2eb";
    private static final String FILES =
            "cd /root && echo secret > owned && chown 33:44 owned && chmod 4711 owned"
                    + " && ln owned twice && ln -s /etc/none link && mkfifo pipe";

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    @TempDir Path folder;

    private TestDaemon daemon;
    private Program lxc;

    @BeforeEach
    void start() {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        lxc = daemon.lxc();
        prepare(lxc, "overlay");
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private static void prepare(Program client, String driver) {
        client.run("storage", "create", "default", driver).ok();
        client.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
        client.run("image", "import", TestImages.busybox().toString(), "--alias", "bb").ok();
    }

    /// A running instance with files of all kinds, and a snapshot from before they came.
    private static void launch(Program client) {
        client.run("launch", "bb", "c1", "-c", "user.note=kept").ok();
        client.run("exec", "c1", "--", "sh", "-c", "echo before > /root/state").ok();
        client.run("snapshot", "c1", "s0").ok();
        client.run("exec", "c1", "--", "sh", "-c", FILES + " && echo after > /root/state").ok();
    }

    private static void checkRestored(Program client, String name) {
        assertEquals("kept\n", client.run("config", "get", name, "user.note").ok().out());
        client.run("start", name).ok();
        assertEquals(
                "33 44 4711 2\nafter\n/etc/none\nfifo\n",
                client.run(
                                "exec",
                                name,
                                "--",
                                "sh",
                                "-c",
                                "cd /root && stat -c '%u %g %a %h' twice && cat state"
                                        + " && readlink link && stat -c %F pipe")
                        .ok()
                        .out());
        client.run("restore", name, "s0").ok();
        assertEquals("before\n", client.run("exec", name, "--", "cat", "/root/state").ok().out());
        client.run("delete", "--force", name).ok();
    }

    @ParameterizedTest
    @ValueSource(strings = {"atoll", "lxc"})
    void anInstanceComesBackFromItsBackup(String name) {
        Program client = name.equals("lxc") ? lxc : daemon.atoll();
        launch(client);
        String file = folder.resolve("c1.tar.gz").toString();
        client.run("export", "c1", file).ok();
        assertFalse(lxc.run("query", "/1.0/instances/c1/backups").ok().out().contains("backup0"));
        assertEquals("RUNNING\n", lxc.run("list", "c1", "-c", "s", "--format=csv").ok().out());
        assertEquals(1, client.run("import", file).exit(), "the name is taken");
        client.run("import", file, "c2").ok();
        checkRestored(client, "c2");
        client.run("delete", "--force", "c1").ok();
        client.run("import", file).ok();
        checkRestored(client, "c1");
    }

    @Test
    void aStoppedInstanceWithoutSnapshotsGoesToAnotherPool() {
        lxc.run("storage", "create", "plain", "dir").ok();
        launch(lxc);
        lxc.run("stop", "--force", "c1").ok();
        String file = folder.resolve("c1.tar.zst").toString();
        lxc.run("export", "c1", file, "--instance-only", "--compression=zstd").ok();
        lxc.run("import", file, "c2", "--storage=plain").ok();
        assertEquals(
                "plain\n", lxc.run("config", "device", "get", "c2", "root", "pool").ok().out());
        assertEquals(
                "",
                lxc.run("query", "/1.0/instances/c2/snapshots")
                        .ok()
                        .out()
                        .strip()
                        .replace("[]", ""));
        lxc.run("start", "c2").ok();
        lxc.run("delete", "--force", "c1", "c2").ok();
    }

    @Test
    void backupsThatTheServerKeepsGoWithTheirInstance() throws IOException {
        lxc.run("init", "bb", "c1").ok();
        lxc.run(
                        "query",
                        "--wait",
                        "-X",
                        "POST",
                        "-d",
                        "{\"name\":\"b\"}",
                        "/1.0/instances/c1/backups")
                .ok();
        lxc.run("rename", "c1", "c2").ok();
        assertTrue(
                lxc.run("query", "/1.0/instances/c2/backups").ok().out().contains("c2/backups/b"));
        assertTrue(lxc.run("query", "/1.0/instances/c2?recursion=1").ok().out().contains("\"b\""));
        lxc.run("delete", "c2").ok();
        try (var files = Files.list(daemon.state().resolve("backups/instances"))) {
            assertEquals(List.of(), files.toList());
        }
    }

    @Test
    void aDamagedBackupLeavesNothing() throws IOException {
        launch(lxc);
        Path file = folder.resolve("c1.tar");
        lxc.run("export", "c1", file.toString(), "--compression=none").ok();
        lxc.run("delete", "--force", "c1").ok();
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {0, 100, bytes.length / 2, bytes.length - 100_000}) {
            Path cut = folder.resolve("cut-" + length);
            Files.write(cut, Arrays.copyOf(bytes, length));
            Output refused = lxc.run("import", cut.toString());
            assertEquals(1, refused.exit(), refused.toString());
            assertEquals("", lxc.run("list", "--format=csv").ok().out());
        }
        Path cut = folder.resolve("cut");
        Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
        assertEquals(1, daemon.atoll().run("import", cut.toString()).exit());
        try (var volumes = Files.list(daemon.state().resolve("storage-pools/default/containers"))) {
            assertEquals(List.of(), volumes.toList());
        }
        lxc.run("import", file.toString()).ok();
        checkRestored(lxc, "c1");
    }

    @Test
    void backupsAreExchangedWithLxd() {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        try (UpstreamDaemon lxd = UpstreamDaemon.launch("lxd-" + MARKER)) {
            prepare(lxd.lxc(), "dir");
            launch(lxd.lxc());
            String theirs = folder.resolve("theirs.tar.gz").toString();
            lxd.lxc().run("export", "c1", theirs).ok();
            lxd.lxc().run("delete", "--force", "c1").ok();
            lxc.run("import", theirs).ok();
            checkRestored(lxc, "c1");

            launch(lxc);
            String ours = folder.resolve("ours.tar.gz").toString();
            lxc.run("export", "c1", ours).ok();
            lxd.lxc().run("import", ours).ok();
            checkRestored(lxd.lxc(), "c1");
            lxd.lxc().run("image", "delete", "bb").ok();
            lxc.run("delete", "--force", "c1").ok();
        }
    }

    /// In the form of btrfs, where LXD calls them optimized.
    @Test
    void optimizedBackupsAreExchangedWithLxd() throws IOException {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        lxc.run("storage", "create", "fast", "btrfs", "size=256MiB").ok();
        try (UpstreamDaemon lxd = UpstreamDaemon.launch("lxd-" + MARKER)) {
            lxd.lxc().run("storage", "create", "plain", "dir").ok();
            prepare(lxd.lxc(), "btrfs");
            launch(lxd.lxc());
            String theirs = exported(lxd.lxc(), "theirs");
            String theirVolume = volume(lxd.lxc(), "default", "their-volume");
            String refusal =
                    "Optimized backup storage driver \"btrfs\" differs from the target storage pool"
                            + " driver \"overlay\"";
            Output refused = lxc.run("import", theirs);
            assertTrue(refused.err().contains(refusal), refused.toString());
            refused = lxc.run("storage", "volume", "import", "default", theirVolume);
            assertTrue(refused.err().contains(refusal), refused.toString());
            assertEquals("", lxc.run("list", "--format=csv").ok().out());
            lxc.run("import", theirs, "c0", "--storage=fast").ok();
            checkRestored(lxc, "c0");

            lxc.run("profile", "device", "set", "default", "root", "pool=fast").ok();
            launch(lxc);
            checkVolume(lxc, "fast", theirVolume);
            checkVolume(lxd.lxc(), "default", volume(lxc, "fast", "our-volume"));
            String ours = exported(lxc, "ours");
            lxd.lxc().run("import", ours, "c0", "--storage=default").ok();
            checkRestored(lxd.lxc(), "c0");
            lxd.lxc().run("delete", "--force", "c1").ok();
            lxd.lxc().run("image", "delete", "bb").ok();
            lxd.lxc().run("profile", "device", "remove", "default", "root").ok();
            lxd.lxc().run("storage", "delete", "default").ok();
        }
    }

    private String exported(Program client, String name) throws IOException {
        Path file = folder.resolve(name + ".tar");
        client.run("export", "c1", file.toString(), "--optimized-storage", "--compression=none")
                .ok();
        Output names = Program.of("tar", "--list", "--file").run(file.toString()).ok();
        assertEquals(
                "backup/index.yaml\nbackup/optimized_header.yaml\nbackup/snapshots/s0.bin\n"
                        + "backup/container.bin\n",
                names.out());
        return file.toString();
    }

    private static Output inside(Program client, String command) {
        return client.run("exec", "c1", "--", "sh", "-c", command).ok();
    }

    private static void attach(Program client, String pool) {
        client.run(
                        "config",
                        "device",
                        "add",
                        "c1",
                        "v",
                        "disk",
                        "path=/srv",
                        "source=v",
                        "pool=" + pool)
                .ok();
    }

    /// A volume with a snapshot, filled by `c1`, exported, and gone.
    private String volume(Program client, String pool, String name) {
        client.run("storage", "volume", "create", pool, "v").ok();
        attach(client, pool);
        Output _ = inside(client, "echo 0 > /srv/f && chown 33:44 /srv/f && mkdir /srv/rootfs");
        client.run("storage", "volume", "snapshot", pool, "v", "s0").ok();
        Output _ = inside(client, "echo now > /srv/f && sync");
        String file = folder.resolve(name + ".tar").toString();
        client.run("storage", "volume", "export", pool, "v", file, "--optimized-storage").ok();
        client.run("config", "device", "remove", "c1", "v").ok();
        client.run("storage", "volume", "delete", pool, "v").ok();
        return file;
    }

    private static void checkVolume(Program client, String pool, String file) {
        client.run("storage", "volume", "import", pool, file, "v").ok();
        attach(client, pool);
        assertEquals(
                "now\n33 44\nf\nrootfs\n",
                inside(client, "cd /srv && cat f && stat -c '%u %g' f && ls").out());
        client.run("config", "device", "remove", "c1", "v").ok();
        client.run("storage", "volume", "restore", pool, "v", "s0").ok();
        attach(client, pool);
        assertEquals("0\n", inside(client, "cat /srv/f").out());
        client.run("config", "device", "remove", "c1", "v").ok();
        client.run("storage", "volume", "delete", pool, "v").ok();
    }
}
