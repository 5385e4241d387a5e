package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import io.atoll.storage.VolumeStreams.Part;
import io.atoll.storage.VolumeType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// Against a volume manager of the tests' own.
class ZfsDriverIT extends VolumeManagerContract<FakeZfs> {
    ZfsDriverIT() {
        super("zfs", Map.of(), FakeZfs::new);
    }

    @Override
    void leaveHalfMade() {
        String _ = host().run(List.of("zfs", "create", "p1/making/0"));
    }

    @Override
    List<String> halfMade() {
        return host().run(List.of("zfs", "list", "-r", "p1"))
                .lines()
                .filter(line -> line.contains("making/"))
                .toList();
    }

    @Override
    List<String> ending() {
        return List.of("zpool destroy -f p1");
    }

    @Test
    void runsTheseCommands() {
        VolumeName volume = VolumeName.custom("default_my data");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        driver.createSnapshot(volume, "s0");
        int before = host().log().size();
        driver.createSnapshot(volume, "s1");
        driver.restore(volume, "s1");
        driver.setQuota(volume, OptionalLong.of(1 << 30));
        driver.rename(volume, "default_new");
        String old = "p1/custom/default_my:20data";
        assertEquals(
                List.of(
                        "zfs snapshot " + old + "@snapshot-s1",
                        "zfs rollback " + old + "@snapshot-s1",
                        "mount -t zfs "
                                + old
                                + " "
                                + pool().path().resolve("custom/default_my data"),
                        "zfs set quota=1073741824 " + old,
                        "zfs rename " + old + " p1/custom/default_new"),
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.startsWith("zfs list") && !c.startsWith("zfs get"))
                        .toList());
        assertEquals(1 << 30, driver.quota(VolumeName.custom("default_new")).orElseThrow());
    }

    /// ZFS lets nothing go that has copies.
    @Test
    void parksWhatHasCopies() {
        VolumeName volume = VolumeName.custom("default_a");
        VolumeName copy = VolumeName.custom("default_b");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        driver.createSnapshot(volume, "s0");
        driver.createCopy(copy, volume.snapshot("s0"), List.of());
        driver.deleteSnapshot(volume, "s0");
        assertEquals(List.of(), driver.snapshots(volume));
        driver.delete(volume);
        assertEquals(List.of("default_b"), driver.volumes(VolumeType.CUSTOM));
        assertEquals(1, parked());
        driver.delete(copy);
        assertEquals(0, parked());
    }

    private long parked() {
        return host().run(List.of("zfs", "list", "-r", "p1"))
                .lines()
                .filter(line -> line.matches("p1/deleted/[^@]*"))
                .count();
    }

    /// Both look for what nobody needs any more.
    @Test
    void aRemovalLeavesWhatACopyIsJustMadeOf() throws IOException {
        VolumeName volume = VolumeName.custom("default_a");
        VolumeName other = VolumeName.custom("default_b");
        VolumeName copy = VolumeName.custom("default_c");
        StorageDriver driver = pool().driver();
        driver.createFilled(volume, (_, rootfs) -> Files.writeString(rootfs.resolve("f"), "x"));
        driver.createEmpty(other);
        host().before("zfs clone", () -> driver.delete(other));
        driver.createCopy(copy, volume.current(), List.of());
        assertEquals("x", Files.readString(driver.directory(copy.current()).resolve("rootfs/f")));
        driver.delete(copy);
        assertEquals(
                List.of(),
                host().run(List.of("zfs", "list", "-t", "snapshot", "-r", "p1"))
                        .lines()
                        .filter(line -> line.contains("@copy-"))
                        .toList());
    }

    /// Who looks at a new device has it open for a moment.
    @Test
    void aBusyDatasetIsRemovedWhenItIsFree() {
        VolumeName volume = VolumeName.custom("default_a");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        host().refuse("zfs destroy", "dataset is busy", 3);
        driver.delete(volume);
        assertEquals(
                4,
                host().log().stream()
                        .filter(c -> c.equals("zfs destroy -r p1/custom/default_a"))
                        .count());
    }

    /// Debian's images have such lists.
    @Test
    void volumesTakeAccessControlLists() {
        String folder =
                "zfs create -o mountpoint=legacy -o canmount=off -o acltype=posixacl"
                        + " -o xattr=sa p1/containers";
        assertTrue(host().log().contains(folder), host().log().toString());
    }

    /// File by file, where ZFS would drop the later ones.
    @Test
    void finishesARestoreThatWasCutOff() throws IOException {
        VolumeName volume = VolumeName.custom("default_a");
        StorageDriver driver = pool().driver();
        driver.createFilled(volume, (_, rootfs) -> Files.writeString(rootfs.resolve("f"), "old"));
        driver.createSnapshot(volume, "s0");
        Path file = driver.directory(volume.current()).resolve("rootfs/f");
        Files.writeString(file, "new");
        driver.createSnapshot(volume, "s1");
        Path mark = Files.createDirectories(pool().path().resolve(".restoring/custom"));
        Files.writeString(mark.resolve("default_a"), "s0");
        Files.delete(file);
        driver = pool().reopen();
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("s0", "s1"), driver.snapshots(volume));
        assertFalse(Files.exists(mark.resolve("default_a")));
    }

    private List<String> changes(int before) {
        return host().log().stream()
                .skip(before)
                .filter(c -> !c.matches("zfs (list|get) .*"))
                .map(c -> c.replaceAll("making/[0-9a-f-]*", "making/UUID"))
                .map(c -> c.replaceAll("@copy-[0-9a-f-]*", "@copy-UUID"))
                .toList();
    }

    /// Of ZFS's own kind, named as by LXD.
    @Test
    void disksAreVolumesOfZfs() {
        VolumeName volume = VolumeName.custom("default_disk");
        StorageDriver driver = pool().driver();
        driver.useSettings(_ -> Map.of("zfs.blocksize", "64KiB", "zfs.reserve_space", "true"));
        int before = host().log().size();
        driver.createBlock(volume, 1_000_000);
        driver.createSnapshot(volume, "s0");
        driver.setQuota(volume, OptionalLong.of(2 << 20));
        driver.createSnapshot(volume, "s1");
        driver.restore(volume, "s0");
        String disk = "p1/custom/default_disk.block";
        assertEquals(
                List.of(
                        "zfs create -o volmode=dev -o snapdev=visible -o volblocksize=65536 -V"
                                + " 1048576 p1/making/UUID.block",
                        "zfs rename p1/making/UUID.block " + disk,
                        "zfs snapshot " + disk + "@snapshot-s0",
                        "zfs set volsize=2097152 " + disk,
                        "zfs snapshot " + disk + "@snapshot-s1",
                        "zfs set volsize=1048576 " + disk),
                changes(before));
        assertEquals(List.of("s0", "s1"), driver.snapshots(volume));
    }

    @Test
    void volumesAreAsTheirOwnersWantThem() throws IOException {
        VolumeName volume = VolumeName.custom("default_v");
        StorageDriver driver = pool().driver();
        Map<String, String> keys =
                new HashMap<>(
                        Map.of(
                                "zfs.blocksize", "8KiB",
                                "zfs.use_refquota", "true",
                                "zfs.reserve_space", "true",
                                "zfs.remove_snapshots", "true"));
        driver.useSettings(_ -> keys);
        int before = host().log().size();
        driver.createEmpty(volume);
        driver.setQuota(volume, OptionalLong.of(1 << 30));
        driver.createSnapshot(volume, "s0");
        driver.createSnapshot(volume, "s1");
        assertEquals(List.of("s1"), driver.inTheWay(volume, "s0"));
        driver.deleteSnapshot(volume, "s1");
        driver.restore(volume, "s0");
        keys.clear();
        assertEquals(List.of(), driver.inTheWay(volume, "s0"));
        driver.settingsChanged(volume);
        String path = "p1/custom/default_v";
        String mount = "mount -t zfs ";
        assertEquals(
                List.of(
                        "zfs create -o mountpoint=legacy -o canmount=noauto -o recordsize=8192"
                                + " p1/making/UUID",
                        "zfs rename p1/making/UUID " + path,
                        "zfs set refquota=1073741824 refreservation=1073741824 " + path,
                        "zfs snapshot " + path + "@snapshot-s0",
                        "zfs snapshot " + path + "@snapshot-s1",
                        "zfs destroy " + path + "@snapshot-s1",
                        "zfs rollback " + path + "@snapshot-s0",
                        "zfs inherit recordsize " + path,
                        "zfs set quota=1073741824 refquota=none refreservation=none " + path),
                changes(before).stream().filter(c -> !c.startsWith(mount)).toList());
        assertEquals(1 << 30, driver.quota(volume).orElseThrow());
    }

    private record Packed(List<Part> parts, Map<Part, byte[]> streams) {
        static Packed of(StorageDriver driver, VolumeRef ref, List<String> snapshots)
                throws IOException {
            Map<Part, byte[]> streams = new HashMap<>();
            try (VolumeStreams.Sending sending =
                    driver.streams().orElseThrow().send(ref, snapshots, Optional.empty())) {
                for (Part part : sending.parts()) {
                    ByteArrayOutputStream out = new ByteArrayOutputStream();
                    sending.write(part, out);
                    streams.put(part, out.toByteArray());
                }
                return new Packed(sending.parts(), streams);
            }
        }

        void unpack(StorageDriver driver, VolumeName volume, boolean isBlock) {
            driver.streams()
                    .orElseThrow()
                    .receive(
                            volume,
                            isBlock,
                            parts,
                            part -> stdin -> stdin.write(streams.get(part)),
                            Idmap.NONE);
        }
    }

    @Test
    void streamsAreVolumesAgain() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName from = VolumeName.container("c1");
        VolumeName to = VolumeName.container("c2");
        driver.createFilled(
                from,
                List.of(
                        new SnapshotFiller(
                                "s0", (_, root) -> Files.writeString(root.resolve("f"), "0"))),
                (directory, root) -> {
                    Files.writeString(root.resolve("f"), "now");
                    Files.createSymbolicLink(
                            directory.resolve("metadata.yaml"), Path.of("/etc/passwd"));
                });
        int before = host().log().size();
        Packed packed = Packed.of(driver, from.current(), List.of("s0"));
        String path = "p1/containers/c1";
        assertEquals(
                List.of(
                        "zfs snapshot " + path + "@copy-UUID",
                        "zfs send " + path + "@snapshot-s0",
                        "zfs send -i " + path + "@snapshot-s0 " + path + "@copy-UUID",
                        "zfs destroy " + path + "@copy-UUID"),
                changes(before));
        packed.unpack(driver, to, false);
        Path directory = driver.directory(to.current());
        assertEquals("now", Files.readString(directory.resolve("rootfs/f")));
        assertFalse(Files.exists(directory.resolve("metadata.yaml")));
        assertEquals(
                "0", Files.readString(driver.directory(to.snapshot("s0")).resolve("rootfs/f")));
        Part part = Part.whole("");
        Packed damaged = new Packed(List.of(part), Map.of(part, new byte[7]));
        VolumeName wrong = VolumeName.container("c3");
        assertThrows(InvalidConfigException.class, () -> damaged.unpack(driver, wrong, false));
        assertFalse(driver.exists(wrong.current()));
        assertEquals(List.of(), halfMade());
    }

    @Test
    void streamsOfDisksAreDisksAgain() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName disk = VolumeName.custom("default_b");
        driver.createBlock(disk, 1 << 20);
        Files.write(
                driver.disk(disk.current()).orElseThrow(),
                new byte[] {7},
                StandardOpenOption.WRITE);
        assertTrue(driver.streams().orElseThrow().canSend(disk.current()));
        VolumeName to = VolumeName.custom("default_c");
        Packed.of(driver, disk.current(), List.of()).unpack(driver, to, true);
        assertEquals(7, Files.readAllBytes(driver.disk(to.current()).orElseThrow())[0]);
        VolumeName files = VolumeName.custom("default_v");
        driver.createEmpty(files);
        assertFalse(driver.streams().orElseThrow().canSend(files.current()));
        assertEquals(List.of(), halfMade());
    }
}
