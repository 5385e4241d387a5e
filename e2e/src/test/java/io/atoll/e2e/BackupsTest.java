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
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Backups of instances: made and brought back here, and exchanged with a real LXD.
@Tag("privileged")
@Tag("e2e")
class BackupsTest {
    private static final String MARKER = "e2eb";
    private static final String FILES =
            "cd /root && echo secret > owned && chown 33:44 owned && chmod 4711 owned"
                    + " && ln owned twice && ln -s /etc/none link && mkfifo pipe";

    private static final int DISK_BYTES = 1 << 20;

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

    /// Both ways, of instances, of volumes of files and of disks, each with its snapshot.
    @ParameterizedTest
    @CsvSource({"overlay, dir", "dir, btrfs", "btrfs, dir", "btrfs, btrfs"})
    void backupsAreExchangedWithLxd(String ours, String theirs) throws IOException {
        Assumptions.assumeTrue(UpstreamDaemon.isInstalled(), "Debian's lxd is not installed");
        if (!ours.equals("overlay")) {
            lxc.run("storage", "create", "pool", ours).ok();
            lxc.run("profile", "device", "set", "default", "root", "pool=pool").ok();
        }
        String pool = ours.equals("overlay") ? "default" : "pool";
        try (UpstreamDaemon lxd = UpstreamDaemon.launch("lxd-" + MARKER)) {
            prepare(lxd.lxc(), theirs);
            launch(lxd.lxc());
            String theirFile = folder.resolve("theirs.tar.gz").toString();
            lxd.lxc().run("export", "c1", theirFile).ok();
            String theirVolume = volume(lxd.lxc(), "default", "their-volume");
            String theirDisk = disk(lxd.lxc(), "default", lxd.state(), "their-disk");
            lxd.lxc().run("delete", "--force", "c1").ok();
            lxc.run("import", theirFile).ok();
            checkRestored(lxc, "c1");

            launch(lxc);
            checkVolume(lxc, pool, theirVolume);
            checkDisk(lxc, pool, daemon.state(), theirDisk);
            String ourVolume = volume(lxc, pool, "our-volume");
            String ourFile = folder.resolve("ours.tar.gz").toString();
            lxc.run("export", "c1", ourFile).ok();
            lxd.lxc().run("import", ourFile).ok();
            lxd.lxc().run("start", "c1").ok();
            checkVolume(lxd.lxc(), "default", ourVolume);
            lxd.lxc().run("stop", "--force", "c1").ok();
            checkRestored(lxd.lxc(), "c1");
            checkDisk(
                    lxd.lxc(), "default", lxd.state(), disk(lxc, pool, daemon.state(), "our-disk"));
            lxd.lxc().run("image", "delete", "bb").ok();
            lxd.lxc().run("profile", "device", "remove", "default", "root").ok();
            lxd.lxc().run("storage", "delete", "default").ok();
            lxc.run("delete", "--force", "c1").ok();
        }
    }

    private static Path disk(Path state, String pool) {
        return state.resolve("storage-pools/" + pool + "/custom/default_d/root.img");
    }

    private static void write(Path disk, int first) throws IOException {
        try (var file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            assertEquals(1, file.write(ByteBuffer.wrap(new byte[] {(byte) first}), DISK_BYTES - 1));
        }
    }

    private static int read(Path disk) throws IOException {
        byte[] bytes = Files.readAllBytes(disk);
        assertEquals(DISK_BYTES, bytes.length);
        return bytes[bytes.length - 1];
    }

    /// A block volume that ended with 1 when its snapshot was taken and ends with 2, exported.
    private String disk(Program client, String pool, Path state, String name) throws IOException {
        client.run(
                        "storage",
                        "volume",
                        "create",
                        pool,
                        "d",
                        "--type=block",
                        "size=" + DISK_BYTES + "B")
                .ok();
        write(disk(state, pool), 1);
        client.run("storage", "volume", "snapshot", pool, "d", "s0").ok();
        write(disk(state, pool), 2);
        String file = folder.resolve(name + ".tar").toString();
        client.run("storage", "volume", "export", pool, "d", file).ok();
        client.run("storage", "volume", "delete", pool, "d").ok();
        return file;
    }

    private static void checkDisk(Program client, String pool, Path state, String file)
            throws IOException {
        client.run("storage", "volume", "import", pool, file, "d").ok();
        assertEquals(2, read(disk(state, pool)));
        client.run("storage", "volume", "restore", pool, "d", "s0").ok();
        assertEquals(1, read(disk(state, pool)));
        client.run("storage", "volume", "delete", pool, "d").ok();
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
            String theirVolume =
                    volume(lxd.lxc(), "default", "their-volume", "--optimized-storage");
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
            checkVolume(
                    lxd.lxc(), "default", volume(lxc, "fast", "our-volume", "--optimized-storage"));
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
    private String volume(Program client, String pool, String name, String... options) {
        client.run("storage", "volume", "create", pool, "v").ok();
        attach(client, pool);
        Output _ = inside(client, "echo 0 > /srv/f && chown 33:44 /srv/f && mkdir /srv/rootfs");
        client.run("storage", "volume", "snapshot", pool, "v", "s0").ok();
        Output _ = inside(client, "echo now > /srv/f && sync");
        String file = folder.resolve(name + ".tar").toString();
        List<String> export =
                new ArrayList<>(List.of("storage", "volume", "export", pool, "v", file));
        export.addAll(List.of(options));
        client.run(export.toArray(String[]::new)).ok();
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
