package io.atoll.runtime;

/// What happens to a container between its start and its end.
public enum ContainerEvent {
    /// Its init asked for a reboot.
    REBOOTING,
    /// The next init runs.
    STARTED,
    FREEZING,
    FROZEN,
    THAWED
}
