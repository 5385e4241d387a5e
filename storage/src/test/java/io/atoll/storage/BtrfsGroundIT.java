package io.atoll.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Commands;
import io.atoll.linux.Loop;
import io.atoll.linux.Mounts;
import io.atoll.linux.ProcFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a device that has a name by its file system, with a directory of the test's own for these.
/// Needs root.
@Tag("privileged")
class BtrfsGroundIT {
    @TempDir Path folder;

    @BeforeEach
    void assumeBtrfs() {
        boolean isThere =
                ProcFiles.readIfPresent("/proc/filesystems").orElse("").contains("\tbtrfs\n");
        Assumptions.assumeTrue(isThere, "this kernel has no btrfs");
        Assumptions.assumeTrue(Commands.find("mkfs.btrfs").isPresent(), "no btrfs-progs");
    }

    private BtrfsGround ground(String source, Path names) {
        PoolSpec pool = new PoolSpec("p", folder.resolve("pools/p"), Map.of("source", source));
        return new BtrfsGround(pool, names);
    }

    @Test
    void findsADeviceByItsFileSystem() throws IOException {
        Path disk = folder.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(128 << 20);
        }
        Path names = folder.resolve("by-uuid");
        String uuid = "0f4b6e2a-7f0e-4c39-8a56-0cf4f1a5b7de";
        try (Loop.Device device = Loop.attach(disk, false)) {
            Map<String, String> config = ground(device.path(), names).create();
            assertEquals(device.path(), config.get("source"), "nothing names devices here");
            assertEquals(device.path(), config.get("volatile.initial_source"));
            Files.createDirectory(names);
            Files.createSymbolicLink(names.resolve(uuid), Path.of(device.path()));
            BtrfsGround named = ground(uuid, names);
            named.mount();
            assertTrue(Mounts.isMountPoint(folder.resolve("pools/p").toString()));
            assertTrue(named.unmount());
        }
    }
}
