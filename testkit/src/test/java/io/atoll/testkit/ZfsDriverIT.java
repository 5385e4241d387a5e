package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
}
