package io.atoll.testkit;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.Directories;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FsContext;
import io.atoll.linux.Inodes;
import io.atoll.linux.Loop;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Assumptions;

/// A storage pool in a directory of its own, gone with all it holds when closed.
public final class TempPool implements AutoCloseable {
    private final Path base;
    private final PoolSpec spec;
    private final Function<PoolSpec, StorageDriver> factory;
    private final boolean ownFileSystem;
    private StorageDriver driver;

    private TempPool(Path base, Function<PoolSpec, StorageDriver> factory, boolean ownFileSystem) {
        this.base = base;
        this.factory = factory;
        this.ownFileSystem = ownFileSystem;
        this.spec = new PoolSpec("p1", base.resolve("pools/p1"), Map.of());
        this.driver = factory.apply(spec);
        try {
            Map<String, String> unused = driver.createPool();
        } catch (RuntimeException e) {
            deleteFiles();
            throw e;
        }
    }

    /// Skips a test where the kernel or the host has no btrfs.
    public static void assumeBtrfs() {
        boolean isThere =
                ProcFiles.readIfPresent("/proc/filesystems").orElse("").contains("\tbtrfs\n");
        Assumptions.assumeTrue(isThere, "this kernel has no btrfs");
        Assumptions.assumeTrue(Commands.find("mkfs.btrfs").isPresent(), "no btrfs-progs");
    }

    /// In a directory `/tmp/MARKER-*`.
    public static TempPool create(String marker, Function<PoolSpec, StorageDriver> factory)
            throws IOException {
        return new TempPool(
                Files.createTempDirectory(Path.of("/tmp"), marker + "-"), factory, false);
    }

    /// On an ext4 file system of its own, of the given size.
    public static TempPool createSmall(
            String marker, int mebibytes, Function<PoolSpec, StorageDriver> factory)
            throws IOException {
        return createOn(marker, mebibytes, List.of("mkfs.ext4", "-q", "-F"), "", factory);
    }

    /// On a file system of its own that keeps project quotas.
    public static TempPool createWithQuotas(
            String marker, int mebibytes, Function<PoolSpec, StorageDriver> factory)
            throws IOException {
        return createOn(
                marker,
                mebibytes,
                List.of("mkfs.ext4", "-q", "-F", "-O", "quota,project", "-E", "quotatype=prjquota"),
                "prjquota",
                factory);
    }

    private static TempPool createOn(
            String marker,
            int mebibytes,
            List<String> mkfs,
            String flag,
            Function<PoolSpec, StorageDriver> factory)
            throws IOException {
        Path base = Files.createTempDirectory(Path.of("/tmp"), marker + "-");
        Path file = base.resolve("disk");
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength((long) mebibytes << 20);
        }
        List<String> argv = new ArrayList<>(mkfs);
        argv.add(file.toString());
        Commands.Result unused = Commands.run(Command.of(argv));
        Path pools = Files.createDirectory(base.resolve("pools"));
        try (Loop.Device loop = Loop.attach(file, false);
                FsContext context = FsContext.open("ext4")) {
            context.set("source", loop.path());
            if (!flag.isEmpty()) {
                context.flag(flag);
            }
            try (Fd mount = context.mount(Set.of())) {
                Mounts.move(mount, pools.toString());
            }
        } catch (RuntimeException e) {
            deleteBase(base);
            throw e;
        }
        return new TempPool(base, factory, true);
    }

    public StorageDriver driver() {
        return driver;
    }

    public Path path() {
        return spec.path();
    }

    /// The same pool as a daemon sees it that was started anew.
    public StorageDriver reopen() {
        driver = factory.apply(spec);
        driver.mountPool();
        return driver;
    }

    /// A scratch directory beside the pool.
    public Path scratch(String name) throws IOException {
        return Files.createDirectories(base.resolve(name));
    }

    @Override
    public void close() {
        driver.awaitDeletions();
        boolean unused = driver.unmountPool();
        deleteFiles();
    }

    private void deleteFiles() {
        if (ownFileSystem) {
            Mounts.umount(base.resolve("pools").toString(), false);
        }
        deleteBase(base);
    }

    private static void deleteBase(Path base) {
        try (Fd tmp = Opens.open("/tmp", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            Inodes.deleteTree(tmp, base.getFileName().toString());
        }
    }

    /// What is half made in the pool at this moment; empty unless somebody is making a volume.
    public List<String> halfMade() {
        try (Fd directory =
                Opens.open(
                        spec.path().resolve(".making").toString(),
                        Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
                        0)) {
            return Directories.list(directory).stream().map(Directories.Entry::name).toList();
        }
    }
}
