package io.atoll.daemon.project;

/// What a project can have for itself; without a feature it shares the default project's things.
public enum Feature {
    IMAGES("features.images"),
    PROFILES("features.profiles"),
    VOLUMES("features.storage.volumes"),
    NETWORKS("features.networks");

    private final String key;

    Feature(String key) {
        this.key = key;
    }

    /// The configuration key that switches it.
    public String key() {
        return key;
    }
}
