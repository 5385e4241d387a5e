package io.atoll.daemon.project;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Checks a project's configuration.
final class ProjectConfig {
    private static final Set<String> FREE =
            Set.of(
                    "backups.compression_algorithm",
                    "images.auto_update_cached",
                    "images.auto_update_interval",
                    "images.compression_algorithm",
                    "images.default_architecture",
                    "images.remote_cache_expiry");

    /// The first parts of keys whose rules LXD enforces at every change of an instance; accepting
    /// one without enforcing it would be a promise broken.
    private static final Set<String> UNENFORCED = Set.of("limits", "restricted");

    private ProjectConfig() {}

    /// @throws InvalidConfigException with LXD's words
    static void check(Map<String, String> config) {
        config.forEach(ProjectConfig::check);
    }

    private static void check(String key, String value) {
        if (key.startsWith("user.") || FREE.contains(key)) {
            return;
        }
        for (Feature feature : Feature.values()) {
            if (feature.key().equals(key)) {
                checkBoolean(key, value);
                return;
            }
        }
        if (UNENFORCED.contains(key.split("\\.")[0])) {
            throw new UnsupportedException(
                    "Project limits and restrictions (\""
                            + key
                            + "\") are not supported by this server");
        }
        throw new InvalidConfigException("Invalid project configuration key \"" + key + "\"");
    }

    private static void checkBoolean(String key, String value) {
        if (!Set.of("", "true", "false").contains(value.toLowerCase(Locale.ROOT))) {
            throw new InvalidConfigException(
                    "Invalid value for a boolean \"" + value + "\" in \"" + key + "\"");
        }
    }
}
