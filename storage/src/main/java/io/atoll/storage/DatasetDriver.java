package io.atoll.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.Fingerprint;
import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.NotFoundException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Mounts;
import io.atoll.linux.Opens;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.Swaps;
import io.atoll.linux.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Volumes of a volume manager, each a file system of its own that holds what a volume's directory
/// holds elsewhere. They appear in the pool's path when they are used first and stay mounted until
/// they are renamed or go:
///
/// ```text
/// containers/NAME/  containers-snapshots/NAME/SNAPSHOT/  custom/ ...     mounts
/// .making/UUID/               a mount of what is not complete yet
/// .restoring/FOLDER/NAME      a file with the name of the snapshot that is being copied over it
/// ```
///
/// A volume is made as `making/UUID` and renamed when it is complete; what a crash leaves there is
/// removed by the next [#mountPool].
final class DatasetDriver implements StorageDriver {
    private static final String MAKING = ".making";
    private static final String RESTORING = ".restoring";
    private static final String ROOTFS = DirectoryDriver.ROOTFS;
    private static final String OF_VOLUMES = "volume.";

    /// Stands for volumes that nobody has set anything for.
    private static final String ANY = "any";

    private static final String LOST_FOUND = "lost+found";
    private static final Duration BUSY_PATIENCE = Duration.ofSeconds(2);
    private static final Duration BUSY_PAUSE = Duration.ofMillis(20);

    /// Finds the volume manager's part in a pool.
    interface Manager {
        Datasets of(PoolSpec pool);
    }

    private final PoolSpec pool;
    private final Manager manager;

    /// Another one once [#createPool] has filled in the keys.
    private volatile Datasets datasets;

    private final IdmapProbe probe;

    /// What there is; the volume manager is slow to ask. Only the daemon changes it.
    private final Set<DatasetName> known = ConcurrentHashMap.newKeySet();

    /// Held while something is mounted or unmounted. Nothing that locks is called under it.
    private final ReentrantLock mounting = new ReentrantLock();

    private volatile boolean isOpen;

    private volatile VolumeSettings settings = _ -> Map.of();

    DatasetDriver(PoolSpec pool, Manager manager, IdmapProbe probe) {
        this.pool = pool;
        this.manager = manager;
        this.datasets = manager.of(pool);
        this.probe = probe;
    }

    @Override
    public Info info() {
        return new Info(datasets.driverName(), datasets.version(), false);
    }

    @Override
    public PoolSpec pool() {
        return pool;
    }

    @Override
    public void useSettings(VolumeSettings ofVolumes) {
        settings = ofVolumes;
    }

    /// What holds for a volume: the pool's word for all of them, or its own.
    private Map<String, String> keys(VolumeName volume) {
        Map<String, String> out = new TreeMap<>();
        pool.config()
                .forEach((key, value) -> {
                    if (key.startsWith(OF_VOLUMES)) {
                        out.put(key.substring(OF_VOLUMES.length()), value);
                    }
                });
        if (volume.type() == VolumeType.CUSTOM) {
            out.putAll(settings.of(volume));
        }
        out.values().removeIf(String::isEmpty);
        return out;
    }

    private Map<String, String> keys(DatasetName name) {
        boolean isCustom = name.folder().equals(VolumeType.CUSTOM.folder());
        return keys(
                new VolumeName(
                        isCustom ? VolumeType.CUSTOM : VolumeType.CONTAINER,
                        isCustom ? name.name() : ANY));
    }

    @Override
    public Map<String, String> createPool() {
        PoolKeys.check(datasets.driverName(), pool.config());
        Map<String, String> config = manage("create pool", datasets::createPool);
        datasets = manager.of(new PoolSpec(pool.name(), pool.path(), config));
        try {
            mountPool();
            checkFileSystem();
            return config;
        } catch (RuntimeException e) {
            try {
                deletePool();
            } catch (RuntimeException failure) {
                e.addSuppressed(failure);
            }
            throw e;
        }
    }

