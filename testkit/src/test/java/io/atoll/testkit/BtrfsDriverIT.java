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
import io.atoll.linux.ProcFiles;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /// A subvolume that the guest had made comes as a stream of its own.
    @Test
    void subvolumesWithinBecomeDirectories() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName inner = VolumeName.custom("default_inner");
        VolumeName outer = VolumeName.custom("default_outer");
        driver.createFilled(inner, (_, root) -> write(root, "inside"));
        driver.createFilled(
                outer,
                (_, root) -> {
                    Files.createDirectory(root.resolve("srv"));
                    Files.createSymbolicLink(root.resolve("link"), Path.of("/tmp"));
                });
        Packed first = Packed.of(driver, outer.current(), List.of());
        Packed second = Packed.of(driver, inner.current(), List.of());
        for (String path : List.of("/srv/a-b", "/link/x", "/../x", "/none/x")) {
            Part part = new Part("", path, "");
            Map<Part, byte[]> streams = new HashMap<>(first.streams());
            streams.put(part, second.streams().get(second.parts().getFirst()));
            VolumeName volume = VolumeName.custom("default_got");
            Packed both = new Packed(List.of(first.parts().getFirst(), part), streams);
            if (path.equals("/srv/a-b")) {
                both.unpack(driver, volume, false, Idmap.NONE);
                Path file = driver.directory(volume.current()).resolve("rootfs/srv/a-b/f");
                assertEquals("inside", Files.readString(file));
                driver.delete(volume);
            } else {
                assertThrows(
                        InvalidConfigException.class,
                        () -> both.unpack(driver, volume, false, Idmap.NONE),
                        path);
                assertFalse(driver.exists(volume.current()));
            }
        }
        driver.awaitDeletions();
        assertEquals(List.of(), pool().halfMade());
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
