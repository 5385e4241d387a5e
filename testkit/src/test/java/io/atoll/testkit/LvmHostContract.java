package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// LVM as the host has it: volume groups in files, taken over as they are.
abstract class LvmHostContract extends StorageDriverContract {
    private static final String PREFIX = "atollpool";
    private static final long GROUP_BYTES = 8L << 30;

    /// A volume group on a loop device.
    private record Group(String name, Path file, String device) {}

    private final Map<String, String> keys;
    private final Map<Path, Group> groups = new HashMap<>();

    LvmHostContract(Map<String, String> keys) {
        this.keys = Map.copyOf(keys);
    }

    static String run(String... argv) {
        return Commands.run(Command.of(argv)).text();
    }

    /// What the kernel needs for such volumes, `dm-thin-pool`.
    abstract String module();

    @Override
    @BeforeEach
    void makePool() throws IOException {
        Assumptions.assumeTrue(Commands.find("lvm").isPresent(), "lvm2 is not installed");
        Assumptions.assumeTrue(hasTarget(), "this kernel has no " + module());
        super.makePool();
    }

    private boolean hasTarget() {
        try {
            String _ = run("modprobe", "dm-mod");
            String _ = run("modprobe", module());
        } catch (CommandFailed _) {
            return false;
        }
        return ProcFiles.readIfPresent("/proc/devices").orElse("").contains(" device-mapper\n");
    }

    @Override
    @AfterEach
    void removePool() {
        if (groups.isEmpty()) {
            return;
        }
        try {
            super.removePool();
        } finally {
            for (Group group : groups.values()) {
                String _ = run("vgremove", "--force", "--force", "--yes", group.name());
                String _ = run("losetup", "--detach", group.device());
                boolean _ = group.file().toFile().delete();
            }
            groups.clear();
        }
    }

