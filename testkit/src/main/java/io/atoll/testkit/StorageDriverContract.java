package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Architecture;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.Fingerprint;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.image.BuildProgress;
import io.atoll.image.ImageBuilder;
import io.atoll.image.ImageFile;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.storage.ImageSource;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeContent;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What every storage driver promises. Needs root.
@Tag("privileged")
public abstract class StorageDriverContract {
    private static final String MARKER = "atoll-pooltest";

    /// Property of the overlay driver: milliseconds.
    private static final String BUSY_PATIENCE = "atoll.storage.busy.millis";

    private static final VolumeName C1 = VolumeName.container("c1");
    private static final VolumeName C2 = VolumeName.container("c2");

    @RegisterExtension final Leaks leaks = Leaks.of(MARKER);

    private TempPool pool;
    private StorageDriver driver;
    private ImageFile image;
    private Fingerprint fingerprint;

    /// A driver for a pool.
    protected abstract StorageDriver driver(PoolSpec spec);

    /// Whether a pool whose owner names no source is a file system of its own, mounted by the
    /// driver.
    protected boolean hasFileSystem() {
        return false;
    }

    /// Whether a pool is something that can be taken down.
    protected boolean isMountedByDriver() {
        return hasFileSystem();
    }

    /// The size of a disk that was brought back to a smaller snapshot.
    protected long restoredBytes(long ofSnapshot, long before) {
        return ofSnapshot;
    }

    /// Whether snapshots take room in these tests that they do not take in earnest.
    protected boolean areSnapshotsCopies() {
        return false;
    }

    /// A pool that is soon full.
    protected TempPool smallPool() throws IOException {
        return TempPool.createSmall(MARKER, 16, this::driver);
    }

    /// A directory that can be a pool's source.
    protected Path emptySource() throws IOException {
        return pool.scratch("source");
    }

    @BeforeEach
    void makePool() throws IOException {
        use(TempPool.create(MARKER, this::driver));
        Path cache = Path.of(System.getProperty("java.io.tmpdir"), "atoll-test-images");
        image =
                new ImageBuilder(cache, BuildProgress.NONE)
                        .build("busybox", Architecture.host(), false);
        fingerprint = image.fingerprint();
    }

    private void use(TempPool made) {
        pool = made;
        driver = made.driver();
    }

    @AfterEach
    void removePool() {
        assertEquals(List.of(), pool.halfMade());
        pool.close();
    }

    private void importImage() {
        driver.importImage(
                fingerprint,
                ImageSource.of(
                        image::squashfs,
                        image::unpackMetadata,
                        image::streamRootfs,
                        image::unpackRootfs));
    }

    private void launch(VolumeName volume) {
        importImage();
        driver.createFromImage(volume, fingerprint);
    }

    private void write(VolumeName volume, String path, String text) {
        try (Fd root = driver.openRoot(volume.current())) {
            new GuestFiles(root).write(path, text.getBytes(StandardCharsets.UTF_8), 0644);
        }
    }

    private String read(VolumeRef ref, String path) {
        return read(driver, ref, path);
    }

    private static String read(StorageDriver driver, VolumeRef ref, String path) {
        try (Fd root = driver.openRoot(ref)) {
            return new String(new GuestFiles(root).read(path, 1 << 20), StandardCharsets.UTF_8);
        }
    }

    private boolean exists(VolumeRef ref, String path) {
        try (Fd root = driver.openRoot(ref)) {
            return new GuestFiles(root).exists(path);
        }
    }

    @Test
    void makesAnInstanceFromAnImage() throws IOException {
        launch(C1);
        try (Fd root = driver.openRoot(C1.current())) {
            GuestFiles files = new GuestFiles(root);
            assertEquals("busybox", files.readlink("/bin/sh"));
            assertArrayEquals(
                    Files.readAllBytes(Path.of("/bin/busybox")),
                    files.read("/bin/busybox", 1 << 24));
            FileStat top = files.stat("/");
            assertEquals(0755, top.mode());
            assertEquals(0, top.uid());
            assertEquals(01777, files.stat("/tmp").mode());
            assertEquals(0640, files.stat("/etc/shadow").mode());
        }
        assertTrue(Files.exists(driver.directory(C1.current()).resolve("metadata.yaml")));
        assertTrue(Files.exists(driver.directory(C1.current()).resolve("templates/hostname.tpl")));
        assertEquals(List.of("c1"), driver.volumes(VolumeType.CONTAINER));
        assertEquals(List.of(fingerprint.value()), driver.volumes(VolumeType.IMAGE));
    }

