package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.Loop;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Subvolumes;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// In a file of its own.
class BtrfsDriverIT extends StorageDriverContract {
    private String size = "1GiB";
    private Path first = Path.of("/nonexistent");

    /// Skips where the kernel or the host lacks it.
    static void assumeBtrfs() {
        boolean isThere =
                ProcFiles.readIfPresent("/proc/filesystems").orElse("").contains("\tbtrfs\n");
        Assumptions.assumeTrue(isThere, "this kernel has no btrfs");
        Assumptions.assumeTrue(Commands.find("mkfs.btrfs").isPresent(), "no btrfs-progs");
    }

    @Override
    protected StorageDriver driver(PoolSpec spec) {
        assumeBtrfs();
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
            Map<String, String> plain = content(target, files.current());
            assertEquals("plain", plain.get("srv/a-b/deep"));
            plain.replaceAll((path, text) -> text.equals("plain") ? NESTED.get(path) : text);
            assertEquals(NESTED, plain);
            target.delete(files);
            target.awaitDeletions();
            assertEquals(List.of(), other.halfMade());
            assertEquals(0, subvolumes(other));
        }
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
