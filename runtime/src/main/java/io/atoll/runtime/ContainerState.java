package io.atoll.runtime;

/// What a container is doing.
public enum ContainerState {
    STARTING,
    RUNNING,
    /// Its processes are stopped by the freezer.
    FROZEN,
    /// Init is gone and what the start made is being taken away.
    STOPPING,
    STOPPED
}
