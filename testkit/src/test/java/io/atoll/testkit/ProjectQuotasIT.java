package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Limits of volumes: project quotas on ext4, qgroups on btrfs. Needs root.
@Tag("privileged")
class ProjectQuotasIT {
    private static final VolumeName V = VolumeName.custom("default_v");
    private static final long LIMIT = 8L << 20;

    private static Path files(StorageDriver driver, VolumeName volume) {
        return ((RootfsLayers.Directory) driver.layers(volume.current(), Idmap.NONE)).path();
    }

    private static TempPool pool(String driver) throws IOException {
        if (driver.equals("btrfs")) {
            TempPool.assumeBtrfs();
        }
        return driver.equals("btrfs")
                ? TempPool.create(
                        "atoll-quota",
                        spec ->
                                StorageDrivers.open(
                                        "btrfs",
                                        new io.atoll.storage.PoolSpec(
                                                spec.name(),
                                                spec.path(),
                                                Map.of("size", "512MiB"))))
                : onExt4(driver);
    }

    private static TempPool onExt4(String driver) throws IOException {
        try {
            return TempPool.createWithQuotas(
                    "atoll-quota", 128, spec -> StorageDrivers.open(driver, spec));
        } catch (ErrnoException e) {
            Assumptions.assumeFalse(
                    e.is(Errno.EINVAL), "this kernel has no quotas on ext4 (CONFIG_QFMT_V2)");
            throw e;
        }
    }

    /// ext4 lets who may exceed resource limits exceed quotas, too: root of the host, not that of
    /// an unprivileged container.
    private static void assertFull(Path file) {
        Program.Output full =
                Program.of("setpriv", "--bounding-set=-sys_resource", "dd", "bs=1M", "count=64")
                        .run("if=/dev/zero", "of=" + file);
        assertEquals(1, full.exit(), full.toString());
        assertTrue(full.err().contains("quota"), full.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"dir", "overlay", "btrfs"})
    void limitsAVolume(String name) throws Exception {
        try (TempPool pool = pool(name)) {
            StorageDriver driver = pool.driver();
            driver.createEmpty(V);
            Files.write(files(driver, V).resolve("before"), new byte[1 << 20]);
            assertEquals(OptionalLong.empty(), driver.quota(V));
            driver.setQuota(V, OptionalLong.of(LIMIT));
            assertEquals(OptionalLong.of(LIMIT), driver.quota(V));
            assertFull(files(driver, V).resolve("big"));
            assertTrue(driver.usage(V.current()).orElseThrow() >= 1 << 20);
            Files.delete(files(driver, V).resolve("big"));
            driver.setQuota(V, OptionalLong.empty());
            assertEquals(OptionalLong.empty(), driver.quota(V));
            Files.write(files(driver, V).resolve("big"), new byte[16 << 20]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dir", "btrfs"})
    void keepsTheLimitThroughARestore(String name) throws Exception {
        try (TempPool pool = pool(name)) {
            StorageDriver driver = pool.driver();
            driver.createEmpty(V);
            driver.setQuota(V, OptionalLong.of(LIMIT));
            driver.createSnapshot(V, "s");
            driver.restore(V, "s");
            assertEquals(OptionalLong.of(LIMIT), driver.quota(V));
            assertFull(files(driver, V).resolve("big"));
            driver.rename(V, "default_w");
            assertEquals(OptionalLong.of(LIMIT), driver.quota(VolumeName.custom("default_w")));
        }
    }

    @Test
    void saysThatTheFileSystemKeepsNoAccounts() throws Exception {
        try (TempPool pool =
                TempPool.createSmall("atoll-quota", 64, spec -> StorageDrivers.open("dir", spec))) {
            pool.driver().createEmpty(V);
            UnsupportedException refused =
                    assertThrows(
                            UnsupportedException.class,
                            () -> pool.driver().setQuota(V, OptionalLong.of(LIMIT)));
            assertTrue(refused.getMessage().contains("prjquota"), refused.getMessage());
            pool.driver().setQuota(V, OptionalLong.empty());
        }
    }
}
