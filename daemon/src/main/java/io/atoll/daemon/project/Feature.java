package io.atoll.daemon.project;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;

/// What a project can have for itself; without a feature it shares the default project's things.
public enum Feature {
    IMAGES("features.images", "Check if project has images: fetch project: Project not found"),
    PROFILES("features.profiles", "Failed loading project \"%s\": Project not found"),
    VOLUMES("features.storage.volumes", "Failed to load project \"%s\": Project not found"),
    NETWORKS("features.networks", "Failed to load project \"%s\": Project not found");

    private final String key;
    private final String absence;

    Feature(String key, String absence) {
        this.key = key;
        this.absence = absence;
    }

    /// What LXD says to whoever asks for things of this kind in a project that does not exist.
    NotFoundException absent(ProjectName project) {
        return new NotFoundException(absence.formatted(project));
    }

    /// The configuration key that switches it.
    public String key() {
        return key;
    }
}
