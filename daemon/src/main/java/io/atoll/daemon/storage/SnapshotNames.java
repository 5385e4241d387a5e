package io.atoll.daemon.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.image.TemplateRenderer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How snapshots of volumes are called and for how long they are kept.
final class SnapshotNames {
    private static final String PATTERN = "snap%d";

    private SnapshotNames() {}

    /// @throws InvalidConfigException if a snapshot cannot be called so
    static String check(String name) {
        if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf(' ') >= 0) {
            throw new InvalidConfigException(
                    "Invalid snapshot name \"" + name + "\": no spaces or slashes");
        }
        return name;
    }

    /// A name by the pattern that is not taken.
    ///
    /// @param pattern `snapshots.pattern`; empty for `snap%d`
    static String free(String pattern, List<String> taken) {
        String text = pattern.isEmpty() ? PATTERN : pattern;
        if (text.contains("{{")) {
            text =
                    TemplateRenderer.renderPattern(
                            text, Map.of("creation_date", ZonedDateTime.now(ZoneOffset.UTC)));
        }
        if (!text.contains("%d")) {
            // As LXD does: a pattern that gives a name again is counted up.
            text = taken.contains(text) ? text + "-%d" : text;
        }
        for (int i = 0; ; i++) {
            String candidate = text.replace("%d", Integer.toString(i));
            if (!taken.contains(candidate)) {
                return check(candidate);
            }
        }
    }

    /// When a snapshot taken now expires by the volume's keys.
    static Optional<Instant> expiry(Map<String, String> config, Instant now) {
        Expiry expiry = Expiry.parse(config.getOrDefault(VolumeKeys.EXPIRY, ""));
        return expiry.isNever()
                ? Optional.empty()
                : Optional.of(expiry.after(now.atOffset(ZoneOffset.UTC)).toInstant());
    }
}
