package io.atoll.storage;

import io.atoll.base.BusyException;
import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Mounts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Volumes of LVM, each with a file system of its own: thin ones, whose snapshots and copies are
/// thin volumes like any other, which share what is alike; or with `lvm.use_thinpool=false` thick
/// ones, whose snapshots hold what changes in the volume and whose copies are made file by file.
/// Names are those that LXD uses: `containers_NAME`, its snapshots `containers_NAME-SNAPSHOT`,
/// hyphens of names doubled. See lvmthin(7), lvcreate(8).
final class LvmDatasets implements Datasets {
    private static final char MARK = '+';
    private static final String PLAIN = "_.-";

    /// LVM keeps names with these words behind an underscore for itself; their first letters are
    /// written as bytes.
    private static final Pattern RESERVED =
            Pattern.compile(
                    "_(?=(cdata|cmeta|corig|cpool|cvol|imeta|iorig|mimage|mlog|pmspare|rimage|rmeta"
                            + "|tdata|tmeta|vdata|vorigin|wcorig))(.)");

    /// What `lvs` shows of a volume, in this order.
    private static final String COLUMNS = "lv_name,pool_lv,lv_size,data_percent";

    /// The longest name of the device mapper is 127, of which the volume group takes a part.
    private static final int NAME_MAX = 110;

    /// The size that a new volume has if nobody said.
    private static final String DEFAULT_SIZE = "10GiB";

    private static final int SECTOR = 512;

    /// The status of e2fsck if all is well now.
    private static final int E2FSCK_MENDED = 1;

    private static final String EXT4 = "ext4";
    private static final String XFS = "xfs";

    /// What a file system takes for itself: one part of so many, and so many bytes.
    private static final int OWN_SHARE = 32;

    private static final long OWN_BYTES = 64L << 20;

    /// Stands before the name of a volume that is about to be replaced by this one.
    private static final String RESTORED = "restored_";

    private final PoolSpec pool;
    private final HostTools tools;
    private final DiskFile file;

    LvmDatasets(PoolSpec pool, HostTools tools) {
        this.pool = pool;
        this.tools = tools;
        this.file = new DiskFile(pool);
    }

    @Override
    public String driverName() {
        return "lvm";
    }

    @Override
    public String version() {
        try {
            return run("lvm", "version")
                    .lines()
                    .map(String::strip)
                    .filter(line -> line.startsWith("LVM version:"))
                    .map(line -> line.substring("LVM version:".length()).strip())
                    .findFirst()
                    .orElse("");
        } catch (CommandFailed _) {
            return "";
        }
    }

    private String run(String... argv) {
        return tools.run(List.of(argv));
    }

    private String group() {
        return pool.get("lvm.vg_name").orElseGet(pool::name);
    }

    private String thinPool() {
        return pool.get("lvm.thinpool_name").orElse("LXDThinPool");
    }

    /// As LXD has it if nobody says.
    private boolean isThin() {
        return !Set.of("false", "0", "no", "off")
                .contains(pool.get("lvm.use_thinpool").orElse("").toLowerCase(Locale.ROOT));
    }

    private static String fileSystem(Map<String, String> keys) {
        return keys.getOrDefault("block.filesystem", EXT4);
    }

    /// What a volume has, whatever the keys say by now.
    private String fileSystemOf(DatasetName name) {
        String type = run("blkid", "--output", "value", "--match-tag", "TYPE", path(name)).strip();
        return type.isEmpty() ? EXT4 : type;
    }

