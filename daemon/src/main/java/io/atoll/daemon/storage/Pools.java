package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import io.atoll.storage.HostTools;
import io.atoll.storage.IdmapProbe;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// The storage pools: their records and a driver for each.
public final class Pools {
    private static final Logger LOG = System.getLogger(Pools.class.getName());
    private static final String UNAVAILABLE = "Storage pool unavailable";

    private final Store store;
    private final Projects projects;
    private final Path folder;
    private final Warnings warnings;
    private final HostTools tools;
    private final Map<String, StorageDriver> drivers = new ConcurrentHashMap<>();
    private final List<PoolUsers> users = new CopyOnWriteArrayList<>();

    /// Held while a pool is made or removed, so that two requests do not work on one directory.
    /// Nothing else takes it.
    private final ReentrantLock lifecycle = new ReentrantLock();

    /// @param folder where pools appear: `<state>/storage-pools`
    public Pools(Store store, Projects projects, Path folder, Warnings warnings) {
        this(store, projects, folder, warnings, HostTools.REAL);
    }

    /// As [#Pools(Store,Projects,Path,Warnings)] on a host with other volume managers.
    ///
    /// @param tools the programs of volume managers
    public Pools(Store store, Projects projects, Path folder, Warnings warnings, HostTools tools) {
        this.tools = tools;
        this.store = store;
        this.projects = projects;
        this.folder = folder;
        this.warnings = warnings;
    }

    /// Adds a kind of users; called while the daemon is put together.
    public void addUsers(PoolUsers kind) {
        users.add(kind);
    }

    /// Brings all pools up. One that fails is warned of and stays down: instances of other pools
    /// must run.
    public void start() {
        for (Stored<Pool> pool : list()) {
            try {
                StorageDriver driver = open(pool.value());
                driver.mountPool();
                drivers.put(pool.name(), driver);
                warnings.resolve(UNAVAILABLE, url(pool.name()));
            } catch (DomainException e) {
                warnings.raise(
                        UNAVAILABLE, Warning.Severity.HIGH, url(pool.name()), e.getMessage());
            }
        }
    }

    /// The host goes down: takes back what [#start] and the starts of instances mounted, once
    /// deletions under way are complete.
    public void stop() {
        drivers.forEach((name, driver) -> {
            try {
                driver.awaitDeletions();
                boolean unused = driver.unmountPool();
            } catch (DomainException e) {
                LOG.log(Level.WARNING, "storage pool is not taken down pool=" + name, e);
            }
        });
        drivers.clear();
    }

    private static String url(String pool) {
        return ApiPath.of("storage-pools", pool);
    }

    private StorageDriver open(Pool pool) {
        StorageDriver driver =
                StorageDrivers.open(
                        pool.driver(),
                        new PoolSpec(pool.name(), folder.resolve(pool.name()), pool.config()),
                        IdmapProbe.KERNEL,
                        tools);
        driver.useSettings(volume -> settings(pool.name(), volume));
        return driver;
    }

    private Map<String, String> settings(String pool, VolumeName stored) {
        String name = VolumeReplacement.replaced(stored.name());
        int end = name.indexOf('_');
        if (end <= 0) {
            return Map.of();
        }
        RecordKey key =
                CustomVolume.key(
                        new ProjectName(name.substring(0, end)), pool, name.substring(end + 1));
        return store.find(CustomVolume.KIND, key).map(v -> v.value().config()).orElse(Map.of());
    }

    public List<Stored<Pool>> list() {
        return store.list(Pool.KIND);
    }

    /// @throws NotFoundException if there is no such pool
    public Stored<Pool> get(String name) {
        return store.find(Pool.KIND, RecordKey.global(name))
                .orElseThrow(() -> new NotFoundException("Storage pool not found"));
    }

    /// The driver that serves a pool.
    ///
    /// @throws NotFoundException if there is no such pool
    /// @throws BusyException if the pool could not be brought up when the daemon started
    public StorageDriver driver(String name) {
        get(name);
        StorageDriver driver = drivers.get(name);
        if (driver == null) {
            throw new BusyException(
                    "Storage pool \"" + name + "\" is not available; see the warnings");
        }
        return driver;
    }

    /// The drivers of all pools that are up.
    public List<StorageDriver> drivers() {
        return List.copyOf(drivers.values());
    }

    /// Whether the pool was brought up.
    boolean isUp(String name) {
        return drivers.containsKey(name);
    }

    /// Makes a pool.
    ///
    /// @throws AlreadyExistsException in LXD's words
    Pool create(Pool wanted) {
        lifecycle.lock();
        try (Undo undo = new Undo()) {
            if (store.find(Pool.KIND, RecordKey.global(wanted.name())).isPresent()) {
                throw new AlreadyExistsException(
                        "The storage pool already exists: The record already exists");
            }
            StorageDriver driver = open(wanted);
            Map<String, String> config = driver.createPool();
            undo.add(driver::deletePool);
            Pool made = new Pool(wanted.name(), wanted.driver(), wanted.description(), config);
            // The driver works from the keys that are recorded, so that the next start sees the
            // same pool.
            StorageDriver recorded = open(made);
            recorded.mountPool();
            store.create(Pool.KIND, RecordKey.global(made.name()), made);
            drivers.put(made.name(), recorded);
            undo.keep();
            return made;
        } finally {
            lifecycle.unlock();
        }
    }

