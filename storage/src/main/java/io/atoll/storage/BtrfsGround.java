package io.atoll.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.Loop;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/// A btrfs: in a file of its own, on a device, or a directory of one that is mounted already.
final class BtrfsGround implements PoolGround {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);

    /// What mkfs.btrfs asks for at least.
    private static final long SIZE_MIN = 110L << 20;

    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private static final long DEFAULT_MIN = 5L << 30;
    private static final long DEFAULT_MAX = 30L << 30;

    private final PoolSpec pool;
    private final SourceDirectory directory;

    /// Where the host's device manager, if it has one, names file systems.
    private static final Path BY_UUID = Path.of("/dev/disk/by-uuid");

    private static final Duration NAMING_PATIENCE = Duration.ofSeconds(10);
    private static final Duration NAMING_PAUSE = Duration.ofMillis(20);

    private final Path byUuid;

    BtrfsGround(PoolSpec pool) {
        this(pool, BY_UUID);
    }

    /// @param byUuid has a link to a device for each file system, or does not exist
    BtrfsGround(PoolSpec pool, Path byUuid) {
        this.pool = pool;
        this.directory = new SourceDirectory(pool);
        this.byUuid = byUuid;
    }

    private enum Kind {
        FILE,
        DEVICE,
        DIRECTORY
    }

    /// Where the file of a pool lies whose owner did not say: beside all pools.
    private Path ownFile() {
        Path pools = Optional.ofNullable(pool.path().getParent()).orElse(pool.path());
        return pools.resolveSibling("disks").resolve(pool.name() + ".img");
    }

    private boolean isNamedByUuid() {
        return pool.get("source").filter(UUID_FORM.asMatchPredicate()).isPresent();
    }

    private Path source() {
        if (isNamedByUuid()) {
            return byUuid.resolve(pool.get("source").orElseThrow());
        }
        Path source = pool.get("source").map(Path::of).orElseGet(this::ownFile);
        if (!source.isAbsolute()) {
            throw new InvalidConfigException("Source path \"" + source + "\" is not absolute");
        }
        return source.normalize();
    }

    private Kind kind() {
        Path source = source();
        if (source.equals(ownFile()) || Files.isRegularFile(source)) {
            return Kind.FILE;
        }
        if (Files.isDirectory(source)) {
            return Kind.DIRECTORY;
        }
        if ((source.startsWith("/dev") || isNamedByUuid()) && Files.exists(source)) {
            return Kind.DEVICE;
        }
        throw new InvalidConfigException(
                isNamedByUuid()
                        ? "No device has the btrfs " + pool.get("source").orElseThrow()
                        : "Source \"" + source + "\" is neither a directory nor a device");
    }

    @Override
    public Map<String, String> create() {
        if (Commands.find("mkfs.btrfs").isEmpty() || Commands.find("btrfs").isEmpty()) {
            throw new UnsupportedException(
                    "Driver \"btrfs\" needs the programs of btrfs-progs on this host");
        }
        Map<String, String> config = new TreeMap<>(pool.config());
        switch (kind()) {
            case FILE -> {
                long size = makeFile();
                config.putIfAbsent("size", size + "B");
            }
            case DEVICE -> {
                config.put("volatile.initial_source", source().toString());
                config.put("source", formatDevice());
                return config;
            }
            case DIRECTORY -> {
                checkSize();
                Map<String, String> _ = directory.create();
            }
        }
        config.put("source", source().toString());
        return config;
    }

    /// Devices may have another number after the next start of the host, file systems keep theirs.
    ///
    /// @return what finds it again
    private String formatDevice() {
        String uuid = UUID.randomUUID().toString();
        format(source(), "--uuid", uuid);
        long deadline = System.nanoTime() + NAMING_PATIENCE.toNanos();
        while (Files.isDirectory(byUuid) && System.nanoTime() < deadline) {
            if (Files.exists(byUuid.resolve(uuid))) {
                return uuid;
            }
            LockSupport.parkNanos(NAMING_PAUSE.toNanos());
        }
        return source().toString();
    }

    private void checkSize() {
        if (pool.get("size").isPresent()) {
            throw new InvalidConfigException(
                    "Invalid option for this driver: \"size\" is for pools in a file of their own");
        }
    }

    private long makeFile() {
        Path file = source();
        if (!file.equals(ownFile())) {
            // A file that somebody has there is formatted as a device would be.
            format(file);
            return PoolDirectories.io("look at", file, () -> Files.size(file));
        }
        return PoolDirectories.io(
                "create",
                file,
                () -> {
                    Path folder = Optional.ofNullable(file.getParent()).orElse(file);
                    Path _ = Files.createDirectories(folder);
                    long size = size(folder);
                    if (Files.exists(file)) {
                        throw new InvalidConfigException("There is a file " + file + " already");
                    }
                    try {
                        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
                            disk.setLength(size);
                        }
                        format(file);
                    } catch (IOException | RuntimeException e) {
                        Files.deleteIfExists(file);
                        throw e;
                    }
                    return size;
                });
    }

    /// As given, else a fifth of what is free there, within bounds.
    private long size(Path folder) throws IOException {
        Optional<String> given = pool.get("size");
        if (given.isPresent()) {
            long size = ByteSize.parse(given.get()).bytes();
            if (size < SIZE_MIN) {
                throw new InvalidConfigException("Invalid size: btrfs needs at least 110MiB");
            }
            return size;
        }
        long free = FileSystemStat.of(folder.toString()).freeBytes();
        return Math.clamp(free / 5, DEFAULT_MIN, DEFAULT_MAX);
    }

    /// Refuses what has a file system already.
    private void format(Path target, String... options) {
        List<String> argv = new ArrayList<>(List.of("mkfs.btrfs", "--quiet"));
        argv.addAll(List.of("--label", pool.name()));
        argv.addAll(List.of(options));
        argv.add(target.toString());
        try {
            Commands.Result _ = Commands.run(Command.of(argv).timeout(TIMEOUT));
        } catch (CommandFailed e) {
            throw new InvalidConfigException(
                    "Failed to make a btrfs on \"" + target + "\": " + e.stderrTail().strip(), e);
        }
    }

    @Override
    public void mount() {
        if (kind() == Kind.DIRECTORY) {
            directory.mount();
            return;
        }
        Path _ =
                PoolDirectories.io(
                        "mount", pool.path(), () -> Files.createDirectories(pool.path()));
        if (!Mounts.isMountPoint(pool.path().toString())) {
            PlatformThreads.run(this::mountFileSystem);
        }
    }

    private void mountFileSystem() {
        try {
            if (kind() == Kind.DEVICE) {
                mount(source().toString());
                return;
            }
            try (Loop.Device loop = Loop.attach(source(), false)) {
                mount(loop.path());
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ENODEV)) {
                throw new UnsupportedException("This kernel has no btrfs", e);
            }
            throw PoolDirectories.storage("mount", source(), e);
        }
    }

    private void mount(String device) {
        try (FsContext context = FsContext.open("btrfs")) {
            context.set("source", device).flag("user_subvol_rm_allowed");
            String options = pool.get("btrfs.mount_options").orElse("");
            for (String option : options.split(",")) {
                String[] parts = option.strip().split("=", 2);
                if (parts.length == 2) {
                    context.set(parts[0], parts[1]);
                } else if (!parts[0].isEmpty()) {
                    context.flag(parts[0]);
                }
            }
            try (Fd mount = context.mount(Set.of())) {
                Mounts.move(mount, pool.path().toString());
            }
        }
    }

    @Override
    public boolean unmount() {
        if (kind() == Kind.DIRECTORY) {
            return directory.unmount();
        }
        boolean isMounted =
                Files.isDirectory(pool.path()) && Mounts.isMountPoint(pool.path().toString());
        if (isMounted) {
            PlatformThreads.run(() -> Mounts.umount(pool.path().toString(), true));
        }
        return isMounted;
    }

    @Override
    public void delete() {
        if (source().equals(ownFile())) {
            boolean _ =
                    PoolDirectories.io("delete", source(), () -> Files.deleteIfExists(source()));
        }
    }
}
