package io.atoll.lxcfs.view;

/// /proc/loadavg as a container sees it; proc_loadavg(5). Immutable: each sample makes the next
/// value.
///
/// @param one mean number of running and waiting tasks over one minute
/// @param running tasks running now
/// @param total tasks there are
/// @param lastPid the highest process id seen
public record Loadavg(
        double one, double five, double fifteen, int running, int total, long lastPid) {
    /// Seconds between samples, as the kernel's own LOAD_FREQ.
    public static final int SAMPLE_SECONDS = 5;

    /// Nothing sampled yet.
    public static final Loadavg ZERO = new Loadavg(0, 0, 0, 0, 0, 0);

    private static final double DECAY_ONE = Math.exp(-SAMPLE_SECONDS / 60.0);
    private static final double DECAY_FIVE = Math.exp(-SAMPLE_SECONDS / 300.0);
    private static final double DECAY_FIFTEEN = Math.exp(-SAMPLE_SECONDS / 900.0);

    /// The value after one more sample: exponentially damped means with the kernel's time
    /// constants.
    ///
    /// @param active tasks in state R or D
    public Loadavg sample(int active, int newRunning, int newTotal, long newLastPid) {
        return new Loadavg(
                one * DECAY_ONE + active * (1 - DECAY_ONE),
                five * DECAY_FIVE + active * (1 - DECAY_FIVE),
                fifteen * DECAY_FIFTEEN + active * (1 - DECAY_FIFTEEN),
                newRunning,
                newTotal,
                newLastPid);
    }

    /// The file's one line.
    public String render() {
        StringBuilder out = new StringBuilder(40);
        Text.appendHundredths(out, one).append(' ');
        Text.appendHundredths(out, five).append(' ');
        Text.appendHundredths(out, fifteen).append(' ');
        return out.append(running)
                .append('/')
                .append(total)
                .append(' ')
                .append(lastPid)
                .append('\n')
                .toString();
    }
}
