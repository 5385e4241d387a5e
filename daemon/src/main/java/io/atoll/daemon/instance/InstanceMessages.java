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

    private static final String CONSOLES =
            "The memory of instances cannot be %s: their consoles lead out of them, which CRIU does"
                    + " not restore; %s";

    /// For `--stateful`.
    static final String NOT_SAVED =
            CONSOLES.formatted("saved", "without --stateful the files alone are");

    /// For a live move.
    static final String NOT_SENT =
            CONSOLES.formatted("sent", "move it without its memory, or stop it first");

    private InstanceMessages() {}
}
