package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.atoll.storage.IdmapProbe;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Against a volume manager of the tests' own.
class LvmDriverIT extends StorageDriverContract {
    private final Map<Path, FakeLvm> hosts = new HashMap<>();

    @Override
    protected StorageDriver driver(PoolSpec spec) {
        FakeLvm host =
                hosts.computeIfAbsent(
                        spec.path(), path -> new FakeLvm(path.resolveSibling("backing")));
        Map<String, String> config = new HashMap<>(spec.config());
        if (!config.containsKey("source")) {
            config.put("size", "256MiB");
        }
        return StorageDrivers.open(
                "lvm", new PoolSpec(spec.name(), spec.path(), config), IdmapProbe.KERNEL, host);
    }

    private FakeLvm host() {
        return hosts.get(pool().path());
    }

    @Override
    protected boolean isMountedByDriver() {
        return true;
    }

    @Override
    @Test
    void sweepsWhatAKillLeft() throws IOException {
        Path left = Files.createDirectories(pool().path().resolve(".making/0-killed/rootfs"));
        pool().driver().createEmpty(VolumeName.container("c1"));
        String _ =
                host().run(
                                List.of(
                                        "lvcreate",
                                        "--name",
                                        "making_0",
                                        "--virtualsize",
                                        "1b",
                                        "--thinpool",
                                        "p1/LXDThinPool"));
        // Between the two halves of a restore.
        String _ = host().run(List.of("lvrename", "p1", "containers_c1", "restored_containers_c1"));
        StorageDriver driver = pool().reopen();
        assertFalse(Files.exists(left));
        assertEquals(List.of("c1"), driver.volumes(VolumeType.CONTAINER));
        assertEquals(List.of(), making());
    }

    private List<String> making() {
        return host().run(List.of("lvs"))
                .lines()
                .filter(line -> line.contains("making_") || line.contains("restored_"))
                .toList();
    }

    /// A source is a name here, no directory.
    @Override
    @Test
    void bindsASourceAndDeletesThePool() {
        VolumeName volume = VolumeName.custom("v");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        driver.delete(volume);
        driver.deletePool();
        assertFalse(Files.exists(pool().path()));
        assertEquals(
                List.of("vgremove --force p1", "pvremove /dev/loop77"),
                host().log().stream().filter(c -> c.matches("(vg|pv)remove .*")).toList());
        Map<String, String> _ = driver.createPool();
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
        driver.setQuota(volume, java.util.OptionalLong.of(20L << 30));
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
        org.junit.jupiter.api.Assertions.assertThrows(
                io.atoll.base.InvalidConfigException.class,
                () -> driver.setQuota(volume, java.util.OptionalLong.of(1L << 30)));
    }
}
