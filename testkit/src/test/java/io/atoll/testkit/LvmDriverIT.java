package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InvalidConfigException;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// Against a volume manager of the tests' own.
class LvmDriverIT extends VolumeManagerContract<FakeLvm> {
    LvmDriverIT() {
        super("lvm", Map.of(), FakeLvm::new);
    }

    /// The second is between the two halves of a restore.
    @Override
    void leaveHalfMade() {
        for (String command :
                List.of(
                        "lvcreate --name making_0 --virtualsize 1b --thinpool p1/LXDThinPool",
                        "lvrename p1 containers_c1 restored_containers_c1")) {
            String _ = host().run(List.of(command.split(" ")));
        }
    }

    @Override
    List<String> halfMade() {
        return host().run(List.of("lvs"))
                .lines()
                .filter(line -> line.contains("making_") || line.contains("restored_"))
                .toList();
    }

    @Override
    List<String> ending() {
        return List.of("vgremove --force p1", "pvremove /dev/loop77");
    }

    @Test
    void runsTheseCommands() {
        VolumeName volume = VolumeName.custom("default_my-data");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        driver.createSnapshot(volume, "s-0");
        int before = host().log().size();
        driver.createSnapshot(volume, "s-1");
        driver.restore(volume, "s-0");
        driver.setQuota(volume, OptionalLong.of(20L << 30));
        driver.deleteSnapshot(volume, "s-1");
        String lv = "custom_default_my--data";
        assertEquals(
                List.of(
                        "lvcreate --yes --snapshot --setactivationskip n --name "
                                + lv
                                + "-s--1 p1/"
                                + lv,
                        "lvcreate --yes --snapshot --setactivationskip n --name restored_"
                                + lv
                                + " p1/"
                                + lv
                                + "-s--0",
                        "lvremove --force p1/" + lv,
                        "lvrename p1 restored_" + lv + " " + lv,
                        "mount -t ext4 -o discard /dev/p1/"
                                + lv
                                + " "
                                + pool().path().resolve("custom/default_my-data"),
                        "lvresize --force --size 21474836480b p1/" + lv,
                        "resize2fs /dev/p1/" + lv,
                        "lvremove --force p1/" + lv + "-s--1"),
                host().log().stream().skip(before).filter(c -> !c.startsWith("lvs ")).toList());
        assertEquals(20L << 30, driver.quota(volume).orElseThrow());
        assertThrows(
                InvalidConfigException.class,
                () -> driver.setQuota(volume, OptionalLong.of(1L << 30)));
    }
}