    @Test
    void namesLayersThatExist() {
        launch(C1);
        switch (driver.layers(C1.current(), Idmap.range(1_000_000, 65_536))) {
            case RootfsLayers.Directory(Path path, _) ->
                    assertTrue(Files.exists(path.resolve("bin/busybox")));
            case RootfsLayers.Overlay(List<Path> lowers, Path upper, Path work, _) -> {
                assertTrue(Files.exists(lowers.getFirst().resolve("bin/busybox")));
                assertTrue(Files.isDirectory(upper));
                assertTrue(Files.isDirectory(work));
            }
        }
    }

    @Test
    void keepsChangesApart() {
        launch(C1);
        launch(C2);
        write(C1, "/etc/hostname", "changed\n");
        write(C1, "/new", "new");
        assertEquals("changed\n", read(C1.current(), "/etc/hostname"));
        assertEquals("busybox\n", read(C2.current(), "/etc/hostname"));
        assertFalse(exists(C2.current(), "/new"));
        assertEquals("busybox\n", read(VolumeName.image(fingerprint).current(), "/etc/hostname"));
    }

    @Test
    void removesFilesOfTheImageAndRenamesItsDirectories() {
        launch(C1);
        try (Fd root = driver.openRoot(C1.current())) {
            GuestFiles files = new GuestFiles(root);
            files.unlink("/etc/hosts");
            files.rename("/etc/udhcpc", "/etc/renamed");
            files.deleteTree("/var");
        }
        assertFalse(exists(C1.current(), "/etc/hosts"));
        assertTrue(exists(C1.current(), "/etc/renamed/default.script"));
        driver.createSnapshot(C1, "s0");
        driver.createCopy(C2, C1.current(), List.of());
        for (VolumeRef ref : List.of(C1.snapshot("s0"), C2.current())) {
            assertFalse(exists(ref, "/etc/hosts"), ref.toString());
            assertFalse(exists(ref, "/var/lib"), ref.toString());
            assertTrue(exists(ref, "/etc/renamed/default.script"), ref.toString());
        }
    }

    @Test
    void snapshotsAndRestores() {
        launch(C1);
        write(C1, "/state", "one");
        driver.createSnapshot(C1, "s0");
        write(C1, "/state", "two");
        driver.createSnapshot(C1, "s 1:x");
        assertEquals(List.of("s 1:x", "s0"), driver.snapshots(C1));
        assertEquals("one", read(C1.snapshot("s0"), "/state"));
        assertEquals("two", read(C1.snapshot("s 1:x"), "/state"));
        driver.restore(C1, "s0");
        assertEquals("one", read(C1.current(), "/state"));
        write(C1, "/state", "three");
        assertEquals(
                "one",
                read(C1.snapshot("s0"), "/state"),
                "a restored volume shares nothing with its snapshot");
        driver.renameSnapshot(C1, "s0", "old");
        assertThrows(AlreadyExistsException.class, () -> driver.renameSnapshot(C1, "old", "s 1:x"));
        driver.deleteSnapshot(C1, "s 1:x");
        driver.deleteSnapshot(C1, "s 1:x");
        assertEquals(List.of("old"), driver.snapshots(C1));
        assertThrows(NotFoundException.class, () -> driver.restore(C1, "s0"));
        assertThrows(AlreadyExistsException.class, () -> driver.createSnapshot(C1, "old"));
    }

    @Test
    void refusesToChangeASnapshot() {
        launch(C1);
        driver.createSnapshot(C1, "s0");
        try (Fd root = driver.openRoot(C1.snapshot("s0"))) {
            GuestFiles files = new GuestFiles(root);
            ErrnoException e =
                    assertThrows(ErrnoException.class, () -> files.write("/x", new byte[1], 0644));
            assertEquals(Errno.EROFS, e.errno());
        }
    }

    @Test
    void copiesWithSnapshots() {
        launch(C1);
        write(C1, "/state", "one");
        driver.createSnapshot(C1, "s0");
        write(C1, "/state", "two");
        driver.createCopy(C2, C1.current(), List.of("s0"));
        assertEquals("two", read(C2.current(), "/state"));
        assertEquals("one", read(C2.snapshot("s0"), "/state"));
        VolumeName c3 = VolumeName.container("c3");
        driver.createCopy(c3, C1.snapshot("s0"), List.of());
        assertEquals("one", read(c3.current(), "/state"));
        assertEquals(List.of(), driver.snapshots(c3));
        assertThrows(
                AlreadyExistsException.class, () -> driver.createCopy(C2, C1.current(), List.of()));
        assertThrows(
                NotFoundException.class,
                () -> driver.createCopy(VolumeName.container("c4"), C1.current(), List.of("no")));
        assertFalse(driver.exists(VolumeName.container("c4").current()));
    }