    @Override
    public Map<String, String> createPool() {
        String mkfs = "mkfs." + pool.get("volume.block.filesystem").orElse(EXT4);
        for (String program : List.of("lvm", "lvcreate", "vgcreate", mkfs)) {
            if (!tools.has(program)) {
                throw new UnsupportedException(
                        "Driver \"lvm\" needs the program \""
                                + program
                                + "\" on this host (packages lvm2, thin-provisioning-tools)");
            }
        }
        Map<String, String> config = new TreeMap<>(pool.config());
        String source = pool.get("source").orElse("");
        boolean isGroup = !source.isEmpty() && !source.startsWith("/");
        String group = nameFor(source, isGroup);
        config.put("lvm.vg_name", group);
        if (isGroup) {
            takeOver(source);
        } else {
            makeGroup(group, source, config);
        }
        if (!isThin()) {
            return config;
        }
        config.put("lvm.thinpool_name", thinPool());
        try {
            makeThinPool(group);
        } catch (CommandFailed e) {
            LvmDatasets made =
                    new LvmDatasets(new PoolSpec(pool.name(), pool.path(), config), tools);
            if (!isGroup) {
                made.deletePool();
            }
            throw new UnsupportedException(
                    "Failed to make a thin pool, which needs a kernel with dm-thin-pool: "
                            + e.stderrTail().strip(),
                    e);
        }
        return config;
    }

    private String nameFor(String source, boolean isGroup) {
        String given = pool.get("lvm.vg_name").orElse("");
        if (isGroup && !given.isEmpty() && !given.equals(source)) {
            throw new InvalidConfigException(
                    "Invalid combination of \"source\" and \"lvm.vg_name\" properties");
        }
        return isGroup ? source : given.isEmpty() ? pool.name() : given;
    }

    private boolean isThere(String group) {
        try {
            String _ = run("vgs", "--noheadings", "-o", "vg_name", group);
            return true;
        } catch (CommandFailed _) {
            return false;
        }
    }

    private void makeGroup(String group, String source, Map<String, String> config) {
        if (isThere(group)) {
            throw new InvalidConfigException(
                    "A volume group already exists called \"" + group + "\"");
        }
        Path target = source.isEmpty() ? file.create(config) : file.device(source);
        config.put("source", target.toString());
        try {
            String device = source.isEmpty() ? attach() : target.toString();
            String _ = run("pvcreate", device);
            String _ = run("vgcreate", group, device);
        } catch (CommandFailed e) {
            detach();
            file.delete(config);
            throw new InvalidConfigException(
                    "Failed to make a volume group on \""
                            + target
                            + "\": "
                            + e.stderrTail().strip(),
                    e);
        }
    }

    private void takeOver(String group) {
        if (pool.get("size").isPresent()) {
            throw new InvalidConfigException(
                    "Invalid option for this driver: \"size\" is for pools in a file of their own");
        }
        if (!isThere(group)) {
            throw new InvalidConfigException(
                    "The requested volume group \"" + group + "\" does not exist");
        }
        boolean mayShare = pool.get("lvm.vg.force_reuse").filter("true"::equals).isPresent();
        List<String> others =
                rows(group).stream()
                        .map(Row::name)
                        .filter(name -> !isThin() || !name.equals(thinPool()))
                        .toList();
        if (!others.isEmpty() && !mayShare) {
            throw new InvalidConfigException("Volume group \"" + group + "\" is not empty");
        }
    }

