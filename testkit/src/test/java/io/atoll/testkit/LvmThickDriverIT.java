package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// Without a thin pool, against a volume manager of the tests' own.
class LvmThickDriverIT extends VolumeManagerContract<FakeLvm> {
    LvmThickDriverIT() {
        super("lvm", Map.of("lvm.use_thinpool", "false"), FakeLvm::new);
    }

    @Override
    void leaveHalfMade() {
        String _ = host().run(List.of("lvcreate", "--name", "making_0", "--size", "512b", "p1"));
    }

    @Override
    List<String> halfMade() {
        return host().run(List.of("lvs")).lines().filter(line -> line.contains("making_")).toList();
    }

    @Override
    protected long restoredBytes(long ofSnapshot, long before) {
        return before;
    }

    @Override
    List<String> ending() {
        return List.of("vgremove --force p1", "pvremove /dev/loop77");
    }

    @Test
    void runsTheseCommands() {
        VolumeName volume = VolumeName.custom("default_data");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        int before = host().log().size();
        driver.createSnapshot(volume, "s0");
        driver.deleteSnapshot(volume, "s0");
        assertEquals(
                List.of(
                        "lvcreate --yes --snapshot --name custom_default_data-s0 --size 11140071424b"
                                + " p1/custom_default_data",
                        "lvremove --force p1/custom_default_data-s0"),
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.matches("(lvs|vgs|blkid) .*"))
                        .toList());
        assertEquals(1L << 40, driver.poolUsage().bytesTotal());
        assertEquals(10L << 30, driver.poolUsage().bytesUsed());
    }

    /// What another volume left there is nobody's business.
    @Test
    void disksAreZeroedAndStriped() {
        VolumeName volume = VolumeName.custom("default_disk");
        StorageDriver driver = pool().driver();
        driver.useSettings(_ -> Map.of("lvm.stripes", "2", "lvm.stripes.size", "64KiB"));
        int before = host().log().size();
        driver.createBlock(volume, 1 << 20);
        List<String> ran =
                host().log().stream()
                        .skip(before)
                        .filter(c -> c.startsWith("lvcreate") || c.startsWith("blkdiscard"))
                        .map(c -> c.replaceAll("making_[0-9a-f+-]*", "making_UUID"))
                        .toList();
        assertEquals(
                List.of(
                        "lvcreate --yes --wipesignatures y --name making_UUID.block --size 4194304b"
                                + " --stripes 2 --stripesize 65536b p1",
                        "blkdiscard --zeroout /dev/p1/making_UUID.block"),
                ran);
    }

    /// LVM changes their sizes only while they are not active, and makes none smaller.
    @Test
    void volumesWithSnapshotsRestWhileTheyGrow() throws IOException {
        VolumeName volume = VolumeName.custom("default_v");
        StorageDriver driver = pool().driver();
        driver.useSettings(_ -> Map.of("size", "1GiB"));
        driver.createFilled(volume, (_, root) -> Files.writeString(root.resolve("f"), "kept"));
        driver.createSnapshot(volume, "s0");
        Path at = driver.directory(volume.current());
        Path ofSnapshot = driver.directory(volume.snapshot("s0"));
        int before = host().log().size();
        driver.setQuota(volume, OptionalLong.of(2L << 30));
        String lv = "p1/custom_default_v";
        assertEquals(
                List.of(
                        "lvchange --activate n " + lv,
                        "lvresize --force --size 2147483648b " + lv,
                        "lvchange --activate y " + lv,
                        "mount -t ext4 -o discard /dev/" + lv + " " + at,
                        "resize2fs /dev/" + lv),
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.matches("(lvs|vgs|blkid) .*"))
                        .toList());
        assertEquals("kept", Files.readString(at.resolve("rootfs/f")));
        assertFalse(Files.exists(ofSnapshot.resolve("rootfs")), "its device was gone");
        assertThrows(
                InvalidConfigException.class,
                () -> driver.setQuota(volume, OptionalLong.of(1L << 30)));
        try (Fd _ = Opens.open(at.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            assertThrows(
                    BusyException.class, () -> driver.setQuota(volume, OptionalLong.of(3L << 30)));
        }
        assertEquals(2L << 30, driver.quota(volume).orElseThrow());
        assertEquals("kept", Files.readString(at.resolve("rootfs/f")));
    }
}
