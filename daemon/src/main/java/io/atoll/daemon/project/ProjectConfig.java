package io.atoll.daemon.project;

import io.atoll.base.InvalidConfigException;
import java.util.Map;

/// Checks a project's configuration.
final class ProjectConfig {
    private ProjectConfig() {}

    /// @throws InvalidConfigException with LXD's words
    static void check(Map<String, String> config) {
        config.forEach(ProjectConfig::check);
    }

    private static void check(String key, String value) {
        if (key.startsWith("user.")) {
            return;
        }
        ProjectKey known =
                ProjectKey.find(key)
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "Invalid project configuration key \"" + key + "\""));
        try {
            known.check(value);
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Invalid project configuration key \"" + key + "\" value: " + e.getMessage(),
                    e);
        }
    }
}