    @Test
    void keepsHardLinksOfTheImageThroughCopies() throws IOException {
        Fingerprint linked = new Fingerprint("ab".repeat(32));
        driver.importImage(linked, new LinkedFiles(pool.scratch("linked")));
        driver.createFromImage(C1, linked);
        write(C1, "/a/one", "changed");
        assertEquals("changed", read(C1.current(), "/b/two"));
        driver.createSnapshot(C1, "s0");
        assertEquals("changed", read(C1.snapshot("s0"), "/b/two"));
        driver.createCopy(C2, C1.current(), List.of());
        assertEquals("changed", read(C2.current(), "/b/two"));
        write(C2, "/b/two", "again");
        assertEquals("again", read(C2.current(), "/a/one"));
        assertEquals("changed", read(C1.current(), "/a/one"));
        driver.restore(C1, "s0");
        write(C1, "/b/two", "restored");
        assertEquals("restored", read(C1.current(), "/a/one"));
    }

    @Test
    void renames() {
        launch(C1);
        write(C1, "/state", "one");
        driver.createSnapshot(C1, "s0");
        driver.rename(C1, "new");
        VolumeName renamed = VolumeName.container("new");
        assertFalse(driver.exists(C1.current()));
        assertEquals("one", read(renamed.current(), "/state"));
        assertEquals(List.of("s0"), driver.snapshots(renamed));
        assertEquals(List.of(), driver.snapshots(C1));
        launch(C1);
        assertThrows(AlreadyExistsException.class, () -> driver.rename(C1, "new"));
        assertThrows(NotFoundException.class, () -> driver.rename(C2, "other"));
    }

    @Test
    void deletesWithSnapshotsAndAgain() {
        launch(C1);
        driver.createSnapshot(C1, "s0");
        driver.delete(C1);
        assertFalse(driver.exists(C1.current()));
        assertFalse(driver.exists(C1.snapshot("s0")));
        driver.delete(C1);
        driver.awaitDeletions();
        launch(C1);
        assertEquals(List.of(), driver.snapshots(C1));
    }

