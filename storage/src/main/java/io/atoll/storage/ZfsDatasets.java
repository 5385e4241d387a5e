package io.atoll.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Datasets of ZFS. Below the pool's own dataset the names are those that LXD uses:
///
/// ```text
/// ROOT/containers/NAME            a volume; @snapshot-NAME its snapshots
/// ROOT/custom/NAME.block          a disk, a volume of ZFS
/// ROOT/custom/  ROOT/images/
/// ROOT/making/UUID                not complete
/// ROOT/deleted/UUID               has copies, which ZFS lets go only after them
/// ```
///
/// A copy is a clone of a snapshot `@copy-UUID`, which goes when the clone has gone. See
/// zfs-clone(8), zfs-rename(8).
final class ZfsDatasets implements Datasets {
    private static final char MARK = ':';
    private static final String PLAIN = "-_.";
    private static final String SNAPSHOT = "@snapshot-";
    private static final String COPY = "@copy-";

    /// What a disk of ZFS consists of if nobody says; sizes are multiples of it.
    private static final long BLOCK_BYTES = 16 << 10;

    private static final String DELETED = "deleted";
    private static final Duration BUSY_PATIENCE = Duration.ofSeconds(2);
    private static final Duration BUSY_PAUSE = Duration.ofMillis(50);
    private static final String LIMITS = "quota,refquota,reservation,refreservation";
    private static final List<String> FOLDERS =
            List.of("containers", "custom", "images", DatasetName.MAKING, DELETED);

    private final PoolSpec pool;
    private final HostTools tools;
    private final DiskFile file;

    /// Snapshots of ours that something is being made of, or which are being sent.
    private final Set<String> inUse = ConcurrentHashMap.newKeySet();

    ZfsDatasets(PoolSpec pool, HostTools tools) {
        this.pool = pool;
        this.tools = tools;
        this.file = new DiskFile(pool);
    }

    @Override
    public String driverName() {
        return "zfs";
    }

    @Override
    public String version() {
        try {
            return run("zfs", "version").lines().findFirst().orElse("").replaceAll("^zfs-", "");
        } catch (CommandFailed _) {
            return "";
        }
    }

    /// The dataset that is ours: a pool or a dataset of one.
    private String root() {
        return pool.get("zfs.pool_name").orElseGet(pool::name);
    }

    private boolean isNamed(String source) {
        return !source.startsWith("/");
    }

    private String run(String... argv) {
        return tools.run(List.of(argv));
    }

    private boolean isThere(String dataset) {
        try {
            String _ = run("zfs", "list", "-H", "-o", "name", dataset);
            return true;
        } catch (CommandFailed _) {
            return false;
        }
    }

    @Override
    public Map<String, String> createPool() {
        if (!tools.has("zfs") || !tools.has("zpool")) {
            throw new UnsupportedException(
                    "Driver \"zfs\" needs the programs of zfsutils-linux on this host");
        }
        loadModule();
        try {
            String _ = run("zfs", "version");
        } catch (CommandFailed e) {
            throw new UnsupportedException(
                    "Driver \"zfs\" needs a kernel with the zfs module, which this host does not load: "
                            + e.stderrTail().strip(),
                    e);
        }
        Map<String, String> config = new TreeMap<>(pool.config());
        String source = pool.get("source").orElse("");
        String name = nameFor(source);
        config.put("zfs.pool_name", name);
        if (source.isEmpty() || !isNamed(source)) {
            makePool(name, source, config);
        } else {
            takeOver(source);
        }
        makeFolders(name);
        return config;
    }

    /// `zfs version` does not, and says nothing of the module before it is there. Where it is built
    /// in, or modules are not ours to load, nothing happens.
    private void loadModule() {
        try {
            String _ = run("modprobe", "zfs");
        } catch (CommandFailed _) {
            return;
        }
    }

    private String nameFor(String source) {
        boolean isNamed = !source.isEmpty() && isNamed(source);
        String given = pool.get("zfs.pool_name").orElse("");
        if (isNamed && !given.isEmpty() && !given.equals(source)) {
            throw new InvalidConfigException(
                    "Invalid combination of \"source\" and \"zfs.pool_name\" property");
        }
        return isNamed ? source : given.isEmpty() ? pool.name() : given;
    }

