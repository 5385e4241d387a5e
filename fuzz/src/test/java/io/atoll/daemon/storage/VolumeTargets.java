package io.atoll.daemon.storage;

import io.atoll.base.json.JsonException;

/// What comes with a backup of a volume.
public final class VolumeTargets {
    private VolumeTargets() {}

    public static void index(String text) {
        try {
            String _ = VolumeIndex.parse(text).render();
        } catch (JsonException _) {
            // Refused.
        }
    }
}
