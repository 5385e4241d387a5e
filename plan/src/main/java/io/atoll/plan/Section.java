package io.atoll.plan;

/// The parts of a plan: which process runs the steps, and when.
public enum Section {
    /// In the monitor itself, before anything else: its own cgroups and limits.
    MONITOR(1),
    /// In the starter, a process of its own for each start, before the child exists.
    HOST(2),
    /// Not steps: making the child.
    CLONE(3),
    /// In the starter, when the child exists and its id maps are written.
    GATE(4),
    /// In the child, in its new namespaces.
    CHILD(5),
    /// Not steps: the program the child becomes.
    INIT(6),
    /// In a process of its own when the container is gone or its start failed. Every step is tried,
    /// also after a failure.
    GONE(7),
    /// In a process that entered the mount and user namespaces of the running container, for a
    /// monitor that takes it over because the one before was killed. Every step is tried; no slot
    /// is filled.
    ADOPT(8),
    /// In the starter of the first life, in place of HOST to INIT, if there is any step in it: it
    /// brings processes back that were saved, and ends with [Step.TakeChild]. A reboot starts anew.
    RESTORE(9);

    private final int number;

    Section(int number) {
        this.number = number;
    }

    /// The number on the wire.
    public int number() {
        return number;
    }

    /// The section of that number.
    ///
    /// @throws InvalidPlanException if there is none
    public static Section of(int number) {
        for (Section each : values()) {
            if (each.number == number) {
                return each;
            }
        }
        throw new InvalidPlanException("no such section: " + number);
    }
}
