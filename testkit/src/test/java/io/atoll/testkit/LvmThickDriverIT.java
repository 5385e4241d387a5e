package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Without a thin pool, against a volume manager of the tests' own.
class LvmThickDriverIT extends VolumeManagerContract<FakeLvm> {
    LvmThickDriverIT() {
        super("lvm", Map.of("lvm.use_thinpool", "false"), FakeLvm::new);
    }

    @Override
    void leaveHalfMade() {
        String _ = host().run(List.of("lvcreate", "--name", "making_0", "--size", "1b", "p1"));
    }

    @Override
    List<String> halfMade() {
        return host().run(List.of("lvs")).lines().filter(line -> line.contains("making_")).toList();
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
}