    private void checkFileSystem() {
        DatasetName scratch = DatasetName.making("check-" + UUID.randomUUID());
        build(scratch, keys(scratch), directory -> DirectoryDriver.checkIdmap(directory, probe));
        discard(scratch);
    }

    /// A failure of the volume manager's programs is nothing that users could have avoided.
    private static <T> T manage(String what, Supplier<T> work) {
        try {
            return work.get();
        } catch (CommandFailed e) {
            throw new InternalException("Failed to " + what + ": " + e.getMessage(), e);
        }
    }

    private static void manage(String what, Runnable work) {
        boolean _ =
                manage(
                        what,
                        () -> {
                            work.run();
                            return true;
                        });
    }

    @Override
    public void mountPool() {
        mounting.lock();
        try {
            if (isOpen) {
                return;
            }
            manage("open pool " + pool.name(), datasets::openPool);
            makeDirectories();
            sweepMounts();
            manage("look through pool " + pool.name(), this::sweep);
            isOpen = true;
        } finally {
            mounting.unlock();
        }
        finishRestores();
    }

    private void makeDirectories() {
        Path _ =
                PoolDirectories.io(
                        "prepare pool",
                        pool.path(),
                        () -> {
                            List<String> names = new ArrayList<>(List.of(MAKING, RESTORING));
                            for (VolumeType type : VolumeType.values()) {
                                names.addAll(List.of(type.folder(), type.snapshotFolder()));
                            }
                            for (String name : names) {
                                Path path = Files.createDirectories(pool.path().resolve(name));
                                Files.setPosixFilePermissions(
                                        path,
                                        PosixFilePermissions.fromString(
                                                name.startsWith(".") ? "rwx------" : "rwx--x--x"));
                            }
                            // Nobody on the host runs set-user-ID programs of containers.
                            return Files.setPosixFilePermissions(
                                    pool.path(), PosixFilePermissions.fromString("rwx------"));
                        });
    }

    private void sweep() {
        datasets.sweep();
        for (DatasetName name : datasets.list()) {
            if (name.folder().equals(DatasetName.MAKING) && !name.isSnapshot()) {
                datasets.destroy(name);
            }
        }
        known.clear();
        known.addAll(datasets.list());
    }

    /// What an earlier daemon had mounted to fill it.
    private void sweepMounts() {
        Path making = pool.path().resolve(MAKING);
        for (Path path : entries(making)) {
            release(path);
            removeDirectory(path);
        }
    }

    private static List<Path> entries(Path directory) {
        return PoolDirectories.io(
                "list",
                directory,
                () -> {
                    if (!Files.isDirectory(directory)) {
                        return List.of();
                    }
                    try (Stream<Path> entries = Files.list(directory)) {
                        return entries.sorted().toList();
                    }
                });
    }

    /// Empties a directory of ours that is no mount, and removes it.
    private static void removeDirectory(Path path) {
        Path parent = Optional.ofNullable(path.getParent()).orElseThrow();
        if (!Files.isDirectory(path)) {
            return;
        }
        try (Fd fd = PoolDirectories.openDirectory(parent)) {
            Inodes.deleteTree(fd, path.getFileName().toString());
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("delete", path, e);
        }
    }

    @Override
    public boolean unmountPool() {
        mounting.lock();
        try {
            boolean was = isOpen;
            for (VolumeType type : VolumeType.values()) {
                entries(pool.path().resolve(type.folder())).forEach(this::release);
                for (Path volume : entries(pool.path().resolve(type.snapshotFolder()))) {
                    entries(volume).forEach(this::release);
                }
            }
            manage("close pool " + pool.name(), datasets::closePool);
            isOpen = false;
            return was;
        } finally {
            mounting.unlock();
        }
    }