    private void makePool(String name, String source, Map<String, String> config) {
        if (name.contains("/")) {
            throw new InvalidConfigException(
                    "Invalid value for option \"zfs.pool_name\": a new pool cannot be a dataset of another");
        }
        if (isThere(name)) {
            throw new InvalidConfigException(
                    "Invalid value for option \"zfs.pool_name\": the ZFS pool \""
                            + name
                            + "\" already exists");
        }
        Path vdev = source.isEmpty() ? file.create(config) : file.device(source);
        config.put("source", vdev.toString());
        try {
            String _ =
                    run(
                            "zpool",
                            "create",
                            "-m",
                            "none",
                            "-O",
                            "compression=on",
                            name,
                            vdev.toString());
        } catch (CommandFailed e) {
            file.delete(config);
            throw new InvalidConfigException(
                    "Failed to make a ZFS pool on \"" + vdev + "\": " + e.stderrTail().strip(), e);
        }
    }

    private void takeOver(String dataset) {
        if (pool.get("size").isPresent()) {
            throw new InvalidConfigException(
                    "Invalid option for this driver: \"size\" is for pools in a file of their own");
        }
        if (!isThere(dataset)) {
            if (!dataset.contains("/")) {
                throw new InvalidConfigException(
                        "Invalid value for option \"source\": there is no ZFS pool \""
                                + dataset
                                + "\"");
            }
            String _ = run("zfs", "create", "-o", "mountpoint=none", dataset);
            return;
        }
        List<String> all =
                run("zfs", "list", "-H", "-o", "name", "-t", "all", "-r", dataset).lines().toList();
        if (all.size() > 1) {
            throw new InvalidConfigException("Provided ZFS pool (or dataset) isn't empty");
        }
    }

    /// Volumes inherit what images need: access control lists, which ZFS has not by itself.
    private void makeFolders(String root) {
        for (String folder : FOLDERS) {
            if (!isThere(root + "/" + folder)) {
                String _ =
                        run(
                                "zfs",
                                "create",
                                "-o",
                                "mountpoint=legacy",
                                "-o",
                                "canmount=off",
                                "-o",
                                "acltype=posixacl",
                                "-o",
                                "xattr=sa",
                                root + "/" + folder);
            }
        }
    }

    @Override
    public void openPool() {
        if (isThere(root())) {
            return;
        }
        String name = root().split("/", 2)[0];
        try {
            Path folder = file.path().getParent();
            if (file.isOwn(pool.config()) && folder != null) {
                String _ = run("zpool", "import", "-f", "-N", "-d", folder.toString(), name);
            } else {
                String _ = run("zpool", "import", "-f", "-N", name);
            }
        } catch (CommandFailed e) {
            throw new UnsupportedException(
                    "The ZFS pool \"" + name + "\" cannot be imported: " + e.stderrTail().strip(),
                    e);
        }
    }

    /// Only a pool that is ours alone is exported.
    @Override
    public void closePool() {
        boolean exports = !"false".equals(pool.get("zfs.export").orElse("true"));
        if (exports && isOurs() && isThere(root())) {
            String _ = run("zpool", "export", root());
        }
    }

    private boolean isOurs() {
        return pool.get("source").filter(s -> !isNamed(s)).isPresent();
    }

    @Override
    public void deletePool() {
        if (isOurs()) {
            if (isThere(root())) {
                String _ = run("zpool", "destroy", "-f", root());
            }
            file.delete(pool.config());
            return;
        }
        for (String folder : FOLDERS.reversed()) {
            if (isThere(root() + "/" + folder)) {
                String _ = run("zfs", "destroy", "-R", root() + "/" + folder);
            }
        }
    }

    @Override
    public PoolUsage usage() {
        Map<String, Long> values = numbers(root(), "used,available");
        long used = values.getOrDefault("used", 0L);
        return new PoolUsage(used, used + values.getOrDefault("available", 0L), 0, 0);
    }

    /// What is not a number, `-` or `none`, is left out.
    private Map<String, Long> numbers(String dataset, String properties) {
        Map<String, Long> out = new TreeMap<>();
        String text = run("zfs", "get", "-H", "-p", "-o", "property,value", properties, dataset);
        for (String line : text.lines().toList()) {
            String[] words = line.split("\t", 2);
            if (words.length == 2 && words[1].matches("\\d{1,18}")) {
                out.put(words[0], Long.parseLong(words[1]));
            }
        }
        return out;
    }

    private String path(DatasetName name) {
        String volume = root() + "/" + name.folder() + "/" + encoded(name.name()) + name.ending();
        String path = name.isSnapshot() ? volume + SNAPSHOT + encoded(name.snapshot()) : volume;
        if (path.length() > VolumeName.NAME_BYTES_MAX) {
            throw new InvalidConfigException(
                    "Invalid name for driver \"zfs\": \"" + path + "\" is longer than 255 letters");
        }
        return path;
    }

    private static String encoded(String name) {
        return DatasetName.encode(name, MARK, PLAIN);
    }

