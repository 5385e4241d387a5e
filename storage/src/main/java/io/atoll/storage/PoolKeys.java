package io.atoll.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The configuration keys of pools, as LXD has them.
public final class PoolKeys {
    private static final Set<String> BOOLEANS =
            Set.of("true", "false", "1", "0", "yes", "no", "on", "off");

    private enum Value {
        TEXT,
        SIZE,
        BOOLEAN,
        NUMBER,
        CLONE_COPY,
        FILE_SYSTEM,
        BLOCK_SIZE
    }

    /// A key.
    ///
    /// @param drivers that have it; empty for all
    private record Key(String name, Value value, List<String> drivers) {
        static Key of(String name, Value value, String... drivers) {
            return new Key(name, value, List.of(drivers));
        }
    }

    private static final List<Key> KEYS =
            List.of(
                    Key.of("source", Value.TEXT),
                    Key.of("size", Value.SIZE, "btrfs", "lvm", "zfs"),
                    Key.of("rsync.bwlimit", Value.SIZE),
                    Key.of("rsync.compression", Value.BOOLEAN),
                    Key.of("btrfs.mount_options", Value.TEXT, "btrfs"),
                    Key.of("lvm.vg_name", Value.TEXT, "lvm"),
                    Key.of("lvm.thinpool_name", Value.TEXT, "lvm"),
                    Key.of("lvm.thinpool_metadata_size", Value.SIZE, "lvm"),
                    Key.of("lvm.use_thinpool", Value.BOOLEAN, "lvm"),
                    Key.of("lvm.vg.force_reuse", Value.BOOLEAN, "lvm"),
                    Key.of("volume.lvm.stripes", Value.NUMBER, "lvm"),
                    Key.of("volume.lvm.stripes.size", Value.SIZE, "lvm"),
                    Key.of("volume.block.filesystem", Value.FILE_SYSTEM, "lvm"),
                    Key.of("volume.block.mount_options", Value.TEXT, "lvm"),
                    Key.of("zfs.pool_name", Value.TEXT, "zfs"),
                    Key.of("zfs.clone_copy", Value.CLONE_COPY, "zfs"),
                    Key.of("zfs.export", Value.BOOLEAN, "zfs"),
                    Key.of("volume.zfs.blocksize", Value.BLOCK_SIZE, "zfs"),
                    Key.of("volume.zfs.remove_snapshots", Value.BOOLEAN, "zfs"),
                    Key.of("volume.zfs.reserve_space", Value.BOOLEAN, "zfs"),
                    Key.of("volume.zfs.use_refquota", Value.BOOLEAN, "zfs"),
                    Key.of("volume.size", Value.SIZE),
                    Key.of("volume.security.shifted", Value.BOOLEAN),
                    Key.of("volume.security.unmapped", Value.BOOLEAN),
                    Key.of("volume.snapshots.expiry", Value.TEXT),
                    Key.of("volume.snapshots.pattern", Value.TEXT),
                    Key.of("volume.snapshots.schedule", Value.TEXT));

    private PoolKeys() {}

    /// Checks what a pool is to be made with.
    ///
    /// @throws InvalidConfigException naming the key, in LXD's words
    public static void check(String driver, Map<String, String> config) {
        for (String name : new TreeSet<>(config.keySet())) {
            check(driver, name, config.getOrDefault(name, ""));
        }
    }

    private static void check(String driver, String name, String value) {
        if (name.startsWith("user.") || name.startsWith("volatile.")) {
            return;
        }
        Key key =
                KEYS.stream()
                        .filter(k -> k.name().equals(name))
                        .filter(k -> k.drivers().isEmpty() || k.drivers().contains(driver))
                        .findFirst()
                        .orElseThrow(() ->
                                new InvalidConfigException("Invalid option \"" + name + "\""));
        if (value.isEmpty()) {
            return;
        }
        try {
            checkValue(key, value);
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Invalid value for option \"" + name + "\": " + e.getMessage(), e);
        }
    }

    private static void checkValue(Key key, String value) {
        switch (key.value()) {
            case TEXT -> {}
            case SIZE -> {
                ByteSize _ = ByteSize.parse(value);
            }
            case NUMBER -> demand(value.matches("\\d{1,9}"), value, "an integer");
            case BOOLEAN ->
                    demand(BOOLEANS.contains(value.toLowerCase(Locale.ROOT)), value, "a boolean");
            case CLONE_COPY -> demand(Set.of("true", "false").contains(value), value, "a boolean");
            case FILE_SYSTEM ->
                    demand(Set.of("ext4", "xfs").contains(value), value, "one of ext4, xfs");
            case BLOCK_SIZE -> {
                long size = ByteSize.parse(value).bytes();
                boolean isPower = size >= 512 && size <= 16 << 20 && Long.bitCount(size) == 1;
                demand(isPower, value, "a power of two between 512B and 16MiB");
            }
        }
    }

    private static void demand(boolean isGood, String value, String what) {
        if (!isGood) {
            throw new InvalidConfigException("\"" + value + "\" is not " + what);
        }
    }

    /// Checks a key that a volume has of its driver.
    ///
    /// @return false if the driver has no such key
    /// @throws InvalidConfigException if the value cannot be used
    public static boolean checkVolume(String driver, String name, String value) {
        Optional<Key> key = ofDriver(driver, name);
        if (key.isPresent() && !value.isEmpty()) {
            checkValue(key.get(), value);
        }
        return key.isPresent();
    }

    /// A key that only volumes of some drivers have.
    private static Optional<Key> ofDriver(String driver, String name) {
        return KEYS.stream()
                .filter(k -> k.name().equals("volume." + name))
                .filter(k -> k.drivers().contains(driver))
                .findFirst();
    }

    /// Whether volumes of any driver have this key of its own.
    public static boolean isOfSomeVolumes(String name) {
        return KEYS.stream()
                .anyMatch(k -> k.name().equals("volume." + name) && !k.drivers().isEmpty());
    }

    /// What volumes of files have of their driver if nobody says.
    public static Map<String, String> volumeDefaults(String driver) {
        return driver.equals("lvm")
                ? Map.of("block.filesystem", "ext4", "block.mount_options", "discard")
                : Map.of();
    }

    /// Whether volumes of a driver have this key of its own.
    public static boolean isOfVolumes(String driver, String name) {
        return ofDriver(driver, name).isPresent();
    }

    /// Whether a pool that exists can have this key changed: what says how it lies on disk cannot.
    public static boolean isChangeable(String name) {
        return name.startsWith("user.")
                || name.startsWith("volume.")
                || name.startsWith("rsync.")
                || Set.of(
                                "btrfs.mount_options",
                                "zfs.clone_copy",
                                "zfs.export",
                                "lvm.vg.force_reuse")
                        .contains(name);
    }
}
