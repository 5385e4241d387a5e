package io.atoll.lxctools.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.lxctools.Scratch;
import io.atoll.lxctools.ToolRun;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Containers on every kind of storage that this machine has: rows B0-11, B0-14, X3-06, X3-09 and
/// what the manual pages of lxc-copy, lxc-snapshot and lxc-destroy show.
@Tag("privileged")
class StorageIT {
    private static final long BTRFS_SIZE = 256L << 20;

    private Scratch scratch;

    @BeforeEach
    void open() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void close() throws Exception {
        List<String> traces = List.of();
        try {
            for (String name : scratch.names()) {
                ToolRun unused = scratch.run("lxc-stop", "-k", "-n", name);
            }
            Path images = scratch.directory().resolve("run");
            traces =
                    scratch.traces().stream()
                            .filter(line -> !line.contains(images.toString()))
                            .filter(line -> !line.contains(scratch.lxc() + " btrfs"))
                            .filter(line -> !line.contains("btrfs.disk"))
                            .toList();
        } finally {
            scratch.close();
        }
        assertEquals(List.of(), traces);
    }

    private String must(String program, String... args) {
        ToolRun run = scratch.run(program, args);
        assertEquals(0, run.status(), program + " " + String.join(" ", args) + ": " + run.err());
        return run.out();
    }

    private String refused(String program, String... args) {
        ToolRun run = scratch.run(program, args);
        assertEquals(1, run.status(), run.out() + run.err());
        return run.err();
    }

    private void create(String name, String... more) {
        String[] args = new String[more.length + 6];
        System.arraycopy(
                new String[] {"-n", name, "-t", "busybox", "-f", scratch.emptyConfig()},
                0,
                args,
                0,
                6);
        System.arraycopy(more, 0, args, 6, more.length);
        String unused = must("lxc-create", args);
    }

    /// Runs a shell in a container that is started for it and stopped again.
    private String inside(String name, String script) {
        String started = must("lxc-start", "-n", name);
        try {
            return must("lxc-attach", "-n", name, "--", "/bin/sh", "-c", script).strip();
        } finally {
            String stopped = must("lxc-stop", "-k", "-n", name);
            assertEquals("", started + stopped);
        }
    }

    /// With its driver, which the commands do not tell.
    private String rootfsPath(String name) throws IOException {
        return Files.readAllLines(scratch.container(name).resolve("config")).stream()
                .filter(line -> line.startsWith("lxc.rootfs.path"))
                .findFirst()
                .orElseThrow();
    }

    private void onBtrfs() throws Exception {
        Path disk = scratch.directory().resolve("btrfs.disk");
        try (RandomAccessFile sparse = new RandomAccessFile(disk.toFile(), "rw")) {
            sparse.setLength(BTRFS_SIZE);
        }
        Commands.Result made = Commands.run(Command.of("mkfs.btrfs", "-q", disk.toString()));
        Commands.Result mounted =
                Commands.run(
                        Command.of(
                                "mount", "-o", "loop", disk.toString(), scratch.lxc().toString()));
        assertTrue(mounted.text().isEmpty(), made.text());
    }