    @Override
    public void deletePool() {
        for (VolumeType type : VolumeType.values()) {
            if (type != VolumeType.IMAGE && !volumes(type).isEmpty()) {
                throw new BusyException("The storage pool is currently in use");
            }
        }
        mountPool();
        for (String image : volumes(VolumeType.IMAGE)) {
            delete(new VolumeName(VolumeType.IMAGE, image));
        }
        manage("delete pool " + pool.name(), datasets::deletePool);
        isOpen = false;
        known.clear();
        datasets = manager.of(pool);
        removeDirectory(pool.path());
    }

    @Override
    public PoolUsage poolUsage() {
        return manage("look at pool " + pool.name(), datasets::usage);
    }

    private Path path(DatasetName name) {
        if (name.folder().equals(DatasetName.MAKING)) {
            String state = name.isSnapshot() ? "@" + name.snapshot() : "";
            return pool.path().resolve(MAKING).resolve(name.name() + state);
        }
        return name.isSnapshot()
                ? pool.path()
                        .resolve(name.folder() + "-snapshots")
                        .resolve(name.name())
                        .resolve(name.snapshot())
                : pool.path().resolve(name.folder()).resolve(name.name());
    }

    /// The directory of a volume, mounted; that of a disk is one like others.
    private Path mounted(DatasetName name) {
        Path path = path(name);
        mounting.lock();
        try {
            Path _ = PoolDirectories.io("mount", path, () -> Files.createDirectories(path));
            if (!name.isBlock() && !Mounts.isMountPoint(path.toString())) {
                manage("mount " + name.name(), () -> datasets.mount(name, path, keys(name)));
            }
            return path;
        } finally {
            mounting.unlock();
        }
    }

    /// Takes a mount away. What a container swaps on is in the way, and so is, for a moment, what
    /// it had open.
    private void release(Path path) {
        if (!Files.isDirectory(path) || !Mounts.isMountPoint(path.toString())) {
            return;
        }
        long deadline = System.nanoTime() + BUSY_PATIENCE.toNanos();
        boolean hasFreed = false;
        while (true) {
            try {
                PlatformThreads.run(() -> Mounts.umount(path.toString(), false));
                return;
            } catch (ErrnoException e) {
                if (!e.is(Errno.EBUSY)) {
                    throw PoolDirectories.storage("unmount", path, e);
                }
                if (System.nanoTime() > deadline) {
                    throw new BusyException("Volume " + path + " is in use", e);
                }
                if (!hasFreed) {
                    freeSwap(path);
                    hasFreed = true;
                }
                LockSupport.parkNanos(BUSY_PAUSE.toNanos());
            }
        }
    }

    private static void freeSwap(Path path) {
        PlatformThreads.run(() -> {
            try (Fd top = PoolDirectories.openDirectory(path)) {
                int _ = Swaps.swapOffBelow(top);
            }
        });
    }

    /// Returns where they are mounted, if they are.
    private Path releaseSnapshots(DatasetName volume) {
        Path snapshots = pool.path().resolve(volume.folder() + "-snapshots").resolve(volume.name());
        entries(snapshots).forEach(this::release);
        return snapshots;
    }

    /// Unmounts a volume with its snapshots, or a snapshot, and removes where they were mounted.
    private void withdraw(DatasetName name) {
        mounting.lock();
        try {
            if (!name.isSnapshot() && !name.folder().equals(DatasetName.MAKING)) {
                removeDirectory(releaseSnapshots(name));
            }
            release(path(name));
            removeDirectory(path(name));
        } finally {
            mounting.unlock();
        }
    }

    /// Fills what is not complete.
    private interface Builder {
        void build(Path directory) throws IOException;
    }