    /// Lets something look into a pool that has no record, and lets go of it.
    <T> T look(Pool pool, Function<StorageDriver, T> visitor) {
        lifecycle.lock();
        try {
            StorageDriver driver = open(there(pool));
            driver.mountPool();
            try {
                return visitor.apply(driver);
            } finally {
                boolean unused = driver.unmountPool();
            }
        } finally {
            lifecycle.unlock();
        }
    }

    /// A pool as recorded when it was made: with its source, which must be there, so that none is
    /// made by looking.
    private Pool there(Pool pool) {
        Map<String, String> config = new TreeMap<>(pool.config());
        boolean isInFile = Set.of("btrfs", "lvm", "zfs").contains(pool.driver());
        Path standard =
                isInFile
                        ? folder.resolveSibling("disks").resolve(pool.name() + ".img")
                        : folder.resolve(pool.name());
        String source = config.computeIfAbsent("source", _ -> standard.toString());
        if (!source.startsWith("/") && !pool.driver().equals("btrfs")) {
            String key = pool.driver().equals("zfs") ? "zfs.pool_name" : "lvm.vg_name";
            config.putIfAbsent(key, source);
        }
        // Other sources are names that the volume manager knows, or not.
        if (source.startsWith("/") && !Files.exists(Path.of(source))) {
            throw new NotFoundException("Source \"" + source + "\" not found");
        }
        return new Pool(pool.name(), pool.driver(), pool.description(), config);
    }

    /// Records a pool that is there.
    void adopt(Pool pool) {
        lifecycle.lock();
        try {
            Pool found = there(pool);
            StorageDriver driver = open(found);
            driver.mountPool();
            store.create(Pool.KIND, RecordKey.global(found.name()), found);
            drivers.put(found.name(), driver);
        } finally {
            lifecycle.unlock();
        }
    }

    /// Removes a pool that holds nothing but images.
    void delete(String name) {
        lifecycle.lock();
        try {
            StorageDriver driver = driver(name);
            if (!usedBy(name).stream().allMatch(u -> u.startsWith("/1.0/images/"))) {
                throw new BusyException("The storage pool is currently in use");
            }
            driver.deletePool();
            drivers.remove(name);
            store.delete(Pool.KIND, RecordKey.global(name));
        } finally {
            lifecycle.unlock();
        }
    }

    /// Driver name to version, for the drivers of pools there are.
    public Map<String, String> driversInUse() {
        Map<String, String> out = new TreeMap<>();
        drivers.values().forEach(d -> out.put(d.info().name(), d.info().version()));
        return out;
    }

    List<PoolUsers.RootVolume> rootVolumes(String pool) {
        return users.stream().flatMap(u -> u.rootVolumes(pool).stream()).toList();
    }

    /// The URLs of the instances and profiles that have a volume as a device.
    List<String> usersOfVolume(ProjectName project, String pool, String volume) {
        List<String> out = new ArrayList<>();
        users.forEach(u -> out.addAll(u.usersOfVolume(project, pool, volume)));
        for (Stored<Profile> profile : store.list(Profile.KIND)) {
            boolean names =
                    profile.value().devices().values().stream()
                            .anyMatch(d ->
                                    "disk".equals(d.get("type"))
                                            && pool.equals(d.get("pool"))
                                            && volume.equals(d.get("source")));
            if (names && volumeOwner(profile.project()).equals(project)) {
                out.add(
                        ApiPath.inProject(
                                ApiPath.of("profiles", profile.name()), profile.project()));
            }
        }
        return out;
    }

    private ProjectName volumeOwner(String project) {
        return projects.effectiveIfThere(new ProjectName(project), Feature.VOLUMES);
    }

    /// Whether owner ids in a custom volume are those of the host.
    public boolean isUnmapped(ProjectName project, String pool, String volume) {
        return store.find(CustomVolume.KIND, CustomVolume.key(project, pool, volume))
                .filter(v -> VolumeKeys.isUnmapped(v.value().config()))
                .isPresent();
    }

    boolean isVolumeMounted(ProjectName project, String pool, String volume) {
        return users.stream().anyMatch(u -> u.isVolumeMounted(project, pool, volume));
    }

    /// The URLs of all that is in a pool or names it.
    List<String> usedBy(String pool) {
        List<String> out = new ArrayList<>();
        rootVolumes(pool).forEach(v -> out.add(v.usedBy()));
        StorageDriver driver = drivers.get(pool);
        if (driver != null) {
            driver.volumes(VolumeType.IMAGE).forEach(fp -> out.add(ApiPath.of("images", fp)));
        }
        for (Stored<CustomVolume> volume : store.list(CustomVolume.KIND)) {
            if (volume.value().pool().equals(pool)) {
                String url =
                        ApiPath.of(
                                "storage-pools", pool, "volumes", "custom", volume.value().name());
                out.add(ApiPath.inProject(url, volume.project()));
            }
        }
        for (Stored<VolumeSnapshot> snapshot : store.list(VolumeSnapshot.KIND)) {
            if (snapshot.value().pool().equals(pool)) {
                out.add(ApiPath.inProject(snapshot.value().url(), snapshot.project()));
            }
        }
        for (Stored<Profile> profile : store.list(Profile.KIND)) {
            boolean names =
                    profile.value().devices().values().stream()
                            .anyMatch(d ->
                                    "disk".equals(d.get("type")) && pool.equals(d.get("pool")));
            if (names) {
                out.add(
                        ApiPath.inProject(
                                ApiPath.of("profiles", profile.name()), profile.project()));
            }
        }
        return out;
    }
}
