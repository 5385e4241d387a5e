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
    private static final Set<String> BOOLEANS =
            Set.of("true", "false", "1", "0", "yes", "no", "on", "off");
    private static final Set<String> TRUE = Set.of("true", "1", "yes", "on");

    private VolumeKeys() {}

    /// @throws InvalidConfigException naming the key, in LXD's words
    static Map<String, String> check(String volume, Map<String, String> config) {
        config.forEach((key, value) -> check(volume, key, value));
        if (isTrue(config, SHIFTED) && isTrue(config, UNMAPPED)) {
            throw new InvalidConfigException(
                    "security.shifted and security.unmapped are mutually exclusive");
        }
        return config;
    }

    /// Whether a volume can have this key, users' own aside.
    static boolean isKnown(String key) {
        return KEYS.contains(key);
    }

    private static boolean isTrue(Map<String, String> config, String key) {
        return TRUE.contains(config.getOrDefault(key, "").toLowerCase(Locale.ROOT));
    }

    private static void check(String volume, String key, String value) {
        if (key.startsWith("user.") || key.startsWith("volatile.") || value.isEmpty()) {
            return;
        }
        if (!KEYS.contains(key)) {
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

    static OptionalLong size(Map<String, String> config) {
        String size = config.getOrDefault(SIZE, "");
        return size.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(ByteSize.parse(size).bytes());
    }
}
