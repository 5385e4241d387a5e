package io.atoll.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.TreeCopy;
import io.atoll.linux.Xattrs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// What the drivers have in common that keep volumes as directories of one file system. A volume's
/// directory holds
///
/// ```text
/// rootfs/                        the files
/// upper/ work/ .image            or: the changes to the image whose fingerprint is in .image
/// metadata.yaml templates/ backup.yaml      the daemon's
/// .nested/                       directories for nesting
/// ```
abstract class DirectoryDriver implements StorageDriver {
    static final String ROOTFS = "rootfs";
    static final String UPPER = "upper";
    static final String WORK = "work";
    private static final String IMAGE = ".image";
    private static final String NESTED = ".nested";
    private static final List<String> NESTED_PATHS =
            List.of("/var/lib/docker", "/var/lib/containers", "/var/lib/atoll");

    private final PoolSpec pool;
    private final PoolDirectories directories;
    private final ImageVolumes images;

    /// Held while the pool is mounted or unmounted.
    private final ReentrantLock mounting = new ReentrantLock();

    private boolean swept;

    DirectoryDriver(PoolSpec pool, IdmapProbe images) {
        this.pool = pool;
        this.directories = new PoolDirectories(pool.path());
        this.images = new ImageVolumes(directories, images);
    }

    final PoolDirectories directories() {
        return directories;
    }

    final ImageVolumes images() {
        return images;
    }

    @Override
    public final PoolSpec pool() {
        return pool;
    }

    @Override
    public final Info info() {
        String release = ProcFiles.readIfPresent("/proc/sys/kernel/osrelease").orElse("").strip();
        return new Info(driverName(), driverName().equals("dir") ? "1" : release, false);
    }

    abstract String driverName();

    /// Refuses a pool whose file system the driver cannot use, by trying.
    abstract void checkFileSystem(Path scratch) throws IOException;

    static void checkIdmap(Path scratch, IdmapProbe probe) {
        PlatformThreads.run(() -> {
            try (Fd tree = Mounts.cloneTree(scratch.toString(), false)) {
                if (!probe.canMap(tree)) {
                    throw new UnsupportedException(
                            "This kernel cannot map owner ids on the file system of \""
                                    + scratch.getParent()
                                    + "\", use a source on ext4, xfs or btrfs");
                }
            }
        });
    }

    @Override
    public final Map<String, String> createPool() {
        pool.config().keySet().forEach(DirectoryDriver::checkKey);
        Path source = source();
        return PoolDirectories.io(
                "create pool in",
                source,
                () -> {
                    boolean own = source.equals(pool.path());
                    if (own) {
                        Files.createDirectories(source);
                    } else if (!Files.isDirectory(source)) {
                        throw new InvalidConfigException(
                                "Source path \"" + source + "\" is not a directory");
                    }
                    checkEmpty(source);
                    Path scratch = Files.createTempDirectory(source, ".check");
                    try {
                        checkFileSystem(scratch);
                    } finally {
                        directories.deleteNow(scratch);
                    }
                    mountPool();
                    Map<String, String> config = new TreeMap<>(pool.config());
                    config.put("source", source.toString());
                    return config;
                });
    }

    private static void checkKey(String key) {
        if (key.equals("size")) {
            throw new InvalidConfigException(
                    "Invalid option for this driver: \"size\" is for pools in a file of their own");
        }
        boolean known =
                key.equals("source")
                        || key.startsWith("user.")
                        || key.startsWith("volatile.")
                        || key.startsWith("rsync.")
                        || key.startsWith("volume.");
        if (!known) {
            throw new InvalidConfigException(
                    "Invalid option \"" + key + "\" for pools of this driver");
        }
    }

    private static void checkEmpty(Path source) throws IOException {
        try (Stream<Path> entries = Files.list(source)) {
            // What a new file system brings along does not count.
            if (entries.anyMatch(e -> !e.getFileName().toString().equals("lost+found"))) {
                throw new InvalidConfigException("Source path \"" + source + "\" isn't empty");
            }
        }
    }