    /// One life on each storage: made, changed, snapshot, changed, restored, copied, renamed, gone.
    @ParameterizedTest
    @ValueSource(strings = {"dir", "overlay", "loop", "btrfs"})
    void b0_11_aLifeOnEachStorage(String type) throws Exception {
        if (type.equals("btrfs")) {
            onBtrfs();
        }
        create("c1", "-B", type, "--fssize", "64M");
        assertTrue(rootfsPath("c1").contains(type + ":"), rootfsPath("c1"));
        assertEquals("", inside("c1", "echo one >/root/state"));
        if (type.equals("loop")) {
            String root = inside("c1", "grep ' / ' /proc/mounts");
            assertTrue(root.startsWith("/dev/loop"), root);
        }

        assertEquals("", must("lxc-snapshot", "-n", "c1"));
        assertEquals("", inside("c1", "echo two >/root/state; rm /etc/inittab"));
        assertTrue(must("lxc-snapshot", "-n", "c1", "-L").startsWith("snap0 ("));
        // A state as another container, while the original goes on.
        assertEquals("", must("lxc-snapshot", "-n", "c1", "-r", "snap0", "-N", "before"));
        assertEquals("one", inside("before", "cat /root/state"));
        assertEquals("two", inside("c1", "cat /root/state"));
        assertEquals("", must("lxc-destroy", "-n", "before"));
        assertEquals("", must("lxc-snapshot", "-n", "c1", "-r", "snap0"));
        assertEquals("one", inside("c1", "cat /root/state; test -e /etc/inittab"));
        assertTrue(must("lxc-snapshot", "-n", "c1", "-L").startsWith("snap0 ("));
        assertEquals("", must("lxc-snapshot", "-n", "c1", "-d", "snap0"));
        assertEquals("No snapshots\n", must("lxc-snapshot", "-n", "c1", "-L"));

        String copied = must("lxc-copy", "-n", "c1", "-N", "c2");
        assertEquals("", inside("c2", "echo other >/root/state"));
        assertEquals("one", inside("c1", "cat /root/state"));
        assertEquals("c2", inside("c2", "cat /etc/hostname"));
        String renamed = must("lxc-copy", "-R", "-n", "c2", "-N", "c3");
        assertEquals("other", inside("c3", "cat /root/state"));
        assertTrue(rootfsPath("c3").contains("/c3"), rootfsPath("c3"));
        String destroyed = must("lxc-destroy", "-n", "c3") + must("lxc-destroy", "-n", "c1");
        assertEquals("", copied + renamed + destroyed);
        assertEquals(List.of(), scratch.names());
    }

    /// A copy by snapshot shares with its original and keeps it from going.
    @ParameterizedTest
    @ValueSource(strings = {"dir", "overlay", "btrfs"})
    void b0_14_copiesThatShare(String type) throws Exception {
        if (type.equals("btrfs")) {
            onBtrfs();
        }
        create("c1", "-B", type);
        assertEquals("", must("lxc-copy", "-s", "-n", "c1", "-N", "c2"));
        assertEquals("", inside("c2", "echo two >/root/state; rm /etc/group"));
        assertEquals("ok", inside("c1", "test ! -e /root/state && test -e /etc/group && echo ok"));
        if (!type.equals("btrfs")) {
            assertTrue(refused("lxc-destroy", "-n", "c1").contains("has copies that need it: c2"));
            assertTrue(refused("lxc-copy", "-R", "-n", "c1", "-N", "c9").contains("copies"));
        }
        assertEquals("", must("lxc-destroy", "-s", "-n", "c1"));
        assertEquals(type.equals("btrfs") ? List.of("c2") : List.of(), scratch.names());
    }

    /// Who has layers of another container keeps it, also when it was restored or copied itself.
    @Test
    void whatSharesKeepsItsOriginal() throws Exception {
        create("c1");
        assertEquals("", must("lxc-copy", "-s", "-n", "c1", "-N", "c2"));
        assertEquals("", must("lxc-snapshot", "-n", "c2"));
        assertEquals("", must("lxc-snapshot", "-n", "c2", "-r", "snap0"));
        assertEquals("", must("lxc-snapshot", "-n", "c2", "-r", "snap0", "-N", "c3"));
        assertEquals("", must("lxc-copy", "-n", "c3", "-N", "c4"));
        assertEquals("", must("lxc-destroy", "-s", "-n", "c2"));
        assertTrue(refused("lxc-destroy", "-n", "c1").contains("that need it: c3 c4"));
        assertEquals("", must("lxc-destroy", "-n", "c4") + must("lxc-destroy", "-n", "c3"));
        assertEquals("", must("lxc-destroy", "-n", "c1"));
        assertEquals(List.of(), scratch.names());
    }

    @Test
    void aLoopFileCannotBeShared() throws Exception {
        create("c1", "-B", "loop", "--fssize", "64M");
        String why = refused("lxc-copy", "-s", "-n", "c1", "-N", "c2");
        assertTrue(why.contains("storage of type loop cannot be copied by snapshot"), why);
        assertEquals(List.of("c1"), scratch.names());
    }

