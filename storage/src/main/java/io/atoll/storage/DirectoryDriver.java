package io.atoll.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.Fingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileSystemStat;
import io.atoll.linux.Mounts;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
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
    private final PoolGround ground;
    private final Trees trees;
    private final PoolDirectories directories;
    private final ImageVolumes images;

    /// Held while the pool is mounted or unmounted.
    private final ReentrantLock mounting = new ReentrantLock();

    private boolean swept;

    DirectoryDriver(PoolSpec pool, ImageVolumes.Use images, PoolGround ground, Trees trees) {
        this.pool = pool;
        this.ground = ground;
        this.trees = trees;
        this.directories = new PoolDirectories(pool.path(), trees);
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
        PoolKeys.check(driverName(), pool.config());
        Map<String, String> config = ground.create();
        try {
            ground.mount();
            Path scratch =
                    PoolDirectories.io(
                            "create pool in",
                            pool.path(),
                            () -> Files.createTempDirectory(pool.path(), ".check"));
            try {
                PoolDirectories.io("check", scratch, () -> checked(scratch));
            } finally {
                directories.deleteNow(scratch);
            }
            mountPool();
            return config;
        } catch (RuntimeException e) {
            boolean _ = ground.unmount();
            ground.delete();
            throw e;
        }
    }

    private Path checked(Path scratch) throws IOException {
        checkFileSystem(scratch);
        return scratch;
    }

    @Override
    public final void mountPool() {
        mounting.lock();
        try {
            ground.mount();
            directories.create();
            if (!swept) {
                directories.sweep();
                swept = true;
            }
        } finally {
            mounting.unlock();
        }
    }

    @Override
    public final boolean unmountPool() {
        mounting.lock();
        try {
            directories.reaper().await();
            images.unmountAll();
            swept = false;
            return ground.unmount();
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
        ground.delete();
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
    public void createFromImage(VolumeName volume, Fingerprint image) {
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
        makeFilled(volume, snapshots, filler, this::makeOf);
    }

    /// Makes a snapshot or a volume of files of what a filler says.
    void makeOf(VolumeRef ref, Filler content) {
        directories.make(ref, directory -> content.fill(directory, makeRootfs(directory)));
    }

    @Override
    public final void createBlock(
            VolumeName volume, long bytes, List<SnapshotFiller> snapshots, Filler filler) {
        makeFilled(
                volume,
                snapshots,
                filler,
                (ref, content) ->
                        directories.make(
                                ref,
                                directory ->
                                        content.fill(
                                                directory, BlockDisk.create(directory, bytes))));
    }

    private void makeFilled(
            VolumeName volume,
            List<SnapshotFiller> snapshots,
            Filler filler,
            BiConsumer<VolumeRef, Filler> maker) {
        List<Part> parts = new ArrayList<>();
        for (SnapshotFiller snapshot : snapshots) {
            VolumeRef ref = volume.snapshot(snapshot.name());
            parts.add(() -> maker.accept(ref, snapshot.filler()));
        }
        parts.add(() -> maker.accept(volume.current(), filler));
        makeAll(volume, parts);
    }

    @Override
    public final void createCopy(VolumeName target, VolumeRef source, List<String> snapshots) {
        Path from = directories.existing(source);
        List<Part> parts = new ArrayList<>();
        for (String name : snapshots) {
            Path snapshot = directories.existing(source.volume().snapshot(name));
            parts.add(() -> directories.makeCopy(target.snapshot(name), snapshot));
        }
        parts.add(() -> directories.makeCopy(target.current(), from));
        makeAll(target, parts);
    }

    /// Makes a volume of directories made aside that hold its snapshots and, last, itself. Those
    /// that it does not come to take stay where they are.
    final void fill(VolumeName target, List<String> snapshots, List<Path> from) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < snapshots.size(); i++) {
            VolumeRef snapshot = target.snapshot(snapshots.get(i));
            Path directory = from.get(i);
            parts.add(() -> directories.place(directory, snapshot));
        }
        parts.add(() -> directories.place(from.getLast(), target.current()));
        makeAll(target, parts);
    }

    /// Makes a snapshot, or the volume itself.
    private interface Part {
        void make();
    }

    /// Snapshots come first, so that a volume that is there is complete. What a kill leaves of them
    /// has no volume and is removed by the next deletion of a volume of that name.
    private void makeAll(VolumeName volume, List<Part> parts) {
        if (directories.exists(volume.current())) {
            throw new AlreadyExistsException("Volume " + volume + " already exists");
        }
        directories.deleteSnapshots(volume);
        try {
            parts.forEach(Part::make);
        } catch (RuntimeException e) {
            if (!directories.exists(volume.current())) {
                directories.deleteSnapshots(volume);
            }
            throw e;
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
        forgetQuota(volume);
        directories.delete(volume);
        image.ifPresent(this::releaseImage);
    }

    /// Its number may be given out again.
    private void forgetQuota(VolumeName volume) {
        Path path = directories.path(volume.current());
        if (directories.exists(volume.current()) && trees.quota(path).isPresent()) {
            trees.setQuota(path, OptionalLong.empty());
        }
    }

    private void releaseImage(Fingerprint image) {
        if (images.isGivenUp(image) && !isUsed(image)) {
            images.delete(image, false);
        }
    }

    @Override
    public final void createSnapshot(VolumeName volume, String snapshot) {
        Path from = directories.existing(volume.current());
        directories.makeCopy(volume.snapshot(snapshot), from);
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
        Path now = directories.existing(volume.current());
        OptionalLong quota = trees.quota(now);
        Path making = directories.asideCopy(from);
        directories.exchange(making, volume.current());
        if (quota.isPresent()) {
            trees.setQuota(now, quota);
        }
    }

    @Override
    public final void revert(VolumeName volume, String snapshot) {
        Path from = directories.existing(volume.snapshot(snapshot));
        Path now = directories.path(volume.current());
        OptionalLong quota =
                directories.exists(volume.current()) ? trees.quota(now) : OptionalLong.empty();
        directories.replace(from, volume.current());
        if (quota.isPresent()) {
            trees.setQuota(now, quota);
        }
    }

    @Override
    public final Path directory(VolumeRef ref) {
        return directories.existing(ref);
    }

    @Override
    public final List<NestedDirectory> nestedDirectories(VolumeName volume) {
        return makeNested(directories.existing(volume.current()));
    }

    static List<NestedDirectory> makeNested(Path volume) {
        Path nested = volume.resolve(NESTED);
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
    public final OptionalLong usage(VolumeRef ref) {
        return trees.usage(directories.existing(ref));
    }

    @Override
    public final void setQuota(VolumeName volume, OptionalLong bytes) {
        Path directory = directories.existing(volume.current());
        Optional<Path> disk = BlockDisk.of(directory);
        if (disk.isEmpty()) {
            trees.setQuota(directory, bytes);
        } else if (bytes.isPresent()) {
            BlockDisk.grow(disk.get(), bytes.getAsLong());
        }
    }

    @Override
    public final OptionalLong quota(VolumeName volume) {
        return trees.quota(directories.existing(volume.current()));
    }

    @Override
    public final void awaitDeletions() {
        directories.reaper().await();
        trees.awaitSpace();
    }

    /// Copies owner, mode, times and attributes of one directory to another.
    static void copyRootAttributes(Path from, Path to) {
        try (Fd source = PoolDirectories.openDirectory(from);
                Fd target = PoolDirectories.openDirectory(to)) {
            long unused = TreeCopy.contents(source, target, _ -> false);
        }
    }
}