    private List<String> all() {
        String types = "filesystem,volume,snapshot";
        return run("zfs", "list", "-H", "-o", "name", "-t", types, "-r", root()).lines().toList();
    }

    @Override
    public Set<DatasetName> list() {
        Set<DatasetName> out = new HashSet<>();
        for (String path : all()) {
            String[] parts = path.substring(Math.min(path.length(), root().length())).split("/");
            boolean isVolume = parts.length == 3 && !parts[1].equals(DELETED);
            if (!isVolume || parts[2].contains(COPY)) {
                continue;
            }
            String[] names = parts[2].split(SNAPSHOT, 2);
            if (names.length == 1 && parts[2].contains("@")) {
                continue;
            }
            out.add(
                    new DatasetName(
                            parts[1],
                            DatasetName.decode(DatasetName.withoutEnding(names[0]), MARK),
                            names.length == 2 ? DatasetName.decode(names[1], MARK) : "",
                            DatasetName.isBlock(names[0])));
        }
        return out;
    }

    /// Properties of a dataset of its own, as options.
    private static List<String> properties(DatasetName name) {
        return name.isBlock()
                ? List.of("-o", "volmode=dev", "-o", "snapdev=visible")
                : List.of("-o", "mountpoint=legacy", "-o", "canmount=noauto");
    }

    private static boolean isTrue(Map<String, String> keys, String key) {
        return Set.of("true", "1", "yes", "on")
                .contains(keys.getOrDefault(key, "").toLowerCase(Locale.ROOT));
    }

    @Override
    public long diskBytes(long wanted, Map<String, String> keys) {
        long block = blockBytes(keys);
        return Math.max(1, Math.ceilDiv(wanted, block)) * block;
    }

    private static long blockBytes(Map<String, String> keys) {
        String size = keys.getOrDefault("zfs.blocksize", "");
        return size.isEmpty() ? BLOCK_BYTES : ByteSize.parse(size).bytes();
    }

    @Override
    public void createDisk(DatasetName disk, long bytes, Map<String, String> keys) {
        List<String> argv = new ArrayList<>(List.of("zfs", "create"));
        if (!isTrue(keys, "zfs.reserve_space")) {
            argv.add("-s");
        }
        argv.addAll(properties(disk));
        argv.addAll(List.of("-o", "volblocksize=" + blockBytes(keys)));
        argv.addAll(List.of("-V", Long.toString(bytes), path(disk)));
        String _ = tools.run(argv);
    }

    @Override
    public Path device(DatasetName disk) {
        return tools.device("/dev/zvol/" + path(disk));
    }

    @Override
    public void resizeDisk(DatasetName disk, long bytes) {
        long block = numbers(path(disk), "volblocksize").getOrDefault("volblocksize", BLOCK_BYTES);
        long size = Math.ceilDiv(bytes, block) * block;
        String _ = run("zfs", "set", "volsize=" + size, path(disk));
    }

    @Override
    public void create(DatasetName name, Map<String, String> keys) {
        List<String> argv = new ArrayList<>(List.of("zfs", "create"));
        argv.addAll(properties(name));
        String size = keys.getOrDefault("zfs.blocksize", "");
        if (!size.isEmpty()) {
            argv.addAll(List.of("-o", "recordsize=" + ByteSize.parse(size).bytes()));
        }
        argv.add(path(name));
        String _ = tools.run(argv);
    }

    @Override
    public void copy(DatasetName from, List<String> snapshots, DatasetName to) {
        String origin = freeze(from);
        boolean isWhole =
                !snapshots.isEmpty() || "false".equals(pool.get("zfs.clone_copy").orElse(""));
        if (!isWhole) {
            List<String> argv = new ArrayList<>(List.of("zfs", "clone"));
            argv.addAll(properties(to));
            argv.addAll(List.of(origin, path(to)));
            try {
                String _ = tools.run(argv);
                inUse.remove(origin);
            } catch (CommandFailed e) {
                thaw(origin);
                throw e;
            }
            return;
        }
        try {
            tools.pipe(
                    List.of("zfs", "send", snapshots.isEmpty() ? "-p" : "-R", origin),
                    List.of("zfs", "receive", "-u", path(to)));
        } finally {
            thaw(origin);
        }
        keepOnly(snapshots, to);
    }

    private void keepOnly(List<String> snapshots, DatasetName volume) {
        Set<String> wanted = new HashSet<>();
        snapshots.forEach(s -> wanted.add(path(volume.at(s))));
        for (String path : snapshotsOf(path(volume))) {
            if (!wanted.contains(path)) {
                String _ = run("zfs", "destroy", path);
            }
        }
    }

