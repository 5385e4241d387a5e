package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// In a file of its own.
class BtrfsDriverIT extends StorageDriverContract {
    private String size = "1GiB";
    private Path first = Path.of("/nonexistent");

    /// Skips where the kernel or the host lacks it.
    static void assumeBtrfs() {
        boolean isThere =
                ProcFiles.readIfPresent("/proc/filesystems").orElse("").contains("\tbtrfs\n");
        Assumptions.assumeTrue(isThere, "this kernel has no btrfs");
        Assumptions.assumeTrue(Commands.find("mkfs.btrfs").isPresent(), "no btrfs-progs");
    }

    @Override
    protected StorageDriver driver(PoolSpec spec) {
        assumeBtrfs();
        Map<String, String> config = new HashMap<>(spec.config());
        if (!config.containsKey("source")) {
            config.put("size", size);
            first = spec.path();
        }
        return StorageDrivers.open("btrfs", new PoolSpec(spec.name(), spec.path(), config));
    }

    @Override
    protected boolean hasFileSystem() {
        return true;
    }

    @Override
    protected TempPool smallPool() throws IOException {
        size = "128MiB";
        return TempPool.create("atoll-pooltest", this::driver);
    }

    @Test
    void sendsToAnotherPool() throws IOException {
        VolumeName volume = VolumeName.custom("default_from");
        StorageDriver driver = pool().driver();
        driver.createFilled(
                volume,
                List.of(new SnapshotFiller("s0", (_, files) -> write(files, "0"))),
                (_, files) -> write(files, "now"));
        try (TempPool other = TempPool.create("atoll-pooltest", this::driver)) {
            StorageDriver target = other.driver();
            assertTrue(target.createReceived(volume, driver, volume.current(), List.of("s0")));
            assertEquals("now", read(target, volume.current()));
            assertEquals("0", read(target, volume.snapshot("s0")));
            write(target.directory(volume.current()).resolve("rootfs"), "written");
            assertThrows(
                    AlreadyExistsException.class,
                    () -> target.createReceived(volume, driver, volume.current(), List.of("s0")));
            target.awaitDeletions();
            assertEquals(List.of(), other.halfMade());
        }
        driver.awaitDeletions();
    }

    private static void write(Path files, String text) throws IOException {
        Files.writeString(files.resolve("f"), text);
    }

    private static String read(StorageDriver driver, VolumeRef ref) throws IOException {
        return Files.readString(driver.directory(ref).resolve("rootfs/f"));
    }

    /// A directory of another pool's file system.
    @Override
    protected Path emptySource() throws IOException {
        return Files.createDirectory(first.resolve("source"));
    }
}
