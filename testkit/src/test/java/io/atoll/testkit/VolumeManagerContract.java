package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// Drivers whose volumes are those of a volume manager, against one of the tests' own.
abstract class VolumeManagerContract<H extends FakeHost> extends StorageDriverContract {
    private final String name;
    private final Map<String, String> keys;
    private final Function<Path, H> hostFactory;
    private final Map<Path, H> hosts = new HashMap<>();

    /// @param keys of each pool
    VolumeManagerContract(String name, Map<String, String> keys, Function<Path, H> hostFactory) {
        this.name = name;
        this.keys = Map.copyOf(keys);
        this.hostFactory = hostFactory;
    }

    @Override
    protected final StorageDriver driver(PoolSpec spec) {
        H host =
                hosts.computeIfAbsent(
                        spec.path(), path -> hostFactory.apply(path.resolveSibling("backing")));
        Map<String, String> config = new HashMap<>(keys);
        config.putAll(spec.config());
        if (!config.containsKey("source")) {
            config.put("size", "256MiB");
        }
        return StorageDrivers.open(
                name, new PoolSpec(spec.name(), spec.path(), config), IdmapProbe.KERNEL, host);
    }

    /// The host of the pool `p1`.
    final H host() {
        return hosts.get(pool().path());
    }

    @Override
    protected final long diskBytes(long wanted) {
        long unit = name.equals("lvm") ? 4L << 20 : 16L << 10;
        return Math.ceilDiv(wanted, unit) * unit;
    }

    @Override
    protected boolean isMountedByDriver() {
        return true;
    }

    /// Leaves on the host of the container `c1` what a daemon leaves that is killed.
    abstract void leaveHalfMade();

    /// What of that is there, in any form.
    abstract List<String> halfMade();

    /// The commands that end a pool.
    abstract List<String> ending();

    @Override
    @Test
    void sweepsWhatAKillLeft() throws IOException {
        Path left = Files.createDirectories(pool().path().resolve(".making/0-killed/rootfs"));
        pool().driver().createEmpty(VolumeName.container("c1"));
        leaveHalfMade();
        StorageDriver driver = pool().reopen();
        assertFalse(Files.exists(left));
        assertEquals(List.of("c1"), driver.volumes(VolumeType.CONTAINER));
        assertEquals(List.of(), halfMade());
    }

    /// A source is a name here, no directory.
    @Override
    @Test
    void bindsASourceAndDeletesThePool() {
        VolumeName volume = VolumeName.custom("v");
        StorageDriver driver = pool().driver();
        driver.createEmpty(volume);
        driver.delete(volume);
        int before = host().log().size();
        driver.deletePool();
        assertFalse(Files.exists(pool().path()));
        List<String> commands = host().log().stream().skip(before).toList();
        assertTrue(commands.containsAll(ending()), commands.toString());
        Map<String, String> _ = driver.createPool();
    }

    /// What `recover` asks of a pool that no record knows.
    @Test
    void findsWhatIsThere() {
        VolumeName files = VolumeName.custom("default_my-files");
        VolumeName disk = VolumeName.custom("default_disk");
        StorageDriver driver = pool().driver();
        driver.createEmpty(files);
        driver.createSnapshot(files, "s-0");
        driver.createBlock(disk, 1 << 20);
        driver.createEmpty(VolumeName.container("c-1"));
        assertTrue(driver.unmountPool());
        StorageDriver other = pool().reopen();
        assertEquals(List.of("default_disk", "default_my-files"), other.volumes(VolumeType.CUSTOM));
        assertEquals(List.of("c-1"), other.volumes(VolumeType.CONTAINER));
        assertEquals(List.of("s-0"), other.snapshots(files));
        assertTrue(other.disk(disk.current()).isPresent());
        assertFalse(other.disk(files.current()).isPresent());
    }

    @Override
    protected boolean areSnapshotsCopies() {
        return true;
    }
}
