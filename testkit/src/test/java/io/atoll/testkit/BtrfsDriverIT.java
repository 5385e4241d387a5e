package io.atoll.testkit;

import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

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

    /// A directory of another pool's file system.
    @Override
    protected Path emptySource() throws IOException {
        return Files.createDirectory(first.resolve("source"));
    }
}