    private Path source() {
        Path source = pool.get("source").map(Path::of).orElse(pool.path());
        if (!source.isAbsolute()) {
            throw new InvalidConfigException("Source path \"" + source + "\" is not absolute");
        }
        return source.normalize();
    }

    @Override
    public final void mountPool() {
        mounting.lock();
        try {
            if (!source().equals(pool.path()) && !isMounted()) {
                PoolDirectories.io(
                        "mount", pool.path(), () -> Files.createDirectories(pool.path()));
                PlatformThreads.run(this::bind);
            }
            directories.create();
            if (!swept) {
                directories.sweep();
                swept = true;
            }
        } finally {
            mounting.unlock();
        }
    }

    private void bind() {
        try (Fd tree = Mounts.cloneTree(source().toString(), false)) {
            Mounts.move(tree, pool.path().toString());
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("mount", source(), e);
        }
    }

    private boolean isMounted() {
        return Files.isDirectory(pool.path()) && Mounts.isMountPoint(pool.path().toString());
    }

    @Override
    public final boolean unmountPool() {
        mounting.lock();
        try {
            directories.reaper().await();
            images.unmountAll();
            swept = false;
            boolean bound = !source().equals(pool.path()) && isMounted();
            if (bound) {
                PlatformThreads.run(() -> Mounts.umount(pool.path().toString(), true));
            }
            return bound;
        } finally {
            mounting.unlock();
        }
    }

    @Override
    public final void deletePool() {
        for (VolumeType type : VolumeType.values()) {
            if (type != VolumeType.IMAGE && !directories.volumes(type).isEmpty()) {
                throw new BusyException("The storage pool is currently in use");
            }
        }
        if (Files.isDirectory(pool.path())) {
            mountPool();
            unmountImagesAndEmpty();
        }
        boolean unused = unmountPool();
        PoolDirectories.io("delete pool", pool.path(), () -> Files.deleteIfExists(pool.path()));
    }

    private void unmountImagesAndEmpty() {
        directories.reaper().await();
        images.unmountAll();
        for (String name : PoolDirectories.fixedNames()) {
            directories.deleteNow(pool.path().resolve(name));
        }
    }

    @Override
    public final PoolUsage poolUsage() {
        return PoolDirectories.io(
                "look at",
                pool.path(),
                () -> {
                    FileSystemStat stat = FileSystemStat.of(pool.path().toString());
                    return new PoolUsage(
                            stat.totalBytes() - stat.freeBytes(),
                            stat.totalBytes(),
                            stat.totalInodes() - stat.freeInodes(),
                            stat.totalInodes());
                });
    }

    @Override
    public final void importImage(Fingerprint fingerprint, ImageSource source) {
        try {
            images.add(fingerprint, source);
        } catch (AlreadyExistsException failure) {
            // Another start of the same image was quicker; volumes appear whole, so what it made is
            // as good.
            if (!images.exists(fingerprint)) {
                throw failure;
            }
        }
    }

    @Override
    public final boolean hasImage(Fingerprint fingerprint) {
        return images.exists(fingerprint);
    }

    @Override
    public final void deleteImage(Fingerprint fingerprint) {
        images.delete(fingerprint, isUsed(fingerprint));
    }

    private boolean isUsed(Fingerprint image) {
        for (String name : directories.volumes(VolumeType.CONTAINER)) {
            VolumeName volume = VolumeName.container(name);
            Stream<VolumeRef> refs =
                    Stream.concat(
                            Stream.of(volume.current()),
                            snapshots(volume).stream().map(volume::snapshot));
            if (refs.anyMatch(
                    ref -> imageOf(directories.path(ref)).filter(image::equals).isPresent())) {
                return true;
            }
        }
        return false;
    }