    private Group group(Path pool) {
        String name = PREFIX + ProcessHandle.current().pid() + "x" + groups.size();
        try {
            Path file = Files.createTempFile(PREFIX, "");
            try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
                disk.setLength(GROUP_BYTES);
            }
            String device = run("losetup", "--find", "--show", file.toString()).strip();
            String _ = run("vgcreate", name, device);
            return new Group(name, file, device);
        } catch (IOException e) {
            throw new AssertionError("no group for " + pool, e);
        }
    }

    @Override
    protected final StorageDriver driver(PoolSpec spec) {
        Group group = groups.computeIfAbsent(spec.path(), this::group);
        Map<String, String> config = new HashMap<>(keys);
        config.put("source", group.name());
        config.put("lvm.vg_name", group.name());
        config.put("volume.size", "128MiB");
        config.putAll(spec.config());
        return StorageDrivers.open("lvm", new PoolSpec(spec.name(), spec.path(), config));
    }

    /// What the group of the pool `p1` has, as `lvs` says.
    final List<String> volumes() {
        Group group = Optional.ofNullable(groups.get(pool().path())).orElseThrow();
        return run("lvs", "--noheadings", "-o", "lv_name", group.name())
                .lines()
                .map(String::strip)
                .toList();
    }

    final String groupName() {
        return Optional.ofNullable(groups.get(pool().path())).orElseThrow().name();
    }

    @Override
    protected final long diskBytes(long wanted) {
        long extent = 4L << 20;
        return Math.ceilDiv(wanted, extent) * extent;
    }

    @Override
    protected boolean isMountedByDriver() {
        return true;
    }

    /// Leaves of the container `c1` what a daemon leaves that is killed.
    abstract void leaveHalfMade(String group);

    @Override
    @Test
    void sweepsWhatAKillLeft() {
        pool().driver().createEmpty(VolumeName.container("c1"));
        leaveHalfMade(groupName());
        StorageDriver driver = pool().reopen();
        assertEquals(List.of("c1"), driver.volumes(VolumeType.CONTAINER));
        assertTrue(Files.isDirectory(driver.directory(VolumeName.container("c1").current())));
        assertEquals(
                List.of(),
                volumes().stream().filter(lv -> lv.matches("(making|restored)_.*")).toList());
    }

    @Override
    @Test
    void bindsASourceAndDeletesThePool() {
        StorageDriver driver = pool().driver();
        VolumeName volume = VolumeName.custom("v");
        driver.createEmpty(volume);
        driver.delete(volume);
        driver.deletePool();
        assertEquals(List.of(), volumes());
        assertFalse(Files.exists(pool().path()));
        Map<String, String> _ = driver.createPool();
    }

    /// A full thin pool lets writers wait; a full thick snapshot is lost.
    @Override
    void revertsInAFullPool() {}

    @Override
    void saysThatTheDiskIsFull() {}

    /// In a file of its own, which goes with it.
    @Test
    void aPoolOfItsOwn() throws IOException {
        Path mount = pool().scratch("own").resolve("pool");
        Map<String, String> config = new HashMap<>(keys);
        config.put("size", "1GiB");
        config.put("volume.size", "128MiB");
        config.put("volume.block.filesystem", "xfs");
        config.put("volume.size", "320MiB");
        PoolSpec spec = new PoolSpec(groupName() + "own", mount, config);
        StorageDriver made = StorageDrivers.open("lvm", spec);
        Map<String, String> recorded = made.createPool();
        VolumeName volume = VolumeName.custom("default_tdata");
        made.createFilled(volume, (_, root) -> Files.writeString(root.resolve("f"), "old"));
        assertEquals(true, made.unmountPool());
        StorageDriver again =
                StorageDrivers.open("lvm", new PoolSpec(spec.name(), spec.path(), recorded));
        again.mountPool();
        Path file = again.directory(volume.current()).resolve("rootfs/f");
        assertEquals("old", Files.readString(file));
        again.createSnapshot(volume, "s0");
        Files.writeString(file, "new");
        again.restore(volume, "s0");
        assertEquals(
                "old", Files.readString(again.directory(volume.current()).resolve("rootfs/f")));
        assertEquals(
                "old",
                Files.readString(again.directory(volume.snapshot("s0")).resolve("rootfs/f")));
        again.delete(volume);
        again.deletePool();
        assertFalse(run("vgs", "--noheadings", "-o", "vg_name").contains(spec.name()));
        assertFalse(run("losetup", "--list").contains(spec.name()));
    }

    @Test
    void sizesChangeWhatThereIs() throws IOException {
        StorageDriver driver = pool().driver();
        VolumeName volume = VolumeName.custom("default_v");
        driver.createFilled(volume, (_, root) -> Files.write(root.resolve("f"), new byte[8 << 20]));
        Path at = driver.directory(volume.current());
        driver.setQuota(volume, OptionalLong.of(256 << 20));
        assertEquals(256 << 20, driver.quota(volume).orElseThrow());
        assertEquals(256, at.toFile().getTotalSpace() >> 20, 24);
        driver.setQuota(volume, OptionalLong.of(64 << 20));
        assertEquals(64 << 20, driver.quota(volume).orElseThrow());
        assertEquals(64, at.toFile().getTotalSpace() >> 20, 12);
        assertEquals(8 << 20, Files.size(at.resolve("rootfs/f")));
        driver.createSnapshot(volume, "s0");
        driver.setQuota(volume, OptionalLong.of(192 << 20));
        assertEquals(192 << 20, driver.quota(volume).orElseThrow());
        assertEquals(192, at.toFile().getTotalSpace() >> 20, 24);
        driver.restore(volume, "s0");
        assertEquals(192 << 20, driver.quota(volume).orElseThrow());
        VolumeName tiny = VolumeName.custom("default_tiny");
        driver.createFilled(tiny, (_, root) -> Files.write(root.resolve("f"), new byte[40 << 20]));
        RuntimeException refused =
                assertThrows(
                        RuntimeException.class,
                        () -> driver.setQuota(tiny, OptionalLong.of(16 << 20)));
        assertFalse(refused instanceof InvalidConfigException && driver.quota(tiny).isEmpty());
        assertEquals(128 << 20, driver.quota(tiny).orElseThrow());
        assertEquals(40 << 20, Files.size(driver.directory(tiny.current()).resolve("rootfs/f")));
    }
}