    /// A file system that is too small, an unknown one, and options that contradict.
    @Test
    void whatFailsLeavesNothing() throws Exception {
        ToolRun small =
                scratch.run(
                        "lxc-create",
                        "-n",
                        "c1",
                        "-t",
                        scratch.template("dd if=/dev/zero of=\"${3#*=}/big\" bs=1M count=50\n")
                                .toString(),
                        "-f",
                        scratch.emptyConfig(),
                        "-B",
                        "loop",
                        "--fssize",
                        "16M");
        assertNotEquals(0, small.status());
        assertTrue(small.err().contains("No space left"), small.err());
        for (String type : List.of("lvm", "zfs", "rbd", "nbd", "floppy")) {
            String why =
                    refused(
                            "lxc-create",
                            "-n",
                            "c1",
                            "-t",
                            "busybox",
                            "-f",
                            scratch.emptyConfig(),
                            "-B",
                            type);
            assertTrue(
                    why.contains("this host has no command")
                            || why.contains("storage of type")
                            || why.contains("is not made by lxc-create"),
                    why);
        }
        String fs =
                refused(
                        "lxc-create",
                        "-n",
                        "c1",
                        "-t",
                        "busybox",
                        "-f",
                        scratch.emptyConfig(),
                        "-B",
                        "loop",
                        "--fstype",
                        "nosuch");
        assertTrue(fs.contains("mkfs.nosuch"), fs);
        String btrfs =
                refused(
                        "lxc-create",
                        "-n",
                        "c1",
                        "-t",
                        "busybox",
                        "-f",
                        scratch.emptyConfig(),
                        "-B",
                        "btrfs");
        assertTrue(btrfs.contains("not on a btrfs file system"), btrfs);
        assertEquals(List.of(), scratch.names());
        assertEquals(List.of(), scratch.traces());
    }

    @Test
    void snapshotsThatAreNotThere() throws Exception {
        create("c1");
        assertTrue(
                refused("lxc-snapshot", "-n", "c1", "-r", "snap7").contains("no snapshot snap7"));
        assertTrue(
                refused("lxc-snapshot", "-n", "c1", "-d", "snap7").contains("no snapshot snap7"));
        assertTrue(refused("lxc-snapshot", "-n", "c9").contains("not defined"));
        assertTrue(refused("lxc-copy", "-n", "c9", "-N", "c2").contains("not defined"));
        assertTrue(refused("lxc-copy", "-n", "c1", "-N", "c1").contains("already exists"));
        String started = must("lxc-start", "-n", "c1");
        assertTrue(refused("lxc-snapshot", "-n", "c1").contains("running"));
        assertTrue(refused("lxc-copy", "-n", "c1", "-N", "c2").contains("running"));
        assertTrue(refused("lxc-copy", "-R", "-n", "c1", "-N", "c2").contains("running"));
        assertTrue(refused("lxc-destroy", "-n", "c1").contains("running"));
        // Frozen meanwhile, the copy is of one moment.
        assertEquals("", started + must("lxc-copy", "-a", "-n", "c1", "-N", "c2"));
        assertEquals("State:          RUNNING\n", must("lxc-info", "-n", "c1", "-s"));
        assertEquals("", must("lxc-destroy", "-f", "-n", "c1"));
        assertEquals(List.of("c2"), scratch.names());
    }

    @Test
    void commentsOfSnapshots() throws Exception {
        create("c1");
        Path comment = Files.writeString(scratch.directory().resolve("why"), "before the update\n");
        assertEquals("", must("lxc-snapshot", "-n", "c1", "-c", comment.toString()));
        assertTrue(must("lxc-snapshot", "-n", "c1", "-LC").contains("before the update"));
        String why = refused("lxc-destroy", "-n", "c1");
        assertTrue(why.contains("has snapshots: snap0; -s removes them too"), why);
        assertEquals("", must("lxc-snapshot", "-n", "c1", "-d", "ALL"));
        assertEquals("", must("lxc-destroy", "-n", "c1"));
    }

    /// A copy that lives until it stops; what it shares with the host stays.
    @Test
    void b0_13_ephemeralCopies() throws Exception {
        create("c1");
        Path shared = Files.createDirectory(scratch.directory().resolve("shared"));
        String made =
                must(
                        "lxc-copy",
                        "-e",
                        "-n",
                        "c1",
                        "-N",
                        "gone",
                        "-m",
                        "bind=" + shared + ":/srv",
                        "-t",
                        "--",
                        "/bin/sh",
                        "-c",
                        "echo kept >/srv/data; echo lost >/root/data; exit 0");
        assertEquals("Created gone as clone of c1\n", made);
        assertEquals("kept\n", Files.readString(shared.resolve("data")));
        assertEquals(List.of("c1"), scratch.names());
        assertFalse(Files.exists(scratch.container("c1").resolve("rootfs/root/data")));
        ToolRun failing =
                scratch.run(
                        "lxc-copy",
                        "-e",
                        "-n",
                        "c1",
                        "-N",
                        "gone",
                        "--",
                        "/bin/sh",
                        "-c",
                        "exit 7");
        assertEquals(7, failing.status(), failing.err());
        assertTrue(
                refused("lxc-copy", "-e", "-n", "c1", "-m", "floppy=/srv")
                        .contains("no mount of type"));
        assertEquals(List.of("c1"), scratch.names());
    }

