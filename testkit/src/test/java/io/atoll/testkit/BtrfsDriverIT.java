package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.Loop;
import io.atoll.linux.Opens;
import io.atoll.linux.Subvolumes;
import io.atoll.storage.Filler;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.MigrationStreams.Arrival;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// In a file of its own.
class BtrfsDriverIT extends StorageDriverContract {
    private String size = "1GiB";
    private Path first = Path.of("/nonexistent");

    @Override
    protected StorageDriver driver(PoolSpec spec) {
        TempPool.assumeBtrfs();
        Map<String, String> config = new HashMap<>(spec.config());
        if (!config.containsKey("source")) {
            config.put("size", size);
            first = spec.path();
        }
        return StorageDrivers.open("btrfs", new PoolSpec(spec.name(), spec.path(), config));
    }

    @Override
    protected boolean hasFileSystem() {
        return true;
    }

    @Override
    protected TempPool smallPool() throws IOException {
        size = "128MiB";
        return TempPool.create("atoll-pooltest", this::driver);
    }

    @Test
    void sendsToAnotherPool() throws IOException {
        VolumeName volume = VolumeName.custom("default_from");
        StorageDriver driver = pool().driver();
        driver.createFilled(
                volume,
                List.of(new SnapshotFiller("s0", (_, files) -> write(files, "0"))),
                (_, files) -> write(files, "now"));
        try (TempPool other = TempPool.create("atoll-pooltest", this::driver)) {
            StorageDriver target = other.driver();
            assertTrue(target.createReceived(volume, driver, volume.current(), List.of("s0")));
            assertEquals("now", read(target, volume.current()));
            assertEquals("0", read(target, volume.snapshot("s0")));
            write(target.directory(volume.current()).resolve("rootfs"), "written");
            assertThrows(
                    AlreadyExistsException.class,
                    () -> target.createReceived(volume, driver, volume.current(), List.of("s0")));
            target.awaitDeletions();
            assertEquals(List.of(), other.halfMade());
        }
        driver.awaitDeletions();
    }

    private record Packed(List<Part> parts, Map<Part, byte[]> streams) {
        static Packed of(StorageDriver driver, VolumeRef ref, List<String> snapshots)
                throws IOException {
            Map<Part, byte[]> streams = new HashMap<>();
            try (VolumeStreams.Sending sending =
                    driver.streams().orElseThrow().send(ref, snapshots, Optional.of("a: b\n"))) {
                for (Part part : sending.parts()) {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    sending.write(part, out);
                    streams.put(part, out.toByteArray());
                }
                return new Packed(sending.parts(), streams);
            }
        }

        void unpack(StorageDriver driver, VolumeName volume, boolean isBlock, Idmap shifted) {
            driver.streams()
                    .orElseThrow()
                    .receive(
                            volume,
                            isBlock,
                            parts,
                            part -> stdin -> stdin.write(streams.get(part)),
                            shifted);
        }

        Packed cut(int bytes) {
            Map<Part, byte[]> shorter = new HashMap<>(streams);
            byte[] last = shorter.get(parts.getLast());
            shorter.put(parts.getLast(), Arrays.copyOf(last, last.length - bytes));
            return new Packed(parts, shorter);
        }
    }

    private static void owned(Path file, int uid) throws IOException {
        Files.writeString(file, "x");
        Files.setAttribute(file, "unix:uid", uid);
    }