    private void makeThinPool(String group) {
        if (rows(group).stream().anyMatch(row -> row.name().equals(thinPool()))) {
            return;
        }
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "lvcreate",
                                "--yes",
                                "--wipesignatures",
                                "y",
                                "--extents",
                                "100%FREE",
                                "--thinpool",
                                group + "/" + thinPool()));
        pool.get("lvm.thinpool_metadata_size")
                .ifPresent(size ->
                        argv.addAll(
                                List.of(
                                        "--poolmetadatasize",
                                        sectors(ByteSize.parse(size).bytes()))));
        String _ = tools.run(argv);
    }

    /// The loop device of the pool's own file.
    private String attach() {
        Optional<String> known = attached();
        return known.orElseGet(
                () -> run("losetup", "--find", "--show", file.path().toString()).strip());
    }

    private Optional<String> attached() {
        String text =
                run(
                        "losetup",
                        "--noheadings",
                        "--output",
                        "NAME",
                        "--associated",
                        file.path().toString());
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst();
    }

    private void detach() {
        attached().ifPresent(device -> run("losetup", "--detach", device));
    }

    @Override
    public void openPool() {
        if (file.isOwn(pool.config())) {
            String _ = attach();
        }
        try {
            // Thin snapshots that others have made, LXD too, are left out otherwise.
            String _ = run("vgchange", "--activate", "y", "--ignoreactivationskip", group());
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "The volume group \""
                            + group()
                            + "\" cannot be brought up: "
                            + e.stderrTail().strip(),
                    e);
        }
    }

    @Override
    public void closePool() {
        if (isOurs()) {
            String _ = run("vgchange", "--activate", "n", group());
        }
        if (file.isOwn(pool.config())) {
            detach();
        }
    }

    private boolean isOurs() {
        return pool.get("source").filter(s -> s.startsWith("/")).isPresent();
    }

    @Override
    public void deletePool() {
        if (!isOurs()) {
            List<Row> all = rows(group());
            boolean isEmpty = all.stream().noneMatch(row -> row.thinPool().equals(thinPool()));
            // With `lvm.vg.force_reuse` others may have volumes in it.
            if (isEmpty && all.stream().anyMatch(row -> row.name().equals(thinPool()))) {
                String _ = run("lvremove", "--force", group() + "/" + thinPool());
            }
            return;
        }
        String device = file.isOwn(pool.config()) ? attach() : pool.get("source").orElseThrow();
        if (isThere(group())) {
            String _ = run("vgremove", "--force", group());
            String _ = run("pvremove", device);
        }
        if (file.isOwn(pool.config())) {
            detach();
            file.delete(pool.config());
        }
    }

    /// A line of `lvs`.
    private record Row(String name, String thinPool, long size, double percent) {
        static Row parse(String line) {
            String[] words = line.strip().split("\\|", -1);
            if (words.length < 4) {
                throw new UnsupportedException("lvs says what was not expected: " + line);
            }
            return new Row(
                    words[0],
                    words[1],
                    words[2].isEmpty() ? 0 : Long.parseLong(words[2]),
                    words[3].isEmpty() ? 0 : Double.parseDouble(words[3]));
        }

        long used() {
            return Math.round(size * percent / 100);
        }
    }

    private List<Row> rows(String group) {
        String text = report("lvs", COLUMNS, group);
        return text.lines().filter(line -> !line.isBlank()).map(Row::parse).toList();
    }

    /// What `lvs` or `vgs` says of a group: a line each, words between bars, sizes in bytes.
    private String report(String tool, String columns, String group) {
        return run(
                tool,
                "--noheadings",
                "--nosuffix",
                "--units",
                "b",
                "--separator",
                "|",
                "-o",
                columns,
                group);
    }

    private Optional<Row> row(String lv) {
        return rows(group()).stream().filter(row -> row.name().equals(lv)).findFirst();
    }

    @Override
    public PoolUsage usage() {
        if (!isThin()) {
            return groupUsage();
        }
        return row(thinPool())
                .map(row -> new PoolUsage(row.used(), row.size(), 0, 0))
                .orElse(new PoolUsage(0, 0, 0, 0));
    }

    private PoolUsage groupUsage() {
        String line = report("vgs", "vg_size,vg_free", group());
        String[] words = line.strip().split("\\|", -1);
        if (words.length != 2) {
            throw new UnsupportedException("vgs says what was not expected: " + line);
        }
        long size = Long.parseLong(words[0]);
        return new PoolUsage(size - Long.parseLong(words[1]), size, 0, 0);
    }

    /// What a name is in the volume group. Hyphens at its ends are written otherwise, so that the
    /// one between volume and snapshot is the only one that stands alone.
    private static String lv(DatasetName name) {
        String volume = name.folder() + "_" + encoded(name.name());
        String taken = name.isSnapshot() ? volume + "-" + encoded(name.snapshot()) : volume;
        String lv =
                RESERVED.matcher(taken)
                                .replaceAll(
                                        m -> "_%c%02x".formatted(MARK, (int) m.group(2).charAt(0)))
                        + name.ending();
        if (lv.length() > NAME_MAX) {
            throw new InvalidConfigException(
                    "Invalid name for driver \"lvm\": \"" + lv + "\" is longer than 110 letters");
        }
        return lv;
    }

    private static String encoded(String name) {
        String plain = DatasetName.encode(name, MARK, PLAIN);
        String ends = plain.replaceAll("^-|-$", "+2d");
        return ends.replace("-", "--");
    }

    private static Optional<DatasetName> parse(String lv) {
        int folder = lv.indexOf('_');
        boolean isOurs =
                folder > 0
                        && Set.of("containers", "custom", "images", DatasetName.MAKING)
                                .contains(lv.substring(0, folder));
        if (!isOurs) {
            return Optional.empty();
        }
        String stored = DatasetName.withoutEnding(lv.substring(folder + 1));
        String[] names = stored.split("(?<!-)-(?!-)", 2);
        return Optional.of(
                new DatasetName(
                        lv.substring(0, folder),
                        decoded(names[0]),
                        names.length == 2 ? decoded(names[1]) : "",
                        DatasetName.isBlock(lv)));
    }

    private static String decoded(String text) {
        return DatasetName.decode(text.replace("--", "-"), MARK);
    }

    @Override
    public Set<DatasetName> list() {
        Set<DatasetName> out = new HashSet<>();
        for (Row row : rows(group())) {
            if (row.thinPool().equals(isThin() ? thinPool() : "")) {
                parse(row.name()).ifPresent(out::add);
            }
        }
        return out;
    }

    private String device(String lv) {
        return "/dev/" + group() + "/" + lv;
    }

    private String path(DatasetName name) {
        return device(lv(name));
    }

    private static String sectors(long bytes) {
        return Math.ceilDiv(bytes, SECTOR) * SECTOR + "b";
    }

    @Override
    public void create(DatasetName name, Map<String, String> keys) {
        long size = ByteSize.parse(keys.getOrDefault("size", DEFAULT_SIZE)).bytes();
        make(name, size, keys);
        try {
            String fileSystem = fileSystem(keys);
            String quiet = fileSystem.equals(XFS) ? "-K" : "-Enodiscard";
            String _ = run("mkfs." + fileSystem, "-q", quiet, path(name));
        } catch (CommandFailed e) {
            String _ = run("lvremove", "--force", group() + "/" + lv(name));
            throw e;
        }
    }

    /// The stripes of a thin volume are those of its pool.
    private void make(DatasetName name, long size, Map<String, String> keys) {
        List<String> argv =
                new ArrayList<>(
                        List.of("lvcreate", "--yes", "--wipesignatures", "y", "--name", lv(name)));
        if (isThin()) {
            argv.addAll(
                    List.of(
                            "--virtualsize",
                            sectors(size),
                            "--thinpool",
                            group() + "/" + thinPool()));
        } else {
            argv.addAll(List.of("--size", sectors(size)));
            String stripes = keys.getOrDefault("lvm.stripes", "");
            if (!stripes.isEmpty()) {
                argv.addAll(List.of("--stripes", stripes));
                String each = keys.getOrDefault("lvm.stripes.size", "");
                if (!each.isEmpty()) {
                    argv.addAll(List.of("--stripesize", ByteSize.parse(each).bytes() + "b"));
                }
            }
            argv.add(group());
        }
        String _ = tools.run(argv);
    }

    /// LVM has extents, of which nothing is less than one.
    @Override
    public long diskBytes(long wanted, Map<String, String> keys) {
        String text = report("vgs", "vg_extent_size", group()).strip();
        long extent = text.matches("\\d{1,18}") ? Long.parseLong(text) : SECTOR;
        return Math.max(1, Math.ceilDiv(wanted, extent)) * extent;
    }

    /// A thick volume has what the one before in its place had.
    @Override
    public void createDisk(DatasetName disk, long bytes, Map<String, String> keys) {
        make(disk, bytes, keys);
        if (isThin()) {
            return;
        }
        try {
            String _ = run("blkdiscard", "--zeroout", path(disk));
        } catch (CommandFailed e) {
            String _ = run("lvremove", "--force", group() + "/" + lv(disk));
            throw e;
        }
    }

    @Override
    public Path device(DatasetName disk) {
        return tools.device(path(disk));
    }

    @Override
    public void resizeDisk(DatasetName disk, long bytes) {
        if (!isThin() && !snapshotsOf(disk).isEmpty() && bytes < quota(disk).orElse(0)) {
            // LVM makes no volume with such snapshots smaller; zeros are as good.
            String _ = run("blkdiscard", "--zeroout", "--offset", Long.toString(bytes), path(disk));
            return;
        }
        resize(disk, bytes);
    }

    /// Of a volume with snapshots that are not thin LVM changes the size only while it is not
    /// active.
    private void resize(DatasetName name, long bytes) {
        String lv = group() + "/" + lv(name);
        boolean mustRest = !isThin() && !snapshotsOf(name).isEmpty();
        if (!mustRest) {
            String _ = run("lvresize", "--force", "--size", sectors(bytes), lv);
            return;
        }
        try {
            String _ = run("lvchange", "--activate", "n", lv);
        } catch (CommandFailed e) {
            throw new BusyException(
                    "\""
                            + name.name()
                            + "\" has snapshots and cannot be resized while it is in use",
                    e);
        }
        try {
            String _ = run("lvresize", "--force", "--size", sectors(bytes), lv);
        } finally {
            String _ = run("lvchange", "--activate", "y", lv);
        }
    }

    @Override
    public boolean sharesCopies() {
        return isThin();
    }

    @Override
    public void copy(DatasetName from, List<String> snapshots, DatasetName to) {
        for (String snapshot : snapshots) {
            clone(lv(from.current().at(snapshot)), lv(to.at(snapshot)));
        }
        clone(lv(from), lv(to));
    }

    private void clone(String from, String to) {
        String _ =
                run(
                        "lvcreate",
                        "--yes",
                        "--snapshot",
                        "--setactivationskip",
                        "n",
                        "--name",
                        to,
                        group() + "/" + from);
    }

    @Override
    public void snapshot(DatasetName volume, String snapshot) {
        if (isThin()) {
            clone(lv(volume), lv(volume.at(snapshot)));
            return;
        }
        // As large as the volume: a snapshot that is full is lost.
        long size = quota(volume).orElse(0);
        String _ =
                run(
                        "lvcreate",
                        "--yes",
                        "--snapshot",
                        "--name",
                        lv(volume.at(snapshot)),
                        "--size",
                        sectors(size + size / OWN_SHARE + OWN_BYTES),
                        group() + "/" + lv(volume));
    }

    /// The snapshots first: what a crash leaves has the old name, and the renaming can be repeated.
    @Override
    public void rename(DatasetName from, DatasetName to) {
        if (!from.isSnapshot()) {
            for (DatasetName name : snapshotsOf(from)) {
                String _ = run("lvrename", group(), lv(name), lv(to.at(name.snapshot())));
            }
        }
        String _ = run("lvrename", group(), lv(from), lv(to));
    }

    private List<DatasetName> snapshotsOf(DatasetName volume) {
        return list().stream()
                .filter(name -> name.isSnapshot() && name.current().equals(volume))
                .toList();
    }

    @Override
    public void destroy(DatasetName name) {
        if (!name.isSnapshot()) {
            snapshotsOf(name).forEach(this::destroy);
        }
        if (row(lv(name)).isPresent()) {
            String _ = run("lvremove", "--force", group() + "/" + lv(name));
        }
    }

    @Override
    public boolean restore(DatasetName snapshot) {
        if (!isThin()) {
            return false;
        }
        String lv = lv(snapshot.current());
        clone(lv(snapshot), RESTORED + lv);
        String _ = run("lvremove", "--force", group() + "/" + lv);
        String _ = run("lvrename", group(), RESTORED + lv, lv);
        return true;
    }

    @Override
    public void sweep() {
        List<String> all = rows(group()).stream().map(Row::name).toList();
        for (String lv : all) {
            if (!lv.startsWith(RESTORED)) {
                continue;
            }
            String target = lv.substring(RESTORED.length());
            if (all.contains(target)) {
                String _ = run("lvremove", "--force", group() + "/" + lv);
            } else {
                String _ = run("lvrename", group(), lv, target);
            }
        }
    }

    /// Copies of an XFS have its id, which two mounts cannot have.
    @Override
    public void mount(DatasetName name, Path at, Map<String, String> keys) {
        String given = keys.getOrDefault("block.mount_options", "discard");
        String fileSystem = fileSystemOf(name);
        String options = fileSystem.equals(XFS) ? given + ",nouuid" : given;
        String _ =
                run(
                        "mount",
                        "-t",
                        fileSystem,
                        "-o",
                        options + (name.isSnapshot() ? ",ro" : ""),
                        path(name),
                        at.toString());
    }

    @Override
    public OptionalLong used(DatasetName name) {
        return row(lv(name))
                .filter(_ -> isThin())
                .map(row -> OptionalLong.of(row.used()))
                .orElseGet(OptionalLong::empty);
    }

    @Override
    public OptionalLong quota(DatasetName name) {
        return row(lv(name)).map(row -> OptionalLong.of(row.size())).orElseGet(OptionalLong::empty);
    }

    /// With what the file system needs for itself.
    @Override
    public void makeRoom(DatasetName name, long bytes, Path mountedAt) {
        long wanted = bytes + bytes / OWN_SHARE + OWN_BYTES;
        if (quota(name).orElse(0) < wanted) {
            setQuota(name, OptionalLong.of(wanted), mountedAt, Map.of());
        }
    }

    /// No limit is the size that it has.
    @Override
    public void setQuota(
            DatasetName name, OptionalLong bytes, Path mountedAt, Map<String, String> keys) {
        long now = quota(name).orElse(0);
        long wanted = bytes.isPresent() ? diskBytes(bytes.getAsLong(), keys) : now;
        if (wanted == now) {
            return;
        }
        if (wanted < now) {
            shrink(name, wanted, mountedAt, keys);
            return;
        }
        boolean mustRest = !isThin() && !snapshotsOf(name).isEmpty();
        if (mustRest) {
            release(name, mountedAt, "resized while it has snapshots");
            try {
                resize(name, wanted);
            } finally {
                mount(name, mountedAt, keys);
            }
        } else {
            resize(name, wanted);
        }
        if (fileSystemOf(name).equals(XFS)) {
            String _ = run("xfs_growfs", mountedAt.toString());
        } else {
            String _ = run("resize2fs", path(name));
        }
    }

    /// The file system first, for what is beyond the end of the volume is lost. That takes a file
    /// system that nobody has mounted, and refuses what its files do not fit into.
    ///
    /// @throws InvalidConfigException for an XFS, which only grows
    /// @throws BusyException while it is in use
    private void shrink(DatasetName name, long bytes, Path mountedAt, Map<String, String> keys) {
        if (fileSystemOf(name).equals(XFS)) {
            throw new InvalidConfigException(
                    "Volumes with an XFS cannot be made smaller: \""
                            + name.name()
                            + "\" has "
                            + quota(name).orElse(0)
                            + " bytes");
        }
        if (!isThin() && !snapshotsOf(name).isEmpty()) {
            throw new InvalidConfigException(
                    "\"" + name.name() + "\" has snapshots and cannot be made smaller");
        }
        release(name, mountedAt, "made smaller");
        try {
            check(path(name));
            String _ = run("resize2fs", path(name), bytes / 1024 + "K");
            resize(name, bytes);
        } finally {
            mount(name, mountedAt, keys);
        }
    }

    private static void release(DatasetName name, Path mountedAt, String what) {
        try {
            Mounts.umount(mountedAt.toString(), false);
        } catch (ErrnoException e) {
            throw new BusyException("\"" + name.name() + "\" is in use and cannot be " + what, e);
        }
    }

    /// See e2fsck(8).
    private void check(String device) {
        try {
            String _ = run("e2fsck", "-f", "-p", device);
        } catch (CommandFailed e) {
            if (e.exit() != E2FSCK_MENDED) {
                throw e;
            }
        }
    }
}