    /// As the manual of lxc-copy shows it: several mounts in one word.
    @Test
    void mountsOfAnEphemeralCopyAreAList() throws Exception {
        create("c1");
        Path first = Files.createDirectory(scratch.directory().resolve("first"));
        Path second = Files.createDirectory(scratch.directory().resolve("second"));
        Files.writeString(first.resolve("file"), "one\n");
        Files.writeString(second.resolve("file"), "two\n");
        String mounts = "bind=" + first + ":/srv:ro,overlay=" + second + ":/opt,bind=" + second;
        String said =
                must(
                        "lxc-copy",
                        "-e",
                        "-n",
                        "c1",
                        "-N",
                        "gone",
                        "-m",
                        mounts,
                        "--",
                        "/bin/sh",
                        "-c",
                        "cat /srv/file /opt/file "
                                + second
                                + "/file; touch /srv/no 2>/dev/null || echo ro; touch /opt/own "
                                + second
                                + "/shared");
        assertEquals("Created gone as clone of c1\none\ntwo\ntwo\nro\n", said);
        assertFalse(Files.exists(first.resolve("no")));
        assertFalse(Files.exists(second.resolve("own")), "its changes are in a layer of its own");
        assertTrue(Files.exists(second.resolve("shared")));
        assertEquals(List.of("c1"), scratch.names());
    }

    /// The commands of LXC 1.0 by their old names.
    @Test
    void theOldNames() throws Exception {
        create("c1");
        String path = scratch.lxc().toString();
        assertEquals(
                "Created container c2 as copy of c1\n",
                must("lxc-clone", "-p", path, "-o", "c1", "-n", "c2"));
        assertEquals(
                "Created container c3 as copy of c1\n",
                must("lxc-clone", "-p", path, "-s", "c1", "c3"));
        ToolRun run =
                scratch.run(
                        "lxc-start-ephemeral", "-o", "c1", "-n", "e1", "--", "/bin/echo", "hello");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("hello"), run.out());
        assertEquals(List.of("c1", "c2", "c3"), scratch.names());
    }

    /// MAC addresses and paths of a copy are its own, hooks of copying run.
    @Test
    void aCopyHasItsOwnAddressesAndPaths() throws Exception {
        Path conf = scratch.directory().resolve("mac.conf");
        Path seen = scratch.directory().resolve("seen");
        Files.writeString(
                conf,
                "lxc.net.0.type = empty\nlxc.net.0.hwaddr = 00:16:3e:01:02:03\n"
                        + "lxc.hook.clone = /bin/sh -c 'echo $LXC_SRC_NAME $LXC_NAME >"
                        + seen
                        + "'\n");
        String made = must("lxc-create", "-n", "c1", "-t", "busybox", "-f", conf.toString());
        Files.writeString(
                scratch.container("c1").resolve("config"),
                "lxc.mount.fstab = " + scratch.container("c1") + "/fstab\n",
                java.nio.file.StandardOpenOption.APPEND);
        Files.writeString(scratch.container("c1").resolve("fstab"), "");
        assertEquals("", must("lxc-copy", "-n", "c1", "-N", "c2"));
        String copy = Files.readString(scratch.container("c2").resolve("config"));
        assertFalse(copy.contains("00:16:3e:01:02:03"), made + copy);
        assertTrue(copy.contains("lxc.mount.fstab = " + scratch.container("c2") + "/fstab"), copy);
        assertEquals("c1 c2\n", Files.readString(seen));
        assertEquals("", must("lxc-copy", "-M", "-K", "-n", "c1", "-N", "c3"));
        String same = Files.readString(scratch.container("c3").resolve("config"));
        assertTrue(same.contains("00:16:3e:01:02:03"), same);
    }
}
