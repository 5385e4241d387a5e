package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.storage.IdmapProbe;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
                        "lvcreate --name making_0 --virtualsize 512b --thinpool p1/LXDThinPool",
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
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.matches("(lvs|vgs|blkid) .*"))
                        .toList());
        assertEquals(20L << 30, driver.quota(volume).orElseThrow());
    }

    /// The file system gives way first; what does not fit, or is in use, stays as it is.
    @Test
    void volumesGetSmallerWithTheirFileSystem() throws IOException {
        VolumeName volume = VolumeName.custom("default_v");
        StorageDriver driver = pool().driver();
        driver.useSettings(_ -> Map.of("size", "2GiB"));
        driver.createEmpty(volume);
        Path at = driver.directory(volume.current());
        Files.write(at.resolve("rootfs/file"), new byte[8 << 20]);
        int before = host().log().size();
        driver.setQuota(volume, OptionalLong.of(1L << 30));
        assertEquals(
                List.of(
                        "e2fsck -f -p /dev/p1/custom_default_v",
                        "resize2fs /dev/p1/custom_default_v 1048576K",
                        "lvresize --force --size 1073741824b p1/custom_default_v",
                        "mount -t ext4 -o discard /dev/p1/custom_default_v " + at),
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.matches("(lvs|vgs|blkid) .*"))
                        .toList());
        assertEquals(1L << 30, driver.quota(volume).orElseThrow());
        assertThrows(
                DomainException.class, () -> driver.setQuota(volume, OptionalLong.of(1 << 20)));
        assertEquals(1L << 30, driver.quota(volume).orElseThrow());
        assertEquals(8 << 20, Files.size(at.resolve("rootfs/file")), "it is mounted again");
        try (Fd _ = Opens.open(at.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            assertThrows(
                    BusyException.class, () -> driver.setQuota(volume, OptionalLong.of(1L << 29)));
        }
        VolumeName grows = VolumeName.custom("default_x");
        driver.useSettings(_ -> Map.of("size", "2GiB", "block.filesystem", "xfs"));
        driver.createEmpty(grows);
        assertThrows(
                InvalidConfigException.class,
                () -> driver.setQuota(grows, OptionalLong.of(1L << 30)));
    }

    /// Words that LVM keeps for itself are in the names of volumes, not in those of LVM.
    @Test
    void namesMayBeAsLvmsOwn() {
        StorageDriver driver = pool().driver();
        for (String name : List.of("tdata", "tmeta-1", "default_my_cdata", "snapshot")) {
            VolumeName volume = VolumeName.custom(name);
            driver.createEmpty(volume);
            driver.createSnapshot(volume, "tdata");
        }
        driver.createEmpty(VolumeName.container("cvol"));
        StorageDriver again = pool().reopen();
        assertEquals(
                List.of("default_my_cdata", "snapshot", "tdata", "tmeta-1"),
                again.volumes(VolumeType.CUSTOM));
        assertEquals(List.of("tdata"), again.snapshots(VolumeName.custom("tdata")));
        assertEquals(List.of("cvol"), again.volumes(VolumeType.CONTAINER));
        assertTrue(host().run(List.of("lvs")).contains(" custom_+74data|"));
    }

    /// What others have in a thin pool that was there before stays.
    @Test
    void aThinPoolThatOthersUseStays() {
        StorageDriver driver = pool().driver();
        PoolSpec shared =
                new PoolSpec(
                        "p2",
                        pool().path().resolveSibling("p2"),
                        Map.of("source", "p1", "lvm.vg.force_reuse", "true"));
        String _ =
                host().run(
                                List.of(
                                        "lvcreate --name others --virtualsize 512b --thinpool p1/LXDThinPool"
                                                .split(" ")));
        StorageDriver second = StorageDrivers.open("lvm", shared, IdmapProbe.KERNEL, host());
        Map<String, String> _ = second.createPool();
        second.deletePool();
        assertTrue(host().run(List.of("lvs")).contains(" others|LXDThinPool|"));
        assertTrue(host().run(List.of("lvs")).contains(" LXDThinPool|"));
        assertEquals(List.of(), driver.volumes(VolumeType.CONTAINER));
    }

    /// As `.block`, which LXD finds too.
    @Test
    void disksAreVolumesOfLvm() throws IOException {
        VolumeName volume = VolumeName.custom("default_my-disk");
        StorageDriver driver = pool().driver();
        int before = host().log().size();
        driver.createBlock(volume, 5 << 20);
        driver.createSnapshot(volume, "s-0");
        driver.setQuota(volume, OptionalLong.of(9 << 20));
        driver.restore(volume, "s-0");
        driver.delete(volume);
        List<String> ran =
                host().log().stream()
                        .skip(before)
                        .filter(c -> !c.matches("(lvs|vgs) .*"))
                        .map(c -> c.replaceAll("making_[0-9a-f+-]*", "making_UUID"))
                        .toList();
        String lv = "custom_default_my--disk";
        assertEquals(
                List.of(
                        "lvcreate --yes --wipesignatures y --name making_UUID.block --virtualsize"
                                + " 8388608b --thinpool p1/LXDThinPool",
                        "lvrename p1 making_UUID.block " + lv + ".block",
                        "lvcreate --yes --snapshot --setactivationskip n --name "
                                + lv
                                + "-s--0.block p1/"
                                + lv
                                + ".block",
                        "lvresize --force --size 12582912b p1/" + lv + ".block",
                        "lvcreate --yes --snapshot --setactivationskip n --name restored_"
                                + lv
                                + ".block p1/"
                                + lv
                                + "-s--0.block",
                        "lvremove --force p1/" + lv + ".block",
                        "lvrename p1 restored_" + lv + ".block " + lv + ".block",
                        "lvremove --force p1/" + lv + "-s--0.block",
                        "lvremove --force p1/" + lv + ".block"),
                ran);
        VolumeName files = VolumeName.custom("default_x.block");
        driver.createFilled(files, (_, root) -> Files.writeString(root.resolve("f"), "x"));
        assertEquals(List.of("default_x.block"), pool().reopen().volumes(VolumeType.CUSTOM));
        assertEquals(Optional.empty(), pool().driver().disk(files.current()));
    }

    @Test
    void volumesAreAsTheirOwnersWantThem() {
        VolumeName volume = VolumeName.custom("default_v");
        StorageDriver driver = pool().driver();
        driver.useSettings(_ ->
                Map.of(
                        "block.filesystem", "xfs",
                        "block.mount_options", "noatime",
                        "size", "1GB"));
        int before = host().log().size();
        driver.createEmpty(volume);
        assertTrue(Files.isDirectory(driver.directory(volume.current())));
        driver.setQuota(volume, OptionalLong.of(1_000_000_000));
        driver.setQuota(volume, OptionalLong.of(2L << 30));
        List<String> ran = host().log().subList(before, host().log().size());
        assertTrue(ran.stream().anyMatch(c -> c.contains("--virtualsize 1000000000b")), ran + "");
        assertTrue(ran.stream().anyMatch(c -> c.startsWith("mkfs.xfs -q -K /dev/p1/")), ran + "");
        String at = pool().path().resolve("custom/default_v").toString();
        assertTrue(
                ran.contains("mount -t xfs -o noatime,nouuid /dev/p1/custom_default_v " + at),
                ran + "");
        assertTrue(ran.contains("xfs_growfs " + at), ran + "");
    }
}