    /// Oldest first.
    private List<String> snapshotsOf(String dataset) {
        return run(
                        "zfs",
                        "list",
                        "-H",
                        "-o",
                        "name",
                        "-t",
                        "snapshot",
                        "-s",
                        "createtxg",
                        "-d",
                        "1",
                        dataset)
                .lines()
                .toList();
    }

    @Override
    public void snapshot(DatasetName volume, String snapshot) {
        String _ = run("zfs", "snapshot", path(volume.at(snapshot)));
    }

    @Override
    public void rename(DatasetName from, DatasetName to) {
        String _ = run("zfs", "rename", path(from), path(to));
    }

    @Override
    public void destroy(DatasetName name) {
        if (name.isSnapshot()) {
            destroySnapshot(name);
        } else {
            destroyVolume(path(name));
        }
        collect();
    }

    /// Whoever looks at a new device, or leaves a file system, is in the way for a moment.
    private void destroyNow(String... words) {
        List<String> argv = new ArrayList<>(List.of("zfs", "destroy"));
        argv.addAll(List.of(words));
        long deadline = System.nanoTime() + BUSY_PATIENCE.toNanos();
        while (true) {
            try {
                String _ = tools.run(argv);
                return;
            } catch (CommandFailed e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(BUSY_PAUSE.toNanos());
            }
        }
    }

    /// One that has copies stays for as long as they do, under a name that is nobody's.
    private void destroySnapshot(DatasetName name) {
        if (clones(path(name)).isEmpty()) {
            destroyNow(path(name));
        } else {
            String _ =
                    run(
                            "zfs",
                            "rename",
                            path(name),
                            path(name.current()) + COPY + UUID.randomUUID());
        }
    }

    private void destroyVolume(String path) {
        boolean hasClones = snapshotsOf(path).stream().anyMatch(s -> !clones(s).isEmpty());
        if (!hasClones) {
            destroyNow("-r", path);
            return;
        }
        String parking = root() + "/" + DELETED + "/" + UUID.randomUUID();
        String _ = run("zfs", "rename", path, parking);
    }

    private String clones(String snapshot) {
        String text = run("zfs", "get", "-H", "-p", "-o", "value", "clones", snapshot).strip();
        return text.equals("-") ? "" : text;
    }

    /// Removes what was kept for copies that have gone. Each removal may free the next. What is in
    /// use by others meanwhile, or theirs to remove, goes another time.
    private void collect() {
        boolean again = true;
        while (again) {
            again = false;
            for (String path : all()) {
                boolean isParked = path.startsWith(root() + "/" + DELETED + "/");
                if (path.contains(COPY) && !inUse.contains(path)) {
                    again |= attempt(() -> clones(path).isEmpty(), "zfs", "destroy", path);
                } else if (isParked && !path.contains("@")) {
                    again |= attempt(() -> mayGo(path), "zfs", "destroy", "-r", path);
                }
            }
        }
    }

    private boolean attempt(BooleanSupplier mayGo, String... removal) {
        try {
            if (!mayGo.getAsBoolean()) {
                return false;
            }
            String _ = run(removal);
            return true;
        } catch (CommandFailed _) {
            return false;
        }
    }

    private boolean mayGo(String parked) {
        return snapshotsOf(parked).stream().allMatch(s -> clones(s).isEmpty());
    }

    /// With `zfs.remove_snapshots`.
    @Override
    public List<String> inTheWay(DatasetName snapshot, Map<String, String> keys) {
        if (!isTrue(keys, "zfs.remove_snapshots")) {
            return List.of();
        }
        List<String> all = snapshotsOf(path(snapshot.current()));
        int at = all.indexOf(path(snapshot));
        return all.subList(at + 1, all.size()).stream()
                .filter(path -> path.contains(SNAPSHOT))
                .map(path -> path.substring(path.indexOf(SNAPSHOT) + SNAPSHOT.length()))
                .map(name -> DatasetName.decode(name, MARK))
                .toList();
    }

    @Override
    public boolean hasStreams() {
        return true;
    }

    @Override
    public String freeze(DatasetName name) {
        if (name.isSnapshot()) {
            return path(name);
        }
        String frozen = path(name) + COPY + UUID.randomUUID();
        inUse.add(frozen);
        try {
            String _ = run("zfs", "snapshot", frozen);
        } catch (CommandFailed e) {
            inUse.remove(frozen);
            throw e;
        }
        return frozen;
    }

    @Override
    public void thaw(String frozen) {
        if (!frozen.contains(COPY)) {
            return;
        }
        try {
            destroyNow(frozen);
        } finally {
            inUse.remove(frozen);
        }
    }

