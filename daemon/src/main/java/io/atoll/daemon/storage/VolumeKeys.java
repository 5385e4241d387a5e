package io.atoll.daemon.storage;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.schedule.CronSchedule;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

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

    /// @param isBlock of a disk, which has no files whose owners could be mapped
    /// @throws InvalidConfigException naming the key, in LXD's words
    static void check(String volume, Map<String, String> config, boolean isBlock) {
        config.forEach((key, value) -> check(volume, key, value, isBlock));
        if (isTrue(config, SHIFTED) && isTrue(config, UNMAPPED)) {
            throw new InvalidConfigException(
                    "security.shifted and security.unmapped are mutually exclusive");
        }
    }

    /// Whether a volume can have this key, users' own aside.
    static boolean isKnown(String key, boolean isBlock) {
        return KEYS.contains(key) && !(isBlock && OF_FILES.contains(key));
    }

    private static boolean isTrue(Map<String, String> config, String key) {
        return TRUE.contains(config.getOrDefault(key, "").toLowerCase(Locale.ROOT));
    }

    private static void check(String volume, String key, String value, boolean isBlock) {
        if (key.startsWith("user.") || key.startsWith("volatile.") || value.isEmpty()) {
            return;
        }
        if (!isKnown(key, isBlock)) {
            throw new InvalidConfigException(
                    "Invalid option for volume \"" + volume + "\" option \"" + key + "\"");
        }
        try {
            checkValue(key, value);
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