    @Test
    void deletesWhatTheGuestMadeHardToDelete() throws IOException {
        launch(C1);
        Path directory = pool.scratch("outside");
        Path outside = Files.writeString(directory.resolve("precious"), "stays");
        try (Fd root = driver.openRoot(C1.current())) {
            GuestFiles files = new GuestFiles(root);
            files.symlink(directory.toString(), "/escape");
            StringBuilder deep = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                deep.append("/dddddddd");
                files.mkdir(deep.toString(), 0);
            }
            files.write("/immutable", new byte[10], 0600);
        }
        Commands.chattr("+i", changes(C1).resolve("immutable").toString());
        driver.delete(C1);
        driver.awaitDeletions();
        assertEquals("stays", Files.readString(outside));
        assertNothingLeftToDelete();
    }

    @Test
    void deletesAnActiveSwapFile() throws IOException {
        VolumeName volume = VolumeName.custom("default_swap");
        driver.createEmpty(volume);
        Path file = changes(volume).resolve("swap");
        if (hasFileSystem()) {
            // Swap cannot be on blocks that are copied when they are written.
            Files.createFile(file);
            Commands.chattr("+C", file.toString());
        }
        Files.write(file, new byte[1 << 20]);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        Commands.run("mkswap", file.toString());
        Commands.run("swapon", file.toString());
        assertTrue(Files.readString(Path.of("/proc/swaps")).contains(MARKER));
        driver.delete(volume);
        driver.awaitDeletions();
        assertFalse(Files.readString(Path.of("/proc/swaps")).contains("default_swap"));
        assertNothingLeftToDelete();
    }

    @Test
    void saysThatAVolumeIsInUse() {
        launch(C1);
        if (driver.layers(C1.current(), Idmap.NONE) instanceof RootfsLayers.Overlay) {
            System.setProperty(BUSY_PATIENCE, "50");
            try (Fd root = driver.openRoot(C1.current())) {
                assertTrue(root.isOpen());
                assertThrows(BusyException.class, () -> driver.openRoot(C1.current()).close());
            } finally {
                System.clearProperty(BUSY_PATIENCE);
            }
            driver.openRoot(C1.current()).close();
        }
    }

    /// Fields of a squashfs's superblock that somebody set to something else, and files that are
    /// not whole. The kernel reads them, nobody else does.
    @Test
    void refusesDamagedImages() throws IOException {
        byte[] whole = Files.readAllBytes(image.squashfs().orElseThrow());
        Path folder = pool.scratch("damaged");
        Map<String, byte[]> damaged = new LinkedHashMap<>();
        damaged.put("empty", new byte[0]);
        damaged.put("cut in the superblock", Arrays.copyOf(whole, 64));
        damaged.put("cut", Arrays.copyOf(whole, whole.length / 2));
        damaged.put("magic", changed(whole, 0, 4, 0));
        damaged.put("huge blocks", changed(whole, 12, 4, 1 << 30));
        damaged.put("no compression", changed(whole, 20, 2, 77));
        damaged.put("block log", changed(whole, 22, 2, 63));
        damaged.put("version", changed(whole, 28, 2, 9));
        damaged.put("root inode", changed(whole, 32, 8, Long.MAX_VALUE));
        damaged.put("bytes used", changed(whole, 40, 8, Long.MAX_VALUE));
        damaged.put("id table", changed(whole, 48, 8, Long.MAX_VALUE - 5));
        damaged.put("inode table", changed(whole, 64, 8, -1));
        damaged.put("directory table", changed(whole, 72, 8, 1));
        for (Map.Entry<String, byte[]> each : damaged.entrySet()) {
            Path file = Files.write(folder.resolve("x.squashfs"), each.getValue());
            InvalidConfigException refusal =
                    assertThrows(
                            InvalidConfigException.class,
                            () -> driver.importImage(fingerprint, damaged(file)),
                            each.getKey());
            assertTrue(refusal.getMessage().contains("damaged"), refusal.getMessage());
            assertFalse(driver.hasImage(fingerprint), each.getKey());
        }
        // What is in the middle is read when it is needed; then it may come to light, too.
        byte[] middle = whole.clone();
        Arrays.fill(middle, whole.length * 7 / 8, whole.length - 200, (byte) 0xA5);
        Path file = Files.write(folder.resolve("x.squashfs"), middle);
        try {
            driver.importImage(fingerprint, damaged(file));
            driver.createFromImage(C1, fingerprint);
        } catch (DomainException e) {
            assertTrue(e.getMessage().contains("image"), e.getMessage());
        }
        driver.delete(C1);
        driver.deleteImage(fingerprint);
        driver.awaitDeletions();
        assertEquals(List.of(), pool.halfMade());
        if (!hasFileSystem()) {
            leaks.assertNothingNew();
        }
        launch(C1);
    }

    private ImageSource damaged(Path file) {
        return ImageSource.of(
                () -> Optional.of(file),
                image::unpackMetadata,
                image::streamRootfs,
                image::unpackRootfs);
    }

    /// Numbers in a squashfs have their lowest byte first.
    private static byte[] changed(byte[] whole, int at, int count, long value) {
        byte[] out = whole.clone();
        for (int i = 0; i < count; i++) {
            out[at + i] = (byte) (value >>> 8 * i);
        }
        return out;
    }

    /// What a daemon leaves that is killed while it makes a mount.
    @Test
    void opensAgainAfterAKillBetweenMountAndMark() throws IOException {
        launch(C1);
        if (driver.layers(C1.current(), Idmap.NONE) instanceof RootfsLayers.Overlay layers) {
            write(C1, "/etc/kept", "kept");
            Path mark = layers.work().resolve("work/incompat/volatile");
            assertFalse(Files.exists(mark));
            Files.createDirectories(mark);
            Files.createFile(mark.resolve("dirty"));
            assertEquals("kept", read(C1.current(), "/etc/kept"));
        }
    }

    /// Where the files of a volume are on disk that are not its image's.
    private Path changes(VolumeName volume) {
        return switch (driver.layers(volume.current(), Idmap.NONE)) {
            case RootfsLayers.Directory(Path path, _) -> path;
            case RootfsLayers.Overlay(_, Path upper, _, _) -> upper;
        };
    }

    /// Drivers that delete in the background keep there what is on its way out.
    private void assertNothingLeftToDelete() {
        Path deleting = pool.path().resolve(".deleting");
        if (!Files.exists(deleting)) {
            return;
        }
        try (Fd fd =
                io.atoll.linux.Opens.open(
                        deleting.toString(),
                        io.atoll.linux.Fcntl.O_RDONLY | io.atoll.linux.Fcntl.O_DIRECTORY,
                        0)) {
            assertEquals(List.of(), Directories.list(fd));
        }
    }

    /// The pool that tests work on.
    protected final TempPool pool() {
        return pool;
    }

    @Test
    void keepsAnImageWhileItIsUsed() {
        launch(C1);
        driver.createSnapshot(C1, "s0");
        driver.deleteImage(fingerprint);
        assertFalse(driver.hasImage(fingerprint));
        assertEquals(List.of(), driver.volumes(VolumeType.IMAGE));
        assertThrows(NotFoundException.class, () -> driver.createFromImage(C2, fingerprint));
        assertEquals("busybox", read(C1.current(), "/etc/hostname").strip());
        launch(C2);
        assertTrue(driver.hasImage(fingerprint));
        driver.deleteImage(fingerprint);
        driver.delete(C1);
        driver.delete(C2);
        driver.awaitDeletions();
        assertFalse(Files.exists(pool.path().resolve("images").resolve(fingerprint.value())));
        if (!hasFileSystem()) {
            leaks.assertNothingNew();
        }
    }

    @Test
    void mountsAnImageOnceAcrossRestarts() {
        launch(C1);
        Object _ = driver.layers(C1.current(), Idmap.NONE);
        long before = mounts();
        for (int i = 0; i < 3; i++) {
            driver = pool.reopen();
            driver.mountPool();
            Object unused = driver.layers(C1.current(), Idmap.NONE);
            importImage();
        }
        assertEquals(before, mounts());
        boolean unmounted = driver.unmountPool();
        assertEquals(isMountedByDriver(), unmounted);
        driver.mountPool();
        // As after a restart of the host.
        assertEquals("busybox", read(C1.current(), "/etc/hostname").strip());
    }

    private static long mounts() {
        return io.atoll.linux.Mounts.list().stream()
                .filter(m -> m.target().contains(MARKER))
                .count();
    }

    @Test
    void leavesNothingHalfMade() throws IOException {
        assertThrows(
                DomainException.class,
                () ->
                        driver.createFilled(
                                C1,
                                (_, rootfs) -> {
                                    Files.writeString(rootfs.resolve("half"), "x");
                                    throw new IOException("the source went away");
                                }));
        assertFalse(driver.exists(C1.current()));
        assertThrows(DomainException.class, () -> driver.importImage(fingerprint, new Broken()));
        assertFalse(driver.hasImage(fingerprint));
        assertThrows(NotFoundException.class, () -> driver.createFromImage(C1, fingerprint));
    }

    @Test
    void sweepsWhatAKillLeft() throws IOException {
        Path making = Files.createDirectories(pool.path().resolve(".making/0-killed/rootfs"));
        Files.writeString(making.resolve("half"), "x");
        Path deleting = Files.createDirectories(pool.path().resolve(".deleting/0-killed/rootfs"));
        Files.writeString(deleting.resolve("half"), "x");
        driver = pool.reopen();
        driver.awaitDeletions();
        assertFalse(Files.exists(making.getParent()));
        assertFalse(Files.exists(deleting.getParent()));
    }

    @Test
    void saysThatTheDiskIsFull() throws IOException {
        pool.close();
        use(smallPool());
        launch(C1);
        UnavailableException e =
                assertThrows(
                        UnavailableException.class,
                        () ->
                                driver.createFilled(
                                        C2, (_, rootfs) -> writeMuch(rootfs.resolve("big"))));
        assertTrue(e.getMessage().startsWith("No space left"), e.getMessage());
        assertFalse(driver.exists(C2.current()));
        driver.awaitDeletions();
        driver.createEmpty(C2);
        write(C1, "/after", "works");
    }

    private static void writeMuch(Path file) throws IOException {
        try (var out = Files.newOutputStream(file)) {
            for (int i = 0; i < 256; i++) {
                out.write(new byte[1 << 20]);
            }
        }
    }

    @Test
    void refusesHostileNames() {
        for (String name : List.of("", ".", "..", "a/b", "../x", "a\0b", "a\nb", "x".repeat(256))) {
            assertThrows(InvalidConfigException.class, () -> VolumeName.custom(name), name);
            if (!name.isEmpty()) {
                assertThrows(InvalidConfigException.class, () -> C1.snapshot(name), name);
            }
        }
        for (String name :
                List.of(
                        "default_with:colon",
                        "with space",
                        "with,comma",
                        "with\\back",
                        "ünïcode",
                        "-dash",
                        "'quote\"")) {
            launch(VolumeName.container(name));
            write(VolumeName.container(name), "/x", name);
            driver.createSnapshot(VolumeName.container(name), name);
            assertEquals(name, read(VolumeName.container(name).snapshot(name), "/x"));
        }
    }

    @Test
    void keepsCustomVolumes() {
        VolumeName volume = VolumeName.custom("default_vol1");
        driver.createEmpty(volume);
        assertThrows(AlreadyExistsException.class, () -> driver.createEmpty(volume));
        write(volume, "/x", "1");
        driver.createSnapshot(volume, "s0");
        write(volume, "/x", "2");
        driver.restore(volume, "s0");
        assertEquals("1", read(volume.current(), "/x"));
        assertEquals(RootfsLayers.Ids.UNSHIFTED, driver.layers(volume.current(), Idmap.NONE).ids());
        assertThrows(BusyException.class, driver::deletePool);
        driver.delete(volume);
        assertEquals(List.of(), driver.volumes(VolumeType.CUSTOM));
    }

    @Test
    void fillsAVolumeWithItsSnapshots() {
        VolumeName volume = VolumeName.custom("default_filled");
        driver.createFilled(
                volume,
                List.of(
                        new SnapshotFiller(
                                "s0", (_, rootfs) -> Files.writeString(rootfs.resolve("f"), "0")),
                        new SnapshotFiller(
                                "s1", (_, rootfs) -> Files.writeString(rootfs.resolve("f"), "1"))),
                (_, rootfs) -> Files.writeString(rootfs.resolve("f"), "now"));
        assertEquals(Set.of("s0", "s1"), Set.copyOf(driver.snapshots(volume)));
        assertEquals("now", read(volume.current(), "f"));
        assertEquals("0", read(volume.snapshot("s0"), "f"));
        driver.restore(volume, "s0");
        assertEquals("0", read(volume.current(), "f"));
        assertEquals("1", read(volume.snapshot("s1"), "f"));
    }

    @Test
    void takesBackWhatAFailedFillMade() {
        VolumeName volume = VolumeName.custom("default_half");
        assertThrows(
                InvalidConfigException.class,
                () ->
                        driver.createFilled(
                                volume,
                                List.of(
                                        new SnapshotFiller(
                                                "s0",
                                                (_, rootfs) ->
                                                        Files.writeString(
                                                                rootfs.resolve("f"), "0"))),
                                (_, _) -> {
                                    throw new InvalidConfigException("damaged");
                                }));
        assertFalse(driver.exists(volume.current()));
        assertEquals(List.of(), driver.snapshots(volume));
        assertEquals(List.of(), pool.halfMade());
        driver.createEmpty(volume);
    }

    @Test
    void copiesToAnotherPool() throws IOException {
        VolumeName volume = VolumeName.custom("default_from");
        driver.createEmpty(volume);
        write(volume, "f", "1");
        driver.createSnapshot(volume, "s0");
        write(volume, "f", "2");
        try (TempPool other = TempPool.create(MARKER, this::driver)) {
            other.driver()
                    .createFilled(
                            volume,
                            List.of(
                                    new SnapshotFiller(
                                            "s0", VolumeContent.of(driver, volume.snapshot("s0")))),
                            VolumeContent.of(driver, volume.current()));
            assertEquals("2", read(other.driver(), volume.current(), "f"));
            assertEquals("1", read(other.driver(), volume.snapshot("s0"), "f"));
        }
    }

    @Test
    void offersPlainDirectoriesForNesting() {
        launch(C1);
        var nested = driver.nestedDirectories(C1);
        assertEquals(
                List.of("/var/lib/docker", "/var/lib/containers", "/var/lib/atoll"),
                nested.stream().map(n -> n.guestPath()).toList());
        nested.forEach(n -> assertTrue(Files.isDirectory(n.hostPath())));
        assertEquals(nested, driver.nestedDirectories(C1));
    }

    @Test
    void tellsTheSpaceOfThePool() {
        var usage = driver.poolUsage();
        assertTrue(usage.bytesTotal() > usage.bytesUsed());
        assertNotEquals(0, usage.bytesTotal());
        OptionalLong unused = driver.usage(launched());
    }

    private VolumeRef launched() {
        launch(C1);
        return C1.current();
    }

    @Test
    void bindsASourceAndDeletesThePool() throws IOException {
        Path source = emptySource();
        Path mount = pool.scratch("other").resolve("p2");
        StorageDriver other =
                driver(new PoolSpec("p2", mount, Map.of("source", source.toString())));
        assertEquals(source.toString(), other.createPool().get("source"));
        other.createEmpty(VolumeName.custom("v"));
        assertTrue(Files.exists(source.resolve("custom/v")));
        assertTrue(other.unmountPool());
        assertFalse(Files.exists(mount.resolve("custom"), LinkOption.NOFOLLOW_LINKS));
        other.mountPool();
        other.delete(VolumeName.custom("v"));
        other.deletePool();
        assertFalse(Files.exists(mount));
        try (var left = Files.list(source)) {
            assertEquals(List.of(), left.toList());
        }
        Files.writeString(source.resolve("x"), "x");
        assertThrows(InvalidConfigException.class, other::createPool);
        StorageDriver wrong =
                driver(
                        new PoolSpec(
                                "p3", mount, Map.of("source", source.resolve("no").toString())));
        assertThrows(InvalidConfigException.class, wrong::createPool);
        assertThrows(
                InvalidConfigException.class,
                () -> driver(new PoolSpec("p3", mount, Map.of("zzz", "1"))).createPool());
    }

    /// An image that is an archive, with two names of one file.
    private record LinkedFiles(Path scratch) implements ImageSource {
        @Override
        public Optional<Path> squashfs() {
            return Optional.empty();
        }

        @Override
        public void unpackMetadata(Path directory) throws IOException {
            Files.writeString(
                    directory.resolve("metadata.yaml"), "architecture: x86_64\ncreation_date: 1\n");
        }

        @Override
        public void streamRootfs(OutputStream tar) throws IOException {
            Path tree = Files.createTempDirectory(scratch, "tree");
            unpackRootfs(tree);
            tar.write(Commands.tar(tree));
        }

        @Override
        public void unpackRootfs(Path directory) throws IOException {
            Files.createDirectory(directory.resolve("a"));
            Files.createDirectory(directory.resolve("b"));
            Files.writeString(directory.resolve("a/one"), "original");
            Files.createLink(directory.resolve("b/two"), directory.resolve("a/one"));
        }
    }

    /// An image whose source fails in the middle.
    private record Broken() implements ImageSource {
        @Override
        public Optional<Path> squashfs() {
            return Optional.empty();
        }

        @Override
        public void unpackMetadata(Path directory) throws IOException {
            Files.writeString(directory.resolve("metadata.yaml"), "");
        }

        @Override
        public void streamRootfs(OutputStream tar) throws IOException {
            tar.write(new byte[100]);
            throw new IOException("the download broke off");
        }

        @Override
        public void unpackRootfs(Path directory) throws IOException {
            throw new IOException("the download broke off");
        }
    }

    /// Programs of the host that make what is hard to make from Java.
    private static final class Commands {
        static void run(String... argv) {
            Object unused = io.atoll.linux.Commands.run(io.atoll.linux.Command.of(argv));
        }

        static void chattr(String flag, String path) {
            Object unused =
                    io.atoll.linux.Commands.run(io.atoll.linux.Command.of("chattr", flag, path));
        }

        static byte[] tar(Path tree) {
            return io.atoll.linux.Commands.run(
                            io.atoll.linux.Command.of("tar", "-C", tree.toString(), "-c", ".")
                                    .outputMax(1 << 24))
                    .output();
        }
    }

    /// The size of a disk of which so many bytes are wanted.
    protected long diskBytes(long wanted) {
        return Math.ceilDiv(wanted, 8192) * 8192;
    }

    /// See LXD's `content_type=block`.
    @Test
    void makesBlockVolumes() throws IOException {
        VolumeName volume = VolumeName.custom("default_disk");
        driver.createBlock(volume, 1_000_000);
        Path disk = driver.disk(volume.current()).orElseThrow();
        assertEquals(diskBytes(1_000_000), StorageDriver.diskBytes(disk));
        if (Files.isRegularFile(disk)) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(disk)));
        }
        write(disk, "old");
        driver.setQuota(volume, OptionalLong.of(8 << 20));
        driver.createSnapshot(volume, "s0");
        write(disk, "new");
        driver.setQuota(volume, OptionalLong.of(12 << 20));
        VolumeName copy = VolumeName.custom("default_copy");
        driver.createCopy(copy, volume.current(), List.of("s0"));
        assertDisk(copy.current(), "new", 12 << 20);
        assertDisk(copy.snapshot("s0"), "old", 8 << 20);
        driver.restore(volume, "s0");
        assertDisk(volume.current(), "old", restoredBytes(8 << 20, 12 << 20));
        driver.rename(volume, "default_moved");
        assertDisk(VolumeName.custom("default_moved").snapshot("s0"), "old", 8 << 20);
    }

    private static void write(Path disk, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            int _ = channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        }
    }

    private void assertDisk(VolumeRef ref, String begin, long bytes) throws IOException {
        Path disk = driver.disk(ref).orElseThrow();
        assertEquals(bytes, StorageDriver.diskBytes(disk), ref.toString());
        try (InputStream in = Files.newInputStream(disk)) {
            assertEquals(begin, new String(in.readNBytes(3), StandardCharsets.US_ASCII));
        }
    }

    @Test
    void refusesToShrinkABlockVolume() {
        VolumeName volume = VolumeName.custom("default_disk");
        driver.createBlock(volume, 16 << 20);
        InvalidConfigException failure =
                assertThrows(
                        InvalidConfigException.class,
                        () -> driver.setQuota(volume, OptionalLong.of(8192)));
        assertEquals("Block volumes cannot be shrunk: Cannot be shrunk", failure.getMessage());
        driver.setQuota(volume, OptionalLong.empty());
        assertThrows(AlreadyExistsException.class, () -> driver.createBlock(volume, 1));
        VolumeName files = VolumeName.custom("default_files");
        driver.createEmpty(files);
        assertEquals(Optional.empty(), driver.disk(files.current()));
    }

    /// As a refreshed copy becomes it; its snapshots stay as they are.
    @Test
    void updatesABlockVolume() throws IOException {
        VolumeName from = VolumeName.custom("default_from");
        driver.createBlock(from, 8 << 20);
        write(driver.disk(from.current()).orElseThrow(), "old");
        VolumeName to = VolumeName.custom("default_to");
        driver.createCopy(to, from.current(), List.of());
        driver.createSnapshot(to, "s0");
        write(driver.disk(from.current()).orElseThrow(), "new");
        driver.setQuota(from, OptionalLong.of(12 << 20));
        VolumeContent.overwrite(driver, to, VolumeContent.update(driver, from.current()));
        assertDisk(to.current(), "new", 12 << 20);
        assertDisk(to.snapshot("s0"), "old", 8 << 20);
        assertThrows(
                DomainException.class,
                () ->
                        VolumeContent.overwrite(
                                driver,
                                to,
                                (_, disk) -> {
                                    write(disk, "bad");
                                    throw new IOException("cut off");
                                }));
        driver.restore(to, "s0");
        assertDisk(to.current(), "old", restoredBytes(8 << 20, 12 << 20));
    }

    /// As they were, not all as the volume is now.
    @Test
    void fillsSnapshotsOfTheirOwnSizes() throws IOException {
        VolumeName from = VolumeName.custom("default_from");
        driver.createBlock(from, 4 << 20);
        write(driver.disk(from.current()).orElseThrow(), "one");
        driver.createSnapshot(from, "s0");
        driver.setQuota(from, OptionalLong.of(12 << 20));
        write(driver.disk(from.current()).orElseThrow(), "two");
        driver.createSnapshot(from, "s1");
        driver.restore(from, "s0");
        write(driver.disk(from.current()).orElseThrow(), "now");
        long now = restoredBytes(4 << 20, 12 << 20);
        assertDisk(from.current(), "now", now);
        VolumeName to = VolumeName.custom("default_to");
        List<SnapshotFiller> snapshots =
                List.of(
                        new SnapshotFiller("s0", VolumeContent.of(driver, from.snapshot("s0"))),
                        new SnapshotFiller("s1", VolumeContent.of(driver, from.snapshot("s1"))));
        driver.createBlock(to, 0, snapshots, VolumeContent.of(driver, from.current()));
        assertDisk(to.snapshot("s0"), "one", 4 << 20);
        assertDisk(to.snapshot("s1"), "two", 12 << 20);
        assertDisk(to.current(), "now", now);
    }

    /// When there is no room for anything, a volume that was being changed gets back to what it
    /// was.
    @Test
    void revertsInAFullPool() throws IOException {
        pool.close();
        use(smallPool());
        VolumeName volume = VolumeName.custom("default_disk");
        driver.createBlock(volume, 4 << 20);
        Path disk = driver.disk(volume.current()).orElseThrow();
        Files.write(disk, "old".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII));
        driver.setQuota(volume, OptionalLong.of(4 << 20));
        driver.createSnapshot(volume, "kept");
        driver.createSnapshot(volume, "before");
        write(driver.disk(volume.current()).orElseThrow(), "new");
        driver.createFilled(
                C2,
                (_, rootfs) -> {
                    try {
                        if (!areSnapshotsCopies()) {
                            writeMuch(rootfs.resolve("big"));
                        }
                    } catch (IOException _) {
                        // Full is what it is to be.
                    }
                });
        driver.revert(volume, "before");
        assertDisk(volume.current(), "old", diskBytes(4 << 20));
        assertEquals(List.of("kept"), driver.snapshots(volume));
        driver.delete(C2);
        driver.awaitDeletions();
        driver.createSnapshot(volume, "again");
        driver.delete(volume);
    }

    /// From another pool or a backup, with a failure in the middle.
    @Test
    void fillsABlockVolumeWithItsSnapshots() throws IOException {
        VolumeName from = VolumeName.custom("default_from");
        driver.createBlock(from, 4 << 20);
        write(driver.disk(from.current()).orElseThrow(), "one");
        driver.createSnapshot(from, "s0");
        write(driver.disk(from.current()).orElseThrow(), "two");
        VolumeName to = VolumeName.custom("default_to");
        List<SnapshotFiller> snapshots =
                List.of(new SnapshotFiller("s0", VolumeContent.of(driver, from.snapshot("s0"))));
        assertThrows(
                DomainException.class,
                () ->
                        driver.createBlock(
                                to,
                                8192,
                                snapshots,
                                (_, _) -> {
                                    throw new IOException("cut off");
                                }));
        assertFalse(driver.exists(to.current()));
        assertFalse(driver.exists(to.snapshot("s0")));
        driver.createBlock(to, 8192, snapshots, VolumeContent.of(driver, from.current()));
        assertDisk(to.current(), "two", 4 << 20);
        assertDisk(to.snapshot("s0"), "one", 4 << 20);
    }
}
