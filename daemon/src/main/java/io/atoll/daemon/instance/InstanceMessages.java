package io.atoll.daemon.instance;

/// Sentences that scripts know from LXD, in the one place where they are spelled.
final class InstanceMessages {
    static final String ALREADY_RUNNING = "The instance is already running";
    static final String ALREADY_STOPPED = "The instance is already stopped";
    static final String NOT_RUNNING = "Instance is not running";
    static final String FROZEN = "Instance is frozen";
    static final String RUNNING = "Instance is running";
    static final String PROTECTED = "Instance is protected";
    static final String ALREADY_EXISTS =
            "Failed creating instance record: Add instance info to the database: This \"instances\" entry already exists";

    private InstanceMessages() {}
}