    /// The image that a volume's directory is a layer on, if it is one.
    static Optional<Fingerprint> imageOf(Path directory) {
        return PoolDirectories.io(
                "read",
                directory,
                () -> {
                    Path mark = directory.resolve(IMAGE);
                    return Files.exists(mark)
                            ? Optional.of(new Fingerprint(Files.readString(mark).strip()))
                            : Optional.empty();
                });
    }

    static void writeImage(Path directory, Fingerprint image) throws IOException {
        Files.writeString(directory.resolve(IMAGE), image.value() + "\n");
    }

    @Override
    public final void createEmpty(VolumeName volume) {
        directories.make(volume.current(), directory -> makeRootfs(directory));
    }

    static Path makeRootfs(Path directory) throws IOException {
        Path rootfs = Files.createDirectory(directory.resolve(ROOTFS));
        return Files.setPosixFilePermissions(rootfs, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @Override
    public final void createFromImage(VolumeName volume, Fingerprint image) {
        if (!images.exists(image)) {
            throw new NotFoundException("Image " + image.abbreviated() + " is not in the pool");
        }
        Path lower = images.rootfs(image);
        directories.make(
                volume.current(),
                directory -> {
                    images.copyMetadata(image, directory);
                    fillFromImage(directory, image, lower);
                });
    }

    abstract void fillFromImage(Path directory, Fingerprint image, Path lower) throws IOException;

    @Override
    public final void createFilled(
            VolumeName volume, List<SnapshotFiller> snapshots, Filler filler) {
        List<SnapshotMaker> makers =
                snapshots.stream()
                        .map(s -> new SnapshotMaker(s.name(), maker(s.filler())))
                        .toList();
        makeAll(volume, makers, maker(filler));
    }

    private static PoolDirectories.Maker maker(Filler filler) {
        return directory -> filler.fill(directory, makeRootfs(directory));
    }

    @Override
    public final void createCopy(VolumeName target, VolumeRef source, List<String> snapshots) {
        Path from = directories.existing(source);
        List<SnapshotMaker> makers = new ArrayList<>();
        for (String name : snapshots) {
            Path snapshot = directories.existing(source.volume().snapshot(name));
            makers.add(new SnapshotMaker(name, directory -> copyVolume(snapshot, directory)));
        }
        makeAll(target, makers, directory -> copyVolume(from, directory));
    }

    /// One snapshot to make.
    private record SnapshotMaker(String name, PoolDirectories.Maker maker) {}

    /// Snapshots come first, so that a volume that is there is complete. What a kill leaves of them
    /// has no volume and is removed by the next deletion of a volume of that name.
    private void makeAll(
            VolumeName volume, List<SnapshotMaker> snapshots, PoolDirectories.Maker maker) {
        if (directories.exists(volume.current())) {
            throw new AlreadyExistsException("Volume " + volume + " already exists");
        }
        directories.deleteSnapshots(volume);
        try {
            for (SnapshotMaker snapshot : snapshots) {
                directories.make(volume.snapshot(snapshot.name()), snapshot.maker());
            }
            directories.make(volume.current(), maker);
        } catch (RuntimeException e) {
            if (!directories.exists(volume.current())) {
                directories.deleteSnapshots(volume);
            }
            throw e;
        }
    }

    /// Copies everything of a volume. An overlay's index goes along, because it says which files
    /// that share an inode in the image share one above; but its tie to one upper directory must be
    /// made anew.
    private static void copyVolume(Path from, Path to) {
        PlatformThreads.run(() -> {
            try (Fd source = PoolDirectories.openDirectory(from);
                    Fd target = PoolDirectories.openDirectory(to)) {
                long unused =
                        TreeCopy.contents(
                                source,
                                target,
                                path ->
                                        !path.startsWith(WORK + "/")
                                                || path.startsWith(WORK + "/index"));
                untie(to);
            } catch (ErrnoException e) {
                throw PoolDirectories.storage("copy", from, e);
            }
        });
    }

    private static void untie(Path volume) {
        Path index = volume.resolve(WORK).resolve("index");
        if (Files.isDirectory(index)) {
            try (Fd fd = PoolDirectories.openDirectory(index)) {
                Xattrs.remove(fd, "trusted.overlay.upper");
            }
        }
        Path upper = volume.resolve(UPPER);
        if (Files.isDirectory(upper)) {
            try (Fd fd = PoolDirectories.openDirectory(upper)) {
                Xattrs.remove(fd, "trusted.overlay.uuid");
            }
        }
    }

    @Override
    public final boolean exists(VolumeRef ref) {
        return directories.exists(ref);
    }

    @Override
    public final List<String> volumes(VolumeType type) {
        return type == VolumeType.IMAGE
                ? directories.volumes(type).stream()
                        .filter(name -> !images.isGivenUp(new Fingerprint(name)))
                        .toList()
                : directories.volumes(type);
    }

    @Override
    public final List<String> snapshots(VolumeName volume) {
        return directories.snapshots(volume);
    }

    @Override
    public final void rename(VolumeName volume, String newName) {
        directories.rename(volume, new VolumeName(volume.type(), newName));
    }

    @Override
    public final void delete(VolumeName volume) {
        Optional<Fingerprint> image =
                directories.exists(volume.current())
                        ? imageOf(directories.path(volume.current()))
                        : Optional.empty();
        directories.delete(volume);
        image.ifPresent(this::releaseImage);
    }

    private void releaseImage(Fingerprint image) {
        if (images.isGivenUp(image) && !isUsed(image)) {
            images.delete(image, false);
        }
    }

    @Override
    public final void createSnapshot(VolumeName volume, String snapshot) {
        Path from = directories.existing(volume.current());
        directories.make(volume.snapshot(snapshot), directory -> copyVolume(from, directory));
    }

    @Override
    public final void renameSnapshot(VolumeName volume, String snapshot, String newName) {
        directories.renameSnapshot(volume.snapshot(snapshot), volume.snapshot(newName));
    }

    @Override
    public final void deleteSnapshot(VolumeName volume, String snapshot) {
        directories.delete(volume.snapshot(snapshot));
    }

    @Override
    public final void restore(VolumeName volume, String snapshot) {
        Path from = directories.existing(volume.snapshot(snapshot));
        Path making = directories.aside(directory -> copyVolume(from, directory));
        directories.exchange(making, volume.current());
    }

    @Override
    public final Path directory(VolumeRef ref) {
        return directories.existing(ref);
    }

    @Override
    public final List<NestedDirectory> nestedDirectories(VolumeName volume) {
        Path nested = directories.existing(volume.current()).resolve(NESTED);
        return PoolDirectories.io(
                "prepare",
                nested,
                () -> {
                    for (String path : NESTED_PATHS) {
                        Path directory = nested.resolve(Path.of(path).getFileName().toString());
                        Files.createDirectories(directory);
                        Files.setPosixFilePermissions(
                                directory, PosixFilePermissions.fromString("rwx--x--x"));
                    }
                    return NESTED_PATHS.stream()
                            .map(path ->
                                    new NestedDirectory(
                                            nested.resolve(Path.of(path).getFileName().toString()),
                                            path))
                            .toList();
                });
    }

    @Override
    public OptionalLong usage(VolumeRef ref) {
        Path unused = directories.existing(ref);
        return OptionalLong.empty();
    }

    @Override
    public void setQuota(VolumeName volume, OptionalLong bytes) {
        Path unused = directories.existing(volume.current());
        if (bytes.isPresent()) {
            throw new UnsupportedException(
                    "Not supported: the file system of pool \""
                            + pool.name()
                            + "\" has no project quotas");
        }
    }

    @Override
    public final void awaitDeletions() {
        directories.reaper().await();
    }

    /// Copies owner, mode, times and attributes of one directory to another.
    static void copyRootAttributes(Path from, Path to) {
        try (Fd source = PoolDirectories.openDirectory(from);
                Fd target = PoolDirectories.openDirectory(to)) {
            long unused = TreeCopy.contents(source, target, _ -> false);
        }
    }
}
