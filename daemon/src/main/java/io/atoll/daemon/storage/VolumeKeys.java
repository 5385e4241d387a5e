package io.atoll.daemon.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.schedule.CronSchedule;
import io.atoll.storage.PoolKeys;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// The configuration keys of custom volumes.
final class VolumeKeys {
    static final String SIZE = "size";
    static final String EXPIRY = "snapshots.expiry";
    static final String PATTERN = "snapshots.pattern";
    static final String SCHEDULE = "snapshots.schedule";
    static final String SHIFTED = "security.shifted";
    static final String UNMAPPED = "security.unmapped";

    private static final Set<String> KEYS =
            Set.of(SIZE, EXPIRY, PATTERN, SCHEDULE, SHIFTED, UNMAPPED);
    private static final Set<String> OF_FILES = Set.of(SHIFTED, UNMAPPED);

    /// Of a disk if nobody says.
    private static final long BLOCK_BYTES = 10L << 30;

    private static final Set<String> BOOLEANS =
            Set.of("true", "false", "1", "0", "yes", "no", "on", "off");
    private static final Set<String> TRUE = Set.of("true", "1", "yes", "on");

    private VolumeKeys() {}

    /// What kind of volume keys are for.
    ///
    /// @param driver of its pool
    /// @param isBlock a disk, which has no files whose owners could be mapped
    record Of(String driver, boolean isBlock) {}

    /// @throws InvalidConfigException naming the key, in LXD's words
    static void check(String volume, Map<String, String> config, Of kind) {
        config.forEach((key, value) -> check(volume, key, value, kind));
        if (isTrue(config, SHIFTED) && isTrue(config, UNMAPPED)) {
            throw new InvalidConfigException(
                    "security.shifted and security.unmapped are mutually exclusive");
        }
    }

    /// Whether a volume can have this key, users' own aside.
    static boolean isKnown(String key, Of kind) {
        boolean isOfFiles = OF_FILES.contains(key) || key.startsWith("block.");
        return (KEYS.contains(key) || PoolKeys.isOfVolumes(kind.driver(), key))
                && !(kind.isBlock() && isOfFiles);
    }

    /// What remains of a volume's keys in a pool of perhaps another driver.
    static Map<String, String> carried(Map<String, String> config, Of kind) {
        Map<String, String> out = new TreeMap<>(config);
        out.keySet().removeIf(key -> PoolKeys.isOfSomeVolumes(key) && !isKnown(key, kind));
        return out;
    }

    /// Refuses changes of what a volume was made with, in LXD's words.
    static void checkChange(Map<String, String> before, Map<String, String> after) {
        for (String key : List.of("block.filesystem", "lvm.stripes", "lvm.stripes.size")) {
            if (!before.getOrDefault(key, "").equals(after.getOrDefault(key, ""))) {
                throw new InvalidConfigException(
                        key.startsWith("block.")
                                ? "Custom volume '" + key + "' property cannot be changed"
                                : key + " cannot be changed");
            }
        }
    }

    /// Whether something changed that the driver has to hear of.
    static boolean concernsDriver(Map<String, String> before, Map<String, String> after) {
        return Stream.concat(before.keySet().stream(), after.keySet().stream())
                .filter(PoolKeys::isOfSomeVolumes)
                .anyMatch(key -> !before.getOrDefault(key, "").equals(after.getOrDefault(key, "")));
    }

    /// Whether the owner ids of the files are those of the host, in each instance.
    static boolean isUnmapped(Map<String, String> config) {
        return isTrue(config, UNMAPPED);
    }

    private static boolean isTrue(Map<String, String> config, String key) {
        return TRUE.contains(config.getOrDefault(key, "").toLowerCase(Locale.ROOT));
    }

    private static void check(String volume, String key, String value, Of kind) {
        if (key.startsWith("user.") || key.startsWith("volatile.") || value.isEmpty()) {
            return;
        }
        if (!isKnown(key, kind)) {
            throw new InvalidConfigException(
                    "Invalid option for volume \"" + volume + "\" option \"" + key + "\"");
        }
        try {
            checkValue(key, value);
            boolean _ = PoolKeys.checkVolume(kind.driver(), key, value);
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Invalid value for volume \""
                            + volume
                            + "\" option \""
                            + key
                            + "\": "
                            + e.getMessage(),
                    e);
        }
    }

    private static void checkValue(String key, String value) {
        boolean isBoolean = key.equals(SHIFTED) || key.equals(UNMAPPED);
        if (isBoolean && !BOOLEANS.contains(value.toLowerCase(Locale.ROOT))) {
            throw new InvalidConfigException("Invalid value for a boolean \"" + value + "\"");
        }
        switch (key) {
            case SIZE -> {
                ByteSize _ = ByteSize.parse(value);
            }
            case EXPIRY -> {
                Expiry _ = Expiry.parse(value);
            }
            case SCHEDULE -> {
                CronSchedule _ = CronSchedule.parse(value);
            }
            default -> {}
        }
    }

    /// The size of a new disk.
    static long blockSize(Map<String, String> config) {
        return size(config).orElse(BLOCK_BYTES);
    }

    static OptionalLong size(Map<String, String> config) {
        String size = config.getOrDefault(SIZE, "");
        return size.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(ByteSize.parse(size).bytes());
    }
}