    /// Whose files may have names that mean something to us.
    @Test
    void streamsAreVolumesAgain() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName files = VolumeName.custom("default_v");
        driver.createFilled(
                files,
                List.of(new SnapshotFiller("s0", (_, root) -> write(root, "0"))),
                (directory, root) -> {
                    write(root, "now");
                    owned(root.resolve("rootfs"), 100_033);
                    Files.createDirectory(root.resolve("metadata.yaml"));
                    Files.createDirectory(directory.resolve(".nested"));
                    Files.setPosixFilePermissions(
                            root, PosixFilePermissions.fromString("rwxrwx---"));
                });
        VolumeName disk = VolumeName.custom("default_b");
        driver.createBlock(disk, 1 << 20);
        Files.write(driver.disk(disk.current()).orElseThrow(), new byte[] {7});
        Packed packed = Packed.of(driver, files.current(), List.of("s0"));
        assertEquals(List.of("s0", ""), packed.parts().stream().map(Part::snapshot).toList());
        assertTrue(packed.parts().stream().allMatch(p -> p.uuid().length() == 36));
        Packed block = Packed.of(driver, disk.current(), List.of());
        try (TempPool other = TempPool.create("atoll-pooltest", this::driver)) {
            StorageDriver target = other.driver();
            packed.unpack(target, files, false, Idmap.range(100_000, 65_536));
            assertEquals("now", read(target, files.current()));
            assertEquals("0", read(target, files.snapshot("s0")));
            Path directory = target.directory(files.current());
            assertEquals(33, Files.getAttribute(directory.resolve("rootfs/rootfs"), "unix:uid"));
            assertEquals(
                    "rwxrwx---",
                    PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(directory.resolve("rootfs"))));
            assertEquals(
                    "rwx--x--x",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
            assertEquals(List.of("rootfs"), names(directory));
            write(directory.resolve("rootfs"), "written");
            block.unpack(target, disk, true, Idmap.NONE);
            assertEquals(7, Files.readAllBytes(target.disk(disk.current()).orElseThrow())[0]);
            target.awaitDeletions();
            assertEquals(List.of(), other.halfMade());
        }
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }

    /// Beside an instance's root stand files that the daemon reads as root.
    @Test
    void streamsOfInstancesAreNotTrusted() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName from = VolumeName.container("c1");
        driver.createFilled(
                from,
                (directory, root) -> {
                    write(root, "now");
                    Files.createSymbolicLink(
                            directory.resolve("metadata.yaml"), Path.of("/etc/passwd"));
                    Path templates = Files.createDirectory(directory.resolve("templates"));
                    Files.createSymbolicLink(templates.resolve("t"), Path.of("/etc/shadow"));
                    Files.writeString(templates.resolve("fine"), "text");
                });
        Packed packed = Packed.of(driver, from.current(), List.of());
        VolumeName to = VolumeName.container("c2");
        packed.unpack(driver, to, false, Idmap.NONE);
        Path directory = driver.directory(to.current());
        assertEquals(List.of("rootfs", "templates"), names(directory));
        assertEquals(List.of("fine"), names(directory.resolve("templates")));
        assertEquals("now", read(driver, to.current()));
        VolumeName wrong = VolumeName.custom("default_w");
        assertThrows(
                InvalidConfigException.class, () -> packed.unpack(driver, wrong, true, Idmap.NONE));
        assertThrows(
                InvalidConfigException.class,
                () -> packed.cut(20).unpack(driver, wrong, false, Idmap.NONE));
        assertThrows(
                InvalidConfigException.class,
                () ->
                        new Packed(List.of(Part.whole("s0")), Map.of(Part.whole("s0"), new byte[9]))
                                .unpack(driver, wrong, false, Idmap.NONE));
        assertFalse(driver.exists(wrong.current()));
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
    }

    private static void subvolume(Path path) throws IOException {
        try (Fd parent = open(path.getParent())) {
            Subvolumes.create(parent, path.getFileName().toString());
        }
        Files.writeString(path.resolve("f"), path.getFileName().toString());
        // Inodes of two subvolumes have the same numbers.
        Path _ = Files.createLink(path.resolve("g"), path.resolve("f"));
    }

    private static Fd open(Path path) {
        return Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }

    private static void protect(Path path) {
        try (Fd fd = open(path)) {
            Subvolumes.setReadOnly(fd, true);
        }
    }

    /// It may have another number after the next start of the host.
    @Test
    void liesOnADevice() throws IOException {
        Path folder = pool().scratch("device");
        Path disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(128 << 20);
        }
        Path mount = folder.resolve("dp");
        VolumeName volume = VolumeName.custom("default_v");
        Map<String, String> config;
        try (Loop.Device device = Loop.attach(disk, false)) {
            PoolSpec spec = new PoolSpec("dp", mount, Map.of("source", device.path()));
            StorageDriver driver = StorageDrivers.open("btrfs", spec);
            config = driver.createPool();
            assertEquals(device.path(), config.get("volatile.initial_source"));
            driver.createFilled(volume, (_, files) -> write(files, "kept"));
            assertTrue(driver.unmountPool());
            InvalidConfigException full =
                    assertThrows(InvalidConfigException.class, driver::createPool);
            assertTrue(full.getMessage().contains("existing filesystem"), full.getMessage());
        }
        try (Loop.Device again = Loop.attach(disk, false)) {
            Map<String, String> now = new HashMap<>(config);
            if (config.get("source").startsWith("/")) {
                now.put("source", again.path());
            }
            StorageDriver driver =
                    StorageDrivers.open("btrfs", new PoolSpec("dp", mount, Map.copyOf(now)));
            driver.mountPool();
            assertEquals("kept", read(driver, volume.current()));
            driver.delete(volume);
            driver.awaitDeletions();
            driver.deletePool();
        }
    }

    /// Someone made it smaller than what it holds.
    @Test
    void aVolumeAboveItsLimitCanBeHelped() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = VolumeName.custom("default_v");
        driver.createFilled(
                volume, (_, files) -> Files.write(files.resolve("much"), new byte[8 << 20]));
        driver.createSnapshot(volume, "s0");
        for (int i = 0; i < 2; i++) {
            driver.setQuota(volume, OptionalLong.of(1 << 20));
            assertEquals(OptionalLong.of(1 << 20), driver.quota(volume));
            Path file = driver.directory(volume.current()).resolve("rootfs/more");
            assertThrows(IOException.class, () -> Files.write(file, new byte[1 << 20]));
            if (i == 0) {
                driver.restore(volume, "s0");
                driver.setQuota(volume, OptionalLong.empty());
                Files.write(file, new byte[1 << 20]);
            }
        }
        driver.delete(volume);
        driver.awaitDeletions();
        assertEquals(0, subvolumes(pool()));
    }

    @Test
    void aFileThatCannotBeSoLargeIsNotLeft() throws IOException {
        Path mount = pool().scratch("huge").resolve("hp");
        StorageDriver driver =
                StorageDrivers.open(
                        "btrfs", new PoolSpec("hp", mount, Map.of("size", "4000000TiB")));
        assertThrows(DomainException.class, driver::createPool);
        assertFalse(Files.exists(mount.getParent().resolveSibling("disks/hp.img")));
    }

    /// What a guest does with `btrfs subvolume create`: some in some, one that cannot be written.
    private VolumeName nested(StorageDriver driver) throws IOException {
        VolumeName volume = VolumeName.custom("default_nested");
        driver.createEmpty(volume);
        Path root = driver.directory(volume.current()).resolve("rootfs");
        subvolume(Files.createDirectory(root.resolve("srv")).resolve("a-b"));
        subvolume(root.resolve("srv/a-b/deep"));
        subvolume(root.resolve("fixed"));
        protect(root.resolve("fixed"));
        Path _ = Files.createSymbolicLink(root.resolve("srv/link"), pool().scratch("outside"));
        return volume;
    }

    /// All files of a volume by their paths, and which subvolumes are as a guest made them.
    private static Map<String, String> content(StorageDriver driver, VolumeRef ref)
            throws IOException {
        Path root = driver.directory(ref).resolve("rootfs");
        Map<String, String> out = new TreeMap<>();
        for (String path : List.of("srv/a-b", "srv/a-b/deep", "fixed")) {
            try (Fd fd = open(root.resolve(path))) {
                boolean isTop = Subvolumes.isTop(FileStat.of(fd));
                out.put(path, isTop ? Subvolumes.isReadOnly(fd) ? "fixed" : "changes" : "plain");
            }
            out.put(path + "/f", Files.readString(root.resolve(path + "/f")));
            out.put(path + "/g", Files.readString(root.resolve(path + "/g")));
        }
        return out;
    }

    private static final Map<String, String> NESTED =
            new TreeMap<>(
                    Map.of(
                            "srv/a-b", "changes",
                            "srv/a-b/f", "a-b",
                            "srv/a-b/g", "a-b",
                            "srv/a-b/deep", "changes",
                            "srv/a-b/deep/f", "deep",
                            "srv/a-b/deep/g", "deep",
                            "fixed", "fixed",
                            "fixed/f", "fixed",
                            "fixed/g", "fixed"));

    private int subvolumes(TempPool which) {
        try (Fd fd = open(which.path())) {
            return Subvolumes.within(fd).size();
        }
    }

    @Test
    void subvolumesWithinAreCopiedRestoredAndDeleted() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = nested(driver);
        driver.createSnapshot(volume, "s0");
        Path root = driver.directory(volume.current()).resolve("rootfs");
        Files.writeString(root.resolve("srv/a-b/deep/f"), "other");
        subvolume(root.resolve("late"));
        assertEquals(NESTED, content(driver, volume.snapshot("s0")));
        VolumeName copy = VolumeName.custom("default_copy");
        driver.createCopy(copy, volume.current(), List.of("s0"));
        assertEquals("other", content(driver, copy.current()).get("srv/a-b/deep/g"));
        assertTrue(Files.exists(driver.directory(copy.current()).resolve("rootfs/late/f")));
        assertEquals(NESTED, content(driver, copy.snapshot("s0")));
        driver.restore(volume, "s0");
        assertEquals(NESTED, content(driver, volume.current()));
        assertFalse(Files.exists(root.resolve("late")));
        driver.rename(volume, "default_renamed");
        VolumeName renamed = VolumeName.custom("default_renamed");
        assertEquals(NESTED, content(driver, renamed.current()));
        assertEquals("other", content(driver, copy.current()).get("srv/a-b/deep/f"));
        driver.delete(renamed);
        driver.delete(copy);
        driver.awaitDeletions();
        assertEquals(List.of(), names(pool().path().resolve(".deleting")));
        assertEquals(0, subvolumes(pool()));
    }

    @Test
    void subvolumesWithinGoToOtherPools() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = nested(driver);
        driver.createSnapshot(volume, "s0");
        Files.writeString(driver.directory(volume.current()).resolve("rootfs/srv/a-b/f"), "other");
        Packed packed = Packed.of(driver, volume.current(), List.of("s0"));
        List<String> paths = List.of("/", "/fixed", "/srv/a-b", "/srv/a-b/deep");
        assertEquals(
                Stream.concat(paths.stream().map("s0"::concat), paths.stream()).toList(),
                packed.parts().stream().map(p -> p.snapshot() + p.path()).toList());
        assertEquals(
                List.of("s0/", "s0/fixed", "/fixed"),
                packed.parts().stream()
                        .filter(Part::isReadOnly)
                        .map(p -> p.snapshot() + p.path())
                        .toList());
        VolumeName sent = VolumeName.custom("default_sent");
        VolumeName files = VolumeName.custom("default_files");
        try (TempPool other = TempPool.create("atoll-pooltest", this::driver)) {
            StorageDriver target = other.driver();
            packed.unpack(target, volume, false, Idmap.NONE);
            assertTrue(target.createReceived(sent, driver, volume.current(), List.of("s0")));
            target.createFilled(files, VolumeContent.of(driver, volume.snapshot("s0")));
            for (VolumeName name : List.of(volume, sent)) {
                assertEquals(NESTED, content(target, name.snapshot("s0")), name.toString());
                assertEquals("other", content(target, name.current()).get("srv/a-b/g"));
                assertEquals("fixed", content(target, name.current()).get("fixed"));
                target.delete(name);
            }
            assertEquals(NESTED, content(target, files.current()));
            target.delete(files);
            target.awaitDeletions();
            assertEquals(List.of(), other.halfMade());
            assertEquals(0, subvolumes(other));
        }
        assertEquals(List.of(), pool().halfMade());
    }

    /// As refreshing does: of what is there and of what comes, which may change what was read-only.
    @Test
    void subvolumesWithinStayWhereAVolumeIsMadeOfOthers() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = nested(driver);
        driver.createSnapshot(volume, "s0");
        Files.writeString(driver.directory(volume.current()).resolve("rootfs/srv/a-b/f"), "other");
        VolumeName made = VolumeName.custom("default_made");
        driver.createFilled(
                made,
                List.of(
                        new SnapshotFiller("kept", VolumeContent.of(driver, volume.snapshot("s0"))),
                        new SnapshotFiller(
                                "s1",
                                Filler.over(
                                        VolumeContent.of(driver, volume.snapshot("s0")),
                                        (_, root) ->
                                                Files.writeString(
                                                        root.resolve("fixed/f"), "changed")))),
                VolumeContent.of(driver, volume.current()));
        assertEquals(NESTED, content(driver, made.snapshot("kept")));
        assertEquals("other", content(driver, made.current()).get("srv/a-b/g"));
        assertEquals(
                "changed",
                Files.readString(driver.directory(made.snapshot("s1")).resolve("rootfs/fixed/f")));
        assertEquals("fixed", content(driver, made.snapshot("s1")).get("fixed"));
        VolumeName failed = VolumeName.custom("default_failed");
        Filler failing =
                Filler.over(
                        VolumeContent.of(driver, volume.current()),
                        (_, _) -> {
                            throw new IOException("the rest did not come");
                        });
        assertThrows(
                InternalException.class,
                () ->
                        driver.createFilled(
                                failed, List.of(new SnapshotFiller("s", failing)), failing));
        assertFalse(driver.exists(failed.current()));
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
    }

    /// A header may name any place for one.
    @Test
    void subvolumesWithinStayWithin() throws IOException {
        StorageDriver driver = pool().driver();
        Packed packed = Packed.of(driver, nested(driver).current(), List.of());
        VolumeName volume = VolumeName.custom("default_got");
        for (String path :
                List.of("/srv/link/x", "/../x", "/none/x", "/srv", "/srv//x", "/./x", "/fixed/f")) {
            List<Part> parts = new ArrayList<>(packed.parts());
            Map<Part, byte[]> streams = new HashMap<>(packed.streams());
            Part strange = new Part("", path, "", false);
            streams.put(strange, streams.get(parts.getLast()));
            parts.add(strange);
            Packed hostile = new Packed(parts, streams);
            assertThrows(
                    InvalidConfigException.class,
                    () -> hostile.unpack(driver, volume, false, Idmap.NONE),
                    path);
            assertFalse(driver.exists(volume.current()));
        }
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
        assertEquals(List.of(), names(pool().scratch("outside")));
    }

    /// Volumes on their way between servers: what comes, in which order, and how much it is.
    private static final class Journey {
        private final StorageDriver from;
        private final StorageDriver to;
        private final VolumeName volume;
        private final boolean areNamed;
        private long bytes;

        Journey(StorageDriver from, StorageDriver to, VolumeName volume, boolean areNamed) {
            this.from = from;
            this.to = to;
            this.volume = volume;
            this.areNamed = areNamed;
        }

        /// @param earlier the copy of which all that both have is taken
        void go(VolumeName target, Optional<VolumeName> earlier, List<String> snapshots) {
            MigrationStreams taker = to.migrationStreams().orElseThrow();
            bytes = 0;
            try (VolumeStreams.Sending sending =
                    from.migrationStreams()
                            .orElseThrow()
                            .send(volume.current(), snapshots, areNamed)) {
                List<Part> parts = sending.parts();
                Set<String> kept = new HashSet<>(snapshots);
                kept.removeIf(name ->
                        earlier.isEmpty()
                                || !taker.has(
                                        earlier.get().snapshot(name),
                                        parts.stream()
                                                .filter(p -> p.snapshot().equals(name))
                                                .toList()));
                taker.receive(
                        target,
                        false,
                        new Arrival(snapshots, parts, kept, earlier, Idmap.NONE),
                        part ->
                                stdin -> {
                                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                                    sending.write(part, out);
                                    bytes += out.size();
                                    out.writeTo(stdin);
                                });
            }
        }
    }

    @Test
    void copiesOnOtherServersAreBroughtUpToDateWithSubvolumesWithin() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = nested(driver);
        Path root = driver.directory(volume.current()).resolve("rootfs");
        byte[] much = new byte[4 << 20];
        new Random(7).nextBytes(much);
        Files.write(root.resolve("much"), much);
        driver.createSnapshot(volume, "s0");
        VolumeName first = VolumeName.custom("default_first");
        VolumeName second = VolumeName.custom("default_second");
        for (boolean areNamed : new boolean[] {true, false}) {
            try (TempPool other = TempPool.create("atoll-pooltest", this::driver)) {
                StorageDriver target = other.driver();
                Journey journey = new Journey(driver, target, volume, areNamed);
                journey.go(first, Optional.empty(), List.of("s0"));
                assertTrue(journey.bytes > much.length && journey.bytes < 2L * much.length);
                assertEquals(NESTED, content(target, first.snapshot("s0")));
                Files.writeString(root.resolve("srv/a-b/f"), "later " + areNamed);
                driver.createSnapshot(volume, "s1" + areNamed);
                List<String> both = List.of("s0", "s1" + areNamed);
                journey.go(second, Optional.of(first), both);
                assertTrue(journey.bytes < much.length, "sent again: " + journey.bytes);
                assertEquals(NESTED, content(target, second.snapshot("s0")));
                for (VolumeRef ref : List.of(second.current(), second.snapshot(both.getLast()))) {
                    assertEquals("later " + areNamed, content(target, ref).get("srv/a-b/g"));
                    assertEquals("fixed", content(target, ref).get("fixed"));
                }
                assertEquals(List.of("rootfs"), names(target.directory(second.current())));
                // What a snapshot came as is nothing of what is made of it.
                target.restore(second, "s0");
                assertEquals(NESTED, content(target, second.current()));
                assertEquals(List.of("rootfs"), names(target.directory(second.current())));
                target.delete(first);
                target.delete(second);
                target.awaitDeletions();
                assertEquals(List.of(), other.halfMade());
                assertEquals(0, subvolumes(other));
                Files.writeString(root.resolve("srv/a-b/f"), "a-b");
                driver.deleteSnapshot(volume, both.getLast());
            }
        }
        // On one file system the names of what is sent and of what came are no trouble.
        new Journey(driver, driver, volume, false).go(first, Optional.empty(), List.of("s0"));
        new Journey(driver, driver, volume, false).go(second, Optional.of(first), List.of("s0"));
        assertEquals(NESTED, content(driver, second.snapshot("s0")));
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
    }

    @Test
    void whatOtherServersSayIsNotTrusted() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = VolumeName.custom("default_got");
        String[] uuids = {
            "6d5fe4d2-3de7-4746-a08e-848bdec7e6c4", "e02cf539-9fb9-4c49-9a33-e2e876a075a0"
        };
        Part top = new Part("", "/", uuids[0], false);
        List<List<Part>> lists =
                new ArrayList<>(
                        List.of(
                                List.of(),
                                List.of(new Part("", "/", "", false)),
                                List.of(new Part("", "/", "../../x", false)),
                                List.of(top, top),
                                List.of(top, new Part("", "/a", uuids[0], false)),
                                List.of(
                                        new Part("", "/a", uuids[1], false),
                                        top,
                                        new Part("", "/a", "e02cf539-9fb9-4c49-9a33-0", false)),
                                List.of(top, new Part("s9", "/a", uuids[1], false)),
                                List.of(new Part("s9", "/", uuids[1], true), top)));
        lists.add(Collections.nCopies(MigrationStreams.PARTS_MAX + 1, top));
        for (List<Part> parts : lists) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> new Arrival(List.of(), parts, Set.of(), Optional.empty(), Idmap.NONE),
                    parts.toString().substring(0, Math.min(200, parts.toString().length())));
        }
        VolumeName source = nested(driver);
        Packed packed = Packed.of(driver, source.current(), List.of());
        for (String path :
                List.of("/../x", "/srv//x", "/srv/link/x", "/fixed/../../x", "/none/x")) {
            Part strange = new Part("", path, uuids[1], false);
            List<Part> parts = new ArrayList<>(packed.parts());
            parts.add(strange);
            Map<Part, byte[]> streams = new HashMap<>(packed.streams());
            streams.put(strange, streams.get(packed.parts().getLast()));
            assertThrows(
                    InvalidConfigException.class,
                    () -> arrive(driver, volume, parts, streams),
                    path);
        }
        Random random = new Random(11);
        for (int i = 0; i < 12; i++) {
            Map<Part, byte[]> streams = new HashMap<>(packed.streams());
            Part cut = packed.parts().get(random.nextInt(packed.parts().size()));
            byte[] whole = streams.get(cut);
            streams.put(cut, Arrays.copyOf(whole, random.nextInt(whole.length)));
            assertThrows(
                    InvalidConfigException.class,
                    () -> arrive(driver, volume, packed.parts(), streams),
                    "run " + i);
        }
        assertFalse(driver.exists(volume.current()));
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
        assertEquals(List.of(), names(pool().scratch("outside")));
        assertEquals(4, subvolumes(pool()));
    }

    private static void arrive(
            StorageDriver driver, VolumeName volume, List<Part> parts, Map<Part, byte[]> streams) {
        driver.migrationStreams()
                .orElseThrow()
                .receive(
                        volume,
                        false,
                        new Arrival(List.of(), parts, Set.of(), Optional.empty(), Idmap.NONE),
                        part -> stdin -> stdin.write(streams.get(part)));
    }

    @Test
    void whatDoesNotFitLeavesNothing() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = VolumeName.custom("default_large");
        byte[] much = new byte[160 << 20];
        new Random(3).nextBytes(much);
        driver.createFilled(volume, (_, root) -> Files.write(root.resolve("much"), much));
        driver.createSnapshot(volume, "s0");
        try (TempPool small = smallPool()) {
            StorageDriver target = small.driver();
            Journey journey = new Journey(driver, target, volume, false);
            UnavailableException full =
                    assertThrows(
                            UnavailableException.class,
                            () -> journey.go(volume, Optional.empty(), List.of("s0")));
            assertTrue(full.getMessage().contains("No space left"), full.getMessage());
            target.awaitDeletions();
            assertEquals(List.of(), small.halfMade());
            assertEquals(0, subvolumes(small));
        }
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
    }

    @Test
    void sweepsAHalfMadeCopyWithSubvolumes() throws IOException {
        StorageDriver first = pool().driver();
        VolumeName volume = nested(first);
        Path making = pool().path().resolve(".making/killed");
        Commands.Result _ =
                Commands.run(
                        Command.of(
                                "mv",
                                first.directory(volume.current()).toString(),
                                making.toString()));
        protect(making);
        StorageDriver driver = pool().reopen();
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
        assertEquals(0, subvolumes(pool()));
    }

    @Test
    void sweepsWhatWasBeingReceived() throws IOException {
        VolumeName volume = VolumeName.custom("default_v");
        pool().driver().createFilled(volume, (_, root) -> write(root, "now"));
        Path folder = Files.createDirectory(pool().path().resolve(".making/killed"));
        Path from = pool().driver().directory(volume.current());
        Commands.Result _ =
                Commands.run(
                        Command.of(
                                "btrfs",
                                "subvolume",
                                "snapshot",
                                "-r",
                                from.toString(),
                                folder.resolve("got").toString()));
        StorageDriver driver = pool().reopen();
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
        assertEquals(List.of(), names(pool().path().resolve(".deleting")));
    }

    private static void write(Path files, String text) throws IOException {
        Files.writeString(files.resolve("f"), text);
    }

    private static String read(StorageDriver driver, VolumeRef ref) throws IOException {
        return Files.readString(driver.directory(ref).resolve("rootfs/f"));
    }

    /// A directory of another pool's file system.
    @Override
    protected Path emptySource() throws IOException {
        return Files.createDirectory(first.resolve("source"));
    }
}
