package io.atoll.plan;

/// What the monitor of a container does beside running the plan. Paths are the host's; empty means:
/// not wanted.
///
/// @param socketPath the monitor's own socket; a leading `@` is an abstract one
/// @param recordPath a small text file with init's pid and start time, so that a container whose
///   monitor was killed can be found again
/// @param exitPath a small text file with the reason and status, written when the container is gone
/// @param logPath what the console printed, appended to
/// @param logBytesMax the log is renamed to `.1` when it passes this size; 0 is no limit
/// @param ringBytes how much of the console's output is held in memory; 0 is none
/// @param reboot what happens when the container reboots itself
/// @param waitAtGate the requester wants to do things between *gate* and init, at the first start
///   only
/// @param killWithMonitor init gets SIGKILL when the monitor dies, as LXC has it
/// @param forwardSignals signals to the monitor go to init (SIGHUP becomes SIGTERM), as LXC has it;
///   else they are ignored
/// @param startTimeoutMillis how long a start may take, hooks and gate included
/// @param killSignal the signal of a forced stop
/// @param outlet filled by section *monitor*: a file that the console's output is written to as
///   well or, if it is a terminal, one that the console is worked on from
public record MonitorOptions(
        String socketPath,
        String recordPath,
        String exitPath,
        String logPath,
        long logBytesMax,
        int ringBytes,
        OnReboot reboot,
        boolean waitAtGate,
        boolean killWithMonitor,
        boolean forwardSignals,
        int startTimeoutMillis,
        int killSignal,
        Slot outlet) {
    private static final int SIGKILL = 9;
    private static final int START_TIMEOUT_MILLIS = 60_000;

    /// What the monitor does when init was ended by `reboot(2)`.
    public enum OnReboot {
        /// Runs section *gone*, then the plan again, in the same monitor.
        RERUN,
        /// Runs section *gone*, says so and ends.
        REPORT
    }

    public MonitorOptions {
        if (ringBytes < 0 || ringBytes > PlanLimits.RING_BYTES_MAX || logBytesMax < 0) {
            throw new InvalidPlanException("a console buffer or log cannot have that size");
        }
        if (startTimeoutMillis < 1 || startTimeoutMillis > PlanLimits.TIMEOUT_MILLIS_MAX) {
            throw new InvalidPlanException("start timeout is out of range: " + startTimeoutMillis);
        }
    }

    /// A socket and nothing else: no log, no ring, reboot is run again.
    public static MonitorOptions at(String socketPath) {
        return new MonitorOptions(
                socketPath,
                "",
                "",
                "",
                0,
                0,
                OnReboot.RERUN,
                false,
                false,
                false,
                START_TIMEOUT_MILLIS,
                SIGKILL,
                Slot.NONE);
    }
}
