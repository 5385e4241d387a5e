package io.atoll.storage;

import java.util.Map;

/// What the owners of custom volumes have set for them, as recorded. Drivers look where they need
/// it; what is set to nothing is as in the pool's `volume.` keys.
@FunctionalInterface
public interface VolumeSettings {
    Map<String, String> of(VolumeName volume);
}