    /// Makes a volume with a file system and fills it; it is not mounted afterwards.
    private void build(DatasetName making, Map<String, String> keys, Builder builder) {
        manage("create a volume in " + pool.name(), () -> datasets.create(making, keys));
        known.add(making);
        try {
            fill(making, builder);
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
    }

    private void fill(DatasetName making, Builder builder) {
        Path directory = mounted(making);
        Path _ =
                PoolDirectories.io(
                        "create volume in",
                        pool.path(),
                        () -> {
                            Files.setPosixFilePermissions(
                                    directory, PosixFilePermissions.fromString("rwx--x--x"));
                            builder.build(directory);
                            return directory;
                        });
        withdraw(making);
    }

    private void discard(DatasetName name) {
        withdraw(name);
        manage("delete " + name.name(), () -> datasets.destroy(name));
        forget(name);
    }

    private void forget(DatasetName name) {
        known.removeIf(n -> n.equals(name) || !name.isSnapshot() && n.current().equals(name));
    }

    private void settle(DatasetName making, VolumeRef volume) {
        try {
            DatasetName files = DatasetName.of(volume);
            // What a crash left of an earlier one.
            for (DatasetName target : List.of(files, files.block())) {
                if (known.stream().anyMatch(n -> n.current().equals(target))) {
                    discard(target);
                }
            }
            move(making, making.isBlock() ? files.block() : files);
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
    }

    private void move(DatasetName from, DatasetName to) {
        manage("rename " + from.name() + " to " + to.name(), () -> datasets.rename(from, to));
        List<DatasetName> moved = known.stream().filter(n -> n.current().equals(from)).toList();
        known.removeAll(moved);
        moved.forEach(n -> known.add(to.at(n.snapshot())));
    }

    private void demandFree(VolumeRef ref) {
        if (exists(ref)) {
            throw new AlreadyExistsException(
                    (ref.isSnapshot() ? "Snapshot " : "Volume ") + ref + " already exists");
        }
    }

    private DatasetName existing(VolumeRef ref) {
        return find(ref)
                .orElseThrow(() ->
                        new NotFoundException(
                                (ref.isSnapshot() ? "Snapshot " : "Volume ")
                                        + ref
                                        + " does not exist"));
    }

    /// Its files or its disk; a name has one of them.
    private Optional<DatasetName> find(VolumeRef ref) {
        DatasetName files = DatasetName.of(ref);
        return Stream.of(files, files.block()).filter(known::contains).findFirst();
    }

    private static DatasetName fresh() {
        return DatasetName.making(UUID.randomUUID().toString());
    }

    @Override
    public void importImage(Fingerprint fingerprint, ImageSource source) {
        VolumeRef image = VolumeName.image(fingerprint).current();
        if (exists(image)) {
            return;
        }
        DatasetName making = fresh();
        build(
                making,
                keys(making),
                directory -> {
                    source.unpackMetadata(directory);
                    Path rootfs = Files.createDirectory(directory.resolve(ROOTFS));
                    Optional<Path> squashfs = source.squashfs();
                    if (squashfs.isPresent()) {
                        unpack(squashfs.get(), rootfs);
                    } else {
                        source.unpackRootfs(rootfs);
                    }
                });
        if (exists(image)) {
            // Another start of the same image was quicker.
            discard(making);
            return;
        }
        settle(making, image);
    }

    private static void unpack(Path squashfs, Path rootfs) {
        PlatformThreads.run(() -> {
            try (Fd mount = ImageVolumes.open(squashfs);
                    Fd from = Opens.openAt(mount, ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
                    Fd to = PoolDirectories.openDirectory(rootfs)) {
                long _ = TreeCopy.contents(from, to, _ -> true);
            } catch (ErrnoException e) {
                throw e.is(Errno.ENOSPC, Errno.EDQUOT)
                        ? PoolDirectories.storage("unpack the image into", rootfs, e)
                        : ImageVolumes.unreadable(e);
            }
        });
    }

    @Override
    public boolean hasImage(Fingerprint fingerprint) {
        return exists(VolumeName.image(fingerprint).current());
    }

    @Override
    public void deleteImage(Fingerprint fingerprint) {
        delete(VolumeName.image(fingerprint));
    }

    @Override
    public void createEmpty(VolumeName volume) {
        createFilled(volume, List.of(), (_, _) -> {});
    }

    @Override
    public void createFromImage(VolumeName volume, Fingerprint image) {
        if (!hasImage(image)) {
            throw new NotFoundException("Image " + image.abbreviated() + " is not in the pool");
        }
        createCopy(volume, VolumeName.image(image).current(), List.of());
    }

    @Override
    public void createFilled(VolumeName volume, List<SnapshotFiller> snapshots, Filler filler) {
        demandFree(volume.current());
        DatasetName making = fresh();
        List<Builder> states = new ArrayList<>();
        for (SnapshotFiller snapshot : snapshots) {
            states.add(d -> snapshot.filler().fill(d, DirectoryDriver.makeRootfs(d)));
        }
        states.add(d -> filler.fill(d, DirectoryDriver.makeRootfs(d)));
        List<String> names = snapshots.stream().map(SnapshotFiller::name).toList();
        build(making, keys(volume), names, states);
        settle(making, volume.current());
    }

    /// Makes a volume with snapshots, one state after the other.
    ///
    /// @param states one more than there are snapshots
    private void build(
            DatasetName making,
            Map<String, String> keys,
            List<String> snapshots,
            List<Builder> states) {
        build(making, keys, states.getFirst());
        try {
            for (int i = 0; i < snapshots.size(); i++) {
                keep(making, snapshots.get(i));
                Builder next = states.get(i + 1);
                fill(
                        making,
                        directory -> {
                            clear(directory);
                            next.build(directory);
                        });
            }
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
    }

    @Override
    public void createBlock(
            VolumeName volume, long bytes, List<SnapshotFiller> snapshots, Filler filler) {
        demandFree(volume.current());
        DatasetName making = fresh().block();
        List<Filler> states =
                new ArrayList<>(snapshots.stream().map(SnapshotFiller::filler).toList());
        states.add(filler);
        Map<String, String> keys = keys(volume);
        long first = roundedDisk(Math.max(bytes, states.getFirst().diskBytes()), keys);
        manage("create a volume in " + pool.name(), () -> datasets.createDisk(making, first, keys));
        known.add(making);
        try {
            for (int i = 0; i < states.size(); i++) {
                Filler state = states.get(i);
                if (i > 0) {
                    keep(making, snapshots.get(i - 1).name());
                    resizeTo(making, state.diskBytes(), keys);
                }
                fillDisk(making, state);
            }
        } catch (RuntimeException e) {
            discard(making);
            throw e;
        }
        settle(making, volume.current());
    }

    /// @param bytes 0 for the size that it has
    private void resizeTo(DatasetName disk, long bytes, Map<String, String> keys) {
        long wanted = roundedDisk(bytes, keys);
        if (bytes > 0 && wanted != BlockDisk.size(device(disk))) {
            manage("resize " + disk.name(), () -> datasets.resizeDisk(disk, wanted));
        }
    }

    private long roundedDisk(long bytes, Map<String, String> keys) {
        return manage("look at pool " + pool.name(), () -> datasets.diskBytes(bytes, keys));
    }

    private Path device(DatasetName disk) {
        return manage("find the disk " + disk.name(), () -> datasets.device(disk));
    }

    private void fillDisk(DatasetName making, Filler filler) {
        Path device = device(making);
        Path directory = mounted(making);
        try {
            Path _ =
                    PoolDirectories.io(
                            "create volume in",
                            pool.path(),
                            () -> {
                                filler.fill(directory, device);
                                return directory;
                            });
        } finally {
            removeDirectory(directory);
        }
    }

    private void keep(DatasetName volume, String snapshot) {
        manage("snapshot " + volume.name(), () -> datasets.snapshot(volume, snapshot));
        known.add(volume.at(snapshot));
    }

    /// Empties a volume, but for what its file system needs.
    private static void clear(Path directory) {
        try (Fd fd = PoolDirectories.openDirectory(directory)) {
            for (Path entry : entries(directory)) {
                String name = entry.getFileName().toString();
                if (!name.equals(LOST_FOUND)) {
                    Inodes.deleteTree(fd, name);
                }
            }
        } catch (ErrnoException e) {
            throw PoolDirectories.storage("empty", directory, e);
        }
    }

    @Override
    public void createCopy(VolumeName target, VolumeRef source, List<String> snapshots) {
        demandFree(target.current());
        DatasetName from = existing(source);
        snapshots.forEach(name -> existing(source.volume().snapshot(name)));
        DatasetName making = fresh();
        if (datasets.sharesCopies()) {
            DatasetName copy = from.isBlock() ? making.block() : making;
            copyShared(from, snapshots, copy);
            settle(copy, target.current());
        } else if (from.isBlock()) {
            List<SnapshotFiller> states =
                    snapshots.stream()
                            .map(s ->
                                    new SnapshotFiller(
                                            s, VolumeContent.of(this, source.volume().snapshot(s))))
                            .toList();
            createBlock(target, 0, states, VolumeContent.of(this, source));
        } else {
            copyFiles(from, snapshots, making, keys(target));
            settle(making, target.current());
        }
    }

    private void copyShared(DatasetName from, List<String> snapshots, DatasetName making) {
        try {
            manage("copy " + from.name(), () -> datasets.copy(from, snapshots, making));
        } catch (RuntimeException e) {
            removeParts(making, e);
            throw e;
        }
        known.add(making);
        snapshots.forEach(name -> known.add(making.at(name)));
    }

    private void copyFiles(
            DatasetName from,
            List<String> snapshots,
            DatasetName making,
            Map<String, String> keys) {
        List<Builder> states = new ArrayList<>();
        for (String snapshot : snapshots) {
            states.add(target -> copyState(from.current().at(snapshot), making, target));
        }
        states.add(target -> copyState(from, making, target));
        build(making, keys, snapshots, states);
    }

    private void copyState(DatasetName from, DatasetName making, Path target) {
        long size = datasets.quota(from).orElse(0);
        if (size > datasets.quota(making).orElse(0)) {
            datasets.setQuota(making, OptionalLong.of(size), target, keys(making));
        }
        copyAll(mounted(from), target);
    }

    /// Copies what a volume holds, but for what its file system needs.
    private static void copyAll(Path source, Path target) {
        PlatformThreads.run(() -> {
            try (Fd from = PoolDirectories.openDirectory(source);
                    Fd to = PoolDirectories.openDirectory(target)) {
                long _ = TreeCopy.contents(from, to, path -> !path.equals(LOST_FOUND));
            } catch (ErrnoException e) {
                throw PoolDirectories.storage("copy to", target, e);
            }
        });
    }

    private void removeParts(DatasetName making, RuntimeException failure) {
        try {
            for (DatasetName part : datasets.list()) {
                if (part.current().equals(making)) {
                    datasets.destroy(part);
                }
            }
        } catch (CommandFailed e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public boolean exists(VolumeRef ref) {
        return find(ref).isPresent();
    }

    @Override
    public List<String> volumes(VolumeType type) {
        return known.stream()
                .filter(n -> n.folder().equals(type.folder()) && !n.isSnapshot())
                .map(DatasetName::name)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public List<String> snapshots(VolumeName volume) {
        DatasetName files = DatasetName.of(volume.current());
        return known.stream()
                .filter(DatasetName::isSnapshot)
                .filter(n -> n.current().equals(files) || n.current().equals(files.block()))
                .map(DatasetName::snapshot)
                .sorted()
                .toList();
    }

    @Override
    public void rename(VolumeName volume, String newName) {
        DatasetName from = existing(volume.current());
        VolumeName renamed = new VolumeName(volume.type(), newName);
        demandFree(renamed.current());
        withdraw(from);
        DatasetName to = DatasetName.of(renamed.current());
        move(from, from.isBlock() ? to.block() : to);
    }

    @Override
    public void delete(VolumeName volume) {
        DatasetName files = DatasetName.of(volume.current());
        for (DatasetName name : List.of(files, files.block())) {
            if (known.stream().anyMatch(n -> n.current().equals(name))) {
                discard(name);
            }
        }
    }

    @Override
    public void createSnapshot(VolumeName volume, String snapshot) {
        DatasetName name = existing(volume.current());
        demandFree(volume.snapshot(snapshot));
        keep(name, snapshot);
    }

    @Override
    public void renameSnapshot(VolumeName volume, String snapshot, String newName) {
        DatasetName from = existing(volume.snapshot(snapshot));
        demandFree(volume.snapshot(newName));
        DatasetName to = from.current().at(newName);
        withdraw(from);
        manage("rename " + snapshot, () -> datasets.rename(from, to));
        known.remove(from);
        known.add(to);
    }

    @Override
    public void deleteSnapshot(VolumeName volume, String snapshot) {
        find(volume.snapshot(snapshot)).ifPresent(this::discard);
    }

    @Override
    public List<String> inTheWay(VolumeName volume, String snapshot) {
        DatasetName name = existing(volume.snapshot(snapshot));
        return manage("look at " + volume, () -> datasets.inTheWay(name, keys(volume)));
    }

    @Override
    public void restore(VolumeName volume, String snapshot) {
        DatasetName name = existing(volume.snapshot(snapshot));
        OptionalLong quota = name.isBlock() ? OptionalLong.empty() : quota(volume);
        release(path(name.current()));
        if (!manage("restore " + volume, () -> datasets.restore(name))) {
            copyOver(name);
        }
        if (quota.isPresent() && !quota(volume).equals(quota)) {
            limit(volume, quota);
        }
    }

    private Path restoring(DatasetName volume) {
        return pool.path().resolve(RESTORING).resolve(volume.folder()).resolve(volume.name());
    }

    /// File by file, or block by block.
    private void copyOver(DatasetName snapshot) {
        DatasetName target = snapshot.current();
        if (snapshot.isBlock()) {
            Path source = device(snapshot);
            marked(
                    snapshot,
                    source,
                    () -> {
                        resizeTo(target, BlockDisk.size(source), keys(snapshot));
                        BlockDisk.copy(source, device(target));
                    });
            return;
        }
        Path to = mounted(target);
        Path from = mounted(snapshot);
        marked(
                snapshot,
                to,
                () -> {
                    clear(to);
                    copyAll(from, to);
                });
    }

    private interface Copying {
        void run() throws IOException;
    }

    /// The mark lets the next daemon finish what this one begins.
    private void marked(DatasetName snapshot, Path what, Copying copying) {
        Path mark = restoring(snapshot.current());
        boolean _ =
                PoolDirectories.io(
                        "restore",
                        what,
                        () -> {
                            Files.createDirectories(
                                    Optional.ofNullable(mark.getParent()).orElseThrow());
                            Files.writeString(mark, snapshot.snapshot());
                            copying.run();
                            return Files.deleteIfExists(mark);
                        });
    }

    private void finishRestores() {
        for (Path folder : entries(pool.path().resolve(RESTORING))) {
            for (Path mark : entries(folder)) {
                String snapshot = PoolDirectories.io("read", mark, () -> Files.readString(mark));
                DatasetName files =
                        new DatasetName(
                                folder.getFileName().toString(),
                                mark.getFileName().toString(),
                                snapshot,
                                false);
                Optional<DatasetName> name =
                        Stream.of(files, files.block())
                                .filter(n -> known.contains(n) && known.contains(n.current()))
                                .findFirst();
                if (name.isPresent()) {
                    copyOver(name.get());
                } else {
                    boolean _ =
                            PoolDirectories.io("delete", mark, () -> Files.deleteIfExists(mark));
                }
            }
        }
    }

    @Override
    public Optional<VolumeStreams> streams() {
        return datasets.hasStreams() ? Optional.of(new DatasetStreams(this)) : Optional.empty();
    }

    /// What [DatasetStreams] needs.
    Datasets datasets() {
        return datasets;
    }

    DatasetName named(VolumeRef ref) {
        return existing(ref);
    }

    /// A name for what streams become first.
    static DatasetName begin(boolean isBlock) {
        return isBlock ? fresh().block() : fresh();
    }

    /// Notes a state that was received, so that [#drop] removes it.
    void begun(DatasetName state) {
        known.add(state.current());
        known.add(state);
    }

    Path open(DatasetName state) {
        return state.isBlock() ? device(state) : mounted(state);
    }

    void close(DatasetName state) {
        withdraw(state);
    }

    /// Removes what there is of it.
    void drop(DatasetName making) {
        boolean isThere =
                known.contains(making)
                        && manage("look for " + making, () -> datasets.list()).contains(making);
        if (isThere) {
            discard(making);
        } else {
            forget(making);
        }
    }

    @Override
    public Path directory(VolumeRef ref) {
        return mounted(existing(ref));
    }

    @Override
    public Optional<Path> disk(VolumeRef ref) {
        DatasetName name = existing(ref);
        return name.isBlock() ? Optional.of(device(name)) : BlockDisk.of(directory(ref));
    }

    @Override
    public RootfsLayers layers(VolumeRef ref, Idmap idmap) {
        return new RootfsLayers.Directory(
                directory(ref).resolve(ROOTFS), RootfsLayers.Ids.UNSHIFTED);
    }

    @Override
    public Fd openMount(VolumeRef ref) {
        boolean isFixed = ref.isSnapshot() || ref.volume().type() == VolumeType.IMAGE;
        Path rootfs = directory(ref).resolve(ROOTFS);
        return PlatformThreads.call(() -> OverlayDriver.cloneDirectory(rootfs, isFixed));
    }

    @Override
    public List<NestedDirectory> nestedDirectories(VolumeName volume) {
        return DirectoryDriver.makeNested(directory(volume.current()));
    }

    @Override
    public OptionalLong usage(VolumeRef ref) {
        DatasetName name = existing(ref);
        return manage("look at " + ref, () -> datasets.used(name));
    }

    @Override
    public void setQuota(VolumeName volume, OptionalLong bytes) {
        DatasetName name = existing(volume.current());
        if (name.isBlock()) {
            if (bytes.isPresent()) {
                enlarge(name, bytes.getAsLong());
            }
            return;
        }
        Path at = mounted(name);
        Optional<Path> disk = BlockDisk.of(at);
        if (disk.isEmpty()) {
            limit(volume, bytes);
        } else if (bytes.isPresent()) {
            manage(
                    "enlarge " + volume,
                    () -> datasets.makeRoom(name, BlockDisk.rounded(bytes.getAsLong()), at));
            BlockDisk.grow(disk.get(), bytes.getAsLong());
        }
    }

    private void enlarge(DatasetName disk, long bytes) {
        if (roundedDisk(bytes, keys(disk)) < BlockDisk.size(device(disk))) {
            throw BlockDisk.shrinking();
        }
        resizeTo(disk, bytes, keys(disk));
    }

    @Override
    public void settingsChanged(VolumeName volume) {
        DatasetName name = existing(volume.current());
        manage("change " + volume, () -> datasets.apply(name, keys(volume)));
    }

    private void limit(VolumeName volume, OptionalLong bytes) {
        DatasetName name = existing(volume.current());
        if (!datasets.sharesCopies()) {
            // They are of one device with it.
            mounting.lock();
            try {
                Path _ = releaseSnapshots(name);
            } finally {
                mounting.unlock();
            }
        }
        Path at = mounted(name);
        manage("limit " + volume, () -> datasets.setQuota(name, bytes, at, keys(volume)));
    }

    @Override
    public OptionalLong quota(VolumeName volume) {
        DatasetName name = existing(volume.current());
        return manage("look at " + volume, () -> datasets.quota(name));
    }

    @Override
    public void awaitDeletions() {}
}