    @Override
    public void send(String frozen, Optional<String> before, OutputStream out) {
        List<String> argv = new ArrayList<>(List.of("zfs", "send"));
        before.ifPresent(known -> argv.addAll(List.of("-i", known)));
        argv.add(frozen);
        tools.drain(argv, out);
    }

    /// Nothing of it is mounted where the stream says.
    @Override
    public void receive(DatasetName state, Command.Input input) {
        String volume = path(state.current());
        String target = state.isSnapshot() ? path(state) : volume + COPY + UUID.randomUUID();
        inUse.add(target);
        try {
            receive(state, target, input);
        } finally {
            inUse.remove(target);
        }
    }

    private void receive(DatasetName state, String target, Command.Input input) {
        String volume = path(state.current());
        List<String> argv = new ArrayList<>(List.of("zfs", "receive", "-u"));
        if (!isThere(volume)) {
            argv.addAll(properties(state));
        }
        argv.add(target);
        tools.feed(argv, input);
        String types = "filesystem,volume";
        List<String> got =
                run("zfs", "list", "-H", "-o", "name", "-t", types, "-r", volume).lines().toList();
        if (!got.equals(List.of(volume))) {
            String _ = run("zfs", "destroy", "-r", volume);
            throw new InvalidConfigException("The backup is damaged: a stream has several volumes");
        }
        thaw(target);
    }

    /// ZFS goes back to the newest snapshot only; the later ones would go with it.
    @Override
    public boolean restore(DatasetName snapshot) {
        List<String> all = snapshotsOf(path(snapshot.current()));
        if (all.isEmpty() || !all.getLast().equals(path(snapshot))) {
            return false;
        }
        String _ = run("zfs", "rollback", path(snapshot));
        return true;
    }

    @Override
    public void mount(DatasetName name, Path at, Map<String, String> keys) {
        String _ = run("mount", "-t", "zfs", path(name), at.toString());
    }

    @Override
    public OptionalLong used(DatasetName name) {
        Long used = numbers(path(name), "used").get("used");
        return used == null ? OptionalLong.empty() : OptionalLong.of(used);
    }

    /// `refquota` does not count snapshots; whichever was set is the limit.
    @Override
    public OptionalLong quota(DatasetName name) {
        if (name.isBlock()) {
            Long size = numbers(path(name), "volsize").get("volsize");
            return size == null ? OptionalLong.empty() : OptionalLong.of(size);
        }
        return numbers(path(name), "quota,refquota").values().stream()
                .filter(limit -> limit > 0)
                .mapToLong(Long::longValue)
                .min();
    }

    @Override
    public void apply(DatasetName name, Map<String, String> keys) {
        if (name.isBlock()) {
            boolean isReserved = isTrue(keys, "zfs.reserve_space");
            String size = isReserved ? Long.toString(quota(name).orElse(0)) : "none";
            String _ = run("zfs", "set", "refreservation=" + size, path(name));
            return;
        }
        String size = keys.getOrDefault("zfs.blocksize", "");
        String _ =
                size.isEmpty()
                        ? run("zfs", "inherit", "recordsize", path(name))
                        : run(
                                "zfs",
                                "set",
                                "recordsize=" + ByteSize.parse(size).bytes(),
                                path(name));
        if (quota(name).isPresent()) {
            setQuota(name, quota(name), Path.of("/"), keys);
        }
    }

    @Override
    public void setQuota(
            DatasetName name, OptionalLong bytes, Path mountedAt, Map<String, String> keys) {
        String value = bytes.isPresent() ? Long.toString(bytes.getAsLong()) : "none";
        boolean isOwn = isTrue(keys, "zfs.use_refquota");
        String prefix = isOwn ? "ref" : "";
        Map<String, Long> now = numbers(path(name), LIMITS);
        List<String> argv = new ArrayList<>(List.of("zfs", "set", prefix + "quota=" + value));
        if (isTrue(keys, "zfs.reserve_space")) {
            argv.add(prefix + "reservation=" + value);
        }
        // What holds by keys that were otherwise before.
        for (String property : LIMITS.split(",")) {
            boolean isSet = argv.stream().anyMatch(word -> word.startsWith(property + "="));
            if (!isSet && now.getOrDefault(property, 0L) > 0) {
                argv.add(property + "=none");
            }
        }
        argv.add(path(name));
        try {
            String _ = tools.run(argv);
        } catch (CommandFailed e) {
            throw new InvalidConfigException(
                    "Failed to limit " + name.name() + ": " + e.stderrTail().strip(), e);
        }
    }

    @Override
    public void sweep() {
        makeFolders(root());
        collect();
    }
}
