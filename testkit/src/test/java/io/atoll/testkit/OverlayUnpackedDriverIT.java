package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.UnsupportedException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileSystemStat;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// As on a kernel that maps ids on disk file systems but not on squashfs, Linux 6.1.
class OverlayUnpackedDriverIT extends StorageDriverContract {
    private static final long SQUASHFS_MAGIC = 0x73717368;

    @Override
    protected StorageDriver driver(PoolSpec spec) {
        return StorageDrivers.open("overlay", spec, OverlayUnpackedDriverIT::isDisk);
    }

    private static boolean isDisk(Fd tree) {
        return FileSystemStat.of(tree.procPath()).magic() != SQUASHFS_MAGIC;
    }

    @Test
    void saysWhereIdsCannotBeMapped(@TempDir Path directory) {
        StorageDriver driver =
                StorageDrivers.open("overlay", new PoolSpec("p", directory, Map.of()), _ -> false);
        assertThrows(UnsupportedException.class, driver::createPool);
    }
}
